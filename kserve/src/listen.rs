//! Sockets: TCP and Unix listeners, and the accepted streams.

use std::fs;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec};
use socket2::{Domain, Protocol, Type};

use crate::tap::{self, Tap};
use crate::tls::{Layer, Offer};

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
    /// At a file, which is removed on drop.
    UnixFile {
        listener: UnixListener,
        _file: File,
    },
}

/// An accepted connection, plain or TLS.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    layer: Option<Layer>,
    tap: Option<Box<dyn Tap>>,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// How to bind a TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Bind {
    /// Shares the port with other processes that do the same (`SO_REUSEPORT`): q's `-p rp,5001`.
    pub reuse_port: bool,
}

/// The poll flag for "peer closed its write side", where the OS can report that without a read.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(crate) const END: PollFlags = PollFlags::RDHUP;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(crate) const END: PollFlags = PollFlags::HUP;

/// Length of the accept queue; the OS lowers it to its own maximum.
const BACKLOG: i32 = u16::MAX as i32;

/// Binds the first of several addresses that is free.
pub(crate) fn first(addresses: impl ToSocketAddrs, bind: Bind) -> io::Result<Listener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses.to_socket_addrs()? {
        match tcp(address, bind) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Binds and listens.
pub(crate) fn tcp(address: SocketAddr, bind: Bind) -> io::Result<Listener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(bind.reuse_port)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(Listener::Tcp(TcpListener::from_std(socket.into())))
}

impl Listener {
    /// Accepts a connection. With an `offer` it may be TLS.
    pub(crate) fn accept(&self, offer: Option<&Offer>) -> io::Result<Stream> {
        let socket = match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Socket::Tcp(stream)
            }
            Self::Unix(listener) | Self::UnixFile { listener, .. } => Socket::Unix(listener.accept()?.0),
        };
        Ok(Stream { socket, layer: offer.map(Layer::offered), tap: None })
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) | Self::UnixFile { .. } => None,
        }
    }

    pub(crate) fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(listener) => listener,
            Self::Unix(listener) | Self::UnixFile { listener, .. } => listener,
        }
    }
}

/// Binds the Unix sockets of `port`, named `/tmp/kx.PORT`: on Linux the abstract name in the two lengths that
/// kdb+'s clients try, elsewhere a file. `QUDSPATH` sets another folder; if it is empty, nothing is bound.
pub(crate) fn unix(port: u16) -> io::Result<Vec<Listener>> {
    let folder = kwire::unix::folder().unwrap_or_else(|| kwire::unix::FOLDER.to_owned());
    if folder.is_empty() { Ok(Vec::new()) } else { named(&kwire::unix::path(&folder, port)) }
}

#[cfg(target_os = "linux")]
fn named(path: &str) -> io::Result<Vec<Listener>> {
    let bind = |address| UnixListener::bind_addr(address).map(Listener::Unix);
    kwire::unix::abstract_addresses(path)?.iter().map(bind).collect()
}

#[cfg(not(target_os = "linux"))]
fn named(path: &str) -> io::Result<Vec<Listener>> {
    Ok(vec![unix_file(path.into())?])
}

/// Binds a Unix socket at a file. Replaces a socket file on which no process listens.
pub(crate) fn unix_file(path: PathBuf) -> io::Result<Listener> {
    let listener = match UnixListener::bind(&path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(&path) => {
            fs::remove_file(&path)?;
            UnixListener::bind(&path)
        }
        bound => bound,
    }?;
    Ok(Listener::UnixFile { listener, _file: File(path) })
}

/// Whether the path is a socket on which no process listens.
fn is_abandoned(path: &Path) -> bool {
    let refuses = || {
        std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) && refuses()
}

/// The socket file of a listener; removed on drop.
#[derive(Debug)]
pub(crate) struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        // Fails if the file is already gone, which is harmless.
        let _ = fs::remove_file(&self.0);
    }
}

