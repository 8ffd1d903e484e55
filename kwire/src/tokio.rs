//! The tokio client: many requests in flight on one connection.
//!
//! [`connect`] returns a [`Handle`], which can be cloned and used from any task, and a [`Driver`], the future that
//! reads and writes. The caller must spawn the driver.
//!
//! ```no_run
//! # async fn example() -> Result<(), kwire::Error> {
//! let (h, driver) = kwire::tokio::connect("localhost:5001:user:pass", &kwire::Options::default()).await?;
//! tokio::spawn(driver);
//! let four = h.sync("2+2")?; // encoded and queued now
//! let six = h.sync("3+3")?; // without waiting for the first
//! println!("{} {}", four.await?.value(), six.await?.value());
//! h.send("a:10")?; // neg[h]"a:10"
//! h.flush().await?; // neg[h][]
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::{TcpStream, UnixStream};
use ::tokio::sync::oneshot;
use kcodec::{Capability, Threshold, Value};
use socket2::SockRef;

use crate::address::{Address, AddressError, Transport};
use crate::connection::{Connection, Event, Queued};
use crate::error::{Bound, Error, OutOfTurn};
use crate::header::MessageType;
use crate::inbound::Inbound;
use crate::kept::Kept;
use crate::login::Login;
use crate::message::{self, Message};
use crate::options::Options;
use crate::outbound::{Outbound, Pending};
use crate::stream::{is_local, tune};

#[cfg(feature = "tls")]
mod secure;

#[cfg(feature = "tls")]
pub use secure::Secure;

/// An open connection to a q process. Clones share the connection. It closes once all clones are dropped, the queue is
/// written, and all responses that are still awaited have arrived.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Mutex<Shared>>,
    /// Signals the driver when the last handle is dropped.
    _alive: Arc<Alive>,
}

/// The response to a sync message. Dropping it does not cancel the request: the response is discarded on arrival, and
/// later responses still match their requests.
#[derive(Debug)]
#[must_use = "the response is lost without it"]
pub struct Response {
    receiver: oneshot::Receiver<Result<Message, Error>>,
}

/// The future that reads and writes for its [`Handle`]s. Must be spawned or polled. Completes when the connection is
/// closed.
#[must_use = "nothing is read or written unless it is polled"]
pub struct Driver<S = Stream> {
    stream: S,
    connection: Connection,
    inbound: Inbound,
    /// Bytes taken from the queue; `writing[..written]` is written.
    writing: Vec<u8>,
    written: usize,
    shared: Arc<Mutex<Shared>>,
}

/// State shared by handles and driver. Must not be locked during socket I/O or while a message is checked.
struct Shared {
    outbound: Outbound,
    /// Counts of queued messages that `Connection` does not know of, because the driver has not taken them.
    unannounced: Queued,
    /// Senders of awaited responses, in the order of the requests.
    awaiting: VecDeque<oneshot::Sender<Result<Message, Error>>>,
    kept: Kept,
    /// Sync messages received and not yet answered.
    owed: u64,
    capability: Capability,
    compression: Option<Threshold>,
    queue_limit: u64,
    driver: Option<Waker>,
    /// Tasks that wait for messages, and tasks that wait for the queue to shrink.
    receivers: Vec<Waker>,
    flushers: Vec<Waker>,
    /// All handles are dropped.
    abandoned: bool,
    /// The error that ended the connection.
    ended: Option<Error>,
}

#[derive(Debug)]
struct Alive {
    shared: Arc<Mutex<Shared>>,
}

/// Connects and logs in. Takes every form of address that `hopen` takes.
///
/// # Errors
///
/// As [`blocking::Handle::open_with`](crate::blocking::Handle::open_with).
pub async fn connect(address: &str, options: &Options) -> Result<(Handle, Driver), Error> {
    let address = Address::parse(address)?;
    address.transport.check()?;
    let login = address.login(options.capability);
    let connected = async {
        let stream = Stream::connect(&address.transport, options).await?;
        #[cfg(feature = "tls")]
        let stream = stream.secure(address.transport.tls_host(), options).await?;
        let compression = options.compression.filter(|_| !stream.is_local());
        over(stream, &login, &options.clone().with_compression(compression).with_timeout(None)).await
    };
    within(options, connected).await
}

