//! kdb+tick clients: publish to a tickerplant, subscribe to one with log replay.
//!
//! ```text
//! feed ── (".u.upd";`trade;columns) ──▶ tickerplant ── (`upd;`trade;table) ──▶ subscriber
//!                                          │                                       ▲
//!                                          └── (`upd;`trade;columns) ──▶ log ──────┘ the first .u.i records
//! ```
//!
//! A subscriber gets its tables' schemas, `.u.i` and `.u.L` by one request, so that no update is lost or seen twice:
//! the first `.u.i` records of the log `.u.L` were published before the subscription, and every later update is pushed.
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

/// A message to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// Rows of a table: ``(`upd;`trade;x)``. Pushed rows are tables; logged rows are lists of columns without names,
    /// which [`Schemas`] has.
    Update(Update<'a>),
    /// The end of a day: ``(`.u.end;date)``. The tickerplant then starts a new log.
    End(Date),
    /// Any other message.
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
    /// The conversation failed. [`Remote`](crate::Error::Remote) holds the table's name if there is no such table.
    #[error(transparent)]
    Conversation(#[from] crate::Error),
    /// The answer to the subscription is not a tickerplant's.
    #[error("not a tickerplant's answer: {0}")]
    Answer(String),
    /// The tickerplant's log cannot be read on this machine.
    #[error("{}: {error}", path.display())]
    Log {
        /// Path of the log.
        path: PathBuf,
        /// The OS error, or `InvalidData` if the file is not a log.
        error: io::Error,
    },
    /// The log has fewer records than the tickerplant counted, so rows are missing.
    #[error("{}: {found} of {expected} records{}", path.display(), bad.map_or_else(String::new, |bad| format!(", {bad}")))]
    Short {
        /// Path of the log.
        path: PathBuf,
        /// Records that the tickerplant counted: `.u.i`.
        expected: u64,
        /// Records found in the log.
        found: u64,
        /// Why the log cannot be read further; `None` if it ends at a record's end.
        bad: Option<kcodec::log::BadTail>,
    },
}
