//! Writes values as kdb+ sends them: exact size first, then one pass into a [`Sink`].

use crate::atom::Atom;
use crate::decode::{DICT, ERROR, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE};
use crate::error::{Error, ErrorKind};
use crate::function::Function;
use crate::kind::{Attribute, Kind, fixed_kinds};
use crate::list::List;
use crate::slice::Item;
use crate::symbol::{Symbol, Symbols};
use crate::table::{Splayed, Table};
use crate::value::{Object, Value};
use crate::vector::Vector;

/// Where an encoded body goes.
pub(crate) trait Sink<'a> {
    /// Takes bytes that last no longer than the call: types, counts, atoms.
    fn head(&mut self, bytes: &[u8]);

    /// Takes bytes that last as long as the value: the items of a vector.
    fn run(&mut self, bytes: &'a [u8]);
}

impl Sink<'_> for Vec<u8> {
    fn head(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn run(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// What both ends of a connection can read: the number agreed on at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

impl Capability {
    /// kdb+ before 2.6: no compression, timestamps, timespans or guids.
    pub const BASE: Self = Self(0);
    /// kdb+ 3.0: guids, messages up to 2 GiB. What KX's C library offers unless asked for more.
    pub const GUID: Self = Self(3);
    /// kdb+ 3.4: messages up to 1 TiB and vectors past 2^31 items.
    pub const MAX: Self = Self(6);

    /// The capability a peer claims; more than [`MAX`](Self::MAX) is cut to it.
    #[must_use]
    pub const fn new(byte: u8) -> Self {
        if byte > 6 { Self::MAX } else { Self(byte) }
    }

    /// The byte that goes over the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// Whether compressed messages may be sent.
    #[must_use]
    pub const fn compresses(self) -> bool {
        self.0 >= 1
    }

    /// Whether the peer's release has the kind.
    const fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Guid => self.0 >= 3,
            Kind::Timestamp | Kind::Timespan => self.0 >= 1,
            _ => true,
        }
    }

    /// Bytes of the largest body, header excluded.
    const fn body(self) -> u64 {
        match self.0 {
            0..=4 => 0x7fff_fff7,
            _ => 0xff_ffff_fff7,
        }
    }

    /// Items of the longest vector.
    const fn items(self) -> u64 {
        match self.0 {
            0..=5 => 0x7fff_fffe,
            _ => 0xff_ffff_ffff,
        }
    }
}

impl<'a> Value<'a> {
    /// Appends the body to `out`, for peers of full capability.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Nul`] for a symbol that holds a NUL, [`ErrorKind::NestedError`] for an error
    /// inside another object, [`ErrorKind::Limit`] past kdb+'s own limits. Nothing is written then.
    pub fn encode(self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.encode_for(Capability::MAX, out)
    }

    /// Appends the body to `out` in the form that a peer of `capability` can read.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode), and [`ErrorKind::Unsupported`] for a type that the peer's
    /// release does not have. Nothing is written then.
    pub fn encode_for(self, capability: Capability, out: &mut Vec<u8>) -> Result<(), Error> {
        out.reserve(self.encoded_len(capability)?);
        self.write(out);
        Ok(())
    }

    /// The exact size of the body in bytes, if it can be sent to a peer of `capability`.
    ///
    /// # Errors
    ///
    /// As [`encode_for`](Self::encode_for).
    pub fn encoded_len(self, capability: Capability) -> Result<usize, Error> {
        if let Self::Error(text) = self {
            return measure_text(text, 1);
        }
        // Bytes that were received need no second look unless the peer's limits are the tighter ones.
        let mut measure = Measure { capability, every: capability < Capability::GUID, size: 0 };
        measure.value(self)?;
        if capability.items() < measure.size as u64 && !measure.every {
            measure = Measure { capability, every: true, size: 0 };
            measure.value(self)?;
        }
        if measure.size as u64 > capability.body() {
            return Err(Error::new(0, ErrorKind::Limit));
        }
        Ok(measure.size)
    }

    pub(crate) fn write(&self, out: &mut impl Sink<'a>) {
        match *self {
            Self::Atom(atom) => write_atom(atom, out),
            Self::Vector(vector) => write_vector(vector, out),
            Self::List(list) => write_list(list, out),
            Self::Dict(dict) => {
                out.head(&[if dict.is_sorted() { SORTED_DICT } else { DICT }]);
                let (keys, values) = dict.halves();
                write_object(keys, out);
                write_object(values, out);
            }
            Self::Table(table) => write_table(table, out),
            Self::Splayed(splayed) => write_splayed(splayed, out),
            Self::Function(function) => write_function(function, out),
            Self::Error(text) => {
                out.head(&[ERROR]);
                write_text(text, out);
            }
        }
    }
}

