//! The callbacks of a server: q's `.z` handlers.

use std::io;

use kwire::{Error, Message};

use crate::context::{Context, Ticket};
use crate::peer::Peer;
use crate::reply::Reply;

/// The callbacks of a server. They all run on the event loop, which serves no other peer meanwhile. A method that
/// may run long must poll [`Context::interrupted`].
///
/// Every event in a log:
///
/// ```
/// use kserve::{Context, Handler, Peer, Protocol, Reply, Server};
/// use kwire::{Error, Message};
///
/// struct Logged;
///
/// impl Handler for Logged {
///     fn on_start(&mut self, cx: &mut Context<'_>) {
///         println!("port {:?}", cx.port());
///     }
///
///     fn on_login(&mut self, _cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
///         peer.is_outgoing() || (peer.user() == b"ann" && password == b"secret")
///     }
///
///     fn on_open(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
///         println!("{}: {:?} {:?}", peer.id().handle(), peer.address(), peer.capability());
///         assert_eq!(peer.protocol(), Protocol::Ipc);
///     }
///
///     fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
///         reply.body(message.body());
///     }
///
///     fn on_timer(&mut self, cx: &mut Context<'_>) {
///         println!("{} connections", cx.handles().count());
///     }
///
///     fn on_line(&mut self, cx: &mut Context<'_>, line: &[u8]) {
///         if line == b"exit" {
///             cx.stop();
///         }
///     }
///
///     fn on_http(&mut self, _cx: &mut Context<'_>, _peer: &Peer, _request: &[u8]) -> Vec<u8> {
///         b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec()
///     }
///
///     fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
///         println!("{}: closed", peer.id());
///     }
///
///     fn on_bad_message(&mut self, _cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
///         println!("{}: {error}, after {} bytes", peer.id(), message.len());
///     }
///
///     fn on_error(&mut self, _cx: &mut Context<'_>, peer: &Peer, error: &Error) {
///         println!("{:?}: {error}", peer.address()); // no connection yet, if the login was refused
///     }
///
///     fn on_exhausted(&mut self, _cx: &mut Context<'_>, error: &std::io::Error) {
///         println!("no new connections: {error}");
///     }
/// }
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let (address, sender) = (server.local_addr().expect("TCP"), server.sender());
/// let running = std::thread::spawn(move || server.run(&mut Logged));
/// let mut h = kwire::blocking::Handle::open(&format!("{address}:ann:secret"))?;
/// assert_eq!(h.sync(42_i64)?.value(), 42_i64.into());
/// assert!(kwire::ask(&format!("{address}:ann:guess"), "1").is_err());
/// sender.line(b"exit".to_vec())?;
/// running.join().expect("no panic")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Handler {
    /// Called once, before clients are served.
    fn on_start(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// `.z.pw`: whether the user may log in. Called after the check of the password file, if there is one. Returns
    /// `true` by default.
    fn on_login(&mut self, cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
        let _ = (cx, peer, password);
        true
    }

    /// `.z.po`: a connection has logged in. Its capability byte is queued.
    fn on_open(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let _ = (cx, peer);
    }

    /// `.z.pg`: a sync message, to be answered through `reply`.
    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>);

    /// `.z.ps`: an async message. It has no answer. Ignored by default.
    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        let _ = (cx, peer, message);
    }

    /// The response to a [`Context::request`]: a message, which may hold a [`Value::Error`](kcodec::Value::Error),
    /// or an error if the connection ended first.
    fn on_response(&mut self, cx: &mut Context<'_>, peer: &Peer, ticket: Ticket, response: Result<&Message, &Error>) {
        let _ = (cx, peer, ticket, response);
    }

    /// `.z.ts`: the period of [`Context::set_timer`] has passed.
    fn on_timer(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// `.z.pi`: a line of the process's own console, sent by [`Sender::line`](crate::Sender::line).
    fn on_line(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        let _ = (cx, line);
    }

    /// `.z.ph`, `.z.pp`, `.z.pm`: an HTTP request: its headers and whatever bytes followed them so far. Returns the
    /// complete response, after which the connection closes.
    fn on_http(&mut self, cx: &mut Context<'_>, peer: &Peer, request: &[u8]) -> Vec<u8> {
        let _ = (cx, peer, request);
        BAD_REQUEST.to_vec()
    }

    /// `.z.pc`: an open connection has ended. As in q, not called after [`Context::close`]. Messages sent to this
    /// peer now are dropped.
    fn on_close(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let _ = (cx, peer);
    }

    /// `.z.bm`: a malformed or oversized message, with the bytes received so far. The connection closes after this
    /// call.
    fn on_bad_message(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
        let _ = (cx, peer, message, error);
    }

    /// Any other error that ends a connection: a login refused, late or too long, a connection over the limit
    /// ([`Error::Crowded`]), a message out of turn, a queue over its limit, OS errors. q has no such handler; meant
    /// for logging.
    fn on_error(&mut self, cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        let _ = (cx, peer, error);
    }

    /// The OS has no descriptors or memory for another connection. Called at most every ten seconds while that
    /// lasts. The server retries by itself.
    fn on_exhausted(&mut self, cx: &mut Context<'_>, error: &io::Error) {
        let _ = (cx, error);
    }
}

/// The default response to HTTP requests.
pub(crate) const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Content-Length: 33\r\nConnection: close\r\n\r\nthis port speaks kdb+ IPC alone\r\n";
