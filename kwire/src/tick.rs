//! Tickerplants (kdb+tick): feeds publish to them, subscribers get what was published, from the log and then live.
//!
//! ```text
//! feed ── (".u.upd";`trade;columns) ──▶ tickerplant ── (`upd;`trade;table) ──▶ subscriber
//!                                          │                                       ▲
//!                                          └── (`upd;`trade;columns) ──▶ log ──────┘ the first .u.i records
//! ```
//!
//! A subscriber asks for its tables, their schemas, `.u.i` and `.u.L` in one request, so that no update falls between:
//! the first `.u.i` records of the log `.u.L` are what was published before, everything later is pushed.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use kwire::blocking::Handle;
//! use kwire::tick::{Event, Subscriber, Subscription};
//!
//! let handle = Handle::open("localhost:5010")?;
//! let mut subscriber = Subscriber::subscribe(handle, Subscription::tables(["trade"]))?;
//! let schemas = subscriber.schemas().clone();
//! subscriber.run(|event| {
//!     match event {
//!         Event::Update(update) => println!("{} rows, {:?}", update.rows(), schemas.column(&update, "price")),
//!         Event::End(date) => return ControlFlow::Break(date),
//!         Event::Other(_) => {}
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), kwire::tick::Error>(())
//! ```

mod publisher;
mod schemas;
mod subscriber;

use std::io;
use std::path::PathBuf;

use kcodec::{Atom, Date, Update, Value};

pub use publisher::Publisher;
pub use schemas::Schemas;
pub use subscriber::{Push, Replay, Subscriber, Subscription};

/// What a subscriber is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// Rows of a table: ``(`upd;`trade;x)``. Pushed ones are tables; those of the log are lists of columns, whose
    /// names [`Schemas`] has.
    Update(Update<'a>),
    /// The end of a day: ``(`.u.end;date)``. The tickerplant goes on with a new log.
    End(Date),
    /// Anything else.
    Other(Value<'a>),
}

impl<'a> From<Value<'a>> for Event<'a> {
    fn from(message: Value<'a>) -> Self {
        if let Some(update) = Update::new(message) {
            return Self::Update(update);
        }
        if let Value::List(items) = message
            && items.len() == 2
            && let Some(Value::Atom(Atom::Symbol(name))) = items.get(0)
            && name == ".u.end"
            && let Some(Value::Atom(Atom::Date(date))) = items.get(1)
        {
            return Self::End(date);
        }
        Self::Other(message)
    }
}

/// Why a subscription failed, or a log could not be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The conversation failed; [`Remote`](crate::Error::Remote) with the name of a table that is not there.
    #[error(transparent)]
    Conversation(#[from] crate::Error),
    /// The server answered a subscription as no tickerplant does.
    #[error("not a tickerplant's answer: {0}")]
    Answer(String),
    /// The tickerplant's log is not to be read here: it may be on another machine.
    #[error("{}: {error}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// The OS error, or that it is no log.
        error: io::Error,
    },
    /// The log has fewer records than the tickerplant has counted: rows would be missing.
    #[error("{}: {found} of {expected} records{}", path.display(), bad.map_or_else(String::new, |bad| format!(", {bad}")))]
    Short {
        /// The log.
        path: PathBuf,
        /// `.u.i`
        expected: u64,
        /// Records that are there.
        found: u64,
        /// Why there are no more, unless the log simply ends.
        bad: Option<kcodec::log::BadTail>,
    },
}
