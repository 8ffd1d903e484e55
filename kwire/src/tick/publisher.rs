//! Publishing to a tickerplant.

use kcodec::Value;

use crate::blocking::{Duplex, Handle, Stream};
use crate::error::Error;

/// Publishes rows to a tickerplant: ``neg[h](".u.upd";`trade;columns)``.
///
/// ```no_run
/// use kwire::blocking::Handle;
/// use kwire::tick::Publisher;
///
/// let mut feed = Publisher::new(Handle::open("localhost:5010")?);
/// let (sym, price) = (["IBM", "MSFT"], [101.5, 402.25]);
/// feed.publish("trade", &[kcodec::Value::symbols(&sym), (&price).into()])?; // two rows
/// feed.flush()?;
/// # Ok::<(), kwire::Error>(())
/// ```
#[derive(Debug)]
pub struct Publisher<S: Duplex = Stream> {
    handle: Handle<S>,
    function: String,
}

impl<S: Duplex> Publisher<S> {
    /// Publishes over a handle by calling `.u.upd`.
    pub fn new(handle: Handle<S>) -> Self {
        Self { handle, function: ".u.upd".to_owned() }
    }

    /// Calls another function instead of `.u.upd`.
    ///
    /// ```no_run
    /// use kwire::blocking::Handle;
    /// use kwire::tick::Publisher;
    ///
    /// let mut feed = Publisher::new(Handle::open("localhost:5010")?).with_function("upd");
    /// feed.publish("trade", &[kcodec::Value::symbol("IBM"), 101.5.into()])?; // one row
    /// feed.confirm()?; // the tickerplant has processed it
    /// println!("{}", feed.handle().sync(".u.i")?.value());
    /// # Ok::<(), kwire::Error>(())
    /// ```
    #[must_use]
    pub fn with_function(self, name: impl Into<String>) -> Self {
        Self { function: name.into(), ..self }
    }

    /// Queues rows for a table. `columns` is a list of the table's columns in order: atoms for one row, vectors for
    /// many. If the first is not a timespan, kdb+tick prepends the time.
    ///
    /// # Errors
    ///
    /// As [`Handle::send`], which also documents when it waits. Errors of the tickerplant, such as an unknown table,
    /// are not reported, because the message is async.
    pub fn publish<'a>(&mut self, table: &'a str, columns: impl Into<Value<'a>>) -> Result<(), Error> {
        self.handle.send(&[Value::from(&self.function), Value::symbol(table), columns.into()])
    }

    /// Waits until all published rows are written.
    ///
    /// # Errors
    ///
    /// As [`Handle::flush`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.handle.flush()
    }

    /// Waits until the tickerplant has processed all published rows: q's sync chaser.
    ///
    /// # Errors
    ///
    /// As [`Handle::sync`].
    pub fn confirm(&mut self) -> Result<(), Error> {
        self.handle.sync("").map(drop)
    }

    /// The handle.
    pub const fn handle(&mut self) -> &mut Handle<S> {
        &mut self.handle
    }
}
