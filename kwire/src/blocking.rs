//! The blocking client: q's handles, one call at a time.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use kcodec::{Body, Capability, Value};

use crate::connection::Connection;
use crate::error::{Error, OutOfTurn};
use crate::header::MessageType;
use crate::inbound::Inbound;
use crate::interrupt::Interrupt;
use crate::kept::Kept;
use crate::login::Login;
use crate::message::Message;
use crate::outbound::{Outbound, Pending};

mod connect;
mod progress;
mod queue;
mod readiness;
mod response;

use connect::log_in;
use readiness::deadline;

pub use crate::duplex::{Blocking, Duplex, Interest};
pub use crate::options::Options;
pub use crate::stream::Stream;
pub use connect::{Connected, connect};

/// An open connection to a q process, like the handle that q's `hopen` returns.
///
/// A call that waits for writability also reads, so that two ends which both write cannot deadlock.
///
/// ```no_run
/// use std::time::{Duration, Instant};
///
/// use kcodec::{Body, Value};
/// use kwire::blocking::{Handle, Stream};
/// use kwire::{Error, MessageType, Options, Pending};
///
/// let options = Options::default().with_timeout(Some(Duration::from_secs(5)));
/// let mut h = Handle::open_with("localhost:5001:user:pass", &options)?;
/// h.set_read_timeout(Some(Duration::from_secs(60)));
/// h.set_write_timeout(Some(Duration::from_secs(10)));
/// match h.sync(&[Value::symbol("vwap"), Value::symbol("ibm")]) { // (`vwap;`ibm), a call
///     Ok(vwap) => println!("{}", vwap.value().as_f64()?),
///     Err(Error::Remote(text)) => println!("'{text}"), // and the handle stays usable
///     Err(Error::TimedOut) => println!("is open: {}", h.is_open()),
///     Err(error) => return Err(error),
/// }
///
/// h.send(&[1.5, 2.5])?; // queued
/// let Pending { messages, bytes } = h.pending();
/// println!("{messages} messages, {bytes} bytes, capability {:?}", h.capability());
/// h.flush()?;
///
/// if let Some(message) = h.receive_until(Instant::now() + Duration::from_secs(1))?
///     && message.kind() == MessageType::Sync
/// {
///     h.respond("an answer")?; // the server has asked this end
/// }
/// // While it waits, it serves the server's own messages, as q does.
/// let one = Body::encode(1_i64).map_err(Error::Unsendable)?;
/// h.sync_with("f[]", |message| if message.value().is_list() { Ok(one.clone()) } else { Err("type".into()) })?;
/// assert!(matches!(h.stream(), Stream::Tcp(_)) && h.stream().is_local());
/// h.close()?; // flushes first
/// # Ok::<(), kwire::Error>(())
/// ```
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
/// ```no_run
/// use std::time::Duration;
///
/// let two = kwire::ask("localhost:5001", "1+1")?;
/// let options = kwire::Options::default().with_read_timeout(Some(Duration::from_secs(1)));
/// let four = kwire::ask_with("localhost:5001", "2+2", &options)?; // `:localhost:5001 "2+2"
/// assert_eq!(four.value().as_i64()?, 4);
/// # Ok::<(), kwire::Error>(())
/// ```
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
}

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
