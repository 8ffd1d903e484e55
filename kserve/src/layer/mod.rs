//! Layers: checks that run before a handler.

mod access;
mod log;
mod read_only;

use std::io;

use kwire::{Error, Message};

use crate::context::{Context, Ticket};
use crate::handler::Handler;
use crate::peer::Peer;
use crate::reply::Reply;

pub use access::AccessList;
pub use log::{MessageLog, Record};
pub use read_only::ReadOnly;

/// A check that runs before the handler sees a message.
///
/// ```
/// use kserve::layer::{AccessList, Layer, Layered, MessageLog, ReadOnly, Record};
/// use kserve::{Context, Handler, Peer, Reply};
/// use kwire::Message;
///
/// /// Refuses long messages; only one user may change state.
/// struct Guests;
///
/// impl Layer for Guests {
///     fn admit(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) -> Result<(), String> {
///         cx.set_read_only(peer.user() != b"admin");
///         if message.value().count() <= 1000 { Ok(()) } else { Err("length".into()) }
///     }
/// }
///
/// struct Echo;
///
/// impl Handler for Echo {
///     fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
///         if cx.is_read_only() { reply.error("noupdate") } else { reply.body(message.body()) }
///     }
/// }
///
/// let access = AccessList::new().allow("ann", ["vwap", "last"]).allow_everything("admin");
/// let log = MessageLog(|record: Record<'_>| println!("{} {:?}", record.id, record.message));
/// let handler: Layered<_, _> = log.over(access.over(Guests.over(Echo))); // in this order
/// let read_only = ReadOnly.over(Echo); // for every user: -b
/// ```
pub trait Layer {
    /// Accepts a message, or refuses it.
    ///
    /// # Errors
    ///
    /// The text of the error, which a sync caller receives. A refused async message is dropped.
    fn admit(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) -> Result<(), String>;

    /// Puts the layer in front of `handler`.
    fn over<H: Handler>(self, handler: H) -> Layered<Self, H>
    where
        Self: Sized,
    {
        Layered { layer: self, handler }
    }
}

/// A handler with a [`Layer`] in front; itself a handler.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layered<L, H> {
    /// The check.
    pub layer: L,
    /// The handler behind it.
    pub handler: H,
}

impl<L: Layer, H: Handler> Handler for Layered<L, H> {
    fn on_start(&mut self, cx: &mut Context<'_>) {
        self.handler.on_start(cx);
    }

    fn on_login(&mut self, cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
        self.handler.on_login(cx, peer, password)
    }

    fn on_open(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        self.handler.on_open(cx, peer);
    }

    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
        match self.layer.admit(cx, peer, message) {
            Ok(()) => self.handler.on_sync(cx, peer, message, reply),
            Err(text) => reply.error(&text),
        }
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        if self.layer.admit(cx, peer, message).is_ok() {
            self.handler.on_async(cx, peer, message);
        }
    }

    fn on_response(&mut self, cx: &mut Context<'_>, peer: &Peer, ticket: Ticket, response: Result<&Message, &Error>) {
        self.handler.on_response(cx, peer, ticket, response);
    }

    fn on_line(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        self.handler.on_line(cx, line);
    }

    fn on_timer(&mut self, cx: &mut Context<'_>) {
        self.handler.on_timer(cx);
    }

    fn on_http(&mut self, cx: &mut Context<'_>, peer: &Peer, request: &[u8]) -> Vec<u8> {
        self.handler.on_http(cx, peer, request)
    }

    fn on_close(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        self.handler.on_close(cx, peer);
    }

    fn on_bad_message(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
        self.handler.on_bad_message(cx, peer, message, error);
    }

    fn on_error(&mut self, cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        self.handler.on_error(cx, peer, error);
    }

    fn on_exhausted(&mut self, cx: &mut Context<'_>, error: &io::Error) {
        self.handler.on_exhausted(cx, error);
    }
}
