//! The driver: the future that reads and writes.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite};

use super::Stream;
use super::polled::poll_read;
use super::shared::{Shared, lock};
use crate::connection::{Connection, Event};
use crate::error::Error;
use crate::inbound::Inbound;

/// Capacity in bytes that an empty write buffer keeps.
const IDLE_CAPACITY: usize = 1 << 20;

/// The future that reads and writes for its [`Handle`](super::Handle)s. Must be spawned or polled. Completes when the
/// connection is closed.
#[must_use = "nothing is read or written unless it is polled"]
pub struct Driver<S = Stream> {
    stream: S,
    connection: Connection,
    inbound: Inbound,
    /// Bytes taken from the queue; `writing[..written]` is written.
    writing: Vec<u8>,
    written: usize,
    shared: Arc<Mutex<Shared>>,
}

impl<S> Driver<S> {
    pub(super) const fn new(stream: S, connection: Connection, inbound: Inbound, shared: Arc<Mutex<Shared>>) -> Self {
        Self { stream, connection, inbound, writing: Vec::new(), written: 0, shared }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Reads and writes until neither can make progress.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        lock(&self.shared).register(cx);
        let written = self.write(cx)?;
        loop {
            let mut shared = lock(&self.shared);
            if shared.is_done(written, cx) {
                drop(shared);
                // A failed shutdown ends the connection as well.
                return Pin::new(&mut self.stream).poll_shutdown(cx).map(|_| Ok(()));
            }
            if shared.must_pause() {
                return Poll::Pending;
            }
            drop(shared);
            match self.connection.receive(&mut self.inbound)? {
                Some(Event::Message(message)) => lock(&self.shared).deliver(message)?,
                Some(_) => {}
                None if ready!(poll_read(&mut self.stream, &mut self.inbound, cx))? == 0 => {
                    self.connection.handle_end(self.inbound.as_bytes())?;
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
                }
                None => {}
            }
        }
    }

    /// Writes as much of the queue as the stream takes. Returns whether the queue is empty and flushed.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        loop {
            if self.written == self.writing.len() {
                self.writing.clear();
                self.writing.shrink_to(IDLE_CAPACITY);
                self.written = 0;
                let queued = lock(&self.shared).take(&mut self.writing);
                self.connection.note_queued(queued);
                if self.writing.is_empty() {
                    break;
                }
            }
            let rest = self.writing.get(self.written..).unwrap_or_default();
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Poll::Ready(Ok(written)) => {
                    self.written += written;
                    lock(&self.shared).note_written(written);
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => return Ok(false),
            }
        }
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(flushed) => Ok(flushed.map(|()| true)?),
            Poll::Pending => Ok(false),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Driver<S> {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.drive(cx));
        lock(&self.shared).end(result.as_ref().err().unwrap_or(&Error::Failed));
        Poll::Ready(result)
    }
}

/// Fails all waiting calls.
impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        if shared.is_open() {
            shared.end(&Error::Failed);
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Driver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("stream", &self.stream).finish_non_exhaustive()
    }
}
