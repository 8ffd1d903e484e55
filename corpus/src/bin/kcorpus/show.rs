//! `kcorpus show`: prints messages as q text.

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use kcorpus::recording::{Direction, Entry, What};
use kwire::{Limits, Message, MessageType};

use crate::filter::{self, Filter, shown};

/// Arguments of `kcorpus show`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    #[command(flatten)]
    filter: Filter,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (recording, whole) = filter::open(&options.file)?;
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let good = options.filter.run(&recording, |number, entry| show(number, entry, &mut out))?;
    out.flush()?;
    Ok(good && whole)
}

/// Prints an entry: number, time, connection, direction, contents.
fn show(number: u64, entry: &Entry, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let arrow = match entry.direction {
        Direction::ToServer => "->",
        Direction::ToClient => "<-",
    };
    let (time, connection) = (shown(entry.time), entry.connection);
    write!(out, "{number} {time} {connection} {arrow} ")?;
    match &entry.what {
        What::Open { user, capability } => {
            writeln!(out, "open {} capability {}", String::from_utf8_lossy(user).escape_debug(), capability.byte())?;
        }
        What::Message => message(entry, out)?,
        What::Close => writeln!(out, "close")?,
        What::Missing(messages) => writeln!(out, "missing {messages} messages")?,
        What::Foreign(what) => writeln!(out, "foreign {}", what.escape_debug())?,
    }
    Ok(())
}

fn message(entry: &Entry, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let kind = match entry.message_type() {
        Some(MessageType::Async) => "async",
        Some(MessageType::Sync) => "sync",
        _ => "response",
    };
    match Message::decode(&entry.bytes[..], &Limits::default()) {
        Ok(message) => {
            let text = message.value().to_string();
            // q text shows symbols raw, so a terminal would execute an escape sequence in a symbol.
            let is_control = |char: char| char.is_control();
            let text = if text.contains(is_control) { text.replace(is_control, "?") } else { text };
            writeln!(out, "{kind} {text}")?;
        }
        Err(error) => writeln!(out, "{kind} error: {error}")?,
    }
    Ok(())
}
