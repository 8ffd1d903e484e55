//! A server of kdb+ IPC: one loop, many connections, q's handlers.
//!
//! [`Server`] accepts connections, checks logins, frames messages and queues output. A [`Handler`] implements the
//! callbacks that q calls `.z.pw`, `.z.po`, `.z.pg`, `.z.ps`, `.z.pc` and `.z.bm`. [`Interpreter`] is the default
//! handler: it evaluates a subset of q.
//!
//! ## Serve a function
//!
//! ```
//! # #[cfg(feature = "q")] {
//! use kcodec::Body;
//! use kserve::{Fault, Interpreter, Server};
//! use kwire::blocking::Handle;
//!
//! let mut q = Interpreter::new();
//! q.register("double", |arguments| match arguments.first().map(|body| body.value().as_long()) {
//!     Some(Ok(items)) => Ok(Body::encode(&items.iter().map(|item| item * 2).collect::<Vec<_>>())?),
//!     _ => Err(Fault::new("type")),
//! });
//! let server = Server::bind("127.0.0.1:0")?; // any free port
//! let (address, interrupt) = (server.local_addr().expect("TCP"), server.interrupt());
//! let running = std::thread::spawn(move || server.run(&mut q));
//!
//! let mut h = Handle::open(&address.to_string())?;
//! assert_eq!(h.sync("sum double til 4")?.value(), 12_i64.into());
//! interrupt.stop();
//! running.join().expect("no panic")?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Handle messages
//!
//! A handler's methods run on the loop. A sync message is answered through [`Reply`], at once or later; a caller whose
//! message is not answered receives `::`.
//!
//! ```
//! use kserve::{Context, Handler, Peer, Reply};
//! use kwire::Message;
//!
//! /// Counts the items that all peers have sent.
//! #[derive(Default)]
//! struct Counter {
//!     count: i64,
//! }
//!
//! impl Handler for Counter {
//!     fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, query: &Message, reply: Reply<'_>) {
//!         match query.value().as_str() {
//!             Ok("count") => reply.value(self.count),
//!             _ => reply.error("nyi"),
//!         }
//!     }
//!
//!     fn on_async(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message) {
//!         self.count += i64::try_from(message.value().count()).unwrap_or(0);
//!     }
//! }
//!
//! # let server = kserve::Server::bind("127.0.0.1:0")?;
//! # let (address, interrupt) = (server.local_addr().expect("TCP").to_string(), server.interrupt());
//! # let running = std::thread::spawn(move || server.run(&mut Counter::default()));
//! let mut h = kwire::blocking::Handle::open(&address)?;
//! h.send(&[101.5, 402.25])?;
//! assert_eq!(h.sync("count")?.value(), 2_i64.into());
//! # interrupt.stop();
//! # running.join().expect("no panic")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Control access
//!
//! By password file, by the handler's own check ([`Handler::on_login`]), by TLS certificates (`Server::with_tls`), and
//! by a list of functions for each user:
//!
//! ```no_run
//! # #[cfg(feature = "q")] {
//! use kserve::layer::{AccessList, Layer};
//! use kserve::{Interpreter, Server, Users};
//!
//! let access = AccessList::new().allow("ann", ["vwap"]).allow_everything("admin");
//! let server = Server::bind("0.0.0.0:5001")?.with_users(Users::read("users.txt")?); // -U users.txt
//! server.run(&mut access.over(Interpreter::new()))?; // ann may send (`vwap;`ibm), but no q text
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Publish to subscribers
//!
//! A broadcast is encoded once and shared by its receivers. A peer with more than [`Limits::queued`] bytes to read is
//! closed.
//!
//! ```no_run
//! use kserve::{Context, Handler, Peer, PeerId, Reply, Server};
//! use kwire::Message;
//!
//! #[derive(Default)]
//! struct Tick {
//!     subs: Vec<PeerId>,
//! }
//!
//! impl Handler for Tick {
//!     fn on_sync(&mut self, _cx: &mut Context<'_>, peer: &Peer, _query: &Message, reply: Reply<'_>) {
//!         self.subs.push(peer.id());
//!         reply.value("ok");
//!     }
//!
//!     fn on_async(&mut self, cx: &mut Context<'_>, _peer: &Peer, update: &Message) {
//!         cx.broadcast_body(&self.subs, update.body()).ok(); // encoded once: -25!
//!     }
//! }
//!
//! Server::bind("127.0.0.1:5001")?.run(&mut Tick::default())?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! From other threads: [`Sender::publish`].
//!
//! ## Stop cleanly
//!
//! [`Interrupt::stop`] may be called from any thread, [`Context::stop`] from a handler. The server then cancels the
//! running request, writes pending answers within the time of [`Server::with_drain`], closes every connection, and
//! [`Server::run`] returns.
//!
//! ```no_run
//! # #[cfg(feature = "cli")] {
//! # struct Echo;
//! # impl kserve::Handler for Echo {
//! #     fn on_sync(
//! #         &mut self,
//! #         _: &mut kserve::Context<'_>,
//! #         _: &kserve::Peer,
//! #         message: &kwire::Message,
//! #         reply: kserve::Reply<'_>,
//! #     ) {
//! #         reply.body(message.body());
//! #     }
//! # }
//! use signal_hook::consts::{SIGINT, SIGTERM};
//! use signal_hook::iterator::Signals;
//!
//! let server = kserve::Server::bind("127.0.0.1:5001")?.with_drain(std::time::Duration::from_secs(2));
//! let (interrupt, mut signals) = (server.interrupt(), Signals::new([SIGINT, SIGTERM])?);
//! std::thread::spawn(move || {
//!     for signal in signals.forever() {
//!         if signal != SIGINT || !interrupt.cancel() { // SIGINT ends a running request only
//!             interrupt.stop();
//!         }
//!     }
//! });
//! server.run(&mut Echo)?;
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used))]

mod accept;
mod answers;
mod clock;
mod closing;
mod context;
mod core;
mod encode;
mod handler;
mod interrupt;
pub mod layer;
mod limits;
mod link;
mod listen;
mod memory;
mod outbound;
mod peer;
mod pool;
mod port;
mod post;
#[cfg(feature = "q")]
pub mod q;
mod receive;
mod reply;
mod request;
mod run;
mod run_queue;
mod sender;
mod server;
mod sniff;
mod tap;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod users;
mod wait;
mod worker;

pub use context::{Context, Event, Queue, Ticket};
pub use handler::Handler;
pub use interrupt::{Interrupt, InterruptReason};
pub use limits::Limits;
pub use listen::Bind;
pub use memory::Memory;
pub use peer::{Peer, PeerId, Protocol};
pub use port::Port;
#[cfg(feature = "q")]
pub use q::{EvalLimits, Fault, Grants, Host, Interpreter, Output};
pub use reply::{Deferred, Reply};
pub use sender::{Busy, Sender};
pub use server::Server;
pub use tap::Tap;
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use users::{Users, UsersError};

/// Compiles the code in the README as doctests.
#[cfg(all(doctest, feature = "tls"))]
#[doc = include_str!("../../README.md")]
struct Readme;
