//! The connected socket: TCP, Unix or TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::{TcpStream, UnixStream};
use socket2::SockRef;

#[cfg(feature = "tls")]
use super::Secure;
use crate::address::{AddressError, Transport};
use crate::error::Error;
use crate::options::Options;
use crate::stream::{is_local, tune};

/// A connected socket.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP, with `TCP_NODELAY` set.
    Tcp(TcpStream),
    /// A Unix socket.
    Unix(UnixStream),
    /// TLS over one of the others. Bytes that a write did not report as written must be passed again.
    #[cfg(feature = "tls")]
    Tls(Box<Secure>),
}

impl Stream {
    pub(super) async fn connect(transport: &Transport, options: &Options) -> Result<Self, Error> {
        match transport {
            Transport::Tcp { host, port } | Transport::Tcps { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                tune(SockRef::from(&stream), options.keepalive)?;
                Ok(Self::Tcp(stream))
            }
            Transport::Unix { port } | Transport::Unixs { port } => {
                let stream = crate::unix::connect(*port)?;
                stream.set_nonblocking(true)?;
                Ok(Self::Unix(UnixStream::from_std(stream)?))
            }
            Transport::Fifo { .. } => Err(AddressError::Fifo.into()),
        }
    }

    /// Runs the TLS handshake if the transport uses TLS.
    #[cfg(feature = "tls")]
    pub(super) async fn secure(self, host: Option<&str>, options: &Options) -> Result<Self, Error> {
        let Some(host) = host else { return Ok(self) };
        let secure = Secure::connect(self, options.tls_config()?, host).await?;
        Ok(Self::Tls(Box::new(secure)))
    }

    /// Whether the peer is on this machine. kdb+ does not compress messages to local peers.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(stream) => is_local(stream.peer_addr(), stream.local_addr()),
            Self::Unix(_) => true,
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.socket().is_local(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_shutdown(cx),
        }
    }
}
