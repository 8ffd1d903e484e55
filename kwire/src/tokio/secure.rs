//! TLS for the tokio client: drives a [`Session`] over a tokio socket.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncWrite, ReadBuf};

use super::Stream;
use super::polled::Polled;
use crate::tls::{ClientConfig, Error, Session, server_name};

/// A TLS session over a socket.
#[derive(Debug)]
pub struct Secure {
    session: Session,
    socket: Stream,
}

impl Secure {
    /// Runs the handshake with `host` and returns the client's end.
    pub(super) async fn connect(socket: Stream, config: Arc<ClientConfig>, host: &str) -> Result<Self, crate::Error> {
        let session = Session::client(config, server_name(host)?).map_err(Error::from)?;
        let mut secure = Self { session, socket };
        poll_fn(|cx| secure.poll(cx, |session, socket| session.handshake(socket))).await?;
        Ok(secure)
    }

    /// The session: negotiated parameters and the peer's certificates.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    pub(super) const fn socket(&self) -> &Stream {
        &self.socket
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let space = buffer.initialize_unfilled();
        let read = ready!(self.poll(cx, |session, socket| session.read(socket, space)))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, |session, socket| session.write_vectored(socket, &[IoSlice::new(bytes)]))
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |session, socket| session.flush(socket))
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll(cx, |session, socket| session.close(socket)))?;
        std::pin::Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    /// Runs `act` on the session. `WouldBlock` becomes `Pending`: the socket has registered the waker.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Session, &mut Polled<'_, '_, Stream>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        match act(&mut self.session, &mut Polled { stream: &mut self.socket, cx }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                // Yields to other tasks and continues afterwards.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            done => Poll::Ready(done),
        }
    }
}
