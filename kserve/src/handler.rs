//! What a server does with what comes in: q's `.z` handlers.

use std::io;

use kwire::{Error, Message};

use crate::context::{Context, Ticket};
use crate::peer::Peer;
use crate::reply::Reply;

/// A server's decisions. Every method runs on the server's one loop: while it runs nobody else is
/// served. One that may run for long asks [`Context::interrupted`] now and then.
pub trait Handler {
    /// Called once, before anybody is served.
    fn on_start(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// `.z.pw`: whether the user may come in. Called after the password file has agreed, if there
    /// is one. Lets everybody in by default.
    fn on_login(&mut self, cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
        let _ = (cx, peer, password);
        true
    }

    /// `.z.po`: a connection is open; its capability byte is on its way.
    fn on_open(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let _ = (cx, peer);
    }

    /// `.z.pg`: a sync message, to be answered through `reply`.
    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>);

    /// `.z.ps`: an async message. Nothing is ever sent in answer. Ignored by default.
    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        let _ = (cx, peer, message);
    }

    /// The response to a [`Context::request`], which may be an error's
    /// [`Value::Error`](kcodec::Value::Error); or why there is none: the connection has ended.
    fn on_response(&mut self, cx: &mut Context<'_>, peer: &Peer, ticket: Ticket, response: Result<&Message, &Error>) {
        let _ = (cx, peer, ticket, response);
    }

    /// `.z.ts`: the time that [`Context::set_timer`] set has passed.
    fn on_timer(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// `.z.pi`: a line of the process's own console, which [`Sender::line`](crate::Sender::line) sent.
    fn on_line(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        let _ = (cx, line);
    }

    /// `.z.ph`, `.z.pp`, `.z.pm`: an HTTP request, up to the blank line behind its headers and
    /// whatever came with it. Returns the whole response, after which the connection is closed.
    fn on_http(&mut self, cx: &mut Context<'_>, peer: &Peer, request: &[u8]) -> Vec<u8> {
        let _ = (cx, peer, request);
        BAD_REQUEST.to_vec()
    }

    /// `.z.pc`: an open connection has ended, other than by [`Context::close`], for which q does not
    /// call it either. What is sent to the peer now goes nowhere.
    fn on_close(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let _ = (cx, peer);
    }

    /// `.z.bm`: a malformed or oversized message, as far as it came. The connection is closed next.
    fn on_bad_message(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
        let _ = (cx, peer, message, error);
    }

    /// Whatever else ends a connection: a login refused, late or too long, one connection too many
    /// ([`Error::Crowded`]), a message out of turn, a queue over its limit, OS errors. q has no such
    /// handler; it is there to be logged.
    fn on_error(&mut self, cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        let _ = (cx, peer, error);
    }

    /// The OS has no descriptors or memory for a further connection. Called at most every ten
    /// seconds while that lasts; accepting is tried again on its own.
    fn on_exhausted(&mut self, cx: &mut Context<'_>, error: &io::Error) {
        let _ = (cx, error);
    }
}

/// What an HTTP client is told by default.
pub(crate) const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Content-Length: 33\r\nConnection: close\r\n\r\nthis port speaks kdb+ IPC alone\r\n";
