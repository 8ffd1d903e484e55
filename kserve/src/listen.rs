//! Where a server listens: TCP, and beside it the Unix socket that kdb+ gives every port.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(target_os = "linux")]
    Unix(mio::net::UnixListener),
}

/// An accepted connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(target_os = "linux")]
    Unix(mio::net::UnixStream),
}

impl Listener {
    pub(crate) fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            #[cfg(target_os = "linux")]
            Self::Unix(listener) => listener.accept().map(|(stream, _)| Stream::Unix(stream)),
        }
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(target_os = "linux")]
            Self::Unix(_) => None,
        }
    }

    pub(crate) fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(listener) => listener,
            #[cfg(target_os = "linux")]
            Self::Unix(listener) => listener,
        }
    }
}

/// Binds the Unix sockets of `port`: kdb+'s abstract name `/tmp/kx.PORT`, in the two lengths that
/// its clients try. `QUDSPATH` changes the folder; empty, it means that there are none.
#[cfg(target_os = "linux")]
pub(crate) fn unix(port: u16) -> io::Result<Vec<Listener>> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    /// Bytes of an abstract name that fills `sun_path`, whose first byte is the NUL that marks it.
    const WHOLE: usize = 107;
    let folder = std::env::var("QUDSPATH").unwrap_or_else(|_| "/tmp".to_owned());
    if folder.is_empty() {
        return Ok(Vec::new());
    }
    let name = format!("{folder}/kx.{port}").into_bytes();
    let mut padded = name.clone();
    padded.resize(WHOLE.max(name.len()), 0);
    [name, padded]
        .iter()
        .map(|name| mio::net::UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?).map(Listener::Unix))
        .collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn unix(_port: u16) -> io::Result<Vec<Listener>> {
    Ok(Vec::new())
}

impl Stream {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => registry.register(stream, token, both),
            #[cfg(target_os = "linux")]
            Self::Unix(stream) => registry.register(stream, token, both),
        }
    }

    /// The peer's address; `None` over a Unix socket.
    pub(crate) fn peer_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            #[cfg(target_os = "linux")]
            Self::Unix(_) => None,
        }
    }

    /// Whether the peer is on this machine: kdb+ compresses nothing for it.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(stream) => match (stream.peer_addr(), stream.local_addr()) {
                (Ok(peer), Ok(local)) => peer.ip().to_canonical().is_loopback() || peer.ip() == local.ip(),
                _ => false,
            },
            #[cfg(target_os = "linux")]
            Self::Unix(_) => true,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(target_os = "linux")]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            #[cfg(target_os = "linux")]
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn write_vectored(&mut self, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write_vectored(buffers),
            #[cfg(target_os = "linux")]
            Self::Unix(stream) => stream.write_vectored(buffers),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
