//! The encoder: writes values as kdb+ sends them, in one walk into a [`Sink`].

use std::mem;

use crate::atom::Atom;
use crate::capability::{Capability, LONGEST};
use crate::dict::Dict;
use crate::error::{Error, ErrorKind};
use crate::function::Function;
use crate::kind::{Attribute, Kind, fixed_kinds};
use crate::list::{List, ListRepr};
use crate::short::{Short, has_zero};
use crate::sink::{Room, Sink};
use crate::slice::Item;
use crate::symbol::{Symbol, Symbols, SymbolsRepr};
use crate::table::{Splayed, Table};
use crate::value::{Object, Value};
use crate::vector::Vector;
use crate::wire::{DICT, ERROR, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE};

mod texts;

#[cfg(feature = "arrow")]
pub(crate) use texts::BLOCK;

impl<'a> Value<'a> {
    /// Appends the body to `out`, for peers of full capability.
    ///
    /// One walk writes the body if `out` has room for it, and measures it otherwise; then `out` grows once, by the
    /// exact size, and a second walk writes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Nul`] for a symbol that holds a NUL, [`ErrorKind::NestedError`] for an error
    /// inside another object, [`ErrorKind::Limit`] past kdb+'s own limits. `out` is then unchanged.
    pub fn encode(self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.encode_for(Capability::MAX, out)
    }

    /// Appends the body to `out` in the form that a peer of `capability` can read.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode), and [`ErrorKind::Unsupported`] for a type that the peer's
    /// release does not have. `out` is then unchanged.
    pub fn encode_for(self, capability: Capability, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        loop {
            // Owned: the compiler can then keep its length in a register.
            let mut writer = Encoder { capability, out: Room::new(mem::take(out)) };
            let written = writer.body(&self);
            let whole = writer.out.is_whole();
            *out = writer.out.into_inner();
            if written.is_ok() && whole {
                return Ok(());
            }
            out.truncate(start);
            out.reserve(written?);
        }
    }

    /// The exact size of the body in bytes, if it can be sent to a peer of `capability`.
    ///
    /// # Errors
    ///
    /// As [`encode_for`](Self::encode_for).
    pub fn encoded_len(self, capability: Capability) -> Result<usize, Error> {
        Encoder { capability, out: Room::new(Vec::new()) }.body(&self)
    }
}

/// Walks a value and writes it, or returns an error for what cannot be sent.
pub(crate) struct Encoder<S> {
    pub(crate) capability: Capability,
    pub(crate) out: S,
}

macro_rules! define_atom {
    ($($kind:ident $ty:ty,)*) => {
        #[inline(always)]
        fn atom(&mut self, atom: Atom<'a>) -> Result<(), Error> {
            match atom {
                $(Atom::$kind(item) => {
                    let mut bytes = [Kind::$kind.code().wrapping_neg(); size_of::<$ty>() + 1];
                    if let Some(last) = bytes.last_chunk_mut() {
                        *last = <$ty as Item>::to_bytes(item);
                    }
                    self.item(Kind::$kind, bytes)
                })*
                Atom::Symbol(symbol) => {
                    self.out.head([SYMBOL]);
                    self.text(symbol)
                }
            }
        }
    };
}

impl<'a, S: Sink<'a>> Encoder<S> {
    /// Writes a body and returns its size, if it can be sent.
    #[inline(always)]
    pub(crate) fn body(&mut self, value: &Value<'a>) -> Result<usize, Error> {
        match value {
            Value::Error(text) => self.refusal(*text)?,
            _ => self.value(value)?,
        }
        let size = self.out.size();
        if size as u64 > self.capability.body() {
            return Err(Error::new(0, ErrorKind::Limit));
        }
        Ok(size)
    }

    #[cold]
    fn refusal(&mut self, text: Symbol<'a>) -> Result<(), Error> {
        self.out.head([ERROR]);
        self.text(text)
    }

    fn value(&mut self, value: &Value<'a>) -> Result<(), Error> {
        match *value {
            Value::Atom(atom) => self.atom(atom),
            Value::Vector(Vector::Symbol(symbols)) => self.symbols(symbols),
            Value::Vector(vector) => self.vector(vector),
            Value::List(list) => self.list(list),
            Value::Dict(dict) => self.dict(dict),
            Value::Table(table) => self.table(table),
            Value::Splayed(splayed) => self.splayed(splayed),
            Value::Function(function) => self.function(function),
            Value::Error(_) => Err(self.error(ErrorKind::NestedError)),
        }
    }

