//! The blocking client's sockets: TCP, Unix, and TLS over either.

use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use crate::address::Transport;

/// A connected socket in non-blocking mode.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP, with `TCP_NODELAY` set.
    Tcp(TcpStream),
    /// A Unix socket.
    Unix(UnixStream),
    /// TLS over one of the others.
    #[cfg(feature = "tls")]
    Tls(Box<crate::tls::Stream<Self>>),
}

/// Interval between keepalive probes.
const PROBE: Duration = Duration::from_secs(10);

impl Stream {
    /// Connects, without the TLS handshake. The deadline does not cover the host name's lookup.
    pub(crate) fn connect(
        transport: &Transport,
        deadline: Option<Instant>,
        keepalive: Option<Duration>,
    ) -> io::Result<Self> {
        match transport {
            Transport::Tcp { host, port } | Transport::Tcps { host, port } => {
                let stream = tcp(host, *port, deadline)?;
                stream.set_nonblocking(true)?;
                tune(SockRef::from(&stream), keepalive)?;
                Ok(Self::Tcp(stream))
            }
            Transport::Unix { port } | Transport::Unixs { port } => {
                let stream = crate::unix::connect(*port)?;
                stream.set_nonblocking(true)?;
                Ok(Self::Unix(stream))
            }
            Transport::Fifo { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
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

/// Whether both ends of a TCP connection are on this machine. kdb+ does not compress messages to such a peer. Takes the
/// results of `peer_addr` and `local_addr`; an error counts as remote.
///
/// ```
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// assert!(kwire::is_local(stream.peer_addr(), stream.local_addr()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn is_local(peer: io::Result<SocketAddr>, local: io::Result<SocketAddr>) -> bool {
    match (peer, local) {
        (Ok(peer), Ok(local)) => peer.ip().to_canonical().is_loopback() || peer.ip() == local.ip(),
        _ => false,
    }
}

/// Sets `TCP_NODELAY` and keepalive.
pub(crate) fn tune(socket: SockRef<'_>, keepalive: Option<Duration>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    match keepalive {
        Some(time) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(time).with_interval(PROBE)),
        None => Ok(()),
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
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            Self::Unix(stream) => stream.write(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write_vectored(parts),
            Self::Unix(stream) => stream.write_vectored(parts),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.write_vectored(parts),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) | Self::Unix(_) => Ok(()),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}
