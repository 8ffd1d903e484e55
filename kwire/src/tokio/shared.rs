//! The state that handles and driver share: the queue, awaited responses, received messages, and waiting tasks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use ::tokio::sync::oneshot;
use kcodec::{Capability, Threshold, Value};

use super::Response;
use crate::connection::Queued;
use crate::error::{Bound, Error, OutOfTurn};
use crate::header::MessageType;
use crate::kept::Kept;
use crate::message::{self, Message};
use crate::options::Options;
use crate::outbound::Outbound;

/// State shared by handles and driver. Must not be locked during socket I/O or while a message is checked.
pub(super) struct Shared {
    outbound: Outbound,
    /// Counts of queued messages that `Connection` does not know of, because the driver has not taken them.
    unannounced: Queued,
    /// Senders of awaited responses, in the order of the requests.
    awaiting: VecDeque<oneshot::Sender<Result<Message, Error>>>,
    kept: Kept,
    /// Sync messages received and not yet answered.
    owed: u64,
    capability: Capability,
    compression: Option<Threshold>,
    queue_limit: u64,
    driver: Option<Waker>,
    /// Tasks that wait for messages, and tasks that wait for the queue to shrink.
    receivers: Vec<Waker>,
    flushers: Vec<Waker>,
    /// All handles are dropped.
    abandoned: bool,
    /// The error that ended the connection.
    ended: Option<Error>,
}

impl Shared {
    pub(super) fn new(options: &Options, capability: Capability) -> Self {
        Self {
            outbound: Outbound::default(),
            unannounced: Queued::default(),
            awaiting: VecDeque::new(),
            kept: Kept::new(options.limits.kept),
            owed: 0,
            capability,
            compression: options.compression.filter(|_| capability.compresses()),
            queue_limit: options.limits.queued,
            driver: None,
            receivers: Vec::new(),
            flushers: Vec::new(),
            abandoned: false,
            ended: None,
        }
    }

    pub(super) fn sync(&mut self, query: Value<'_>) -> Result<Response, Error> {
        self.queue(MessageType::Sync, query)?;
        let (sender, receiver) = oneshot::channel();
        self.awaiting.push_back(sender);
        self.unannounced.requests += 1;
        Ok(Response { receiver })
    }

    pub(super) fn send(&mut self, message: Value<'_>) -> Result<(), Error> {
        self.queue(MessageType::Async, message)
    }

    pub(super) fn respond(&mut self, value: Value<'_>) -> Result<(), Error> {
        if self.owed == 0 {
            return Err(OutOfTurn::NoRequest.into());
        }
        self.queue(MessageType::Response, value)?;
        self.owed -= 1;
        self.unannounced.responses += 1;
        Ok(())
    }

    pub(super) fn poll_receive(&mut self, cx: &Context<'_>) -> Poll<Result<Message, Error>> {
        if let Some(message) = self.kept.pop() {
            // The driver may have stopped reading because the backlog was full.
            self.wake_driver();
            return Poll::Ready(Ok(message));
        }
        self.check()?;
        wait(&mut self.receivers, cx);
        Poll::Pending
    }

    /// Ready once `enough` holds, which is checked after each write.
    pub(super) fn poll_written(&mut self, enough: impl Fn(&Self) -> bool, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        if enough(self) {
            return Poll::Ready(Ok(()));
        }
        self.check()?;
        wait(&mut self.flushers, cx);
        Poll::Pending
    }

    pub(super) const fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    pub(super) const fn capability(&self) -> Capability {
        self.capability
    }

    pub(super) const fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Notes that the last handle is dropped.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        self.wake_driver();
    }

    /// Registers the driver's task.
    pub(super) fn register(&mut self, cx: &Context<'_>) {
        self.driver.get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
    }

    /// Moves the queue into `writing`, which must be empty. Returns the counts of its messages.
    pub(super) fn take(&mut self, writing: &mut Vec<u8>) -> Queued {
        self.outbound.take(writing);
        std::mem::take(&mut self.unannounced)
    }

    pub(super) fn note_written(&mut self, written: usize) {
        self.outbound.note_written(written);
        self.flushers.drain(..).for_each(Waker::wake);
    }

    fn queue(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.check()?;
        if self.is_full() {
            let bytes = self.outbound.pending().bytes as u64;
            return Err(Error::TooLarge { what: Bound::Queue, bytes, limit: self.queue_limit });
        }
        let Self { outbound, capability, compression, .. } = self;
        outbound.append(|out| message::append(kind, value, *capability, *compression, out))?;
        self.wake_driver();
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.outbound.pending().bytes as u64 > self.queue_limit
    }

    fn check(&self) -> Result<(), Error> {
        self.ended.as_ref().map_or(Ok(()), |error| Err(error.duplicate()))
    }

    /// Whether the connection can close: no handle left, the queue written, no response awaited.
    pub(super) fn is_done(&mut self, written: bool, cx: &mut Context<'_>) -> bool {
        // `poll_closed` registers the driver's waker with the first awaited response, which wakes it when dropped.
        self.abandoned
            && written
            && self.outbound.is_empty()
            && self.awaiting.iter_mut().all(|waiting| waiting.poll_closed(cx).is_ready())
    }

    /// Whether to stop reading because the backlog is full. Never while a response is awaited, which may follow in the
    /// stream.
    pub(super) fn must_pause(&self) -> bool {
        self.kept.is_full() && self.awaiting.is_empty()
    }

    pub(super) fn deliver(&mut self, message: Message) -> Result<(), Error> {
        match message.kind() {
            MessageType::Response => {
                if let Some(waiting) = self.awaiting.pop_front() {
                    // Fails if the `Response` was dropped.
                    let _ = waiting.send(Ok(message));
                }
                return Ok(());
            }
            MessageType::Sync => self.owed += 1,
            MessageType::Async => {}
        }
        self.kept.push(message)?;
        self.receivers.drain(..).for_each(Waker::wake);
        Ok(())
    }

    fn wake_driver(&mut self) {
        // Taking the waker avoids waking a driver again that has not run since.
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    pub(super) fn end(&mut self, error: &Error) {
        self.ended = Some(error.duplicate());
        self.awaiting.drain(..).for_each(|waiting| drop(waiting.send(Err(error.duplicate()))));
        self.receivers.drain(..).chain(self.flushers.drain(..)).for_each(Waker::wake);
        self.outbound.clear();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let awaited = self.awaiting.len();
        f.debug_struct("Shared")
            .field("pending", &self.outbound.pending())
            .field("awaited", &awaited)
            .finish_non_exhaustive()
    }
}

/// Ignores poisoning: no code that can panic runs with the lock held.
pub(super) fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers a task's waker unless it is registered.
fn wait(waiting: &mut Vec<Waker>, cx: &Context<'_>) {
    if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
        waiting.push(cx.waker().clone());
    }
}
