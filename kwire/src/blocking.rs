//! The blocking client: q's handles, one call at a time.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use kcodec::{Body, Capability, Value};

use crate::address::Address;
use crate::connection::{Connection, Event};
use crate::error::{Error, OutOfTurn};
use crate::header::{ByteOrder, Header, MessageType};
use crate::inbound::Inbound;
use crate::interrupt::Interrupt;
use crate::kept::Kept;
use crate::login::Login;
use crate::message::Message;
use crate::outbound::{Outbound, Pending};

pub use crate::duplex::{Blocking, Duplex, Interest};
pub use crate::options::Options;
pub use crate::stream::Stream;

/// An open connection to a q process, like the handle that q's `hopen` returns.
///
/// A call that waits for writability also reads, so that two ends which both write cannot deadlock.
#[derive(Debug)]
pub struct Handle<S: Duplex = Stream> {
    stream: S,
    connection: Connection,
    inbound: Inbound,
    outbound: Outbound,
    /// Async and sync messages received while a call waited for something else.
    kept: Kept,
    /// Responses received and not yet claimed by their calls.
    responses: VecDeque<Message>,
    /// Responses not yet received whose calls have given up. They are dropped on arrival.
    abandoned: u64,
    /// Most bytes queued before `send` waits.
    queue_limit: usize,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    interrupt: Option<Interrupt>,
    interrupted: bool,
}

/// From this many queued bytes on, [`Handle::send`] writes as much as the socket takes.
const WRITE_THRESHOLD: usize = 64 * 1024;
/// Messages below this size in bytes are copied into the queue; larger ones are written by gather I/O from where they
/// are.
const GATHER_THRESHOLD: usize = 64 * 1024;

/// Opens a handle, asks once, and closes it: q's one-shot request `` `:host:port "2+2" ``.
///
/// # Errors
///
/// As [`Handle::open`] and [`Handle::sync`]; [`Error::OutOfTurn`] if the first message received is not the response.
pub fn ask<'a>(address: &str, query: impl Into<Value<'a>>) -> Result<Message, Error> {
    ask_with(address, query, &Options::default())
}

/// Like [`ask`], with options.
///
/// # Errors
///
/// As [`ask`], and [`Error::TimedOut`].
pub fn ask_with<'a>(address: &str, query: impl Into<Value<'a>>, options: &Options) -> Result<Message, Error> {
    let mut handle = Handle::open_with(address, options)?;
    handle.begin(query.into())?;
    let deadline = deadline(options.read_timeout);
    loop {
        if let Some(response) = handle.responses.pop_front() {
            return response.ok();
        }
        if !handle.kept.is_empty() {
            return Err(OutOfTurn::NotAResponse.into());
        }
        handle.progress(deadline)?;
    }
}

/// The parts of a logged-in connection, for callers that poll the socket themselves.
#[derive(Debug)]
pub struct Connected<S = Stream> {
    /// The socket, in non-blocking mode.
    pub stream: S,
    /// The conversation.
    pub connection: Connection,
    /// Bytes received after the server's one-byte answer.
    pub inbound: Inbound,
}

/// Connects and logs in, as [`Handle::open_with`] does.
///
/// # Errors
///
/// As [`Handle::open_with`].
pub fn connect(address: &str, options: &Options) -> Result<Connected, Error> {
    let address = Address::parse(address)?;
    address.transport.check()?;
    let deadline = deadline(options.timeout);
    let stream = Stream::connect(&address.transport, deadline, options.keepalive).map_err(timed_out)?;
    #[cfg(feature = "tls")]
    let stream = secure(stream, address.transport.tls_host(), deadline, options)?;
    log_in(stream, &address.login(options.capability), deadline, options)
}