/// Adds up sizes and finds what cannot be sent, before anything is written.
struct Measure {
    capability: Capability,
    /// Whether bytes that were received are looked at too.
    every: bool,
    size: usize,
}

impl Measure {
    fn value(&mut self, value: Value<'_>) -> Result<(), Error> {
        match value {
            Value::Atom(atom) => {
                self.kind(atom.kind())?;
                match atom {
                    Atom::Symbol(symbol) => self.add(measure_text(symbol, 1)?),
                    _ => self.add(atom.kind().width().unwrap_or_default().saturating_add(1)),
                }
            }
            Value::Vector(Vector::Symbol(symbols)) => self.symbols(symbols)?,
            Value::Vector(vector) => {
                self.kind(vector.kind())?;
                self.head(vector.len())?;
                self.add(vector.as_bytes().unwrap_or_default().len());
            }
            Value::List(list) => {
                self.head(list.len())?;
                self.items(list)?;
            }
            Value::Dict(dict) => {
                self.add(1);
                self.object(dict.halves().0)?;
                self.object(dict.halves().1)?;
            }
            Value::Table(table) => {
                self.add(3);
                self.symbols(table.names())?;
                self.head(table.width())?;
                self.items(table.list())?;
            }
            Value::Splayed(splayed) => {
                self.add(3);
                self.symbols(splayed.names())?;
                self.add(measure_text(splayed.path(), 1)?);
            }
            Value::Function(function) => self.function(function)?,
            Value::Error(_) => return Err(Error::new(self.size, ErrorKind::NestedError)),
        }
        Ok(())
    }

    fn function(&mut self, function: Function<'_>) -> Result<(), Error> {
        match function {
            Function::Lambda(lambda) => {
                self.add(measure_text(lambda.context(), 1)?);
                self.object(lambda.object())?;
            }
            Function::Unary(_) | Function::Binary(_) | Function::Iterator(_) => self.add(2),
            Function::Projection(items) | Function::Composition(items) => {
                self.add(5);
                self.items(items)?;
            }
            Function::Derived(derived) => {
                self.add(1);
                self.object(derived.object())?;
            }
        }
        Ok(())
    }

    fn items(&mut self, list: List<'_>) -> Result<(), Error> {
        match list.canonical_bytes() {
            Some(bytes) if !self.every => self.add(bytes.len()),
            _ => match list.as_values() {
                Some(items) => items.iter().try_for_each(|item| self.item(item))?,
                None => list.iter().try_for_each(|item| self.value(item))?,
            },
        }
        Ok(())
    }

    /// The kinds that long lists are made of, read where they stand.
    #[inline]
    fn item(&mut self, item: &Value<'_>) -> Result<(), Error> {
        match item {
            Value::Atom(Atom::Int(_) | Atom::Real(_)) => self.add(5),
            Value::Atom(Atom::Long(_) | Atom::Float(_)) => self.add(9),
            Value::Vector(Vector::Char(text)) => {
                self.head(text.len())?;
                self.add(text.len());
            }
            _ => self.value(*item)?,
        }
        Ok(())
    }

    fn object(&mut self, object: Object<'_>) -> Result<(), Error> {
        match object.canonical_bytes() {
            Some(bytes) if !self.every => self.add(bytes.len()),
            _ => self.value(object.value())?,
        }
        Ok(())
    }

    fn symbols(&mut self, symbols: Symbols<'_>) -> Result<(), Error> {
        self.head(symbols.len())?;
        match symbols.as_bytes() {
            Some(bytes) => self.add(bytes.len()),
            None => {
                for symbol in symbols {
                    self.add(measure_text(symbol, 0)?);
                }
            }
        }
        Ok(())
    }

    /// Type byte, attribute and count of a list.
    fn head(&mut self, count: usize) -> Result<(), Error> {
        if count as u64 > self.capability.items() {
            return Err(Error::new(self.size, ErrorKind::Limit));
        }
        self.add(if u32::try_from(count).is_ok() { 6 } else { 10 });
        Ok(())
    }

    fn kind(&self, kind: Kind) -> Result<(), Error> {
        if self.capability.has(kind) { Ok(()) } else { Err(Error::new(self.size, ErrorKind::Unsupported)) }
    }

    const fn add(&mut self, bytes: usize) {
        self.size = self.size.saturating_add(bytes);
    }
}