    fixed_kinds!(define_atom);

    /// An atom of fixed width: one function for all kinds of that width.
    fn item<const N: usize>(&mut self, kind: Kind, bytes: [u8; N]) -> Result<(), Error> {
        self.kind(kind)?;
        self.out.head(bytes);
        Ok(())
    }

    #[inline(always)]
    fn vector(&mut self, vector: Vector<'a>) -> Result<(), Error> {
        let kind = vector.kind();
        self.kind(kind)?;
        self.head(kind.code(), vector.attribute(), vector.len())?;
        let items = vector.as_bytes().unwrap_or_default();
        let (words, rest) = items.as_chunks();
        match (words, Short::new(rest)) {
            ([], Some(short)) => self.out.short(short.padded(), rest.len()),
            ([word], Some(short)) => {
                self.out.head::<8>(*word);
                self.out.short(short.padded(), rest.len());
            }
            _ => self.out.run(items),
        }
        Ok(())
    }

    fn symbols(&mut self, symbols: Symbols<'a>) -> Result<(), Error> {
        self.head(SYMBOLS, symbols.attribute(), symbols.len())?;
        match symbols.items() {
            SymbolsRepr::Wire(symbols, _) => self.out.run(symbols.rest()),
            SymbolsRepr::Text(items, _) => self.terminated(items, |text| text.as_bytes())?,
            SymbolsRepr::Symbols(items, _) => self.terminated(items, |symbol| symbol.as_bytes())?,
            SymbolsRepr::Strings(items, _) => self.terminated(items, |text| text.as_bytes())?,
            SymbolsRepr::Coded(coded, _) => self.terminated(coded.codes(), |&code| coded.text(code).as_bytes())?,
        }
        Ok(())
    }

    #[inline(always)]
    fn list(&mut self, list: List<'a>) -> Result<(), Error> {
        self.head(0, list.attribute(), list.len())?;
        self.items(list)
    }

    fn items(&mut self, list: List<'a>) -> Result<(), Error> {
        match list.items() {
            ListRepr::Wire { objects, canonical: true, .. } if self.may_copy(objects.rest()) => {
                self.out.run(objects.rest());
                Ok(())
            }
            ListRepr::Wire { .. } => list.iter().try_for_each(|item| self.value(&item)),
            ListRepr::Values(items, _) => items.iter().try_for_each(|item| match *item {
                Value::Atom(atom) => self.atom(atom),
                Value::Vector(vector) if !matches!(vector, Vector::Symbol(_)) => self.vector(vector),
                _ => self.value(item),
            }),
            ListRepr::Strings(texts, _) => match texts.items() {
                SymbolsRepr::Text(items, _) => self.strings(items, |text| text.as_bytes()),
                SymbolsRepr::Symbols(items, _) => self.strings(items, |symbol| symbol.as_bytes()),
                SymbolsRepr::Strings(items, _) => self.strings(items, |text| text.as_bytes()),
                _ => list.iter().try_for_each(|item| self.value(&item)),
            },
        }
    }

    fn object(&mut self, object: Object<'a>) -> Result<(), Error> {
        match object.canonical_bytes() {
            Some(bytes) if self.may_copy(bytes) => self.out.run(bytes),
            _ => self.value(&object.value())?,
        }
        Ok(())
    }

    #[inline(never)]
    fn dict(&mut self, dict: Dict<'a>) -> Result<(), Error> {
        self.out.head([if dict.is_sorted() { SORTED_DICT } else { DICT }]);
        let (keys, values) = dict.halves();
        self.object(keys)?;
        self.object(values)
    }

    #[inline(never)]
    fn table(&mut self, table: Table<'a>) -> Result<(), Error> {
        self.table_head(table.attribute(), table.is_sorted());
        self.symbols(table.names())?;
        let list = table.list();
        let ListRepr::Values(columns, _) = list.items() else { return self.list(list) };
        self.head(0, list.attribute(), columns.len())?;
        columns.iter().try_for_each(|column| match *column {
            Value::Vector(Vector::Symbol(symbols)) => self.symbols(symbols),
            Value::Vector(vector) => self.vector(vector),
            _ => self.value(column),
        })
    }

