//! TLS under tokio: the same session, over a socket whose `Pending` is `WouldBlock`.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncWrite, ReadBuf};

use super::{Polled, Stream};
use crate::tls::{ClientConfig, Error, Session, server_name};

/// A TLS session over a socket.
#[derive(Debug)]
pub struct Secure {
    session: Session,
    socket: Stream,
}

impl Secure {
    /// The client's end of a connection to `host`, once the handshake is through.
    pub(super) async fn connect(socket: Stream, config: Arc<ClientConfig>, host: &str) -> Result<Self, crate::Error> {
        let session = Session::client(config, server_name(host)?).map_err(Error::from)?;
        let mut secure = Self { session, socket };
        poll_fn(|cx| secure.poll(cx, |session, socket| session.handshake(socket))).await?;
        Ok(secure)
    }

    /// The session: what was agreed on, who the peer is.
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

    /// Has the session do something, whose `WouldBlock` the socket will wake for.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Session, &mut Polled<'_, '_, Stream>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        match act(&mut self.session, &mut Polled { stream: &mut self.socket, cx }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                // Others have their turn, then this goes on.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            done => Poll::Ready(done),
        }
    }
}
