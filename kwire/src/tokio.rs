//! The tokio client: many requests in flight on one connection.
//!
//! [`connect`] returns a [`Handle`], which can be cloned and used from any task, and a [`Driver`], the future that
//! reads and writes. The caller must spawn the driver.
//!
//! ```no_run
//! # async fn example() -> Result<(), kwire::Error> {
//! let (h, driver) = kwire::tokio::connect("localhost:5001:user:pass", &kwire::Options::default()).await?;
//! tokio::spawn(driver);
//! let four = h.sync("2+2")?; // encoded and queued now
//! let six = h.sync("3+3")?; // without waiting for the first
//! println!("{} {}", four.await?.value(), six.await?.value());
//! h.send("a:10")?; // neg[h]"a:10"
//! h.flush().await?; // neg[h][]
//! # Ok(())
//! # }
//! ```

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Address;
use crate::connection::{Connection, Event};
use crate::error::Error;
use crate::inbound::Inbound;
use crate::login::Login;
use crate::options::Options;

mod driver;
mod handle;
mod polled;
mod response;
#[cfg(feature = "tls")]
mod secure;
mod shared;
mod stream;

use polled::poll_read;
use shared::Shared;

pub use driver::Driver;
pub use handle::Handle;
pub use response::Response;
#[cfg(feature = "tls")]
pub use secure::Secure;
pub use stream::Stream;

/// Connects and logs in. Takes every form of address that `hopen` takes.
///
/// # Errors
///
/// As [`blocking::Handle::open_with`](crate::blocking::Handle::open_with).
pub async fn connect(address: &str, options: &Options) -> Result<(Handle, Driver), Error> {
    let address = Address::parse(address)?;
    address.transport.check()?;
    let login = address.login(options.capability);
    let connected = async {
        let stream = Stream::connect(&address.transport, options).await?;
        #[cfg(feature = "tls")]
        let stream = stream.secure(address.transport.tls_host(), options).await?;
        let compression = options.compression.filter(|_| !stream.is_local());
        over(stream, &login, &options.clone().with_compression(compression).with_timeout(None)).await
    };
    within(options, connected).await
}

/// Logs in over a connected stream. Uses [`Login::capability`] and ignores [`Options::capability`].
/// [`Options::compression`] applies even if the peer is local.
///
/// ```no_run
/// use kwire::tokio::{Driver, Handle, Stream, over};
/// use kwire::{Login, Options};
///
/// # async fn example() -> Result<(), kwire::Error> {
/// let stream = Stream::Tcp(tokio::net::TcpStream::connect("localhost:5001").await?);
/// let mut options = Options::default();
/// if stream.is_local() {
///     options.compression = None; // as kdb+
/// }
/// let login = Login::parse("ann:secret\x06".into());
/// let (h, driver): (Handle, Driver) = over(stream, &login, &options).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`connect`], [`Error::Address`] excepted.
pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    login: &Login,
    options: &Options,
) -> Result<(Handle, Driver<S>), Error> {
    within(options, log_in(stream, login, options)).await
}

async fn within<T>(options: &Options, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match options.timeout {
        None => future.await,
        Some(timeout) => ::tokio::time::timeout(timeout, future).await.unwrap_or(Err(Error::TimedOut)),
    }
}

async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    login: &Login,
    options: &Options,
) -> Result<(Handle, Driver<S>), Error> {
    let mut text = Vec::new();
    let mut connection = Connection::client(options.limits, login, &mut text);
    let (mut inbound, mut written) = (Inbound::default(), 0);
    poll_fn(|cx| {
        while written < text.len() {
            match Pin::new(&mut stream).poll_write(cx, text.get(written..).unwrap_or_default()) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::Refused)),
                Poll::Ready(Ok(more)) => written += more,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(not_accepted(error))),
                Poll::Pending => break,
            }
        }
        let _ = Pin::new(&mut stream).poll_flush(cx);
        loop {
            if let Some(Event::Accepted) = connection.receive(&mut inbound)? {
                return Poll::Ready(Ok(()));
            }
            match ready!(poll_read(&mut stream, &mut inbound, cx)) {
                Ok(0) => connection.handle_end(inbound.as_bytes())?,
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(not_accepted(error))),
            }
        }
    })
    .await?;
    let shared = Arc::new(Mutex::new(Shared::new(options, connection.capability())));
    Ok((Handle::new(Arc::clone(&shared)), Driver::new(stream, connection, inbound, shared)))
}

/// A refusing server may reset the connection before it has read the login, so a reset means refused.
fn not_accepted(error: io::Error) -> Error {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error.kind() {
        ConnectionReset | BrokenPipe | UnexpectedEof => Error::Refused,
        _ => error.into(),
    }
}
