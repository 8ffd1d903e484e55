//! Which entries of a recording a command is about.

use std::path::Path;

use clap::{Args, ValueEnum};
use kcodec::{Atom, Timestamp, Update, Value};
use kcorpus::recording::{Direction, Entry, Error, Kind, Meta, Recording};
use kwire::{Limits, Message, MessageType};

use crate::complain;

/// What every command that reads messages takes.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only these connections, by their numbers in `kcorpus list`.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    connection: Vec<u32>,
    /// Only messages that go to this end.
    #[arg(long, value_enum, value_name = "END")]
    to: Option<End>,
    /// Only messages of these types.
    #[arg(long = "type", value_enum, value_name = "TYPE", value_delimiter = ',')]
    kind: Vec<Type>,
    /// Only updates of these tables: (`upd;`trade;x).
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    table: Vec<String>,
    /// Only from this time on, UTC: 2024.01.31D09:30, or any part of it from the left.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Only until this time, which is not included.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// Only the first so many messages.
    #[arg(short = 'n', value_name = "COUNT")]
    count: Option<u64>,
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum End {
    Server,
    Client,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    Async,
    Sync,
    Response,
}

impl Filter {
    /// Calls `each` with the entries that are wanted; only with messages, if anything is asked of messages.
    /// Complains of damaged blocks and passes over them; returns whether there were none.
    pub(crate) fn run<E: From<Error>>(
        &self,
        recording: &Recording,
        mut each: impl FnMut(u64, &Entry) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut good = true;
        let mut left = self.count.unwrap_or(u64::MAX);
        let start = self.from.map_or(0, |from| recording.seek(from));
        for entry in recording.entries_from(start) {
            if left == 0 {
                break;
            }
            let (number, entry) = match entry {
                Ok(found) => found,
                Err(error) => {
                    complain(error);
                    good = false;
                    continue;
                }
            };
            if self.is_wanted(recording, number, &entry)? {
                each(number, &entry)?;
                left -= u64::from(!entry.bytes.is_empty());
            }
        }
        Ok(good)
    }

    fn is_wanted(&self, recording: &Recording, number: u64, entry: &Entry) -> Result<bool, Error> {
        let meta = recording.meta(number)?;
        Ok(self.is_wanted_meta(&meta) && (self.table.is_empty() || self.is_wanted_table(entry)))
    }

    fn is_wanted_meta(&self, meta: &Meta) -> bool {
        let end = match meta.direction {
            Direction::ToServer => End::Server,
            Direction::ToClient => End::Client,
        };
        let kind = match meta.kind {
            Kind::Message(MessageType::Async) => Some(Type::Async),
            Kind::Message(MessageType::Sync) => Some(Type::Sync),
            Kind::Message(MessageType::Response) => Some(Type::Response),
            _ => None,
        };
        (self.connection.is_empty() || self.connection.contains(&meta.connection))
            && self.to.is_none_or(|to| to == end)
            && (self.kind.is_empty() || kind.is_some_and(|kind| self.kind.contains(&kind)))
            && self.from.is_none_or(|from| meta.time >= from)
            && self.until.is_none_or(|until| meta.time < until)
    }

    fn is_wanted_table(&self, entry: &Entry) -> bool {
        let Ok(message) = Message::decode(&entry.bytes[..], &Limits::default()) else { return false };
        let Some(update) = Update::new(message.value()) else { return false };
        let table = update.table();
        self.table.iter().any(|wanted| wanted.as_bytes() == table.as_bytes())
    }
}

/// Opens a recording; complains of bytes that belong to no block, and returns whether there were none.
pub(crate) fn open(path: &Path) -> Result<(Recording, bool), String> {
    let recording = Recording::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lost = recording.lost();
    if lost > 0 {
        complain(format_args!("{}: {lost} bytes are no whole block, and are passed over", path.display()));
    }
    Ok((recording, lost == 0))
}

/// A timestamp as q spells it, or the beginning of one.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("not a time, as 2024.01.31D09:30:00.5: {text}");
    const FULL: &str = "2000.01.01D00:00:00.000000000";
    let rest = FULL.get(text.len()..).ok_or_else(wrong)?;
    let body = kcodec::parse(&format!("{text}{rest}")).map_err(|_| wrong())?;
    match body.value() {
        Value::Atom(Atom::Timestamp(time)) => Ok(time),
        _ => Err(wrong()),
    }
}

/// A time as q prints it.
pub(crate) fn shown(time: Timestamp) -> String {
    Value::Atom(Atom::Timestamp(time)).to_string()
}