impl Stream {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match &mut self.socket {
            Socket::Tcp(stream) => registry.register(stream, token, both),
            Socket::Unix(stream) => registry.register(stream, token, both),
        }
    }

    /// The peer's IP address; `None` over a Unix socket.
    pub(crate) fn peer_ip(&self) -> Option<IpAddr> {
        match &self.socket {
            Socket::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            Socket::Unix(_) => None,
        }
    }

    /// Whether the peer is on this machine. kdb+ does not compress for such peers.
    pub(crate) fn is_local(&self) -> bool {
        match &self.socket {
            Socket::Tcp(stream) => kwire::is_local(stream.peer_addr(), stream.local_addr()),
            Socket::Unix(_) => true,
        }
    }

    /// Wraps a connection that this server opened.
    pub(crate) fn from_blocking(stream: kwire::blocking::Stream) -> io::Result<Self> {
        use kwire::blocking::Stream;
        let (socket, layer) = match stream {
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => {
                let (session, socket) = stream.into_parts();
                (socket, Some(Layer::Session(session)))
            }
            socket => (socket, None),
        };
        let socket = match socket {
            Stream::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream)),
            Stream::Unix(stream) => Socket::Unix(UnixStream::from_std(stream)),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Self { socket, layer, tap: None })
    }

    /// Drops the TLS layer once the first byte shows a plain connection.
    fn decide(&mut self) -> io::Result<()> {
        if let Some(layer) = &mut self.layer
            && !layer.decide(&self.socket)?
        {
            self.layer = None;
        }
        Ok(())
    }

    /// Attaches a tap, which sees all bytes from now on.
    pub(crate) fn set_tap(&mut self, tap: Box<dyn Tap>) {
        self.tap = Some(tap);
    }

    /// Reads once into the spare capacity of `buffer`, without initializing it first.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.decide()?;
        let start = buffer.len();
        let read = match &mut self.layer {
            None => rustix::io::read(&self.socket, spare_capacity(buffer))?,
            Some(layer) => layer.read(&self.socket, buffer.capacity() - start, buffer)?,
        };
        self.show(buffer, start);
        Ok(read)
    }

    /// Reads once and appends at most `limit` bytes.
    pub(crate) fn read_at_most(&mut self, limit: usize, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.decide()?;
        let start = buffer.len();
        let read = if let Some(layer) = &mut self.layer {
            layer.read(&self.socket, limit, buffer)?
        } else {
            // `read` needs an initialized slice to bound the length; zeroing it just before keeps it in the cache.
            buffer.resize(start + limit, 0);
            let result = rustix::io::read(&self.socket, buffer.get_mut(start..).unwrap_or_default());
            buffer.truncate(start + result.unwrap_or(0));
            result?
        };
        self.show(buffer, start);
        Ok(read)
    }

    /// Passes the bytes just read to the tap.
    fn show(&mut self, buffer: &[u8], start: usize) {
        if let Some(tap) = &mut self.tap {
            tap.received(buffer.get(start..).unwrap_or_default());
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn session(&self) -> Option<&kwire::tls::Session> {
        match &self.layer {
            Some(Layer::Session(session)) => Some(session),
            _ => None,
        }
    }

    /// Whether input is buffered for which the OS will not report an event.
    pub(crate) fn is_readable(&self) -> bool {
        self.layer.as_ref().is_some_and(Layer::is_readable)
    }

    /// Whether a TLS handshake is in progress or may follow.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.layer.as_ref().is_some_and(Layer::is_handshaking)
    }

    /// Shuts down the write side: the peer reads the output, then end of input.
    pub(crate) fn shut(&mut self) {
        if self.layer.is_some() {
            return self.end();
        }
        // Fails only if the peer is gone.
        let _ = match &self.socket {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Sends `close_notify` over TLS; does nothing for a plain socket.
    pub(crate) fn end(&mut self) {
        if let Some(layer) = &mut self.layer {
            layer.close(&self.socket);
        }
    }

    /// Blocks until `wanted` or a hang-up is signalled on the socket, or `time` has passed.
    pub(crate) fn wait(&self, wanted: PollFlags, time: Timespec) -> PollFlags {
        let mut fds = [PollFd::new(self, wanted)];
        match rustix::event::poll(&mut fds, Some(&time)) {
            Ok(1..) => fds[0].revents(),
            _ => PollFlags::empty(),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Writes to the socket, or through TLS as in [`Layer::write_vectored`].
impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buffer)])
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = match (&mut self.layer, buffers) {
            (None, [one]) => (&self.socket).write(one)?,
            (None, _) => (&self.socket).write_vectored(buffers)?,
            (Some(layer), _) => layer.write_vectored(&self.socket, buffers)?,
        };
        if let Some(tap) = &mut self.tap {
            tap::sent(&mut **tap, buffers, written);
        }
        Ok(written)
    }

    /// Writes records that TLS itself produced, until the socket blocks.
    fn flush(&mut self) -> io::Result<()> {
        if let Some(layer) = &mut self.layer {
            layer.flush(&self.socket);
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for &Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).read(buffer),
            Socket::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for &Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).write(buffer),
            Socket::Unix(stream) => (&*stream).write(buffer),
        }
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).write_vectored(buffers),
            Socket::Unix(stream) => (&*stream).write_vectored(buffers),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
