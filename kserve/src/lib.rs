//! A server of kdb+ IPC: one loop, many connections, q's handlers.
//!
//! [`Server`] accepts, logs in, frames and queues; a [`Handler`] decides, with the methods that q
//! calls `.z.pw`, `.z.po`, `.z.pg`, `.z.ps`, `.z.pc` and `.z.bm`. [`Interpreter`] evaluates what q
//! evaluates by default, as far as it goes.
//!
//! ```no_run
//! use kcodec::Value;
//! use kserve::{Handler, Peer, PeerId, Reply, Server};
//!
//! #[derive(Default)]
//! struct Tick {
//!     subs: Vec<PeerId>,
//! }
//!
//! impl Handler for Tick {
//!     fn on_sync(&mut self, peer: &mut Peer<'_>, _query: Value<'_>, reply: Reply<'_>) {
//!         self.subs.push(peer.id());
//!         reply.value("ok");
//!     }
//!
//!     fn on_async(&mut self, peer: &mut Peer<'_>, update: Value<'_>) {
//!         peer.broadcast(&self.subs, update).ok(); // encoded once: -25!
//!     }
//! }
//!
//! Server::bind("127.0.0.1:5001")?.run(&mut Tick::default())?;
//! # Ok::<(), std::io::Error>(())
//! ```

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used))]

mod handler;
mod limits;
mod listen;
mod memory;
mod outbound;
mod peer;
mod server;
mod users;
mod value;

pub use handler::{Handler, Reply};
pub use limits::Limits;
pub use memory::Memory;
pub use peer::{Peer, PeerId};
pub use server::{Server, Stopper};
pub use users::{Users, UsersError};
pub use value::{EvalLimits, Fault, Interpreter};

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
