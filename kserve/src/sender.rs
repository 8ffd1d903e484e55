//! Sends messages from other threads.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kcodec::Body;
use mio::Waker;

use crate::peer::PeerId;
use crate::reply::Deferred;
use crate::users::Users;

/// Publishes and answers from any thread. Each call wakes the loop.
///
/// ```
/// use kcodec::Body;
/// use kserve::{Busy, Context, Deferred, Handler, Peer, PeerId, Reply, Sender, Server, Users};
/// use kwire::Message;
///
/// /// Computes answers on other threads, and tells the callers when they are done.
/// struct Offload;
///
/// fn work(sender: &Sender, id: PeerId, deferred: Deferred) -> Result<(), Busy> {
///     sender.answer(deferred, Body::encode(42_i64).map_err(|error| error.to_string()))?;
///     sender.publish(&[id], Body::encode("done").expect("a short text"))
/// }
///
/// impl Handler for Offload {
///     fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, _message: &Message, reply: Reply<'_>) {
///         let (sender, id, deferred) = (cx.sender(), peer.id(), reply.defer());
///         std::thread::spawn(move || work(&sender, id, deferred));
///     }
/// }
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let (address, sender, interrupt) = (server.local_addr().expect("TCP"), server.sender(), server.interrupt());
/// let running = std::thread::spawn(move || server.run(&mut Offload));
/// let mut h = kwire::blocking::Handle::open(&address.to_string())?;
/// assert_eq!(h.sync("work")?.value(), 42_i64.into());
/// assert_eq!(h.receive()?.value(), "done".into());
/// sender.set_users(Some(Users::default())); // as after a change of the password file: no further logins
/// interrupt.stop();
/// running.join().expect("no panic")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sender {
    mailbox: Arc<Mutex<Mailbox>>,
    waker: Arc<Waker>,
}

/// The mailbox is full; the message was not queued. Holds the bytes queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mailbox of the server is full: {0} bytes are queued")]
pub struct Busy(pub usize);

#[derive(Default)]
struct Mailbox {
    jobs: VecDeque<Job>,
    bytes: usize,
}

/// A job for the loop, posted by another thread.
pub(crate) enum Job {
    Publish(Vec<PeerId>, Body),
    Answer(Deferred, Result<Body, String>),
    Users(Option<Users>),
    #[cfg(feature = "tls")]
    Tls(Arc<kwire::tls::ServerConfig>),
    Line(Vec<u8>),
}

/// Bound on the bytes queued for the loop. A single message may exceed it.
const MAILBOX_LIMIT: usize = 64 << 20;

impl Sender {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { mailbox: Arc::default(), waker }
    }

    /// Sends an async message to each peer in `to` that is still open: `-25!`. If one of them cannot read the
    /// message, none receives it.
    ///
    /// # Errors
    ///
    /// [`Busy`] while over 64 MiB are queued for the loop; the caller must retry later or drop the message.
    pub fn publish(&self, to: &[PeerId], message: Body) -> Result<(), Busy> {
        let bytes = message.as_bytes().len() + size_of_val(to);
        self.post(Job::Publish(to.to_vec(), message), bytes)
    }

    /// Answers a deferred request: `-30!`. Does nothing if the connection is closed or the request already
    /// answered.
    ///
    /// # Errors
    ///
    /// [`Busy`], as [`publish`](Self::publish).
    pub fn answer(&self, deferred: Deferred, answer: Result<Body, String>) -> Result<(), Busy> {
        let bytes = answer.as_ref().map_or_else(String::len, |body| body.as_bytes().len());
        self.post(Job::Answer(deferred, answer), bytes)
    }

    /// Replaces the password file for future logins: `\u`. With `None` only the handler decides.
    pub fn set_users(&self, users: Option<Users>) {
        let posted = self.post(Job::Users(users), 0);
        debug_assert!(posted.is_ok(), "a job without bytes has room");
    }

    /// Replaces the TLS configuration for future connections. Has no effect on a server that was started without
    /// [TLS](crate::Server::with_tls).
    ///
    /// ```no_run
    /// use kserve::{Server, Tls};
    /// use kwire::tls;
    ///
    /// let server = Server::bind("0.0.0.0:5001")?.with_tls(tls::Options::from_env()?.server()?, Tls::Optional);
    /// let sender = server.sender();
    /// // On another thread, after the certificate was renewed:
    /// sender.set_tls(tls::Options::from_env()?.server()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn set_tls(&self, config: Arc<kwire::tls::ServerConfig>) {
        let posted = self.post(Job::Tls(config), 0);
        debug_assert!(posted.is_ok(), "a job without bytes has room");
    }

    /// Passes a line of the process's own console to [`on_line`](crate::Handler::on_line): `.z.pi`.
    ///
    /// # Errors
    ///
    /// [`Busy`], as [`publish`](Self::publish).
    pub fn line(&self, line: Vec<u8>) -> Result<(), Busy> {
        let bytes = line.len();
        self.post(Job::Line(line), bytes)
    }

    fn post(&self, job: Job, bytes: usize) -> Result<(), Busy> {
        let bytes = if bytes == 0 { 0 } else { bytes + size_of::<Job>() };
        let mut mailbox = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > 0 && mailbox.bytes > 0 && mailbox.bytes + bytes > MAILBOX_LIMIT {
            return Err(Busy(mailbox.bytes));
        }
        mailbox.bytes += bytes;
        let first = mailbox.jobs.is_empty();
        mailbox.jobs.push_back(job);
        drop(mailbox);
        if first {
            // Waking fails only after the poll is gone, and then no loop can send.
            let _ = self.waker.wake();
        }
        Ok(())
    }

    /// Takes all queued jobs.
    pub(crate) fn take(&self) -> VecDeque<Job> {
        let mut mailbox = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        mailbox.bytes = 0;
        std::mem::take(&mut mailbox.jobs)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
