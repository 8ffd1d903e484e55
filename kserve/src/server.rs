//! Builds a server: addresses, limits, TLS, users.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Duration;

use mio::{Poll, Token, Waker};

use crate::core::Core;
use crate::handler::Handler;
use crate::interrupt::Interrupt;
use crate::limits::Limits;
use crate::listen::{self, Bind, Listener};
use crate::memory::Memory;
use crate::port::Port;
use crate::run::Loop;
use crate::sender::Sender;
use crate::tap::{Tap, Taps};
use crate::users::Users;

/// A bound server that is not running yet.
///
/// ```
/// use std::time::Duration;
///
/// use kserve::{Bind, Memory, Server};
///
/// let mut bind = Bind::default();
/// bind.reuse_port = true; // -p rp,...
/// let mut server = Server::bind_with("127.0.0.1:0", bind)?
///     .with_memory(Memory::unbounded())
///     .with_drain(Duration::from_secs(1));
/// let folder = tempfile::tempdir()?;
/// server.listen_unix_file(folder.path().join("kx.5001"))?;
/// if let Err(error) = server.listen_unix() {
///     println!("no Unix socket: {error}"); // and the server works without it
/// }
/// let client = Server::unbound()?; // only connects
/// assert!(server.local_addr().is_some() && client.local_addr().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    core: Core,
}

/// Tokens from here on do not identify peers.
pub(crate) const WAKER: Token = Token(usize::MAX);
pub(crate) const LISTENERS: usize = WAKER.0 - 16;

impl Server {
    /// Listens on a TCP address; port 0 picks a free port.
    ///
    /// # Errors
    ///
    /// The OS error, for example that the address is in use.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::bind_with(address, Bind::default())
    }

    /// Like [`bind`](Self::bind), with options.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn bind_with(address: impl ToSocketAddrs, bind: Bind) -> io::Result<Self> {
        Self::with(listen::first(address, bind)?)
    }

    /// Listens as `-p` says.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); for a range of ports, the error of the last one.
    pub fn bind_port(port: &Port) -> io::Result<Self> {
        Self::with(port.bind()?)
    }

    /// Does not listen: for a process that only connects, or that calls [`Context::listen`](crate::Context::listen)
    /// later.
    ///
    /// # Errors
    ///
    /// The OS error of creating the poll.
    pub fn unbound() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        Ok(Self { core: Core::new(poll, waker) })
    }

    fn with(listener: Listener) -> io::Result<Self> {
        let mut server = Self::unbound()?;
        server.core.listeners.push(listener);
        Ok(server)
    }

    /// Also listens on the Unix sockets that kdb+ opens for a port: `/tmp/kx.PORT`, an abstract name on Linux and a
    /// file elsewhere. `QUDSPATH` sets another folder; if it is empty, there are no Unix sockets.
    ///
    /// # Errors
    ///
    /// The OS error, for example that the name is in use. The server remains usable without the socket.
    pub fn listen_unix(&mut self) -> io::Result<()> {
        if let Some(address) = self.local_addr() {
            self.core.listeners.extend(listen::unix(address.port())?);
        }
        Ok(())
    }

    /// Also listens on a Unix socket at a file, which is removed when the server ends. kdb+'s clients on the same
    /// machine try `/tmp/kx.PORT` after the abstract names. Unlike an abstract name, a file can be shared with a
    /// container.
    ///
    /// # Errors
    ///
    /// The OS error; `AddrInUse` if another process listens there, or if the path is not a socket.
    pub fn listen_unix_file(&mut self, path: impl Into<PathBuf>) -> io::Result<()> {
        self.core.listeners.push(listen::unix_file(path.into())?);
        Ok(())
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.core.limits = limits;
        self
    }

    /// Sets the bound on the process's memory: q's `-w`.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.core.memory = memory;
        self
    }

    /// Requires a user and password of the password file, as `-u` and `-U` do.
    #[must_use]
    pub fn with_users(mut self, users: Users) -> Self {
        self.core.users = Some(users);
        self
    }

    /// Offers TLS to new TCP and Unix connections, or requires it: q's `-E`. The login timeout includes the
    /// handshake. [`kwire::tls::Options`] builds a configuration from kdb+'s settings.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, config: Arc<kwire::tls::ServerConfig>, tls: crate::Tls) -> Self {
        self.core.offer = Some(crate::tls::Offer { config, tls });
        self
    }

    /// Passes the bytes of each accepted connection to a tap that `make` creates.
    #[must_use]
    pub fn with_tap(mut self, make: impl FnMut() -> Box<dyn Tap> + Send + 'static) -> Self {
        self.core.taps = Some(Taps::new(make));
        self
    }

    /// Sets how long the server may write pending answers after a stop, and how long a closing connection may make
    /// no progress. 5 seconds by default.
    #[must_use]
    pub fn with_drain(mut self, drain: Duration) -> Self {
        self.core.drain = drain;
        self
    }

    /// The TCP address that the server listens on.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.core.listeners.iter().find_map(Listener::local_addr)
    }

    /// Returns a handle that cancels requests and stops the server.
    #[must_use]
    pub fn interrupt(&self) -> Interrupt {
        self.core.interrupt.clone()
    }

    /// Returns a handle that sends from other threads.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.core.sender.clone()
    }

    /// Runs the server until it is stopped, then writes pending answers and closes every connection.
    ///
    /// # Errors
    ///
    /// The OS error of polling. An error of one connection ends only that connection.
    pub fn run(mut self, handler: &mut impl Handler) -> io::Result<()> {
        self.core.register_listeners()?;
        Loop::new(self.core, handler).run()
    }
}
