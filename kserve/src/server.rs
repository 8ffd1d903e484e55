//! A server before it runs: where it listens, within what bounds.

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

/// A bound server that does not run yet.
#[derive(Debug)]
pub struct Server {
    core: Core,
}

/// Tokens from here on are not peers.
pub(crate) const WAKER: Token = Token(usize::MAX);
pub(crate) const LISTENERS: usize = WAKER.0 - 16;

impl Server {
    /// Listens on a TCP address; port 0 takes any that is free.
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

    /// Listens where `-p` says.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); of a range, for its last port.
    pub fn bind_port(port: &Port) -> io::Result<Self> {
        Self::with(port.bind()?)
    }

    /// Listens nowhere: for a process that only connects, or is told later with
    /// [`Context::listen`](crate::Context::listen).
    ///
    /// # Errors
    ///
    /// The OS error of polling.
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

    /// Also listens on the Unix sockets that kdb+ gives the port: `/tmp/kx.PORT`, an abstract name on
    /// Linux and a file elsewhere. `QUDSPATH` names another folder, or none if it is empty.
    ///
    /// # Errors
    ///
    /// The OS error, for example that the name is in use. The server can do without.
    pub fn listen_unix(&mut self) -> io::Result<()> {
        if let Some(address) = self.local_addr() {
            self.core.listeners.extend(listen::unix(address.port())?);
        }
        Ok(())
    }

    /// Also listens on a Unix socket at a file, which is removed when the server ends. kdb+'s clients
    /// on this machine look for `/tmp/kx.PORT` after the abstract names; a file can be shared with a
    /// container, where abstract names cannot.
    ///
    /// # Errors
    ///
    /// The OS error; `AddrInUse` if another process listens there, or there is a file of another kind.
    pub fn listen_unix_file(&mut self, path: impl Into<PathBuf>) -> io::Result<()> {
        self.core.listeners.push(listen::unix_file(path.into())?);
        Ok(())
    }

    /// Sets the bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.core.limits = limits;
        self
    }

    /// Bounds the memory of the process: q's `-w`.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.core.memory = memory;
        self
    }

    /// Lets in only whom the password file knows, as `-u` and `-U` do.
    #[must_use]
    pub fn with_users(mut self, users: Users) -> Self {
        self.core.users = Some(users);
        self
    }

    /// Offers TLS to new connections, TCP and Unix, or asks it of them: q's `-E`. The time that a
    /// login may take covers the handshake. [`kwire::tls::Options`] makes a configuration as kdb+
    /// does.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, config: Arc<kwire::tls::ServerConfig>, tls: crate::Tls) -> Self {
        self.core.offer = Some(crate::tls::Offer { config, tls });
        self
    }

    /// Shows the bytes of each connection that is accepted to what `make` makes for it.
    #[must_use]
    pub fn with_tap(mut self, make: impl FnMut() -> Box<dyn Tap> + Send + 'static) -> Self {
        self.core.taps = Some(Taps::new(make));
        self
    }

    /// How long, once stopped, the server goes on writing what was answered; and for how long a
    /// connection that is being closed may stand still. 5 seconds unless told otherwise.
    #[must_use]
    pub fn with_drain(mut self, drain: Duration) -> Self {
        self.core.drain = drain;
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.core.listeners.iter().find_map(Listener::local_addr)
    }

    /// What cancels requests, and stops the server.
    #[must_use]
    pub fn interrupt(&self) -> Interrupt {
        self.core.interrupt.clone()
    }

    /// What sends from other threads.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.core.sender.clone()
    }

    /// Serves until it is stopped, writes what was answered, and closes every connection.
    ///
    /// # Errors
    ///
    /// The OS error of polling. Errors of one connection end that connection alone.
    pub fn run(mut self, handler: &mut impl Handler) -> io::Result<()> {
        self.core.register_listeners()?;
        Loop::new(self.core, handler).run()
    }
}
