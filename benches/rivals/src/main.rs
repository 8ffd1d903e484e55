//! Benchmarks kcodec, other kdb+ codecs and KX's C library on the same bytes. Prints one table.
//!
//! The argument is the library's path; without one its columns stay empty. Every answer is asserted before it is timed:
//! a rival must re-encode to the same bytes what it decodes. The crates' columns are also appended to the file in
//! `KBENCH_RECORD`, if set; the library's never are. The messages of the file in `KDB_TRAFFIC`, if set, are run through
//! the crates, too.

use std::env;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use kcodec::{Capability, Value};

use crate::crates::{KdbCodec, Kdbplus};
use crate::libe::Libe;
use crate::race::{Lanes, Outcome, race};
use crate::workload::Workload;

mod crates;
mod libe;
mod ours;
mod race;
mod traffic;
mod workload;

/// Makes the columns of a row.
type Contest = for<'a> fn(Value<'a>, Option<&'a Libe>) -> Lanes<'a>;

const CONTESTS: [(&str, &[Workload], Contest); 5] = [
    ("decode", &workload::ALL, decode),
    ("encode", &workload::ALL, encode),
    ("compress", &workload::HALVING, compress),
    ("compress, incompressible", &workload::DENSE, compress),
    ("decompress", &workload::HALVING, decompress),
];

const NOTE: &str = "
Medians, and how many times as long as kcodec. KX's library compresses what it encodes, and decodes what it
decompresses, in one call: its figures in those rows are for both.";

/// Number of columns of a row that may be recorded.
const KEPT: usize = 3;

fn main() -> io::Result<()> {
    let libe = env::args_os().nth(1).and_then(|path| load(&path));
    let record = env::var_os("KBENCH_RECORD");
    let mut record = record.map(|path| OpenOptions::new().append(true).create(true).open(path)).transpose()?;
    if let Some(record) = &mut record {
        writeln!(record, "\nOther crates: medians, and how many times as long as kcodec.\n")?;
    }
    let names = ["kcodec", KdbCodec::NAME, Kdbplus::NAME, "KX C library", "KX `okx`, validates only"];
    line("| | ", &names.map(str::to_owned), record.as_mut())?;
    line("|---|---", &names.map(|_| "---".to_owned()), record.as_mut())?;
    for (verb, workloads, contest) in CONTESTS {
        for (name, lend) in workloads {
            let mut written = Ok(());
            lend(&mut |value| written = row(verb, name, value, &mut contest(value, libe.as_ref()), record.as_mut()));
            written?;
        }
    }
    println!("{NOTE}");
    match env::var_os("KDB_TRAFFIC").filter(|path| !path.is_empty()) {
        Some(path) => traffic::run(path.as_ref(), record.as_mut()),
        None => Ok(()),
    }
}

/// Prints a line of the table, and records the columns that may be recorded.
fn line(head: &str, cells: &[String; 5], record: Option<&mut File>) -> io::Result<()> {
    println!("{head}| {} |", cells.join(" | "));
    let Some(record) = record else { return Ok(()) };
    writeln!(record, "{head}| {} |", cells[..KEPT].join(" | "))
}

/// Loads the library; `None` if it is missing or for another machine.
fn load(path: &OsStr) -> Option<Libe> {
    Libe::load(path).inspect_err(|error| eprintln!("{}: {error}; running without it", path.display())).ok()
}

fn decode<'a>(value: Value<'_>, libe: Option<&'a Libe>) -> Lanes<'a> {
    let body = ours::body(value);
    [
        Some(ours::decode(body.clone())),
        Some(crates::decode::<KdbCodec>(body.clone())),
        Some(crates::decode::<Kdbplus>(body.clone())),
        libe.map(|libe| libe::decode(libe, &body)),
        libe.map(|libe| libe::validate(libe, &body)),
    ]
}

fn encode<'a>(value: Value<'a>, libe: Option<&'a Libe>) -> Lanes<'a> {
    let body = ours::body(value);
    [
        Some(ours::encode(value, &body)),
        Some(crates::encode::<KdbCodec>(&body)),
        Some(crates::encode::<Kdbplus>(&body)),
        libe.map(|libe| libe::encode(libe, &body)),
        None,
    ]
}

fn compress<'a>(value: Value<'_>, libe: Option<&'a Libe>) -> Lanes<'a> {
    let body = ours::body(value);
    let stream = ours::stream(&body);
    let stream = stream.as_deref();
    [
        Some(ours::compress(body.clone())),
        Some(crates::compress::<KdbCodec>(&body, stream)),
        Some(crates::compress::<Kdbplus>(&body, stream)),
        libe.map(|libe| libe::compress(libe, &body, stream)),
        None,
    ]
}

fn decompress<'a>(value: Value<'_>, libe: Option<&'a Libe>) -> Lanes<'a> {
    let body = ours::body(value);
    let Some(stream) = ours::stream(&body) else { panic!("it halves") };
    [
        Some(ours::decompress(&stream, &body)),
        Some(crates::decompress::<KdbCodec>(&stream, &body)),
        Some(crates::decompress::<Kdbplus>(&stream, &body)),
        libe.map(|libe| libe::decompress(libe, &stream, &body)),
        None,
    ]
}

/// Measures a row and prints it.
fn row(verb: &str, name: &str, value: Value<'_>, lanes: &mut Lanes<'_>, record: Option<&mut File>) -> io::Result<()> {
    let bytes = value.encoded_len(Capability::MAX).unwrap_or_else(|error| panic!("{error}"));
    let cells = race(lanes).map(|outcome| outcome.map(cell).unwrap_or_default());
    line(&format!("| {verb} | `{name}`, {} ", size(bytes + ours::HEADER)), &cells, record)
}

fn cell(Outcome { nanoseconds, ratio }: Outcome) -> String {
    match ratio {
        None => time(nanoseconds),
        Some(ratio @ ..10.0) => format!("{} ({ratio:.2} ×)", time(nanoseconds)),
        Some(ratio) => format!("{} ({ratio:.0} ×)", time(nanoseconds)),
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.1} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        ..1_000_000 => format!("{bytes} B"),
        _ => format!("{} MB", (bytes + 500_000) / 1_000_000),
    }
}
