//! The client that waits: q's handles, one call at a time.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use kcodec::{Capability, Threshold, Value};

use crate::address::{Address, Transport};
use crate::connection::{Connection, Event};
use crate::error::Error;
use crate::header::MessageType;
use crate::inbound::Inbound;
use crate::limits::Limits;
use crate::login::Login;
use crate::message::Message;

#[cfg(unix)]
mod unix;

/// How to open a handle, where the address does not say it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time for connecting and for the server's answer to the login; not for later calls.
    pub timeout: Option<Duration>,
    /// The most that this end offers to read.
    pub capability: Capability,
    /// Whether large messages to other machines are compressed, and from where on.
    pub compression: Option<Threshold>,
    /// Bounds on what the server may make us hold.
    pub limits: Limits,
}

impl Default for Options {
    /// No timeout, full capability, compression as kdb+ does it.
    fn default() -> Self {
        Self {
            timeout: None,
            capability: Capability::MAX,
            compression: Some(Threshold::default()),
            limits: Limits::default(),
        }
    }
}

/// An open connection to a q process, as q's `hopen` returns it.
#[derive(Debug)]
pub struct Handle {
    stream: Stream,
    connection: Connection,
    inbound: Inbound,
    /// Async messages that wait to be written.
    queue: Vec<u8>,
    /// Messages that came while a sync call waited for its response.
    kept: VecDeque<Message>,
    kept_bytes: u64,
    limits: Limits,
}

/// Bytes of queued async messages that are written without being asked for.
const QUEUE: usize = 1 << 20;

/// Opens a handle, asks once, and closes it: q's one-shot request `` `:host:port "2+2" ``.
///
/// # Errors
///
/// As [`Handle::open`] and [`Handle::sync`]; [`Error::OutOfTurn`] if the first message that comes
/// is not the response.
pub fn ask<'a>(address: &str, query: impl Into<Value<'a>>) -> Result<Message, Error> {
    let mut handle = Handle::open(address)?;
    handle.write(MessageType::Sync, query.into())?;
    match handle.next()? {
        message if message.kind() == MessageType::Response => message.ok(),
        _ => Err(Error::OutOfTurn("expected response msg")),
    }
}

/// A connection whose login is through, in its parts: for those who poll it themselves.
#[derive(Debug)]
pub struct Connected {
    /// The socket, which blocks.
    pub stream: Stream,
    /// The conversation.
    pub connection: Connection,
    /// What has come behind the server's byte.
    pub inbound: Inbound,
}

/// Connects and logs in, as [`Handle::open_with`] does.
///
/// # Errors
///
/// As [`Handle::open_with`].
pub fn connect(address: &str, options: &Options) -> Result<Connected, Error> {
    let address = Address::parse(address)?;
    // A timeout past what the clock can count is none.
    let deadline = options.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut stream = Stream::connect(&address.transport, deadline).map_err(timed_out)?;
    let (user, password) =
        address.credentials.unwrap_or_else(|| (std::env::var("USER").unwrap_or_default(), String::new()));
    let login = Login { user: user.into(), password: password.into(), capability: options.capability };
    let mut text = Vec::new();
    let mut connection = Connection::client(options.limits, &login, &mut text);
    if !stream.is_local() {
        connection.set_compression(options.compression);
    }
    stream.write_all(&text)?;
    let mut inbound = Inbound::default();
    while !matches!(connection.receive(&mut inbound)?, Some(Event::Accepted)) {
        stream.set_read_deadline(deadline).map_err(timed_out)?;
        match inbound.read_from(&mut stream) {
            Ok(0) => connection.handle_end(inbound.as_bytes())?,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A server that refuses may close so hard that the login's own bytes bounce.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(Error::Refused),
            Err(error) => return Err(timed_out(error)),
        }
    }
    stream.set_read_deadline(None)?;
    Ok(Connected { stream, connection, inbound })
}

impl Handle {
    /// Connects and logs in. Takes every form of address that `hopen` takes, as text.
    ///
    /// Without credentials in the address the user is the one that `USER` names, as a q process
    /// sends its own, and the password is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Address`], [`Error::Io`] if nothing listens there, [`Error::Refused`] if the server
    /// closes instead of accepting the login.
    pub fn open(address: &str) -> Result<Self, Error> {
        Self::open_with(address, &Options::default())
    }

    /// Like [`open`](Self::open), with options.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`Error::TimedOut`].
    pub fn open_with(address: &str, options: &Options) -> Result<Self, Error> {
        let Connected { stream, connection, inbound } = connect(address, options)?;
        let (queue, kept) = (Vec::new(), VecDeque::new());
        Ok(Self { stream, connection, inbound, queue, kept, kept_bytes: 0, limits: options.limits })
    }

