//! What one's own messages cost: the operations of the codec over messages, by size.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use kcodec::{Atom, Body, Capability, Compression, Dict, Threshold, Value, Vector};
use kwire::{Error, Limits, Message};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Copying the body into warm memory: what the others are held against.
    Memcpy,
    /// Checking the body, which gives a view.
    Validate,
    /// Checking it, and reading every item in place.
    Visit,
    /// Encoding the view again, into warm memory.
    Encode,
    /// Compressing the body as kdb+ does, or finding that it does not halve; only of bodies long enough to be tried.
    Compress,
    /// Inflating the compressed body; only of messages that compress.
    Decompress,
    /// Finding the place of every item of lists and symbol vectors.
    Index,
}

impl Operation {
    /// All, in the order of a report.
    pub const ALL: [Self; 7] =
        [Self::Memcpy, Self::Validate, Self::Visit, Self::Encode, Self::Compress, Self::Decompress, Self::Index];

    /// The name of a row.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memcpy => "memcpy",
            Self::Validate => "validate",
            Self::Visit => "visit",
            Self::Encode => "encode",
            Self::Compress => "compress",
            Self::Decompress => "decompress",
            Self::Index => "index",
        }
    }
}

/// Messages of a range of sizes.
#[derive(Debug, Clone)]
pub struct Class {
    /// The most bytes that a body of the class has; the last class has no bound.
    pub most: usize,
    /// Bodies, plain and little-endian.
    bodies: Vec<Body>,
    /// Those of them that compress, compressed.
    compressed: Vec<(Compression, Vec<u8>, usize)>,
}

/// The bounds of the classes.
const BOUNDS: [usize; 6] = [100, 1_000, 10_000, 100_000, 1_000_000, usize::MAX];

/// Sorts messages by the size of their plain bodies. Classes without messages are left out.
///
/// # Errors
///
/// Which message cannot be decoded, counted from 0, and why.
pub fn classes<'a>(
    messages: impl IntoIterator<Item = &'a [u8]>,
    limits: &Limits,
) -> Result<Vec<Class>, (usize, Error)> {
    let mut classes = BOUNDS.map(|most| Class { most, bodies: Vec::new(), compressed: Vec::new() });
    for (number, message) in messages.into_iter().enumerate() {
        let body = Message::decode(message, limits).map_err(|error| (number, error))?.into_body();
        // Compressed and big-endian messages are measured as what they are when they have been read.
        let bytes = body.as_bytes();
        let at = BOUNDS.partition_point(|&most| most < bytes.len());
        let Some(class) = classes.get_mut(at) else { continue };
        let mut out = Vec::new();
        if let Some(kind) = kcodec::compress(bytes, Threshold::default(), &mut out) {
            class.compressed.push((kind, out, bytes.len()));
        }
        class.bodies.push(body);
    }
    Ok(classes.into_iter().filter(|class| !class.bodies.is_empty()).collect())
}

/// What an operation came to.
#[derive(Debug, Clone)]
pub struct Figures {
    /// What was done.
    pub operation: Operation,
    /// Messages that it was done to.
    pub messages: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
    /// Nanoseconds for all of them once: the fastest of several rounds.
    pub nanoseconds: f64,
    /// Nanoseconds of one message: median, 99 % and the most.
    pub percentiles: [u64; 3],
    /// Bytes taken from the allocator for a message.
    pub allocated: f64,
}

impl Figures {
    /// Messages a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.messages as f64 / self.nanoseconds * 1e9
    }

    /// Bytes of plain bodies a second.
    #[must_use]
    pub fn byte_rate(&self) -> f64 {
        self.bytes as f64 / self.nanoseconds * 1e9
    }
}

impl Class {
    /// Number of messages.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.bodies.len()
    }

    /// The bodies, plain and little-endian.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        self.bodies.iter().map(|body| &body.as_bytes()[..])
    }

    /// Bytes of all bodies.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bodies.iter().map(|body| body.as_bytes().len()).sum()
    }

    /// Measures an operation for about as long as told; `None` if it can be done to no message. `allocated` says how
    /// many bytes have been taken from the allocator so far, and is asked before and after.
    pub fn measure(&self, operation: Operation, time: Duration, allocated: &dyn Fn() -> usize) -> Option<Figures> {
        if operation == Operation::Decompress {
            let run = |(kind, bytes, length): &(Compression, Vec<u8>, usize), out: &mut Vec<u8>| {
                out.resize(*length, 0);
                let inflated = kcodec::decompress_to_slice(bytes, *kind, false, out);
                debug_assert_eq!(inflated.ok(), Some(*length), "what was compressed here inflates");
            };
            let bytes = self.compressed.iter().map(|(_, _, length)| length).sum();
            return measure(operation, &self.compressed, bytes, time, allocated, run);
        }
        let run = |body: &Body, out: &mut Vec<u8>| {
            let bytes = body.as_bytes();
            match operation {
                Operation::Memcpy => {
                    out.clear();
                    out.extend_from_slice(bytes);
                }
                Operation::Validate => {
                    let _ = black_box(Value::decode(black_box(bytes)));
                }
                Operation::Visit => {
                    if let Ok(value) = Value::decode(black_box(bytes)) {
                        black_box(visit(value));
                    }
                }
                Operation::Encode => {
                    out.clear();
                    let _ = black_box(body.value().encode_for(Capability::MAX, out));
                }
                Operation::Compress => {
                    out.clear();
                    black_box(kcodec::compress(bytes, Threshold::default(), out));
                }
                Operation::Index => index(body.value()),
                Operation::Decompress => {}
            }
            black_box(out);
        };
        let tried = |body: &&Body| operation != Operation::Compress || body.as_bytes().len() > TRIED;
        let bodies: Vec<&Body> = self.bodies.iter().filter(tried).collect();
        let bytes = bodies.iter().map(|body| body.as_bytes().len()).sum();
        measure(operation, &bodies, bytes, time, allocated, |body, out| run(body, out))
    }
}

