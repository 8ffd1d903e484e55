//! `kq log`: lists, counts, checks and repairs tickerplant logs. Files are memory-mapped and read once.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use kcodec::log::{BadTail, Log, Map, NotLog};
use kcodec::{Atom, Symbol, Update, Value};

use crate::fault::Fault;
use crate::json;
use crate::output::Out;
use crate::progress::Progress;

/// Arguments of `kq log`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Tickerplant logs to read.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print each message as JSON: {"t":type,"a":attribute,"v":value}
    #[arg(long, group = "output")]
    json: bool,
    /// Print the number of messages and rows per function and table.
    #[arg(long, group = "output")]
    count: bool,
    /// Only check whether the log is intact. If not, print the length of the valid prefix and the fault.
    #[arg(long, group = "output", conflicts_with_all = ["table", "from", "to"])]
    check: bool,
    /// Copy the valid prefix into NEWFILE, which must not exist.
    #[arg(long, group = "output", value_name = "NEWFILE", conflicts_with_all = ["table", "from", "to"])]
    repair: Option<PathBuf>,
    /// Only updates of these tables.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    table: Vec<String>,
    /// Skip the first N messages.
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    /// Stop after the first N messages of the log, as -11!(N;FILE). The rest is not read.
    #[arg(short = 'n', long, value_name = "N")]
    to: Option<u64>,
}

pub(crate) fn run(options: &Options) -> Result<bool, Fault> {
    if let (Some(_), [_, second, ..]) = (&options.repair, options.files.as_slice()) {
        return Err(named(second, "--repair takes one log"));
    }
    let progress = Progress::new();
    let out = &mut Out::new(&progress)?;
    let mut counts = Counts::default();
    let mut good = true;
    for path in &options.files {
        let map = Map::open(path).map_err(|error| named(path, error))?;
        let result = if options.check {
            check(path, &map, &progress, out)?
        } else if let Some(copy) = &options.repair {
            repair(path, &map, copy, &progress, out)?
        } else {
            walk(&map, &progress, options.to, |number, record| {
                if number < options.from || !is_wanted(record, &options.table) {
                    return Ok(());
                }
                match options {
                    Options { count: true, .. } => counts.add(record),
                    Options { json: true, .. } => {
                        json::write(record, out)?;
                        writeln!(out)?;
                    }
                    _ => writeln!(out, "{record}")?,
                }
                Ok(())
            })?
        };
        // Flush the list before the report on standard error.
        out.flush()?;
        progress.clear();
        good &= report(path, result);
        if !map.is_whole().map_err(|error| named(path, error))? {
            return Err(named(path, "was shortened while it was read"));
        }
    }
    if options.count {
        counts.write(out)?;
    }
    out.flush()?;
    Ok(good)
}

/// Prefixes an error with the file's name.
fn named(path: &Path, error: impl Display) -> Fault {
    Fault::End(format!("{}: {error}", path.display()))
}

/// Reports damage to standard error. Returns whether the file is intact.
fn report(path: &Path, done: Result<u64, Damage>) -> bool {
    if let Err(damage) = &done {
        crate::complain(format_args!("{}: {damage}", path.display()));
    }
    done.is_ok()
}

fn is_wanted(record: Value<'_>, tables: &[String]) -> bool {
    tables.is_empty() || Update::new(record).is_some_and(|update| tables.iter().any(|table| update.table() == **table))
}

/// Why a file is not an intact log.
enum Damage {
    NotLog(NotLog),
    Tail {
        bad: BadTail,
        /// Size of the file in bytes.
        size: usize,
    },
}

/// `n messages intact, valid length L of SIZE bytes, torn at OFFSET: reason`
impl Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLog(error) => error.fmt(f),
            Self::Tail { bad, size } => {
                let BadTail { records, valid, .. } = bad;
                write!(f, "{} intact, valid length {valid} of {size} bytes, {bad}", messages(*records))
            }
        }
    }
}

fn messages(count: u64) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

