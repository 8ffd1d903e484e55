//! The loop: who is ready is served, in turns.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kwire::{Connection, Error, Event, Login, Message, MessageType};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::handler::{Handler, Reply};
use crate::limits::Limits;
use crate::listen::{self, Listener};
use crate::peer::{Doom, Link, Peer, PeerId, Peers};
use crate::users::Users;

/// A bound server that does not run yet.
#[derive(Debug)]
pub struct Server {
    poll: Poll,
    listeners: Vec<Listener>,
    limits: Limits,
    users: Option<Users>,
    stopper: Stopper,
}

/// Stops a server from anywhere: another thread, a signal.
#[derive(Debug, Clone)]
pub struct Stopper {
    waker: Arc<Waker>,
    stop: Arc<AtomicBool>,
}

impl Stopper {
    /// Makes [`Server::run`] return after the turn it is in.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        // A waker fails only with its poll gone, and then there is nothing to stop.
        let _ = self.waker.wake();
    }
}

/// Tokens from here on are not peers.
const WAKER: usize = usize::MAX;
const LISTENERS: usize = WAKER - 16;
/// Bytes queued for a peer from which on its own requests wait until it reads.
const PAUSE: usize = 1 << 20;
/// How long to leave a listener alone after the system had no more sockets to give.
const EXHAUSTED: Duration = Duration::from_millis(100);

impl Server {
    /// Listens on a TCP address; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// What the system says, for example that the address is in use.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in address.to_socket_addrs()? {
            match TcpListener::bind(address) {
                Ok(listener) => return Self::new(Listener::Tcp(listener)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn new(listener: Listener) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), Token(WAKER))?);
        let stopper = Stopper { waker, stop: Arc::default() };
        Ok(Self { poll, listeners: vec![listener], limits: Limits::default(), users: None, stopper })
    }

    /// Also listens on the Unix sockets that kdb+ gives the port, on Linux.
    ///
    /// # Errors
    ///
    /// What the system says, for example that the name is in use.
    pub fn with_unix(mut self) -> io::Result<Self> {
        if let Some(address) = self.local_addr() {
            self.listeners.extend(listen::unix(address.port())?);
        }
        Ok(self)
    }

    /// Sets the bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets in only whom the password file knows, as `-u` and `-U` do.
    #[must_use]
    pub fn with_users(mut self, users: Users) -> Self {
        self.users = Some(users);
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listeners.iter().find_map(Listener::local_addr)
    }

    /// What stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until it is stopped, then closes every connection.
    ///
    /// # Errors
    ///
    /// What the system says of polling. Errors of one connection end that connection alone.
    pub fn run(mut self, handler: &mut impl Handler) -> io::Result<()> {
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            self.poll.registry().register(listener.source(), Token(LISTENERS + index), Interest::READABLE)?;
        }
        let peers = Peers::new(&self.limits);
        let logins = VecDeque::new();
        Loop { server: self, handler, peers, ready: VecDeque::new(), logins, retry: None }.run()
    }
}

/// A running server.
struct Loop<'a, H> {
    server: Server,
    handler: &'a mut H,
    peers: Peers,
    /// Slots that may have input: readiness is told once, so nobody leaves before the socket ran dry.
    ready: VecDeque<usize>,
    /// Logins under way, the oldest first.
    logins: VecDeque<(Instant, PeerId)>,
    /// When to try again to accept.
    retry: Option<Instant>,
}

