//! Subscribing to a tickerplant, with replay of its log.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::ops::{ControlFlow, Range};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kcodec::log::{Log, Map};
use kcodec::{Atom, Symbol, Update, Value, Vector};

use super::{Error, Event, Schemas};
use crate::blocking::{Duplex, Handle, Stream};
use crate::kept::Kept;
use crate::limits::Limits;
use crate::message::Message;

/// What to subscribe to, and which log to replay.
#[derive(Debug, Clone, Default)]
pub struct Subscription {
    /// Names of tables; empty for all.
    pub tables: Vec<String>,
    /// Values of the column `sym` to select; empty for all.
    pub symbols: Vec<String>,
    /// Which log to replay.
    pub replay: Replay,
}

impl Subscription {
    /// All rows of some tables.
    #[must_use]
    pub fn tables<T: Into<String>>(tables: impl IntoIterator<Item = T>) -> Self {
        Self { tables: tables.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// Which log to replay.
#[derive(Debug, Clone, Default)]
pub enum Replay {
    /// The path in `.u.L`: a path on the tickerplant's machine, usually relative to its working directory.
    #[default]
    AsNamed,
    /// Another path of the log, or a copy of it.
    From(PathBuf),
    /// No replay: only updates published from now on.
    Nothing,
}

/// A subscription to a tickerplant, like q's `r.q`.
///
/// After [`subscribe`](Self::subscribe), call [`run`](Self::run). To poll instead, call [`replay`](Self::replay) first
/// and then [`receive`](Self::receive) repeatedly. In this order every update is seen exactly once, in the
/// tickerplant's order.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use std::time::{Duration, Instant};
///
/// use kcodec::Symbol;
/// use kwire::blocking::Handle;
/// use kwire::tick::{Error, Event, Push, Replay, Schemas, Subscriber, Subscription};
///
/// let mut subscription = Subscription::tables(["trade", "quote"]);
/// subscription.symbols = vec!["IBM".into()];
/// subscription.replay = Replay::From("/copy/of/sym2024.01.31".into());
/// let mut subscriber = Subscriber::subscribe(Handle::open("localhost:5010")?, subscription)?;
///
/// let schemas: Schemas = subscriber.schemas().clone();
/// println!("{:?}", schemas.iter().map(|(name, _)| name).collect::<Vec<_>>());
/// println!("{:?}", schemas.table(Symbol::new("trade")));
///
/// if let Some((path, records)) = subscriber.log() {
///     println!("{records} records of {}", path.display());
/// }
/// let mut rows = 0;
/// let replayed = subscriber.replay(|event| {
///     if let Event::Update(update) = event {
///         rows += update.rows();
///     }
///     ControlFlow::<()>::Continue(())
/// });
/// match replayed {
///     Err(Error::Short { found, expected, .. }) => eprintln!("{found} of {expected} records"),
///     other => drop(other?),
/// }
/// while let Some(push) = subscriber.receive_until(Instant::now() + Duration::from_secs(1))? {
///     let push: Push = push; // owns its message
///     println!("{:?} in {} bytes", push.event(), push.message().body().as_bytes().len());
/// }
/// println!("{}", subscriber.handle().sync(".u.i")?.value());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Subscriber<S: Duplex = Stream> {
    handle: Handle<S>,
    schemas: Schemas,
    symbols: HashSet<Box<[u8]>>,
    /// The log, and the range of its records still to replay.
    log: Option<(PathBuf, Range<u64>)>,
    /// Messages pushed during the replay.
    pushed: Kept,
}

/// Subscribes and returns schemas, `.u.i` and `.u.L` in one evaluation, so that they are consistent.
const SUBSCRIBE: &str = "{[t;s]($[t~`;.u.sub[t;s];.u.sub[;s]each t];`.u `i`L)}";

/// Interval at which pushed messages are received during the replay.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Bytes of the mapped log to replay before their pages are released.
const RELEASE_STEP: usize = 4 << 20;

impl<S: Duplex> Subscriber<S> {
    /// Subscribes, in one request: ``(.u.sub[;symbols]each tables;`.u `i`L)``.
    ///
    /// # Errors
    ///
    /// [`Error::Conversation`], [`Error::Answer`].
    pub fn subscribe(mut handle: Handle<S>, subscription: Subscription) -> Result<Self, Error> {
        let Subscription { tables, symbols, replay } = subscription;
        let names: [Vec<Symbol<'_>>; 2] =
            [&tables, &symbols].map(|names| names.iter().map(|name| Symbol::new(name)).collect());
        let [tables, wanted] = names.each_ref().map(|names| match names.as_slice() {
            [] => Value::symbol(""),
            names => Value::symbols(names),
        });
        let schemas = Schemas::new(handle.sync(&[Value::from(SUBSCRIBE), tables, wanted])?)?;
        let log = schemas.log().and_then(|(count, named)| match replay {
            Replay::AsNamed => Some((PathBuf::from(path(named)?), 0..count)),
            Replay::From(path) => Some((path, 0..count)),
            Replay::Nothing => None,
        });
        let symbols = symbols.into_iter().map(|symbol| symbol.into_bytes().into()).collect();
        let pushed = Kept::new(Limits::default().kept);
        Ok(Self { handle, schemas, symbols, log, pushed })
    }

    /// The subscribed tables with their columns.
    #[must_use]
    pub const fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The log that [`replay`](Self::replay) reads, and the number of records still to replay; `None` if the
    /// tickerplant keeps no log.
    #[must_use]
    pub fn log(&self) -> Option<(&Path, u64)> {
        self.log.as_ref().map(|(path, left)| (path.as_path(), left.end - left.start))
    }

    /// Passes the logged messages from before the subscription to `each`, until it breaks. A later call resumes after
    /// the last message passed; once all are passed, it does nothing.
    ///
    /// Only updates of subscribed tables are passed. If symbols are subscribed to, only rows whose column `sym` matches
    /// are passed, as kdb+tick selects them; an update that matches in part is copied. Records that are not updates are
    /// always passed, and so are updates without a column `sym` of symbols.
    ///
    /// During the replay, pushed messages are received and kept, up to 256 MiB; beyond that they stay in the socket.
    ///
    /// The log is memory-mapped: see [`Map`] for what happens if the file is truncated meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Log`] if the log cannot be read, [`Error::Short`] if it has fewer records than expected: after either,
    /// [`receive`](Self::receive) works, without the missed records. [`Error::Conversation`].
    pub fn replay<B>(&mut self, mut each: impl FnMut(Event<'_>) -> ControlFlow<B>) -> Result<ControlFlow<B>, Error> {
        let Some((path, Range { start, end: expected })) = self.log.take().filter(|(_, left)| !left.is_empty()) else {
            return Ok(ControlFlow::Continue(()));
        };
        let unreadable = |error| Error::Log { path: path.clone(), error };
        let map = Map::open(&path).map_err(unreadable)?;
        let mut log =
            Log::new(map.as_bytes()).map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let (mut next_poll, mut released) = (Instant::now(), 0);
        while log.records() < expected {
            let found = log.records();
            let record = match log.next() {
                Some(Ok(record)) => record,
                Some(Err(bad)) => return Err(Error::Short { path, expected, found, bad: Some(bad) }),
                None => return Err(Error::Short { path, expected, found, bad: None }),
            };
            let now = Instant::now();
            if now >= next_poll {
                self.keep_pushed()?;
                next_poll = now + POLL_INTERVAL;
            }
            if log.at() - released >= RELEASE_STEP {
                map.release(released..log.at());
                released = log.at();
            }
            if found >= start
                && let ControlFlow::Break(end) = self.select(record, &mut each)
            {
                self.log = Some((path, found + 1..expected));
                return Ok(ControlFlow::Break(end));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Waits for the next pushed message.
    ///
    /// # Errors
    ///
    /// As [`Handle::receive`].
    pub fn receive(&mut self) -> Result<Push, crate::Error> {
        self.pushed.pop().map_or_else(|| self.handle.receive(), Ok).map(Push)
    }

    /// Like [`receive`](Self::receive), but returns `None` once the deadline has passed.
    ///
    /// # Errors
    ///
    /// As [`Handle::receive_until`].
    pub fn receive_until(&mut self, deadline: Instant) -> Result<Option<Push>, crate::Error> {
        match self.pushed.pop() {
            Some(message) => Ok(Some(Push(message))),
            None => Ok(self.handle.receive_until(deadline)?.map(Push)),
        }
    }

    /// Passes the logged messages and then the pushed ones to `each`, until it breaks.
    ///
    /// # Errors
    ///
    /// As [`replay`](Self::replay) and [`receive`](Self::receive).
    pub fn run<B>(&mut self, mut each: impl FnMut(Event<'_>) -> ControlFlow<B>) -> Result<B, Error> {
        let mut flow = self.replay(&mut each)?;
        loop {
            match flow {
                ControlFlow::Break(end) => return Ok(end),
                ControlFlow::Continue(()) => flow = each(self.receive()?.event()),
            }
        }
    }

    /// The handle, for requests to the tickerplant and responses.
    pub const fn handle(&mut self) -> &mut Handle<S> {
        &mut self.handle
    }

    /// Receives pushed messages without waiting, until the backlog is full.
    fn keep_pushed(&mut self) -> Result<(), Error> {
        while !self.pushed.is_full()
            && let Some(message) = self.handle.receive_until(Instant::now())?
        {
            self.pushed.push(message)?;
        }
        Ok(())
    }

    /// Passes the subscribed part of a record to `each`.
    fn select<B>(&self, record: Value<'_>, each: &mut impl FnMut(Event<'_>) -> ControlFlow<B>) -> ControlFlow<B> {
        let Some(update) = Update::new(record) else { return each(record.into()) };
        if self.schemas.table(update.table()).is_none() {
            return ControlFlow::Continue(());
        }
        match self.schemas.column(&update, "sym") {
            Some(Value::Atom(Atom::Symbol(symbol))) if !self.is_wanted(symbol) => ControlFlow::Continue(()),
            Some(Value::Vector(Vector::Symbol(symbols))) if !symbols.iter().all(|symbol| self.is_wanted(symbol)) => {
                let mut symbols = symbols.iter();
                match update.select(|_| symbols.next().is_some_and(|symbol| self.is_wanted(symbol))) {
                    Ok(None) => ControlFlow::Continue(()),
                    Ok(Some(body)) => each(body.value().into()),
                    // The columns are not those of a table, so rows cannot be selected.
                    Err(_) => each(Event::Update(update)),
                }
            }
            _ => each(Event::Update(update)),
        }
    }

    fn is_wanted(&self, symbol: Symbol<'_>) -> bool {
        self.symbols.is_empty() || self.symbols.contains(symbol.as_bytes())
    }
}

/// The path of a file symbol, `` `:dir/sym2024.01.31 ``.
fn path(symbol: Symbol<'_>) -> Option<&Path> {
    let path = symbol.as_bytes().strip_prefix(b":").unwrap_or_else(|| symbol.as_bytes());
    (!path.is_empty()).then(|| Path::new(OsStr::from_bytes(path)))
}

/// A message that a tickerplant pushed.
#[derive(Debug, Clone)]
pub struct Push(Message);

impl Push {
    /// The message as an event.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        self.0.value().into()
    }

    /// The message itself.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.0
    }
}