/// Passes each record with its number to `each`. Returns the number of records. The outer error is one of `each`, the
/// inner one the log's damage.
fn walk(
    map: &Map,
    progress: &Progress,
    most: Option<u64>,
    mut each: impl FnMut(u64, Value<'_>) -> io::Result<()>,
) -> io::Result<Result<u64, Damage>> {
    let bytes = map.as_bytes();
    let mut log = match Log::new(bytes) {
        Ok(log) => log,
        Err(error) => return Ok(Err(Damage::NotLog(error))),
    };
    progress.expect(bytes.len() as u64);
    let mut done = 0;
    while most.is_none_or(|most| log.records() < most) {
        let number = log.records();
        match log.next() {
            None => break,
            Some(Ok(record)) => each(number, record)?,
            Some(Err(bad)) => return Ok(Err(Damage::Tail { bad, size: bytes.len() })),
        }
        if log.at() >= done + CHUNK {
            progress.read(log.at() - done);
            map.release(done..log.at());
            done = log.at();
        }
    }
    Ok(Ok(log.records()))
}

/// Checks a log, and prints the number of records if it is intact.
fn check(path: &Path, map: &Map, progress: &Progress, out: &mut impl Write) -> io::Result<Result<u64, Damage>> {
    let done = walk(map, progress, None, |_, _| Ok(()))?;
    if let Ok(count) = done {
        writeln!(out, "{}: {} intact", path.display(), messages(count))?;
    }
    Ok(done)
}

/// Copies the valid prefix of a log into a new file, which must not exist.
fn repair(
    path: &Path,
    map: &Map,
    copy: &Path,
    progress: &Progress,
    out: &mut impl Write,
) -> Result<Result<u64, Damage>, Fault> {
    let bytes = map.as_bytes();
    let done = walk(map, progress, None, |_, _| Ok(()))?;
    let (records, valid) = match &done {
        Ok(records) => (*records, bytes.len()),
        Err(Damage::Tail { bad, .. }) => (bad.records, bad.valid),
        Err(Damage::NotLog(_)) => return Ok(done),
    };
    let mut file = File::create_new(copy).map_err(|error| named(copy, error))?;
    progress.expect(valid as u64);
    let written = (0..valid).step_by(CHUNK).try_for_each(|start| {
        let chunk = start..valid.min(start + CHUNK);
        file.write_all(&bytes[chunk.clone()])?;
        progress.read(chunk.len());
        map.release(chunk);
        Ok(())
    });
    if let Err(error) = written.and_then(|()| file.sync_all()) {
        // Remove the incomplete copy.
        fs::remove_file(copy)?;
        return Err(named(copy, error));
    }
    progress.clear();
    if let Err(damage) = done {
        writeln!(out, "{}: {damage}", path.display())?;
    }
    writeln!(out, "{}: {}, {valid} bytes", copy.display(), messages(records))?;
    Ok(Ok(records))
}

/// Bytes of the mapped file to read between progress updates; its pages are released at the same interval.
const CHUNK: usize = 4 << 20;

/// Counts of messages and rows per function and table.
#[derive(Debug, Default)]
struct Counts {
    tables: BTreeMap<(Vec<u8>, Vec<u8>), Count>,
}

#[derive(Debug, Default)]
struct Count {
    messages: u64,
    /// `None` if the messages are not updates.
    rows: Option<u64>,
}

/// Most names counted separately. Further names are counted together, to bound memory.
const NAMES: usize = 10_000;

impl Counts {
    fn add(&mut self, record: Value<'_>) {
        let update = Update::new(record);
        let function = update.map_or_else(|| called(record), |update| update.function());
        let table = update.map_or_else(Symbol::default, |update| update.table());
        let mut key = (function.as_bytes().to_vec(), table.as_bytes().to_vec());
        if self.tables.len() >= NAMES && !self.tables.contains_key(&key) {
            key = (b"(others)".to_vec(), Vec::new());
        }
        let count = self.tables.entry(key).or_default();
        count.messages += 1;
        if let Some(update) = update {
            *count.rows.get_or_insert(0) += update.rows() as u64;
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let mut lines = vec![["function", "table", "messages", "rows"].map(str::to_owned)];
        lines.extend(self.tables.iter().map(|((function, table), count)| {
            let rows = count.rows.map_or_else(String::new, |rows| rows.to_string());
            [text(function), text(table), count.messages.to_string(), rows]
        }));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let [a, b, c, d] = [0, 1, 2, 3].map(width);
        for [function, table, messages, rows] in &lines {
            writeln!(out, "{function:a$}  {table:b$}  {messages:>c$}  {rows:>d$}")?;
        }
        Ok(())
    }
}

/// The function that a record other than an update calls; empty for a string.
fn called(record: Value<'_>) -> Symbol<'_> {
    match record {
        Value::List(items) => match items.iter().next() {
            Some(Value::Atom(Atom::Symbol(name))) => name,
            _ => Symbol::default(),
        },
        _ => Symbol::default(),
    }
}
