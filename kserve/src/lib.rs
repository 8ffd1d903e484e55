//! A server of kdb+ IPC: one loop, many connections, q's handlers.
//!
//! [`Server`] accepts connections, checks logins, frames messages and queues output. A [`Handler`] implements the
//! callbacks that q calls `.z.pw`, `.z.po`, `.z.pg`, `.z.ps`, `.z.pc` and `.z.bm`. [`Interpreter`] is the default
//! handler: it evaluates a subset of q.
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