/// Logs in over a connected stream. Uses [`Login::capability`] and ignores [`Options::capability`].
/// [`Options::compression`] applies even if the peer is local.
///
/// # Errors
///
/// As [`connect`], [`Error::Address`] excepted.
pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    login: &Login,
    options: &Options,
) -> Result<(Handle, Driver<S>), Error> {
    within(options, log_in(stream, login, options)).await
}

async fn within<T>(options: &Options, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match options.timeout {
        None => future.await,
        Some(timeout) => ::tokio::time::timeout(timeout, future).await.unwrap_or(Err(Error::TimedOut)),
    }
}

async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    login: &Login,
    options: &Options,
) -> Result<(Handle, Driver<S>), Error> {
    let mut text = Vec::new();
    let mut connection = Connection::client(options.limits, login, &mut text);
    let (mut inbound, mut written) = (Inbound::default(), 0);
    poll_fn(|cx| {
        while written < text.len() {
            match Pin::new(&mut stream).poll_write(cx, text.get(written..).unwrap_or_default()) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::Refused)),
                Poll::Ready(Ok(more)) => written += more,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(not_accepted(error))),
                Poll::Pending => break,
            }
        }
        let _ = Pin::new(&mut stream).poll_flush(cx);
        loop {
            if let Some(Event::Accepted) = connection.receive(&mut inbound)? {
                return Poll::Ready(Ok(()));
            }
            match ready!(poll_read(&mut stream, &mut inbound, cx)) {
                Ok(0) => connection.handle_end(inbound.as_bytes())?,
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(not_accepted(error))),
            }
        }
    })
    .await?;
    let shared = Arc::new(Mutex::new(Shared {
        outbound: Outbound::default(),
        unannounced: Queued::default(),
        awaiting: VecDeque::new(),
        kept: Kept::new(options.limits.kept),
        owed: 0,
        capability: connection.capability(),
        compression: options.compression.filter(|_| connection.capability().compresses()),
        queue_limit: options.limits.queued,
        driver: None,
        receivers: Vec::new(),
        flushers: Vec::new(),
        abandoned: false,
        ended: None,
    }));
    let alive = Arc::new(Alive { shared: Arc::clone(&shared) });
    let handle = Handle { shared: Arc::clone(&shared), _alive: alive };
    Ok((handle, Driver { stream, connection, inbound, writing: Vec::new(), written: 0, shared }))
}

/// A refusing server may reset the connection before it has read the login, so a reset means refused.
fn not_accepted(error: io::Error) -> Error {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error.kind() {
        ConnectionReset | BrokenPipe | UnexpectedEof => Error::Refused,
        _ => error.into(),
    }
}

