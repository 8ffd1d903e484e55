//! Options that select entries of a recording.

use std::path::Path;

use clap::{Args, ValueEnum};
use kcodec::{Atom, Timestamp, Update, Value};
use kcorpus::recording::{Direction, Entry, Recording, What};
use kwire::{Limits, Message, MessageType};

use crate::complain;

/// Selects a part of a recording.
#[derive(Debug, Args)]
pub(crate) struct Span {
    /// Only these connections, by their numbers in `kcorpus list`.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    connection: Vec<u32>,
    /// Only entries from this UTC time on: 2024.01.31D09:30 or a prefix of it.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Only entries before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
}

/// Selects messages.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    #[command(flatten)]
    span: Span,
    /// Only this direction.
    #[arg(long, value_enum, value_name = "END")]
    direction: Option<End>,
    /// Only messages of these types.
    #[arg(long = "type", value_enum, value_name = "TYPE", value_delimiter = ',')]
    kind: Vec<Type>,
    /// Only updates of these tables: (`upd;`trade;x).
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    table: Vec<String>,
    /// Only the first COUNT messages.
    #[arg(short = 'n', value_name = "COUNT")]
    count: Option<u64>,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum End {
    ToServer,
    ToClient,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    Async,
    Sync,
    Response,
}

impl Span {
    /// Calls `each` with the entries of the span until it returns `false`. Reports damaged blocks and skips them.
    /// Returns whether there were none.
    pub(crate) fn run<E>(
        &self,
        recording: &Recording,
        mut each: impl FnMut(u64, &Entry) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut good = true;
        let start = self.from.map_or(0, |from| recording.seek(from));
        for entry in recording.entries_from(start) {
            match entry {
                Ok((number, entry)) if self.holds(&entry) => {
                    if !each(number, &entry)? {
                        break;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    complain(error);
                    good = false;
                }
            }
        }
        Ok(good)
    }

    fn holds(&self, entry: &Entry) -> bool {
        (self.connection.is_empty() || self.connection.contains(&entry.connection))
            && self.from.is_none_or(|from| entry.time >= from)
            && self.until.is_none_or(|until| entry.time < until)
    }
}

impl Filter {
    /// Like [`Span::run`], with the selected entries. Entries other than messages are included only if no option
    /// selects messages.
    pub(crate) fn run<E>(
        &self,
        recording: &Recording,
        mut each: impl FnMut(u64, &Entry) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut left = self.count.unwrap_or(u64::MAX);
        self.span.run(recording, |number, entry| {
            if left > 0 && self.is_wanted(entry) {
                each(number, entry)?;
                left -= u64::from(entry.what == What::Message);
            }
            Ok(left > 0)
        })
    }

    fn is_wanted(&self, entry: &Entry) -> bool {
        let end = match entry.direction {
            Direction::ToServer => End::ToServer,
            Direction::ToClient => End::ToClient,
        };
        let kind = entry.message_type().map(|kind| match kind {
            MessageType::Async => Type::Async,
            MessageType::Sync => Type::Sync,
            MessageType::Response => Type::Response,
        });
        self.direction.is_none_or(|wanted| wanted == end)
            && (self.kind.is_empty() || kind.is_some_and(|kind| self.kind.contains(&kind)))
            && (self.table.is_empty() || self.is_wanted_table(entry))
    }

    fn is_wanted_table(&self, entry: &Entry) -> bool {
        let Ok(message) = Message::decode(&entry.bytes[..], &Limits::default()) else { return false };
        let Some(update) = Update::new(message.value()) else { return false };
        let table = update.table();
        self.table.iter().any(|wanted| wanted.as_bytes() == table.as_bytes())
    }
}

/// Opens a recording. Reports bytes that belong to no block. Returns whether there were none.
pub(crate) fn open(path: &Path) -> Result<(Recording, bool), String> {
    let recording = Recording::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lost = recording.lost();
    if lost > 0 {
        complain(format_args!("{}: {lost} bytes belong to no complete block and are skipped", path.display()));
    }
    Ok((recording, lost == 0))
}

/// Parses a timestamp in q's form, or a prefix of one.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("not a time such as 2024.01.31D09:30:00.5: {text}");
    const FULL: &str = "2000.01.01D00:00:00.000000000";
    let rest = FULL.get(text.len()..).ok_or_else(wrong)?;
    let body = kcodec::parse(&format!("{text}{rest}")).map_err(|_| wrong())?;
    match body.value() {
        Value::Atom(Atom::Timestamp(time)) => Ok(time),
        _ => Err(wrong()),
    }
}

/// Formats a time like q.
pub(crate) fn shown(time: Timestamp) -> String {
    Value::Atom(Atom::Timestamp(time)).to_string()
}