impl<H: Handler> Loop<'_, H> {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while !self.server.stopper.stop.load(Ordering::Acquire) {
            match self.server.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    Token(WAKER) => {}
                    Token(token) if token >= LISTENERS => self.accept(token - LISTENERS),
                    Token(slot) => {
                        if event.is_writable() {
                            self.settle(slot);
                        }
                        self.ready.push_back(slot);
                    }
                }
            }
            self.check_time();
            for _ in 0..self.ready.len() {
                if let Some(slot) = self.ready.pop_front() {
                    self.serve(slot);
                    self.settle_all();
                }
            }
        }
        for slot in self.peers.slots() {
            self.settle(slot);
            self.close(slot);
        }
        Ok(())
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let first = self.logins.front().map(|(deadline, _)| *deadline);
        let next = first.into_iter().chain(self.retry).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn accept(&mut self, index: usize) {
        while let Some(listener) = self.server.listeners.get(index) {
            match listener.accept() {
                Ok(stream) if self.peers.len() < self.server.limits.peers => self.admit(stream),
                // q's 'conn: one too many. Dropping the stream closes it.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_transient(&error) => {}
                Err(_) => {
                    self.retry = Some(Instant::now() + EXHAUSTED);
                    return;
                }
            }
        }
    }

    fn admit(&mut self, stream: listen::Stream) {
        let now = Instant::now();
        let connection = Connection::server(self.server.limits.wire, now);
        let deadline = connection.deadline();
        let slot = self.peers.insert(stream, connection);
        let Some(link) = self.peers.get_mut(slot) else { return };
        if link.stream.register(self.server.poll.registry(), Token(slot)).is_err() {
            self.peers.remove(slot);
            return;
        }
        self.logins.extend(deadline.map(|deadline| (deadline, link.id)));
    }

    /// Ends logins that took too long, and accepts again after a pause.
    fn check_time(&mut self) {
        let now = Instant::now();
        while let Some(&(deadline, id)) = self.logins.front()
            && deadline <= now
        {
            self.logins.pop_front();
            if let Some((slot, link)) = self.find(id)
                && let Err(error) = link.connection.handle_time(now)
            {
                self.fail(slot, error);
            }
        }
        if self.retry.take_if(|retry| *retry <= now).is_some() {
            (0..self.server.listeners.len()).for_each(|index| self.accept(index));
        }
    }

    fn find(&mut self, id: PeerId) -> Option<(usize, &mut Link)> {
        let slot = id.slot();
        self.peers.get_mut(slot).filter(|link| link.id == id).map(|link| (slot, link))
    }

    /// One turn of one peer: messages that are here, then the socket, until the turn is over.
    fn serve(&mut self, slot: usize) {
        let mut left = self.server.limits.turn;
        loop {
            let Some(link) = self.peers.get_mut(slot) else { return };
            if link.doom.is_some() {
                return;
            }
            if link.outbound.bytes() > PAUSE {
                // Its own requests wait until it reads; being writable again makes it ready.
                self.settle(slot);
                match self.peers.get_mut(slot) {
                    Some(link) if link.outbound.bytes() <= PAUSE => continue,
                    _ => return,
                }
            }
            match link.connection.receive(&mut link.inbound) {
                Ok(Some(event)) => self.handle(slot, event),
                Err(error) => return self.reject(slot, error),
                Ok(None) if left == 0 => return self.ready.push_back(slot),
                Ok(None) => match link.inbound.read_from(&mut link.stream) {
                    Ok(0) => return self.end(slot),
                    Ok(read) => left = left.saturating_sub(read),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return self.fail(slot, error.into()),
                },
            }
        }
    }

    fn handle(&mut self, slot: usize, event: Event) {
        match event {
            Event::Login(login) => self.log_in(slot, login),
            Event::Message(message) => self.message(slot, &message),
            _ => {}
        }
    }

    fn log_in(&mut self, slot: usize, login: Login) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        let id = link.id;
        let known = self.server.users.as_ref().is_none_or(|users| users.accept(&login.user, &login.password));
        let mut peer = Peer::new(&mut self.peers, id);
        if !(known && self.handler.on_login(&mut peer, &login.user, &login.password)) {
            return self.fail(slot, Error::Refused);
        }
        let Some(link) = self.peers.get_mut(slot) else { return };
        link.user = login.user;
        let mut answer = Vec::new();
        if let Err(error) = link.connection.accept(&mut answer) {
            return self.fail(slot, error);
        }
        link.opened = true;
        self.peers.push(slot, answer);
        self.handler.on_open(&mut Peer::new(&mut self.peers, id));
    }

    fn message(&mut self, slot: usize, message: &Message) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        let (id, capability) = (link.id, link.connection.capability());
        let mut peer = Peer::new(&mut self.peers, id);
        match message.kind() {
            MessageType::Async => self.handler.on_async(&mut peer, message.value()),
            MessageType::Sync => {
                let mut answer = Vec::new();
                self.handler.on_sync(&mut peer, message.value(), Reply::new(capability, &mut answer));
                if answer.is_empty() {
                    Reply::new(capability, &mut answer).value(kcodec::Value::NULL);
                }
                if let Err(error) = self.peers.post(slot, MessageType::Response, answer.into()) {
                    self.fail(slot, error);
                }
            }
            // Nobody here asks peers anything; the connection has refused it before.
            MessageType::Response => {}
        }
    }

    /// Writes what waits for peers that were sent something, and closes those that are doomed.
    fn settle_all(&mut self) {
        while let Some(slot) = self.peers.next_dirty() {
            self.settle(slot);
        }
    }

    fn settle(&mut self, slot: usize) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        let error = match link.doom.take() {
            Some(Doom::Error(error)) => error,
            Some(Doom::Close) => {
                link.opened = false;
                return self.close(slot);
            }
            None => match link.outbound.write_to(&mut link.stream) {
                Ok(()) => return,
                Err(error) => error.into(),
            },
        };
        self.fail(slot, error);
    }

    /// Ends a connection over a message that it refused.
    fn reject(&mut self, slot: usize, error: Error) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        let id = link.id;
        let message = link.connection.rejected().clone();
        if message.is_empty() {
            return self.fail(slot, error);
        }
        self.handler.on_bad_message(&mut Peer::new(&mut self.peers, id), &message, &error);
        self.close(slot);
    }

    /// Ends a connection over anything else.
    fn fail(&mut self, slot: usize, error: Error) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        let id = link.id;
        self.handler.on_error(&mut Peer::new(&mut self.peers, id), &error);
        self.close(slot);
    }

    /// Ends a connection that its peer has closed.
    fn end(&mut self, slot: usize) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        match link.connection.handle_end(&link.inbound) {
            Ok(()) => self.close(slot),
            Err(error) => self.fail(slot, error),
        }
    }

    /// Ends a connection; dropping its stream closes it. Answers to what came before go out as far
    /// as the socket takes them at once.
    fn close(&mut self, slot: usize) {
        let Some(link) = self.peers.get_mut(slot) else { return };
        let id = link.id;
        let _ = link.outbound.write_to(&mut link.stream);
        if link.opened {
            self.handler.on_close(&mut Peer::new(&mut self.peers, id));
        }
        self.peers.remove(slot);
    }
}

/// An error of one connection that was about to be accepted, not of the listener.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
