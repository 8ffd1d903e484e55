//! `kcorpus list`: lists the connections of a recording.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use kcodec::Timestamp;
use kcorpus::recording::{Direction, Kind, Meta, Recording, What};
use kwire::MessageType;
use serde_json::{Value, json};

use crate::complain;
use crate::filter::{self, shown};

/// Arguments of `kcorpus list`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    /// Print one JSON object per connection instead of a table.
    #[arg(long)]
    json: bool,
}

/// Statistics of a connection.
#[derive(Debug, Default)]
struct Connection {
    user: Option<String>,
    capability: Option<u8>,
    foreign: Option<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    is_closed: bool,
    to_server: Flow,
    to_client: Flow,
    missing: u64,
}

/// Statistics of one direction.
#[derive(Debug, Default)]
struct Flow {
    asynchronous: u64,
    sync: u64,
    response: u64,
    bytes: u64,
    largest: usize,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (recording, whole) = filter::open(&options.file)?;
    let mut connections = BTreeMap::<u32, Connection>::new();
    let mut good = whole;
    for meta in recording.metas() {
        let noted = meta
            .and_then(|(number, meta)| connections.entry(meta.connection).or_default().note(&recording, number, &meta));
        if let Err(error) = noted {
            complain(error);
            good = false;
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if options.json {
        for (number, connection) in &connections {
            writeln!(out, "{}", connection.json(*number))?;
        }
    } else {
        table(&connections, &mut out)?;
    }
    out.flush()?;
    Ok(good)
}

impl Connection {
    fn note(&mut self, recording: &Recording, number: u64, meta: &Meta) -> Result<(), kcorpus::recording::Error> {
        self.first = Some(self.first.map_or(meta.time, |first| first.min(meta.time)));
        self.last = Some(self.last.map_or(meta.time, |last| last.max(meta.time)));
        let flow = match meta.direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        match meta.kind {
            Kind::Message(kind) => flow.note(kind, meta.size),
            Kind::Close => self.is_closed = true,
            // These entries are rare and have data, so inflate their blocks.
            Kind::Open | Kind::Missing | Kind::Foreign => match recording.get(number)?.what {
                What::Open { user, capability } => {
                    self.user = Some(String::from_utf8_lossy(&user).into_owned());
                    self.capability = Some(capability.byte());
                }
                What::Missing(messages) => self.missing = self.missing.saturating_add(messages),
                What::Foreign(what) => self.foreign = Some(what),
                What::Message | What::Close => {}
            },
        }
        Ok(())
    }

    fn messages(&self) -> u64 {
        self.to_server.messages() + self.to_client.messages()
    }

    const fn bytes(&self) -> u64 {
        self.to_server.bytes + self.to_client.bytes
    }

    /// Time from the first entry to the last.
    fn seconds(&self) -> f64 {
        let (Some(first), Some(last)) = (self.first, self.last) else { return 0.0 };
        last.0.saturating_sub(first.0) as f64 / 1e9
    }

    /// Messages per second; 0 if all entries have the same time.
    fn rate(&self) -> f64 {
        let seconds = self.seconds();
        if seconds > 0.0 { self.messages() as f64 / seconds } else { 0.0 }
    }

    fn json(&self, number: u32) -> Value {
        json!({
            "connection": number,
            "user": self.user,
            "capability": self.capability,
            "foreign": self.foreign,
            "from": self.first.map(shown),
            "to": self.last.map(shown),
            "seconds": self.seconds(),
            "closed": self.is_closed,
            "messages": self.messages(),
            "bytes": self.bytes(),
            "rate": self.rate(),
            "to_server": self.to_server.json(),
            "to_client": self.to_client.json(),
            "missing": self.missing,
        })
    }
}

impl Flow {
    fn note(&mut self, kind: MessageType, size: usize) {
        match kind {
            MessageType::Async => self.asynchronous += 1,
            MessageType::Sync => self.sync += 1,
            MessageType::Response => self.response += 1,
        }
        self.bytes += size as u64;
        self.largest = self.largest.max(size);
    }

    const fn messages(&self) -> u64 {
        self.asynchronous + self.sync + self.response
    }

    fn json(&self) -> Value {
        json!({
            "async": self.asynchronous,
            "sync": self.sync,
            "response": self.response,
            "bytes": self.bytes,
            "largest": self.largest,
        })
    }
}

const HEADING: [&str; 13] = [
    "connection",
    "user",
    "from",
    "seconds",
    "messages",
    "bytes",
    "msg/s",
    "async->",
    "sync->",
    "async<-",
    "sync<-",
    "response<-",
    "note",
];

fn table(connections: &BTreeMap<u32, Connection>, out: &mut impl Write) -> io::Result<()> {
    let mut rows = vec![HEADING.map(str::to_owned)];
    rows.extend(connections.iter().map(|(number, connection)| row(*number, connection)));
    let mut widths = [0; HEADING.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            1 | 2 | 12 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn row(number: u32, connection: &Connection) -> [String; HEADING.len()] {
    let Connection { to_server, to_client, .. } = connection;
    let mut notes = Vec::new();
    notes.extend(connection.foreign.as_ref().map(|what| what.escape_debug().to_string()));
    notes.extend((connection.missing > 0).then(|| format!("{} missing", connection.missing)));
    notes.extend((!connection.is_closed).then(|| "not closed".to_owned()));
    [
        number.to_string(),
        connection.user.as_deref().unwrap_or_default().escape_debug().to_string(),
        connection.first.map(shown).unwrap_or_default(),
        format!("{:.3}", connection.seconds()),
        connection.messages().to_string(),
        connection.bytes().to_string(),
        format!("{:.0}", connection.rate()),
        to_server.asynchronous.to_string(),
        to_server.sync.to_string(),
        to_client.asynchronous.to_string(),
        to_client.sync.to_string(),
        to_client.response.to_string(),
        notes.join(", "),
    ]
}