    #[inline(never)]
    fn splayed(&mut self, splayed: Splayed<'a>) -> Result<(), Error> {
        self.table_head(splayed.attribute(), splayed.is_sorted());
        self.symbols(splayed.names())?;
        self.out.head([SYMBOL]);
        self.text(splayed.path())
    }

    pub(crate) fn table_head(&mut self, attribute: Attribute, sorted: bool) {
        self.out.head([TABLE, attribute.code(), if sorted { SORTED_DICT } else { DICT }]);
    }

    #[inline(never)]
    fn function(&mut self, function: Function<'a>) -> Result<(), Error> {
        self.out.head([function.kind().code()]);
        match function {
            Function::Lambda(lambda) => {
                self.text(lambda.context())?;
                self.object(lambda.object())?;
            }
            Function::Unary(id) | Function::Binary(id) | Function::Iterator(id) => self.out.head([id]),
            Function::Projection(items) | Function::Composition(items) => {
                let Ok(count) = u32::try_from(items.len()) else { return Err(self.error(ErrorKind::Limit)) };
                self.out.head(count.to_le_bytes());
                self.items(items)?;
            }
            Function::Derived(derived) => self.object(derived.object())?,
        }
        Ok(())
    }

    /// A text and its terminator.
    #[inline(always)]
    pub(crate) fn text(&mut self, text: Symbol<'a>) -> Result<(), Error> {
        let text = text.as_bytes();
        let (words, rest) = text.as_chunks();
        match (words, Short::new(rest)) {
            ([], Some(short)) if !short.has_nul() => {
                self.out.short(short.padded(), rest.len() + 1);
            }
            ([word], Some(short)) if !short.has_nul() && !has_zero(u64::from_le_bytes(*word)) => {
                self.out.head(*word);
                self.out.short(short.padded(), rest.len() + 1);
            }
            _ => {
                if let Some(nul) = memchr::memchr(0, text) {
                    return Err(Error::new(self.out.size().saturating_add(nul), ErrorKind::Nul));
                }
                self.out.run(text);
                self.out.head([0]);
            }
        }
        Ok(())
    }

    /// Type, attribute and count of a list.
    #[inline(always)]
    pub(crate) fn head(&mut self, code: u8, attribute: Attribute, count: usize) -> Result<(), Error> {
        let count = match u32::try_from(count) {
            Ok(short) if short <= LONGEST => short,
            _ => return self.long_head(code, attribute, count),
        };
        self.out.head(counted(code, attribute, count));
        Ok(())
    }

    /// Cold path of [`head`](Self::head): a count that some peers cannot read, or that needs 8 bytes.
    #[cold]
    fn long_head(&mut self, code: u8, attribute: Attribute, count: usize) -> Result<(), Error> {
        if count as u64 > self.capability.items() {
            return Err(self.error(ErrorKind::Limit));
        }
        match u32::try_from(count) {
            Ok(count) => self.out.head(counted(code, attribute, count)),
            Err(_) => {
                self.out.head([code, attribute.code() | WIDE]);
                self.out.head((count as u64).to_le_bytes());
            }
        }
        Ok(())
    }

    /// Whether received bytes can be forwarded without a walk: nothing in them can exceed the peer's limits.
    const fn may_copy(&self, bytes: &[u8]) -> bool {
        self.capability.byte() >= Capability::GUID.byte() && bytes.len() as u64 <= self.capability.items()
    }

    #[inline(always)]
    fn kind(&self, kind: Kind) -> Result<(), Error> {
        if self.capability >= Capability::GUID || self.capability.has(kind) {
            Ok(())
        } else {
            Err(self.error(ErrorKind::Unsupported))
        }
    }

    #[cold]
    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.out.size(), kind)
    }
}

/// Type, attribute and a count of 4 bytes.
#[inline(always)]
const fn counted(code: u8, attribute: Attribute, count: u32) -> [u8; 6] {
    let [a, b, c, d] = count.to_le_bytes();
    [code, attribute.code(), a, b, c, d]
}