/// The size of `head` bytes, the text and its terminator.
#[inline]
fn measure_text(text: Symbol<'_>, head: usize) -> Result<usize, Error> {
    let text = text.as_bytes();
    // Most symbols are too short for a search to pay for being started.
    let nul = if text.len() < 16 { text.contains(&0) } else { memchr::memchr(0, text).is_some() };
    if nul { Err(nul_error(text)) } else { Ok(text.len().saturating_add(head).saturating_add(1)) }
}

#[cold]
fn nul_error(text: &[u8]) -> Error {
    Error::new(memchr::memchr(0, text).unwrap_or_default(), ErrorKind::Nul)
}

fn write_text<'a>(text: Symbol<'a>, out: &mut impl Sink<'a>) {
    out.run(text.as_bytes());
    out.head(&[0]);
}

fn write_head<'a>(code: u8, attribute: Attribute, count: usize, out: &mut impl Sink<'a>) {
    match u32::try_from(count) {
        Ok(count) => {
            let [a, b, c, d] = count.to_le_bytes();
            out.head(&[code, attribute.code(), a, b, c, d]);
        }
        Err(_) => {
            out.head(&[code, attribute.code() | WIDE]);
            out.head(&(count as u64).to_le_bytes());
        }
    }
}

macro_rules! define_write_atom {
    ($($kind:ident $ty:ty,)*) => {
        fn write_atom<'a>(atom: Atom<'a>, out: &mut impl Sink<'a>) {
            out.head(&[atom.kind().code().wrapping_neg()]);
            match atom {
                $(Atom::$kind(item) => out.head(&<$ty as Item>::to_bytes(item)),)*
                Atom::Symbol(symbol) => write_text(symbol, out),
            }
        }
    };
}
fixed_kinds!(define_write_atom);

fn write_vector<'a>(vector: Vector<'a>, out: &mut impl Sink<'a>) {
    match vector {
        Vector::Symbol(symbols) => write_symbols(symbols, out),
        _ => {
            write_head(vector.kind().code(), vector.attribute(), vector.len(), out);
            out.run(vector.as_bytes().unwrap_or_default());
        }
    }
}

fn write_symbols<'a>(symbols: Symbols<'a>, out: &mut impl Sink<'a>) {
    write_head(SYMBOLS, symbols.attribute(), symbols.len(), out);
    match symbols.as_bytes() {
        Some(bytes) => out.run(bytes),
        None => symbols.iter().for_each(|symbol| write_text(symbol, out)),
    }
}

fn write_list<'a>(list: List<'a>, out: &mut impl Sink<'a>) {
    write_head(0, list.attribute(), list.len(), out);
    write_items(list, out);
}

fn write_items<'a>(list: List<'a>, out: &mut impl Sink<'a>) {
    match list.canonical_bytes() {
        Some(bytes) => out.run(bytes),
        None => match list.as_values() {
            Some(items) => items.iter().for_each(|item| item.write(out)),
            None => list.iter().for_each(|item| item.write(out)),
        },
    }
}

fn write_object<'a>(object: Object<'a>, out: &mut impl Sink<'a>) {
    match object.canonical_bytes() {
        Some(bytes) => out.run(bytes),
        None => object.value().write(out),
    }
}

fn write_table<'a>(table: Table<'a>, out: &mut impl Sink<'a>) {
    write_table_head(table.attribute(), table.is_sorted(), out);
    write_symbols(table.names(), out);
    write_list(table.list(), out);
}

fn write_splayed<'a>(splayed: Splayed<'a>, out: &mut impl Sink<'a>) {
    write_table_head(splayed.attribute(), splayed.is_sorted(), out);
    write_symbols(splayed.names(), out);
    out.head(&[SYMBOL]);
    write_text(splayed.path(), out);
}

fn write_table_head<'a>(attribute: Attribute, sorted: bool, out: &mut impl Sink<'a>) {
    out.head(&[TABLE, attribute.code(), if sorted { SORTED_DICT } else { DICT }]);
}

fn write_function<'a>(function: Function<'a>, out: &mut impl Sink<'a>) {
    out.head(&[function.kind().code()]);
    match function {
        Function::Lambda(lambda) => {
            write_text(lambda.context(), out);
            write_object(lambda.object(), out);
        }
        Function::Unary(id) | Function::Binary(id) | Function::Iterator(id) => out.head(&[id]),
        Function::Projection(items) | Function::Composition(items) => {
            out.head(&u32::try_from(items.len()).unwrap_or(u32::MAX).to_le_bytes());
            write_items(items, out);
        }
        Function::Derived(derived) => write_object(derived.object(), out),
    }
}
