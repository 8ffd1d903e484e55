//! kdb+ IPC conversations: login, message framing, the request/response protocol, and clients for TCP, Unix sockets and
//! (feature `tls`) TLS.
//!
//! ```text
//! client                                               server
//!   │  "user:password", capability, NUL                  │
//!   │ ─────────────────────────────────────────────────▶ │  .z.pw; closes without a byte, or
//!   │ ◀───────────────────────────────────────────────── │  one byte: the capability of both
//!   │  0 async    h.send("a:10")                         │
//!   │ ─────────────────────────────────────────────────▶ │  .z.ps; never answered
//!   │  1 sync     h.sync("2+2")                          │
//!   │ ─────────────────────────────────────────────────▶ │  .z.pg
//!   │ ◀───────────────────────────────────────────────── │  0 async, at any time: kept for h.receive()
//!   │ ◀───────────────────────────────────────────────── │  2 response, in the order of the requests
//! ```
//!
//! Each message is eight bytes of header (byte order, type, compression, length) and one object. A response carries no
//! request id: responses match requests by order.
//!
//! The core is a sans-I/O state machine, [`Connection`]: it holds the conversation's state, the caller owns the buffers
//! and passes in the time. [`blocking::Handle`] drives it over sockets or any other `Read + Write`, as q's `hopen`
//! does. `tokio::Handle` (feature `tokio`) keeps many requests in flight. Servers drive it themselves.
//!
//! ## Connect and query
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use kcodec::Value;
//! use kwire::Options;
//! use kwire::blocking::Handle;
//!
//! let mut h = Handle::open("localhost:5001:user:pass")?; // h:hopen`:localhost:5001:user:pass
//! let four = h.sync("2+2")?; // h"2+2"
//! assert_eq!(four.value().as_i64()?, 4);
//! let sum = h.sync(&[Value::from("{x+y}"), 1_i64.into(), 2_i64.into()])?; // h({x+y};1;2)
//! println!("{}", sum.value());
//!
//! let options = Options::default().with_timeout(Some(Duration::from_secs(5)));
//! let h = Handle::open_with("localhost:5001", &options)?;
//! # Ok::<(), kwire::Error>(())
//! ```
//!
//! [`kcodec`] reads what arrives and builds what is sent. [`ask`] opens a handle, asks once and closes it.
//! [`Reconnect`] opens a lost connection again.
//!
//! ## Send async messages
//!
//! ```no_run
//! let mut h = kwire::blocking::Handle::open("localhost:5001")?;
//! for price in [101.5, 402.25] {
//!     h.send(&[kcodec::Value::symbol("upd"), price.into()])?; // neg[h](`upd;101.5), queued
//! }
//! h.flush()?; // neg[h][]: written
//! h.sync("")?; // h"", a sync chaser: processed
//! # Ok::<(), kwire::Error>(())
//! ```
//!
//! [`tick::Publisher`] does this for a tickerplant.
//!
//! ## Subscribe to a tickerplant
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use kwire::blocking::Handle;
//! use kwire::tick::{Event, Subscriber, Subscription};
//!
//! let handle = Handle::open("localhost:5010")?;
//! let mut subscriber = Subscriber::subscribe(handle, Subscription::tables(["trade"]))?;
//! let date = subscriber.run(|event| { // the log's updates, then those pushed
//!     match event {
//!         Event::Update(update) => println!("{}: {} rows", update.table(), update.rows()),
//!         Event::End(date) => return ControlFlow::Break(date),
//!         Event::Other(_) => {}
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! println!("the end of {date}");
//! # Ok::<(), kwire::tick::Error>(())
//! ```
//!
//! ## TLS and Unix sockets
//!
//! The address names the transport. TLS (feature `tls`) is configured by kdb+'s environment variables, or by
//! `tls::Options`.
//!
//! ```no_run
//! # #[cfg(feature = "tls")] {
//! use kwire::blocking::Handle;
//! use kwire::{Options, tls};
//!
//! let local = Handle::open("unix://5001")?; // the server on this machine that listens on port 5001
//! let secure = Handle::open("tcps://trade.example.com:5001:user:pass")?;
//!
//! let config = tls::Options::default().with_ca_file(Some("ca.pem".into())).client()?;
//! let secure = Handle::open_with("tcps://localhost:5001", &Options::default().with_tls(Some(config)))?;
//! # }
//! # Ok::<(), kwire::Error>(())
//! ```
//!
//! ## Many requests in flight
//!
//! Feature `tokio`.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> Result<(), kwire::Error> {
//! let (h, driver) = kwire::tokio::connect("localhost:5001", &kwire::Options::default()).await?;
//! tokio::spawn(driver);
//! let (four, six) = (h.sync("2+2")?, h.sync("3+3")?); // both are queued now
//! println!("{} {}", four.await?.value(), six.await?.value());
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used))]

pub mod blocking;
pub mod tick;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "tokio")]
pub mod tokio;

mod address;
mod connection;
mod duplex;
mod error;
mod fifo;
mod header;
mod inbound;
mod interrupt;
mod kept;
mod limits;
mod login;
mod message;
mod options;
mod outbound;
mod reconnect;
mod stream;
pub mod unix;

pub use address::{Address, AddressError, Transport, port};
pub use blocking::{ask, ask_with};
pub use connection::{Connection, Event, Step};
pub use error::{Bound, Error, Malformed, OutOfTurn, Reason};
pub use fifo::Fifo;
pub use header::{ByteOrder, Header, MessageType};
pub use inbound::Inbound;
pub use interrupt::Interrupt;
pub use limits::Limits;
pub use login::Login;
pub use message::{Frame, Message, Refused, compress, decompress, encode};
pub use options::Options;
pub use outbound::Pending;
pub use reconnect::{Backoff, Reconnect};
pub use stream::is_local;