/// Runs the TLS handshake if the transport uses TLS.
#[cfg(feature = "tls")]
fn secure(socket: Stream, host: Option<&str>, deadline: Option<Instant>, options: &Options) -> Result<Stream, Error> {
    let Some(host) = host else { return Ok(socket) };
    let mut stream = crate::tls::Stream::client(socket, options.tls_config()?, host)?;
    loop {
        match stream.handshake() {
            Ok(()) => return Ok(Stream::Tls(Box::new(stream))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(stream.socket(), stream.session().wants_write(), deadline, options.interrupt.as_ref())?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn log_in<S: Duplex>(
    mut stream: S,
    login: &Login,
    deadline: Option<Instant>,
    options: &Options,
) -> Result<Connected<S>, Error> {
    let mut text = Vec::new();
    let mut connection = Connection::client(options.limits, login, &mut text);
    if !stream.is_local() {
        connection.set_compression(options.compression);
    }
    let mut text = text.as_slice();
    let mut inbound = Inbound::default();
    loop {
        // A refusing server may reset the connection before it has read the login, so a failed write means refused.
        match write_once(&mut stream, text) {
            // A `Write` must not report more than it was given.
            Ok(written) => text = text.get(written..).unwrap_or_default(),
            Err(error) if is_closed(&error) => return Err(Error::Refused),
            Err(error) => return Err(timed_out(error)),
        }
        match read_once(&mut stream, &mut inbound) {
            Ok(Some(0)) => connection.handle_end(inbound.as_bytes())?,
            Ok(Some(_)) => {}
            Ok(None) => wait(&stream, !text.is_empty(), deadline, options.interrupt.as_ref())?,
            Err(error) if is_closed(&error) => return Err(Error::Refused),
            Err(error) => return Err(timed_out(error)),
        }
        if matches!(connection.receive(&mut inbound)?, Some(Event::Accepted)) {
            return Ok(Connected { stream, connection, inbound });
        }
    }
}

impl Handle {
    /// Connects and logs in. Takes every form of address that `hopen` takes, as text.
    ///
    /// Without credentials in the address, the user is the environment variable `USER` (a q process sends its own user
    /// name) and the password is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Address`]; [`Error::Io`] if nothing listens there; [`Error::Refused`] if the server closes instead of
    /// accepting the login; [`Error::Tls`](crate::Error) if either end rejects the other's certificate.
    pub fn open(address: &str) -> Result<Self, Error> {
        Self::open_with(address, &Options::default())
    }

    /// Like [`open`](Self::open), with options.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`Error::TimedOut`].
    pub fn open_with(address: &str, options: &Options) -> Result<Self, Error> {
        Ok(Self::from_connected(connect(address, options)?, options))
    }
}

impl<S: Duplex> Handle<S> {
    /// Logs in over a connected stream. Uses [`Login::capability`] and ignores [`Options::capability`].
    ///
    /// # Errors
    ///
    /// As [`open_with`](Handle::open_with), [`Error::Address`] excepted.
    pub fn over(stream: S, login: &Login, options: &Options) -> Result<Self, Error> {
        let connected = log_in(stream, login, deadline(options.timeout), options)?;
        Ok(Self::from_connected(connected, options))
    }

    fn from_connected(connected: Connected<S>, options: &Options) -> Self {
        let Connected { stream, connection, inbound } = connected;
        Self {
            stream,
            connection,
            inbound,
            outbound: Outbound::default(),
            kept: Kept::new(options.limits.kept),
            responses: VecDeque::new(),
            abandoned: 0,
            queue_limit: usize::try_from(options.limits.queued).unwrap_or(usize::MAX),
            read_timeout: options.read_timeout,
            write_timeout: options.write_timeout,
            interrupt: options.interrupt.clone(),
            interrupted: false,
        }
    }

    /// Sends a sync message, after all queued async ones, and waits for its response: q's `h x`.
    ///
    /// Async and sync messages that arrive before it are kept for [`receive`](Self::receive). A large query is written
    /// from where it is, without a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] with the text of the server's error, [`Error::Unsendable`] and [`Error::TimedOut`] leave the
    /// handle usable. [`Error::TooLarge`] if more than [`limits.kept`](crate::Limits::kept) bytes arrived before the
    /// response. After [`Error::Interrupted`] the handle is unusable, as in q. Every other error ends the connection as
    /// well.
    pub fn sync<'a>(&mut self, query: impl Into<Value<'a>>) -> Result<Message, Error> {
        self.begin(query.into())?;
        self.response(None)
    }

    /// Like [`sync`](Self::sync), but passes messages that arrive before the response to `serve`, as q runs `.z.ps` and
    /// `.z.pg` while it waits. A sync message is answered with the result of `serve`, value or error. The result for an
    /// async message is dropped.
    ///
    /// Messages kept by earlier calls are served first.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn sync_with<'a>(
        &mut self,
        query: impl Into<Value<'a>>,
        mut serve: impl FnMut(&Message) -> Result<Body, String>,
    ) -> Result<Message, Error> {
        self.begin(query.into())?;
        self.response(Some(&mut serve))
    }

    /// Queues an async message: q's `neg[h]x`. [`flush`](Self::flush) writes the whole queue; every other call writes
    /// as much as the socket takes, and so does `send` from 64 KiB queued on. `send` waits only while more than
    /// [`limits.queued`](crate::Limits::queued) bytes are queued.
    ///
    /// Dropping the handle writes as much as the socket takes at once and discards the rest.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] and [`Error::TimedOut`] leave the handle usable; [`Error::Io`].
    pub fn send<'a>(&mut self, message: impl Into<Value<'a>>) -> Result<(), Error> {
        self.queue(MessageType::Async, message.into())?;
        if self.outbound.pending().bytes >= WRITE_THRESHOLD {
            self.write()?;
        }
        self.write_down_to(self.queue_limit)
    }

    /// Sends an async message and waits until it is written, like q's `neg[h]x;neg[h][]`. A large message is written
    /// from where it is, without a copy.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_now<'a>(&mut self, message: impl Into<Value<'a>>) -> Result<(), Error> {
        self.write_message(MessageType::Async, message.into())
    }

    /// Waits until everything queued is written: q's `neg[h][]`.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] leaves the rest queued and the handle usable; [`Error::Io`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.write_down_to(0)
    }

    /// Waits for the next async or sync message: q's `h[]`. Answer a sync message with [`respond`](Self::respond).
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync), [`Error::Remote`] excepted.
    pub fn receive(&mut self) -> Result<Message, Error> {
        let deadline = deadline(self.read_timeout);
        loop {
            if let Some(message) = self.kept.pop() {
                return Ok(message);
            }
            self.progress(deadline)?;
        }
    }

    /// Like [`receive`](Self::receive), but returns `None` once the deadline has passed. With a deadline in the past it
    /// reads and writes what is possible without waiting; a poll loop calls it so when [the descriptor](AsFd) is ready.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub fn receive_until(&mut self, deadline: Instant) -> Result<Option<Message>, Error> {
        loop {
            if let Some(message) = self.kept.pop() {
                return Ok(Some(message));
            }
            match self.progress(Some(deadline)) {
                Err(Error::TimedOut) => return Ok(None),
                result => result?,
            }
        }
    }

    /// Answers the oldest unanswered sync message that [`receive`](Self::receive) returned, and waits until the answer
    /// is written.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfTurn`] if there is no such message; otherwise as [`send`](Self::send).
    pub fn respond<'a>(&mut self, value: impl Into<Value<'a>>) -> Result<(), Error> {
        self.write_message(MessageType::Response, value.into())
    }

    /// The capability that both ends share.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.connection.capability()
    }

    /// Messages and bytes queued for writing: q's `.z.W`.
    #[must_use]
    pub fn pending(&self) -> Pending {
        self.outbound.pending()
    }

    /// Whether the handle can still be used.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Sets [`Options::read_timeout`] for later calls.
    pub const fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read_timeout = timeout;
    }

    /// Sets [`Options::write_timeout`] for later calls.
    pub const fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.write_timeout = timeout;
    }

    /// The stream.
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    /// Flushes the queue and closes. Unlike q's `hclose`, which discards the queue.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub fn close(mut self) -> Result<(), Error> {
        self.flush()
    }

    /// Sends a sync message without waiting for the response.
    fn begin(&mut self, query: Value<'_>) -> Result<(), Error> {
        let before = self.connection.awaited();
        self.write_message(MessageType::Sync, query).inspect_err(|_| {
            // The message is queued completely, so its response will arrive: drop it then.
            self.abandoned += self.connection.awaited() - before;
        })
    }

    /// Waits for the response to the last sync message. Passes messages that arrive before it to `serve`.
    fn response(&mut self, mut serve: Option<Serve<'_>>) -> Result<Message, Error> {
        let deadline = deadline(self.read_timeout);
        loop {
            if let Some(response) = self.responses.pop_front() {
                return response.ok();
            }
            let served = match (&mut serve, self.kept.is_empty()) {
                (Some(serve), false) => self.serve(serve),
                _ => self.progress(deadline),
            };
            if let Err(error) = served {
                self.abandoned += 1;
                return Err(error);
            }
        }
    }

    /// Passes one kept message to `serve` and queues the answer.
    fn serve(&mut self, serve: Serve<'_>) -> Result<(), Error> {
        let Some(message) = self.kept.pop() else { return Ok(()) };
        let result = serve(&message);
        if message.kind() != MessageType::Sync {
            return Ok(());
        }
        let answered = match &result {
            Ok(body) => self.queue(MessageType::Response, body.value()),
            Err(text) => self.queue(MessageType::Response, Value::error(text)),
        };
        match answered {
            Err(Error::Unsendable(error)) => self.queue(MessageType::Response, Value::error(&error.to_string())),
            answered => answered,
        }
    }

    /// Encodes a message into the queue.
    fn queue(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.check()?;
        let Self { connection, outbound, .. } = self;
        outbound.append(|out| connection.send(kind, value, out))
    }

    /// Sends a message and waits until it is written. A large one is not copied.
    fn write_message(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.check()?;
        if self.connection.compression().is_some() {
            self.queue(kind, value)?;
            return self.flush();
        }
        let gather = value.gather(self.capability()).map_err(Error::Unsendable)?;
        let length = (gather.len() + Header::LEN) as u64;
        let header = Header { order: ByteOrder::Little, kind, compression: None, length }.to_bytes();
        self.connection.note_sent(kind)?;
        let mut parts = Vec::with_capacity(gather.iter().len() + 1);
        parts.push(IoSlice::new(&header));
        parts.extend(gather.iter().map(IoSlice::new));
        if gather.len() < GATHER_THRESHOLD {
            self.outbound.append_parts(&parts);
            return self.flush();
        }
        let mut rest = parts.as_mut_slice();
        let written = self.write_parts(&mut rest);
        if matches!(written, Err(Error::TimedOut)) {
            // A partly written message must be completed, and the parts borrow from the caller: copy the rest.
            self.outbound.append_parts(rest);
        }
        written
    }

    /// Writes the queue and then the parts. On error `rest` holds what was not written.
    fn write_parts(&mut self, rest: &mut &mut [IoSlice<'_>]) -> Result<(), Error> {
        let deadline = deadline(self.write_timeout);
        while !rest.is_empty() {
            if self.write()? {
                match self.stream.write_vectored(rest) {
                    Ok(0) => return Err(self.fail(io::ErrorKind::WriteZero.into())),
                    Ok(written) => {
                        IoSlice::advance_slices(rest, written);
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(self.fail(error)),
                }
            }
            self.progress_writing(deadline)?;
        }
        self.write_down_to(0)
    }

    /// Waits until at most `bytes` bytes are queued.
    fn write_down_to(&mut self, bytes: usize) -> Result<(), Error> {
        self.check()?;
        let deadline = deadline(self.write_timeout);
        while self.outbound.pending().bytes > bytes || bytes == 0 {
            if self.write()? {
                break;
            }
            self.progress_writing(deadline)?;
        }
        Ok(())
    }

    /// Writes as much as the stream takes without waiting. Returns whether the queue is empty and flushed.
    fn write(&mut self) -> Result<bool, Error> {
        while !self.outbound.is_empty() {
            match write_once(&mut self.stream, self.outbound.as_bytes()) {
                Ok(0) => return Ok(false),
                Ok(written) => self.outbound.advance(written),
                Err(error) => return Err(self.fail(error)),
            }
        }
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Makes progress while a write is blocked: takes one buffered message, else reads once, else waits until the
    /// stream is readable or writable.
    fn progress_writing(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        if self.take()? || self.read()? {
            return Ok(());
        }
        self.wait(true, deadline)
    }

    /// Makes progress: takes one buffered message, else writes the queue and reads once, else waits.
    fn progress(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        self.check()?;
        if self.take()? {
            return Ok(());
        }
        let written = self.write()?;
        if self.read()? {
            return Ok(());
        }
        self.wait(!written, deadline)
    }

    /// Takes one message out of the receive buffer. Returns whether there was one.
    fn take(&mut self) -> Result<bool, Error> {
        let Some(Event::Message(message)) = self.connection.receive(&mut self.inbound)? else { return Ok(false) };
        match message.kind() {
            MessageType::Response if self.abandoned > 0 => self.abandoned -= 1,
            MessageType::Response => self.responses.push_back(message),
            MessageType::Async | MessageType::Sync => {
                self.kept.push(message).inspect_err(|_| self.connection.abort())?;
            }
        }
        Ok(true)
    }

    /// Reads once. Returns whether bytes arrived.
    fn read(&mut self) -> Result<bool, Error> {
        match read_once(&mut self.stream, &mut self.inbound) {
            Ok(Some(0)) => {
                self.connection.handle_end(self.inbound.as_bytes())?;
                Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
            }
            Ok(read) => Ok(read.is_some()),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn wait(&mut self, writing: bool, deadline: Option<Instant>) -> Result<(), Error> {
        match wait(&self.stream, writing, deadline, self.interrupt.as_ref()) {
            Err(Error::Interrupted) => {
                self.interrupted = true;
                self.connection.abort();
                self.outbound.clear();
                Err(Error::Interrupted)
            }
            waited => waited,
        }
    }

    /// Fails if the handle is unusable.
    const fn check(&self) -> Result<(), Error> {
        match (self.interrupted, self.connection.is_open()) {
            (true, _) => Err(Error::Interrupted),
            (false, true) => Ok(()),
            (false, false) => Err(Error::Failed),
        }
    }

    fn fail(&mut self, error: io::Error) -> Error {
        self.connection.abort();
        self.outbound.clear();
        timed_out(error)
    }
}

/// Handles messages that arrive before a response; its result answers sync messages.
type Serve<'a> = &'a mut dyn FnMut(&Message) -> Result<Body, String>;

/// Writes as much as the stream takes without waiting, and discards the rest.
impl<S: Duplex> Drop for Handle<S> {
    fn drop(&mut self) {
        if self.check().is_ok() {
            let _ = self.write();
            self.stream.end();
        }
    }
}

/// The descriptor to poll before [`receive_until`](Handle::receive_until): for readability always, and for writability
/// while [`pending`](Handle::pending) is not zero.
impl<S: Duplex + AsFd> AsFd for Handle<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Reads once, retrying on `Interrupted`; `None` on `WouldBlock`.
fn read_once<S: Duplex>(stream: &mut S, inbound: &mut Inbound) -> io::Result<Option<usize>> {
    loop {
        match inbound.read_from(stream) {
            Ok(read) => return Ok(Some(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Writes once, retrying on `Interrupted`; 0 on `WouldBlock`.
fn write_once<S: Duplex>(stream: &mut S, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    loop {
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => return Ok(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the stream is ready, or fails at the deadline.
fn wait<S: Duplex>(
    stream: &S,
    writing: bool,
    deadline: Option<Instant>,
    interrupt: Option<&Interrupt>,
) -> Result<(), Error> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    if left == Some(Duration::ZERO) {
        return Err(Error::TimedOut);
    }
    let interest = if writing { Interest::Either } else { Interest::Readable };
    stream.wait(interest, left, interrupt.map(AsFd::as_fd)).map_err(timed_out)?;
    if interrupt.is_some_and(Interrupt::clear) { Err(Error::Interrupted) } else { Ok(()) }
}

fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

/// Whether the peer has closed the connection (under TLS, without `close_notify`).
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | BrokenPipe | UnexpectedEof)
}

/// The OS reports an expired timeout as `TimedOut` or `WouldBlock`.
fn timed_out(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::TimedOut,
        _ => error.into(),
    }
}
