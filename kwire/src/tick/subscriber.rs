//! What a real-time database does.

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

/// What to subscribe to, and where the log is.
#[derive(Debug, Clone, Default)]
pub struct Subscription {
    /// Names of tables; none for all.
    pub tables: Vec<String>,
    /// Symbols, which rows have in their column `sym`; none for all.
    pub symbols: Vec<String>,
    /// Which log is replayed.
    pub replay: Replay,
}

impl Subscription {
    /// All rows of some tables.
    #[must_use]
    pub fn tables<T: Into<String>>(tables: impl IntoIterator<Item = T>) -> Self {
        Self { tables: tables.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// Which log is replayed.
#[derive(Debug, Clone, Default)]
pub enum Replay {
    /// `.u.L`, as the tickerplant names it: a path on its machine, mostly relative to its folder.
    #[default]
    AsNamed,
    /// A file that is, or is a copy of, `.u.L`.
    From(PathBuf),
    /// None: only what is published from now on.
    Nothing,
}

/// A subscription to a tickerplant: q's r.q.
///
/// After [`subscribe`](Self::subscribe), [`run`](Self::run) does the rest. Whoever wants to poll instead calls
/// [`replay`](Self::replay) first, for what was published before, and then [`receive`](Self::receive) again and again.
/// In this order every update is seen once, in the order in which the tickerplant counted it.
#[derive(Debug)]
pub struct Subscriber<S: Duplex = Stream> {
    handle: Handle<S>,
    schemas: Schemas,
    symbols: HashSet<Box<[u8]>>,
    /// The log, and which of its records are to be replayed.
    log: Option<(PathBuf, Range<u64>)>,
    /// What was pushed while the log was replayed.
    pushed: Kept,
}

/// Asks for all that a subscriber must know at one moment: its tables, and the count and name of the log.
const SUBSCRIBE: &str = "{[t;s]($[t~`;.u.sub[t;s];.u.sub[;s]each t];`.u `i`L)}";

/// Time between two looks at what is pushed while a log is replayed.
const BETWEEN: Duration = Duration::from_millis(1);

/// Bytes of a log that are held while it is replayed.
const RELEASED: usize = 4 << 20;

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

    /// The tables, with their columns.
    #[must_use]
    pub const fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The log that [`replay`](Self::replay) reads, and how many of its records are left to be: none if the
    /// tickerplant keeps no log.
    #[must_use]
    pub fn log(&self) -> Option<(&Path, u64)> {
        self.log.as_ref().map(|(path, left)| (path.as_path(), left.end - left.start))
    }

    /// Hands what was published before the subscription to `each`, out of the log, until it breaks. Called again, it
    /// goes on behind that, or has nothing left.
    ///
    /// Only updates of the subscribed tables are handed over. Of symbols, only rows with those subscribed to, by the
    /// column `sym` of the schema, as kdb+tick selects them; an update in which some rows are not wanted is copied.
    /// Records that are no updates are handed over whatever they are, and so are updates of tables without that
    /// column, or whose column is none of symbols.
    ///
    /// Meanwhile what the tickerplant pushes is read and kept, up to 256 MiB, then left to the socket.
    ///
    /// The log is mapped: see [`Map`] for what happens to a reader when somebody shortens it.
    ///
    /// # Errors
    ///
    /// [`Error::Log`] if the log is not to be read here, and [`Error::Short`] if it has fewer records than it should:
    /// after either, [`receive`](Self::receive) goes on without what was missed. [`Error::Conversation`].
    pub fn replay<B>(&mut self, mut each: impl FnMut(Event<'_>) -> ControlFlow<B>) -> Result<ControlFlow<B>, Error> {
        let Some((path, Range { start, end: expected })) = self.log.take().filter(|(_, left)| !left.is_empty()) else {
            return Ok(ControlFlow::Continue(()));
        };
        let unreadable = |error| Error::Log { path: path.clone(), error };
        let map = Map::open(&path).map_err(unreadable)?;
        let mut log =
            Log::new(map.as_bytes()).map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let (mut look, mut released) = (Instant::now(), 0);
        while log.records() < expected {
            let found = log.records();
            let record = match log.next() {
                Some(Ok(record)) => record,
                Some(Err(bad)) => return Err(Error::Short { path, expected, found, bad: Some(bad) }),
                None => return Err(Error::Short { path, expected, found, bad: None }),
            };
            let now = Instant::now();
            if now >= look {
                self.keep_pushed()?;
                look = now + BETWEEN;
            }
            if log.at() - released >= RELEASED {
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

    /// Waits for the next message that the tickerplant pushes.
    ///
    /// # Errors
    ///
    /// As [`Handle::receive`].
    pub fn receive(&mut self) -> Result<Push, crate::Error> {
        self.pushed.pop().map_or_else(|| self.handle.receive(), Ok).map(Push)
    }

    /// Like [`receive`](Self::receive), until a deadline: `None` once it has passed.
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

    /// Hands everything to `each`, in order: what is in the log, then what is pushed, until it breaks.
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

    /// The handle, to ask the tickerplant something or to answer it.
    pub const fn handle(&mut self) -> &mut Handle<S> {
        &mut self.handle
    }

    /// Takes what has come off the connection, as far as there is room.
    fn keep_pushed(&mut self) -> Result<(), Error> {
        while !self.pushed.is_full()
            && let Some(message) = self.handle.receive_until(Instant::now())?
        {
            self.pushed.push(message)?;
        }
        Ok(())
    }

    /// Hands over what is subscribed to in a record.
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
                    // Columns that cannot be selected from: of no table.
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
    /// What it tells.
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
