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
//! and passes the time. [`blocking::Handle`] drives it over sockets or any other `Read + Write`, as q's `hopen` does.
//! `tokio::Handle` (feature `tokio`) keeps many requests in flight. Servers drive it themselves.
//!
//! ```no_run
//! let mut h = kwire::blocking::Handle::open("localhost:5001:user:pass")?; // h:hopen`:localhost:5001:user:pass
//! let four = h.sync("2+2")?;                                              // h"2+2"
//! println!("{}", four.value());
//! h.send("a:10")?;                                                        // neg[h]"a:10"
//! h.flush()?;                                                             // neg[h][]
//! h.sync("")?;                                                            // h"", a sync chaser
//! # Ok::<(), kwire::Error>(())
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
