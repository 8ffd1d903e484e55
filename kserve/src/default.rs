//! q's own handlers: `value` for both kinds of message, and a log.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use kserve::{Context, Handler, Interpreter, Peer, Reply};
use kwire::{Error, Message};
use tracing::{debug, error, warn};

use crate::log::{Field, Rate};
use crate::options::Options;

/// What the binary serves.
#[derive(Debug)]
pub(crate) struct Q {
    pub(crate) interpreter: Interpreter,
    timer: Duration,
    read_only: bool,
    rate: Rate,
}

impl Q {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            interpreter: Interpreter::default(),
            timer: Duration::from_millis(options.timer),
            read_only: options.read_only,
            rate: Rate::new(),
        }
    }
}

impl Handler for Q {
    fn on_start(&mut self, cx: &mut Context<'_>) {
        cx.set_timer(Some(self.timer));
    }

    fn on_open(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        let (user, capability) = (Field(peer.user()), peer.capability().byte());
        debug!(handle = %peer.id(), address = %shown(peer), %user, capability, "open");
    }

    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, query: &Message, reply: Reply<'_>) {
        cx.set_read_only(self.read_only);
        match self.interpreter.evaluate(query.value()) {
            Ok(body) => reply.body(&body),
            Err(fault) => {
                let fault = fault.to_string();
                debug!(handle = %peer.id(), "'{}", Field(fault.as_bytes()));
                reply.error(&fault);
            }
        }
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, update: &Message) {
        cx.set_read_only(self.read_only);
        if let Err(fault) = self.interpreter.evaluate(update.value())
            && self.rate.allow()
        {
            error!(handle = %peer.id(), "async: '{}", Field(fault.to_string().as_bytes()));
        }
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        debug!(handle = %peer.id(), "close");
    }

    fn on_bad_message(&mut self, _cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
        if self.rate.allow() {
            let error = error.to_string();
            let (user, error) = (Field(peer.user()), Field(error.as_bytes()));
            warn!(handle = %peer.id(), address = %shown(peer), %user, bytes = message.len(), "badmsg: {error}");
        }
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        if self.rate.allow() {
            let error = error.to_string();
            let (user, error) = (Field(peer.user()), Field(error.as_bytes()));
            warn!(handle = %peer.id(), address = %shown(peer), %user, "closing: {error}");
        }
    }

    fn on_exhausted(&mut self, _cx: &mut Context<'_>, error: &io::Error) {
        warn!("no further connections for now: {error}");
    }
}

fn shown(peer: &Peer) -> impl Display + use<> {
    peer.address().map_or_else(|| "unix".to_owned(), |address| address.to_string())
}
