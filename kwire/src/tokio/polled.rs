//! A tokio stream as a non-blocking `Read` and `Write` for the length of a poll.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(feature = "tls")]
use ::tokio::io::AsyncWrite;
use ::tokio::io::{AsyncRead, ReadBuf};

use crate::inbound::Inbound;

/// Reads once. Returns the number of bytes.
pub(super) fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    inbound: &mut Inbound,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    match inbound.read_from(&mut Polled { stream, cx }) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        read => Poll::Ready(read),
    }
}

/// A blocking-style adapter: `Pending` becomes `WouldBlock`.
pub(super) struct Polled<'a, 'b, S> {
    pub(super) stream: &'a mut S,
    pub(super) cx: &'a mut Context<'b>,
}

impl<S: AsyncRead + Unpin> Read for Polled<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.stream).poll_read(self.cx, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

#[cfg(feature = "tls")]
impl<S: AsyncWrite + Unpin> io::Write for Polled<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write(self.cx, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write_vectored(self.cx, parts) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