    /// Sends a sync message, after all queued async ones, and waits for its response: q's `h x`.
    ///
    /// Async and sync messages that come before it are kept for [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] with the text of an error that the server answers; the handle stays good,
    /// as it does after [`Error::Unsendable`]. [`Error::TooLarge`] if more than `limits.kept` came
    /// before the response. Anything else ends the connection.
    pub fn sync<'a>(&mut self, query: impl Into<Value<'a>>) -> Result<Message, Error> {
        self.write(MessageType::Sync, query.into())?;
        loop {
            let message = self.next()?;
            if message.kind() == MessageType::Response {
                return message.ok();
            }
            self.keep(message)?;
        }
    }

    /// Queues an async message: q's `neg[h]x`. It is written by the next [`flush`](Self::flush),
    /// [`sync`](Self::sync) or [`receive`](Self::receive), when a mebibyte is queued, or on drop.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] at once; [`Error::Io`] when the queue is written.
    pub fn send<'a>(&mut self, message: impl Into<Value<'a>>) -> Result<(), Error> {
        self.connection.send(MessageType::Async, message.into(), &mut self.queue)?;
        if self.queue.len() >= QUEUE { self.flush() } else { Ok(()) }
    }

    /// Waits until everything queued is written: q's `neg[h][]`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; how much of the queue went out is then not known, so the connection has failed
    /// and stays so.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.connection.has_failed() {
            return Err(Error::Failed);
        }
        let written = self.stream.write_all(&self.queue);
        self.queue.clear();
        written.map_err(|error| {
            self.connection.abort();
            error.into()
        })
    }

    /// Waits for the next message that is not a response: q's `h[]`. A sync message is returned
    /// too; answer it with [`respond`](Self::respond).
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync), [`Error::Remote`] excepted.
    pub fn receive(&mut self) -> Result<Message, Error> {
        if let Some(message) = self.kept.pop_front() {
            self.kept_bytes -= message.body().as_bytes().len() as u64;
            return Ok(message);
        }
        self.flush()?;
        self.next()
    }

    /// Answers the oldest sync message that [`receive`](Self::receive) returned.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfTurn`] if there is none, [`Error::Unsendable`], [`Error::Io`].
    pub fn respond<'a>(&mut self, value: impl Into<Value<'a>>) -> Result<(), Error> {
        self.write(MessageType::Response, value.into())
    }

    /// What both ends can read.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.connection.capability()
    }

    /// Bytes of async messages that wait to be written.
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.queue.len()
    }

    fn write(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.connection.send(kind, value, &mut self.queue)?;
        self.flush()
    }

    fn keep(&mut self, message: Message) -> Result<(), Error> {
        let bytes = self.kept_bytes + message.body().as_bytes().len() as u64;
        if bytes > self.limits.kept {
            self.connection.abort();
            return Err(Error::TooLarge { what: "backlog of messages", bytes, limit: self.limits.kept });
        }
        self.kept_bytes = bytes;
        self.kept.push_back(message);
        Ok(())
    }

    fn next(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(Event::Message(message)) = self.connection.receive(&mut self.inbound)? {
                return Ok(message);
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<(), Error> {
        loop {
            match self.inbound.read_from(&mut self.stream) {
                Ok(0) => {
                    self.connection.handle_end(self.inbound.as_bytes())?;
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.connection.abort();
                    return Err(error.into());
                }
            }
        }
    }
}

/// Writes what is queued, if the server takes it.
impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// A deadline that passed is reported by the system in two ways.
fn timed_out(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::TimedOut,
        _ => error.into(),
    }
}

/// The socket of a connection.
#[derive(Debug)]
pub enum Stream {
    /// TCP, without Nagle's delay.
    Tcp(TcpStream),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Stream {
    fn connect(transport: &Transport, deadline: Option<Instant>) -> io::Result<Self> {
        match transport {
            Transport::Tcp { host, port } => {
                let stream = connect_tcp(host, *port, deadline)?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            #[cfg(unix)]
            Transport::Unix { port } => unix::connect(*port).map(Self::Unix),
            #[cfg(not(unix))]
            Transport::Unix { .. } => Err(io::ErrorKind::Unsupported.into()),
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
            #[cfg(unix)]
            Self::Unix(_) => true,
        }
    }

    fn set_read_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        let timeout = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
            timeout => timeout,
        };
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(timeout),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }
}

fn connect_tcp(host: &str, port: u16, deadline: Option<Instant>) -> io::Result<TcpStream> {
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

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
