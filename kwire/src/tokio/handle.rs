//! The handle: queues messages and waits for received ones.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use kcodec::{Capability, Value};

use super::Response;
use super::shared::{Shared, lock};
use crate::error::Error;
use crate::message::Message;
use crate::outbound::Pending;

/// An open connection to a q process. Clones share the connection. It closes once all clones are dropped, the queue is
/// written, and all responses that are still awaited have arrived.
///
/// ```no_run
/// use kwire::tokio::{Handle, Response};
///
/// async fn use_it(h: &Handle) -> Result<(), kwire::Error> {
///     let responses: Vec<Response> = ["2+2", "3+3"].map(|query| h.sync(query)).into_iter().collect::<Result<_, _>>()?;
///     for response in responses {
///         println!("{}", response.await?.value()); // in the order of the requests
///     }
///     h.ready().await?; // backpressure: few enough bytes are queued
///     h.send("a:10")?;
///     println!("{:?} queued, capability {:?}", h.pending(), h.capability());
///     h.flush().await?;
///
///     let message = h.receive().await?; // the server's own message
///     if message.kind() == kwire::MessageType::Sync {
///         h.respond("an answer")?;
///     }
///     assert!(h.is_open());
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Mutex<Shared>>,
    /// Signals the driver when the last handle is dropped.
    _alive: Arc<Alive>,
}

#[derive(Debug)]
struct Alive {
    shared: Arc<Mutex<Shared>>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Mutex<Shared>>) -> Self {
        let alive = Arc::new(Alive { shared: Arc::clone(&shared) });
        Self { shared, _alive: alive }
    }

    /// Encodes and queues a sync message: q's `h x`. The returned future resolves to the response. The message is sent
    /// whether or not it is polled.
    ///
    /// The future fails with [`Error::Remote`] if the server answers with an error, otherwise with the error that ended
    /// the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`], and [`Error::TooLarge`] while more than [`limits.queued`](crate::Limits::queued) bytes
    /// are queued (see [`ready`](Self::ready)): nothing is queued then. Otherwise the error that ended the connection.
    pub fn sync<'a>(&self, query: impl Into<Value<'a>>) -> Result<Response, Error> {
        lock(&self.shared).sync(query.into())
    }

    /// Encodes and queues an async message: q's `neg[h]x`.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn send<'a>(&self, message: impl Into<Value<'a>>) -> Result<(), Error> {
        lock(&self.shared).send(message.into())
    }

    /// Encodes and queues the answer to the oldest unanswered sync message that [`receive`](Self::receive) returned.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfTurn`] if there is no such message; otherwise as [`sync`](Self::sync).
    pub fn respond<'a>(&self, value: impl Into<Value<'a>>) -> Result<(), Error> {
        lock(&self.shared).respond(value.into())
    }

    /// Waits for the next async or sync message: q's `h[]`. Answer a sync message with [`respond`](Self::respond).
    ///
    /// Backpressure: while [`limits.kept`](crate::Limits::kept) bytes or more wait to be received and no response is
    /// awaited, the driver does not read. If a response is awaited, reaching the limit ends the connection.
    ///
    /// # Errors
    ///
    /// The error that ended the connection.
    pub async fn receive(&self) -> Result<Message, Error> {
        poll_fn(|cx| lock(&self.shared).poll_receive(cx)).await
    }

    /// Waits until all messages queued so far are written: q's `neg[h][]`.
    ///
    /// # Errors
    ///
    /// The error that ended the connection.
    pub async fn flush(&self) -> Result<(), Error> {
        let target = lock(&self.shared).outbound().queued();
        self.written(|shared| shared.outbound().written() >= target).await
    }

    /// Waits until at most [`limits.queued`](crate::Limits::queued) bytes are queued.
    ///
    /// # Errors
    ///
    /// The error that ended the connection.
    pub async fn ready(&self) -> Result<(), Error> {
        self.written(|shared| !shared.is_full()).await
    }

    async fn written(&self, enough: impl Fn(&Shared) -> bool) -> Result<(), Error> {
        poll_fn(|cx| lock(&self.shared).poll_written(&enough, cx)).await
    }

    /// The capability that both ends share.
    #[must_use]
    pub fn capability(&self) -> Capability {
        lock(&self.shared).capability()
    }

    /// Messages and bytes queued for writing: q's `.z.W`.
    #[must_use]
    pub fn pending(&self) -> Pending {
        lock(&self.shared).outbound().pending()
    }

    /// Whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        lock(&self.shared).is_open()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        lock(&self.shared).abandon();
    }
}
