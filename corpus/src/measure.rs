//! Measures the codec's operations over messages, by size class.
//!
//! ```
//! use std::time::Duration;
//!
//! use kcorpus::measure::{Class, Figures, Operation, class_name, classes};
//!
//! let messages = [kcorpus::unhex("01010000110000000a0003000000322b32").expect("hex")];
//! let classes = classes(messages.iter().map(Vec::as_slice), &kwire::Limits::default()).expect("messages");
//! let class: &Class = &classes[0];
//! assert_eq!((class_name(class.most), class.messages(), class.bytes()), ("≤ 100 B".to_owned(), 1, 9));
//! assert_eq!(class.bodies().next().map(<[u8]>::len), Some(9));
//! for operation in Operation::ALL {
//!     let figures: Option<Figures> = class.measure(operation, Duration::from_millis(1), &|| 0);
//!     if let Some(figures) = figures {
//!         println!("{}: {:.0} messages/s, {:.0} bytes/s", operation.name(), figures.rate(), figures.byte_rate());
//!     }
//! }
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use kcodec::{Atom, Body, Capability, Compression, Dict, Threshold, Value, Vector};
use kwire::{Error, Limits, Message};

/// A measured operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Copy the body into warm memory: the baseline.
    Memcpy,
    /// Check the body and return a view.
    Validate,
    /// Check the body and read every item in place.
    Visit,
    /// Encode the view into warm memory.
    Encode,
    /// Compress the body as kdb+ does, or try to if it does not halve. Only bodies over kdb+'s threshold.
    Compress,
    /// Inflate the compressed body. Only messages that compress.
    Decompress,
    /// Compute the offset of every item of lists and symbol vectors.
    Index,
}

impl Operation {
    /// All operations, in the order of a report.
    pub const ALL: [Self; 7] =
        [Self::Memcpy, Self::Validate, Self::Visit, Self::Encode, Self::Compress, Self::Decompress, Self::Index];

    /// The name of the operation's row.
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

/// The messages of a size class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Most bytes of a body in the class; `usize::MAX` for the last.
    pub most: usize,
    /// Bodies, plain and little-endian.
    bodies: Vec<Body>,
    /// The bodies that compress: kind, compressed bytes, plain length.
    compressed: Vec<(Compression, Vec<u8>, usize)>,
}

/// Upper bounds of the classes in bytes.
const BOUNDS: [usize; 6] = [100, 1_000, 10_000, 100_000, 1_000_000, usize::MAX];

/// Classifies messages by the size of their plain bodies. Empty classes are omitted.
///
/// # Errors
///
/// The first message that cannot be decoded, counted from 0, and its error.
pub fn classes<'a>(
    messages: impl IntoIterator<Item = &'a [u8]>,
    limits: &Limits,
) -> Result<Vec<Class>, (usize, Error)> {
    let mut classes = BOUNDS.map(|most| Class { most, bodies: Vec::new(), compressed: Vec::new() });
    for (number, message) in messages.into_iter().enumerate() {
        let body = Message::decode(message, limits).map_err(|error| (number, error))?.into_body();
        // Compressed and big-endian messages are measured in their decoded form.
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

/// The measurements of an operation.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The operation.
    pub operation: Operation,
    /// Number of messages.
    pub messages: usize,
    /// Total bytes of their plain bodies.
    pub bytes: usize,
    /// Nanoseconds of the fastest round over all messages.
    pub nanoseconds: f64,
    /// Nanoseconds of a single message: median, 99th percentile and maximum.
    pub percentiles: [u64; 3],
    /// Bytes allocated per message.
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

    /// Measures an operation for about `time`; `None` if it applies to no message. `allocated` must return the total
    /// bytes allocated so far; it is called before and after.
    pub fn measure(&self, operation: Operation, time: Duration, allocated: &dyn Fn() -> usize) -> Option<Figures> {
        if operation == Operation::Decompress {
            let run = |(kind, bytes, length): &(Compression, Vec<u8>, usize), out: &mut Vec<u8>| {
                out.resize(*length, 0);
                let inflated = kcodec::decompress_to_slice(bytes, *kind, false, out);
                debug_assert_eq!(inflated.ok(), Some(*length), "the body was compressed by `classes`");
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
        let tried = |body: &&Body| operation != Operation::Compress || body.as_bytes().len() > COMPRESSION_THRESHOLD;
        let bodies: Vec<&Body> = self.bodies.iter().filter(tried).collect();
        let bytes = bodies.iter().map(|body| body.as_bytes().len()).sum();
        measure(operation, &bodies, bytes, time, allocated, |body, out| run(body, out))
    }
}

/// Size in bytes up to which kdb+ does not try to compress a body.
const COMPRESSION_THRESHOLD: usize = 2_000;

/// Shortest time of a batch, so that the cost of reading the clock is negligible.
const BATCH: Duration = Duration::from_micros(20);
/// Most messages whose individual time is measured.
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
    // Warm-up: its allocations are not steady state.
    all();
    let before = allocated();
    let mut best = all();
    let taken = allocated() - before;
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
        // Cannot fail: the histogram resizes automatically.
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

/// Reads every item. Returns the number of items.
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

/// Indexes lists and symbol vectors, also inside dicts and tables.
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

/// The display name of a class: `≤ 100 B`.
#[must_use]
pub fn class_name(most: usize) -> String {
    match most {
        usize::MAX => "larger".to_owned(),
        most if most >= 1_000_000 => format!("≤ {} MB", most / 1_000_000),
        most if most >= 1_000 => format!("≤ {} kB", most / 1_000),
        most => format!("≤ {most} B"),
    }
}
