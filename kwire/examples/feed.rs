//! A feed handler that publishes trades to a tickerplant.
//!
//! ```text
//! kserve -p 5010 kserve/examples/tick.q
//! cargo run -p kwire --example feed -- localhost:5010 10000
//! ```

use kcodec::Value;
use kwire::blocking::Handle;
use kwire::tick::Publisher;

const SYMS: [&str; 4] = ["AAPL", "IBM", "MSFT", "NVDA"];
/// Rows per message. One row per message would work, but slower.
const BATCH: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "localhost:5010".to_owned());
    let rows: usize = arguments.next().map_or(Ok(1000), |rows| rows.parse())?;

    let mut feed = Publisher::new(Handle::open(&address)?);
    let numbers: Vec<usize> = (0..rows).collect();
    for batch in numbers.chunks(BATCH) {
        let sym: Vec<&str> = batch.iter().map(|number| SYMS[number % SYMS.len()]).collect();
        let price: Vec<f64> = batch.iter().map(|number| 100.0 + (number % 50) as f64 / 4.0).collect();
        let size: Vec<i64> = batch.iter().map(|number| 100 * (1 + number % 9) as i64).collect();
        // The tickerplant prepends the time.
        feed.publish("trade", &[Value::symbols(sym.as_slice()), (&price).into(), (&size).into()])?;
    }
    feed.confirm()?;
    println!("{rows} rows published");
    Ok(())
}