impl Handle {
    /// Encodes and queues a sync message: q's `h x`. The returned future resolves to the response. The message is sent
    /// whether or not it is polled.
    ///
    /// The future fails with [`Error::Remote`] if the server answers with an error, otherwise with the error that ended
    /// the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`], and [`Error::TooLarge`] while more than [`limits.queued`](crate::Limits::queued) bytes
    /// are queued (see [`ready`](Self::ready)): nothing is queued then. Otherwise the error that ended the connection.
    pub fn sync<'a>(&self, query: impl Into<Value<'a>>) -> Result<Response, Error> {
        let mut shared = lock(&self.shared);
        shared.queue(MessageType::Sync, query.into())?;
        let (sender, receiver) = oneshot::channel();
        shared.awaiting.push_back(sender);
        shared.unannounced.requests += 1;
        Ok(Response { receiver })
    }

    /// Encodes and queues an async message: q's `neg[h]x`.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn send<'a>(&self, message: impl Into<Value<'a>>) -> Result<(), Error> {
        lock(&self.shared).queue(MessageType::Async, message.into())
    }

    /// Encodes and queues the answer to the oldest unanswered sync message that [`receive`](Self::receive) returned.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfTurn`] if there is no such message; otherwise as [`sync`](Self::sync).
    pub fn respond<'a>(&self, value: impl Into<Value<'a>>) -> Result<(), Error> {
        let mut shared = lock(&self.shared);
        if shared.owed == 0 {
            return Err(OutOfTurn::NoRequest.into());
        }
        shared.queue(MessageType::Response, value.into())?;
        shared.owed -= 1;
        shared.unannounced.responses += 1;
        Ok(())
    }

    /// Waits for the next async or sync message: q's `h[]`. Answer a sync message with [`respond`](Self::respond).
    ///
    /// Backpressure: while [`limits.kept`](crate::Limits::kept) bytes or more wait to be received and no response is
    /// awaited, the driver does not read. If a response is awaited, reaching the limit ends the connection.
    ///
    /// # Errors
    ///
    /// The error that ended the connection.
    pub async fn receive(&self) -> Result<Message, Error> {
        poll_fn(|cx| {
            let mut shared = lock(&self.shared);
            if let Some(message) = shared.kept.pop() {
                // The driver may have stopped reading because the backlog was full.
                shared.wake_driver();
                return Poll::Ready(Ok(message));
            }
            shared.check()?;
            wait(&mut shared.receivers, cx);
            Poll::Pending
        })
        .await
    }

    /// Waits until all messages queued so far are written: q's `neg[h][]`.
    ///
    /// # Errors
    ///
    /// The error that ended the connection.
    pub async fn flush(&self) -> Result<(), Error> {
        let target = lock(&self.shared).outbound.queued();
        self.written(|shared| shared.outbound.written() >= target).await
    }

    /// Waits until at most [`limits.queued`](crate::Limits::queued) bytes are queued.
    ///
    /// # Errors
    ///
    /// The error that ended the connection.
    pub async fn ready(&self) -> Result<(), Error> {
        self.written(|shared| !shared.is_full()).await
    }

    async fn written(&self, enough: impl Fn(&Shared) -> bool) -> Result<(), Error> {
        poll_fn(|cx| {
            let mut shared = lock(&self.shared);
            if enough(&shared) {
                return Poll::Ready(Ok(()));
            }
            shared.check()?;
            wait(&mut shared.flushers, cx);
            Poll::Pending
        })
        .await
    }

    /// The capability that both ends share.
    #[must_use]
    pub fn capability(&self) -> Capability {
        lock(&self.shared).capability
    }

    /// Messages and bytes queued for writing: q's `.z.W`.
    #[must_use]
    pub fn pending(&self) -> Pending {
        lock(&self.shared).outbound.pending()
    }

    /// Whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        lock(&self.shared).ended.is_none()
    }
}

impl Future for Response {
    type Output = Result<Message, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.receiver).poll(cx));
        Poll::Ready(response.unwrap_or(Err(Error::Failed)).and_then(Message::ok))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        shared.abandoned = true;
        shared.wake_driver();
    }
}

impl Shared {
    fn queue(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.check()?;
        if self.is_full() {
            let bytes = self.outbound.pending().bytes as u64;
            return Err(Error::TooLarge { what: Bound::Queue, bytes, limit: self.queue_limit });
        }
        let Self { outbound, capability, compression, .. } = self;
        outbound.append(|out| message::append(kind, value, *capability, *compression, out))?;
        self.wake_driver();
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.outbound.pending().bytes as u64 > self.queue_limit
    }

    fn check(&self) -> Result<(), Error> {
        self.ended.as_ref().map_or(Ok(()), |error| Err(error.duplicate()))
    }

    /// Whether the connection can close: no handle left, the queue written, no response awaited.
    fn is_done(&mut self, written: bool, cx: &mut Context<'_>) -> bool {
        // `poll_closed` registers the driver's waker with the first awaited response, which wakes it when dropped.
        self.abandoned
            && written
            && self.outbound.is_empty()
            && self.awaiting.iter_mut().all(|waiting| waiting.poll_closed(cx).is_ready())
    }

    /// Whether to stop reading because the backlog is full. Never while a response is awaited, which may follow in the
    /// stream.
    fn must_pause(&self) -> bool {
        self.kept.is_full() && self.awaiting.is_empty()
    }

    fn deliver(&mut self, message: Message) -> Result<(), Error> {
        match message.kind() {
            MessageType::Response => {
                if let Some(waiting) = self.awaiting.pop_front() {
                    // Fails if the `Response` was dropped.
                    let _ = waiting.send(Ok(message));
                }
                return Ok(());
            }
            MessageType::Sync => self.owed += 1,
            MessageType::Async => {}
        }
        self.kept.push(message)?;
        self.receivers.drain(..).for_each(Waker::wake);
        Ok(())
    }