/// Bytes of the longest body that kdb+ does not try to compress.
const TRIED: usize = 2_000;

/// What one run of a batch should take at least, so that the clock's own cost is lost in it.
const BATCH: Duration = Duration::from_micros(20);
/// Messages whose own time is taken.
const SAMPLE: usize = 2_000;

fn measure<T>(
    operation: Operation,
    items: &[T],
    bytes: usize,
    time: Duration,
    allocated: &dyn Fn() -> usize,
    run: impl Fn(&T, &mut Vec<u8>),
) -> Option<Figures> {
    if items.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    let mut all = || {
        let start = Instant::now();
        items.iter().for_each(|item| run(item, &mut out));
        start.elapsed()
    };
    // Warms memory up; its allocations are not steady state.
    all();
    let before = allocated();
    let mut best = all();
    let taken = allocated().saturating_sub(before);
    let end = Instant::now() + time / 2;
    while Instant::now() < end {
        best = best.min(all());
    }
    let mut times = Histogram::<u64>::new(3).ok()?;
    let end = Instant::now() + time / 2;
    for item in items.iter().step_by(items.len().div_ceil(SAMPLE)) {
        let mut runs = 0_u32;
        let start = Instant::now();
        let taken = loop {
            run(item, &mut out);
            runs += 1;
            let taken = start.elapsed();
            if taken >= BATCH {
                break taken;
            }
        };
        // It grows with what is recorded.
        let _ = times.record((taken / runs).as_nanos() as u64);
        if Instant::now() > end {
            break;
        }
    }
    Some(Figures {
        operation,
        messages: items.len(),
        bytes,
        nanoseconds: best.as_nanos() as f64,
        percentiles: [times.value_at_quantile(0.5), times.value_at_quantile(0.99), times.max()],
        allocated: taken as f64 / items.len() as f64,
    })
}

/// Reads every item and returns how many there were.
fn visit(value: Value<'_>) -> usize {
    macro_rules! each {
        ($vector:ident: $($kind:ident)*) => {
            match $vector {
                $(Vector::$kind(items) => items.iter().map(black_box).count(),)*
                Vector::Symbol(items) => items.iter().map(black_box).count(),
            }
        };
    }
    match value {
        Value::Atom(Atom::Symbol(text)) => black_box(text).as_bytes().len().min(1),
        Value::Vector(vector) => each!(vector: Boolean Guid Byte Short Int Long Real Float Char Timestamp Month Date
            Datetime Timespan Minute Second Time),
        Value::List(items) => items.iter().map(visit).sum(),
        Value::Dict(dict) => visit(dict.keys()) + visit(dict.values()),
        Value::Table(table) => table.columns().map(|(_, column)| visit(column)).sum(),
        value => {
            black_box(value);
            1
        }
    }
}

/// Indexes lists and symbol vectors, those inside dicts and tables too.
fn index(value: Value<'_>) {
    let both = |dict: Dict<'_>| [dict.keys(), dict.values()].map(index);
    match value {
        Value::Vector(Vector::Symbol(symbols)) => drop(black_box(symbols.index())),
        Value::List(list) => drop(black_box(list.index())),
        Value::Dict(dict) => drop(both(dict)),
        Value::Table(table) => table.columns().for_each(|(_, column)| index(column)),
        _ => {}
    }
}

/// The bytes of a class's name: `≤ 100 B`.
#[must_use]
pub fn class_name(most: usize) -> String {
    match most {
        usize::MAX => "larger".to_owned(),
        most if most >= 1_000_000 => format!("≤ {} MB", most / 1_000_000),
        most if most >= 1_000 => format!("≤ {} kB", most / 1_000),
        most => format!("≤ {most} B"),
    }
}
