//! Many requests in flight on one connection.
//!
//! ```text
//! cargo run -p kwire --features tokio --example pipelined -- localhost:5001 'count trade' '2+2' '.z.p'
//! ```

use kwire::{Error, Options};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "localhost:5001".to_owned());
    let (h, driver) = kwire::tokio::connect(&address, &Options::default()).await?;
    let driver = tokio::spawn(driver);

    // Queues all requests before the first response arrives; responses arrive in the order of the requests.
    let mut responses = Vec::new();
    for query in arguments {
        responses.push((h.sync(query.as_str())?, query));
    }
    for (response, query) in responses {
        match response.await {
            Ok(message) => println!("{query}: {}", message.value()),
            Err(error @ Error::Remote(_)) => println!("{query}: {error}"),
            Err(error) => return Err(error),
        }
    }

    // Dropping the last handle closes the connection and completes the driver.
    drop(h);
    driver.await.unwrap_or(Err(Error::Failed))
}
