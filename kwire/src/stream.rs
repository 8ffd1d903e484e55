//! The sockets that addresses lead to.

use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use crate::address::Transport;

/// A connected socket that does not block: what cannot go on at once returns `WouldBlock`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP, with `TCP_NODELAY` set.
    Tcp(TcpStream),
    /// A Unix socket.
    Unix(UnixStream),
}

/// Time between two probes of keepalive.
const PROBE: Duration = Duration::from_secs(10);

impl Stream {
    /// Connects until the deadline; the look-up of a host's name is not counted.
    pub(crate) fn connect(
        transport: &Transport,
        deadline: Option<Instant>,
        keepalive: Option<Duration>,
    ) -> io::Result<Self> {
        match transport {
            Transport::Tcp { host, port } => {
                let stream = tcp(host, *port, deadline)?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                if let Some(time) = keepalive {
                    let keepalive = TcpKeepalive::new().with_time(time).with_interval(PROBE);
                    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
                }
                Ok(Self::Tcp(stream))
            }
            Transport::Unix { port } => {
                let stream = crate::unix::connect(*port)?;
                stream.set_nonblocking(true)?;
                Ok(Self::Unix(stream))
            }
        }
    }

    /// Whether the peer is on this machine: kdb+ compresses nothing for it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(stream) => match (stream.peer_addr(), stream.local_addr()) {
                (Ok(peer), Ok(local)) => peer.ip().to_canonical().is_loopback() || peer.ip() == local.ip(),
                _ => false,
            },
            Self::Unix(_) => true,
        }
    }
}

fn tcp(host: &str, port: u16, deadline: Option<Instant>) -> io::Result<TcpStream> {
    let Some(deadline) = deadline else { return TcpStream::connect((host, port)) };
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (host, port).to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write_vectored(parts),
            Self::Unix(stream) => stream.write_vectored(parts),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
