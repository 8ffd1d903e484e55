//! Sending from other threads.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kcodec::Body;
use mio::Waker;

use crate::peer::PeerId;
use crate::reply::Deferred;
use crate::users::Users;

/// Publishes and answers from any thread, and wakes the loop for it.
#[derive(Clone)]
pub struct Sender {
    mailbox: Arc<Mutex<Mailbox>>,
    waker: Arc<Waker>,
}

/// There is no room for a message; it was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server has {0} bytes from other threads to send")]
pub struct Busy(pub usize);

#[derive(Default)]
struct Mailbox {
    jobs: VecDeque<Job>,
    bytes: usize,
}

/// What another thread wants of the loop.
pub(crate) enum Job {
    Publish(Vec<PeerId>, Body),
    Answer(Deferred, Result<Body, String>),
    Users(Option<Users>),
    #[cfg(feature = "tls")]
    Tls(Arc<kwire::tls::ServerConfig>),
    Line(Vec<u8>),
}

/// Bytes that may wait for the loop, unless it is a single message.
const ROOM: usize = 64 << 20;

impl Sender {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { mailbox: Arc::default(), waker }
    }

    /// Sends an async message to each peer that is still there: `-25!`. One that a peer among them
    /// cannot read goes to none.
    ///
    /// # Errors
    ///
    /// [`Busy`] while over 64 MiB wait for the loop; wait and try again, or drop the message.
    pub fn publish(&self, to: &[PeerId], message: Body) -> Result<(), Busy> {
        let bytes = message.as_bytes().len() + size_of_val(to);
        self.post(Job::Publish(to.to_vec(), message), bytes)
    }

    /// Answers a request that was deferred: `-30!`. Nothing happens if its connection has gone, or
    /// it was answered.
    ///
    /// # Errors
    ///
    /// [`Busy`], as [`publish`](Self::publish).
    pub fn answer(&self, deferred: Deferred, answer: Result<Body, String>) -> Result<(), Busy> {
        let bytes = answer.as_ref().map_or_else(String::len, |body| body.as_bytes().len());
        self.post(Job::Answer(deferred, answer), bytes)
    }

    /// Replaces the password file for logins to come: `\u`. `None` lets everybody in whom the
    /// handler does.
    pub fn set_users(&self, users: Option<Users>) {
        let posted = self.post(Job::Users(users), 0);
        debug_assert!(posted.is_ok(), "a job without bytes has room");
    }

    /// Replaces the certificate, and all else that the configuration says, for connections to come. A
    /// server that was not given one [before it ran](crate::Server::with_tls) does not offer TLS.
    #[cfg(feature = "tls")]
    pub fn set_tls(&self, config: Arc<kwire::tls::ServerConfig>) {
        let posted = self.post(Job::Tls(config), 0);
        debug_assert!(posted.is_ok(), "a job without bytes has room");
    }

    /// A line of the process's own console, for [`on_line`](crate::Handler::on_line): `.z.pi`.
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
        if bytes > 0 && mailbox.bytes > 0 && mailbox.bytes + bytes > ROOM {
            return Err(Busy(mailbox.bytes));
        }
        mailbox.bytes += bytes;
        let first = mailbox.jobs.is_empty();
        mailbox.jobs.push_back(job);
        drop(mailbox);
        if first {
            // A waker fails only with its poll gone, and then there is nobody to send to.
            let _ = self.waker.wake();
        }
        Ok(())
    }

    /// Takes all that waits.
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