    fn wake_driver(&mut self) {
        // Taking the waker avoids waking a driver again that has not run since.
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    fn end(&mut self, error: &Error) {
        self.ended = Some(error.duplicate());
        self.awaiting.drain(..).for_each(|waiting| drop(waiting.send(Err(error.duplicate()))));
        self.receivers.drain(..).chain(self.flushers.drain(..)).for_each(Waker::wake);
        self.outbound.clear();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Reads and writes until neither can make progress.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        lock(&self.shared).driver.get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
        let written = self.write(cx)?;
        loop {
            let mut shared = lock(&self.shared);
            if shared.is_done(written, cx) {
                drop(shared);
                // A failed shutdown ends the connection as well.
                return Pin::new(&mut self.stream).poll_shutdown(cx).map(|_| Ok(()));
            }
            if shared.must_pause() {
                return Poll::Pending;
            }
            drop(shared);
            match self.connection.receive(&mut self.inbound)? {
                Some(Event::Message(message)) => lock(&self.shared).deliver(message)?,
                Some(_) => {}
                None if ready!(poll_read(&mut self.stream, &mut self.inbound, cx))? == 0 => {
                    self.connection.handle_end(self.inbound.as_bytes())?;
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
                }
                None => {}
            }
        }
    }

    /// Writes as much of the queue as the stream takes. Returns whether the queue is empty and flushed.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        loop {
            if self.written == self.writing.len() {
                self.writing.clear();
                self.writing.shrink_to(IDLE_CAPACITY);
                self.written = 0;
                let mut shared = lock(&self.shared);
                shared.outbound.take(&mut self.writing);
                let queued = std::mem::take(&mut shared.unannounced);
                self.connection.note_queued(queued);
                if self.writing.is_empty() {
                    break;
                }
            }
            let rest = self.writing.get(self.written..).unwrap_or_default();
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Poll::Ready(Ok(written)) => {
                    self.written += written;
                    let mut shared = lock(&self.shared);
                    shared.outbound.note_written(written);
                    shared.flushers.drain(..).for_each(Waker::wake);
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => return Ok(false),
            }
        }
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(flushed) => Ok(flushed.map(|()| true)?),
            Poll::Pending => Ok(false),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Driver<S> {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.drive(cx));
        lock(&self.shared).end(result.as_ref().err().unwrap_or(&Error::Failed));
        Poll::Ready(result)
    }
}

/// Fails all waiting calls.
impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        if shared.ended.is_none() {
            shared.end(&Error::Failed);
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Driver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let awaited = self.awaiting.len();
        f.debug_struct("Shared")
            .field("pending", &self.outbound.pending())
            .field("awaited", &awaited)
            .finish_non_exhaustive()
    }
}

/// Capacity in bytes that an empty write buffer keeps.
const IDLE_CAPACITY: usize = 1 << 20;

/// Ignores poisoning: no code that can panic runs with the lock held.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers a task's waker unless it is registered.
fn wait(waiting: &mut Vec<Waker>, cx: &Context<'_>) {
    if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
        waiting.push(cx.waker().clone());
    }
}

/// Reads once. Returns the number of bytes.
fn poll_read<S: AsyncRead + Unpin>(
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
struct Polled<'a, 'b, S> {
    stream: &'a mut S,
    cx: &'a mut Context<'b>,
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

/// A connected socket.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP, with `TCP_NODELAY` set.
    Tcp(TcpStream),
    /// A Unix socket.
    Unix(UnixStream),
    /// TLS over one of the others. Bytes that a write did not report as written must be passed again.
    #[cfg(feature = "tls")]
    Tls(Box<Secure>),
}

impl Stream {
    async fn connect(transport: &Transport, options: &Options) -> Result<Self, Error> {
        match transport {
            Transport::Tcp { host, port } | Transport::Tcps { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                tune(SockRef::from(&stream), options.keepalive)?;
                Ok(Self::Tcp(stream))
            }
            Transport::Unix { port } | Transport::Unixs { port } => {
                let stream = crate::unix::connect(*port)?;
                stream.set_nonblocking(true)?;
                Ok(Self::Unix(UnixStream::from_std(stream)?))
            }
            Transport::Fifo { .. } => Err(AddressError::Fifo.into()),
        }
    }

    /// Runs the TLS handshake if the transport uses TLS.
    #[cfg(feature = "tls")]
    async fn secure(self, host: Option<&str>, options: &Options) -> Result<Self, Error> {
        let Some(host) = host else { return Ok(self) };
        let secure = Secure::connect(self, options.tls_config()?, host).await?;
        Ok(Self::Tls(Box::new(secure)))
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

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_shutdown(cx),
        }
    }
}
