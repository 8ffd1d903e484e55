//! Checks a body once, so that every view of it is infallible.
//!
//! [`Checker::object`] walks one object and returns how many items it counts. Whatever the walk has
//! passed may be viewed: [`view`] and [`extent`] run over the same bytes again without looking for
//! faults, and what they cannot read is a bug here, not in the input.

use crate::atom::Atom;
use crate::dict::Dict;
use crate::error::{Error, ErrorKind};
use crate::function::{Derived, Function, Lambda};
use crate::kind::{Attribute, Kind};
use crate::limits::Limits;
use crate::list::List;
use crate::reader::Reader;
use crate::symbol::{Symbol, Symbols};
use crate::table::{Splayed, Table, is_column};
use crate::value::{Object, Value};
use crate::vector::Vector;

pub(crate) const TABLE: u8 = Kind::Table.code();
pub(crate) const DICT: u8 = Kind::Dict.code();
pub(crate) const SORTED_DICT: u8 = Kind::SortedDict.code();
pub(crate) const ERROR: u8 = Kind::Error.code();
pub(crate) const SYMBOLS: u8 = Kind::Symbol.code();
pub(crate) const SYMBOL: u8 = SYMBOLS.wrapping_neg();
const BOOLEAN: u8 = Kind::Boolean.code();

/// The flag of an attribute byte that says that the count has 8 bytes.
pub(crate) const WIDE: u8 = 0x80;

impl<'a> Value<'a> {
    /// Checks a body under the default [`Limits`] and returns a view of it.
    ///
    /// Takes time for each nested object and each byte of a symbol, none for the items of a vector
    /// of fixed width, booleans excepted. Allocates nothing.
    ///
    /// # Errors
    ///
    /// What kdb+'s own validator refuses, and further: dicts whose halves differ in count or are
    /// no lists, tables without columns of equal length, nesting past the limit, trailing bytes.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        Self::decode_with(body, Limits::default())
    }

    /// Like [`decode`](Self::decode), under limits of the caller's.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn decode_with(body: &'a [u8], limits: Limits) -> Result<Self, Error> {
        check(body, limits).map(|canonical| view(body, canonical))
    }
}

/// Whether the body is one object that may be viewed; inside, whether it can be sent as it stands.
pub(crate) fn check(body: &[u8], limits: Limits) -> Result<bool, Error> {
    let mut checker = Checker::<false>::new(body);
    if body.first() == Some(&ERROR) {
        checker.reader.u8()?;
        checker.reader.text()?;
    } else {
        checker.object(limits.depth)?;
    }
    if checker.reader.left().is_empty() {
        Ok(checker.canonical)
    } else {
        Err(checker.reader.error(ErrorKind::Trailing))
    }
}

/// The length of the first object of checked bytes.
pub(crate) fn extent(bytes: &[u8]) -> usize {
    let mut checker = Checker::<true>::new(bytes);
    match checker.object(u8::MAX) {
        Ok(_) => checker.reader.at(),
        Err(_) => bytes.len(),
    }
}

/// Walks objects. `TRUSTED`: they were checked before, only their ends are wanted.
struct Checker<'a, const TRUSTED: bool> {
    reader: Reader<'a>,
    canonical: bool,
}

/// Number of items of a list, rows of a table, keys of a dict; `None` for atoms and functions.
type Count = Option<u64>;

impl<'a, const TRUSTED: bool> Checker<'a, TRUSTED> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), canonical: true }
    }

    /// Passes one object, which may nest `depth` levels, itself one of them.
    fn object(&mut self, depth: u8) -> Result<Count, Error> {
        let start = self.reader;
        let code = self.reader.u8()?;
        match code {
            BOOLEAN => self.booleans(),
            SYMBOLS => {
                let (_, count) = self.head(1)?;
                self.reader.texts(count).map(|_| Some(count as u64))
            }
            0 => self.nest(depth, start, |checker, inner| {
                let (_, count) = checker.head(2)?;
                checker.objects(count as u64, inner)?;
                Ok(Some(count as u64))
            }),
            2..=19 => {
                let Some(width) = width(code) else { return Err(no_such_type(start, code)) };
                let (_, count) = self.head(width)?;
                self.reader.take(count.saturating_mul(width)).map(|_| Some(count as u64))
            }
            SYMBOL => self.reader.text().map(|_| None),
            0xed..=0xff => self.atom(start, code),
            TABLE => self.nest(depth, start, Self::table),
            DICT | SORTED_DICT => self.nest(depth, start, |checker, inner| checker.dict(start, inner)),
            100 => self.nest(depth, start, |checker, inner| {
                checker.reader.text()?;
                checker.object(inner).map(|_| None)
            }),
            101..=103 => self.primitive(code),
            104 | 105 => self.nest(depth, start, |checker, inner| {
                let count = checker.reader.u32()?;
                checker.objects(u64::from(count), inner).map(|()| None)
            }),
            106..=111 => self.nest(depth, start, |checker, inner| checker.object(inner).map(|_| None)),
            ERROR => Err(start.error(ErrorKind::NestedError)),
            _ => Err(no_such_type(start, code)),
        }
    }

    /// Runs `walk` one level further down, if there is one.
    fn nest(
        &mut self,
        depth: u8,
        start: Reader<'_>,
        walk: impl FnOnce(&mut Self, u8) -> Result<Count, Error>,
    ) -> Result<Count, Error> {
        match depth.checked_sub(1) {
            Some(inner) => walk(self, inner),
            None => Err(start.error(ErrorKind::Depth)),
        }
    }

    fn objects(&mut self, count: u64, depth: u8) -> Result<(), Error> {
        for _ in 0..count {
            self.object(depth)?;
        }
        Ok(())
    }

    /// Reads attribute and count of items that take at least `least` bytes each.
    fn head(&mut self, least: usize) -> Result<(Attribute, usize), Error> {
        let attribute = self.attribute()?;
        let at = self.reader;
        let count = if attribute.1 { self.reader.u64()? } else { u64::from(self.reader.u32()?) };
        self.canonical &= !attribute.1 || count > u64::from(u32::MAX);
        match usize::try_from(count) {
            Ok(items) if items.checked_mul(least).is_some_and(|bytes| bytes <= self.reader.left().len()) => {
                Ok((attribute.0, items))
            }
            _ => Err(at.error(ErrorKind::Count(count))),
        }
    }

    /// Reads an attribute byte: the attribute, and whether the flag of a wide count is set.
    fn attribute(&mut self) -> Result<(Attribute, bool), Error> {
        let at = self.reader;
        let byte = self.reader.u8()?;
        match Attribute::from_code(byte & !WIDE) {
            Some(attribute) => Ok((attribute, byte & WIDE != 0)),
            None => Err(at.error(ErrorKind::Attribute(byte))),
        }
    }

    fn booleans(&mut self) -> Result<Count, Error> {
        let (_, count) = self.head(1)?;
        let items = self.reader;
        let bytes = self.reader.take(count)?;
        if !TRUSTED && let Some(index) = bytes.iter().position(|&byte| byte > 1) {
            let mut items = items;
            items.take(index)?;
            let at = items;
            return Err(at.error(ErrorKind::Boolean(items.u8()?)));
        }
        Ok(Some(count as u64))
    }

    fn atom(&mut self, start: Reader<'_>, code: u8) -> Result<Count, Error> {
        let Some(width) = width(code.wrapping_neg()) else { return Err(no_such_type(start, code)) };
        let at = self.reader;
        let item = self.reader.take(width)?;
        match (code, item) {
            (0xff, &[byte]) if byte > 1 => Err(at.error(ErrorKind::Boolean(byte))),
            _ => Ok(None),
        }
    }

    /// Ids that KX's validator lets pass; later releases may know fewer, none knows more.
    fn primitive(&mut self, code: u8) -> Result<Count, Error> {
        let at = self.reader;
        let id = self.reader.u8()?;
        let known = match code {
            101 => id <= 44 || id == 255,
            102 => id <= 36,
            _ => id <= 5,
        };
        if known { Ok(None) } else { Err(at.error(ErrorKind::Primitive(id))) }
    }

    fn dict(&mut self, start: Reader<'_>, depth: u8) -> Result<Count, Error> {
        let keys = self.object(depth)?;
        let values = self.object(depth)?;
        match (keys, values) {
            (Some(keys), Some(values)) if keys == values => Ok(Some(keys)),
            (Some(keys), Some(values)) => Err(start.error(ErrorKind::DictCount { keys, values })),
            _ => Err(start.error(ErrorKind::DictItem)),
        }
    }

    fn table(&mut self, depth: u8) -> Result<Count, Error> {
        let (_, wide) = self.attribute()?;
        self.canonical &= !wide;
        self.expect(&[DICT, SORTED_DICT], ErrorKind::TableDict)?;
        self.expect(&[SYMBOLS], ErrorKind::TableNames)?;
        let (_, names) = self.head(1)?;
        self.reader.texts(names)?;
        let at = self.reader;
        if self.expect(&[0, SYMBOL], ErrorKind::TableColumns)? == SYMBOL {
            return self.reader.text().map(|_| None);
        }
        let (_, columns) = self.head(2)?;
        if names != columns {
            return Err(at.error(ErrorKind::TableWidth { names: names as u64, columns: columns as u64 }));
        }
        let mut rows = None;
        for _ in 0..columns {
            let found = self.column(depth)?;
            let expected = *rows.get_or_insert(found.1);
            if found.1 != expected {
                return Err(found.0.error(ErrorKind::Ragged { expected, found: found.1 }));
            }
        }
        Ok(Some(rows.unwrap_or_default()))
    }

    /// Passes a column: where it starts and its length.
    fn column(&mut self, depth: u8) -> Result<(Reader<'a>, u64), Error> {
        let at = self.reader;
        let kind = at.left().first().and_then(|&code| Kind::from_code(code));
        match self.object(depth)? {
            Some(count) if kind.is_some_and(is_column) => Ok((at, count)),
            _ => Err(at.error(ErrorKind::TableColumns)),
        }
    }

    /// Reads a type byte that must be one of `codes`.
    fn expect(&mut self, codes: &[u8], otherwise: ErrorKind) -> Result<u8, Error> {
        let at = self.reader;
        let code = self.reader.u8()?;
        if codes.contains(&code) { Ok(code) } else { Err(at.error(otherwise)) }
    }
}

fn no_such_type(start: Reader<'_>, code: u8) -> Error {
    start.error(ErrorKind::Type(code.cast_signed()))
}

/// Bytes of one item of a fixed width; the hot twin of [`Kind::width`].
pub(crate) const fn width(code: u8) -> Option<usize> {
    match code {
        1 | 4 | 10 => Some(1),
        5 => Some(2),
        6 | 8 | 13 | 14 | 17 | 18 | 19 => Some(4),
        7 | 9 | 12 | 15 | 16 => Some(8),
        2 => Some(16),
        _ => None,
    }
}

/// The view of checked bytes that hold exactly one object.
pub(crate) fn view(bytes: &[u8], canonical: bool) -> Value<'_> {
    let viewed = View { reader: Reader::new(bytes), canonical }.value();
    debug_assert!(viewed.is_ok(), "unchecked bytes were viewed");
    viewed.unwrap_or(Value::NULL)
}

/// Reads the heads of checked objects; whatever comes last takes all bytes that are left.
struct View<'a> {
    reader: Reader<'a>,
    canonical: bool,
}

impl<'a> View<'a> {
    fn value(mut self) -> Result<Value<'a>, Error> {
        let code = self.reader.u8()?;
        Ok(match code {
            0 => Value::List(self.list()?),
            SYMBOLS => {
                let (attribute, count) = self.head()?;
                Value::Vector(Vector::Symbol(Symbols::from_wire(self.reader.left(), count, attribute)))
            }
            1..=19 => Value::Vector(self.vector(code)?),
            SYMBOL => Value::Atom(Atom::Symbol(Symbol::from_bytes(self.reader.text()?))),
            0xed..=0xff => Value::Atom(self.atom(code)?),
            TABLE => self.table()?,
            DICT | SORTED_DICT => {
                let keys = self.first();
                Value::Dict(Dict::from_wire(keys, self.rest(), code == SORTED_DICT))
            }
            ERROR => Value::Error(Symbol::from_bytes(self.reader.text()?)),
            _ => Value::Function(self.function(code)?),
        })
    }

    fn vector(&mut self, code: u8) -> Result<Vector<'a>, Error> {
        let (attribute, _) = self.head()?;
        Kind::from_code(code)
            .and_then(|kind| Vector::from_wire(kind, self.reader.left(), attribute))
            .ok_or_else(|| no_such_type(self.reader, code))
    }

    fn atom(&self, code: u8) -> Result<Atom<'a>, Error> {
        Kind::from_code(code.wrapping_neg())
            .and_then(|kind| Vector::from_wire(kind, self.reader.left(), Attribute::None)?.get(0))
            .ok_or_else(|| no_such_type(self.reader, code))
    }

    fn list(&mut self) -> Result<List<'a>, Error> {
        let (attribute, count) = self.head()?;
        Ok(List::from_wire(self.reader.left(), count, self.canonical, attribute))
    }

    fn table(&mut self) -> Result<Value<'a>, Error> {
        let attribute = self.attribute()?.0;
        let sorted = self.reader.u8()? == SORTED_DICT;
        self.reader.u8()?;
        let (names_attribute, count) = self.head()?;
        let names = Symbols::from_wire(self.reader.texts(count)?, count, names_attribute);
        Ok(if self.reader.u8()? == SYMBOL {
            let path = Symbol::from_bytes(self.reader.text()?);
            Value::Splayed(Splayed::from_wire(names, path, attribute, sorted))
        } else {
            Value::Table(Table::from_wire(names, self.list()?, attribute, sorted))
        })
    }

    fn function(&mut self, code: u8) -> Result<Function<'a>, Error> {
        Ok(match code {
            100 => {
                let context = Symbol::from_bytes(self.reader.text()?);
                Function::Lambda(Lambda::from_wire(context, self.rest()))
            }
            101 => Function::Unary(self.reader.u8()?),
            102 => Function::Binary(self.reader.u8()?),
            103 => Function::Iterator(self.reader.u8()?),
            104 => Function::Projection(self.functions()?),
            105 => Function::Composition(self.functions()?),
            _ => match Kind::from_code(code) {
                Some(kind) => Function::Derived(Derived::from_wire(kind, self.rest())),
                None => return Err(no_such_type(self.reader, code)),
            },
        })
    }

    fn functions(&mut self) -> Result<List<'a>, Error> {
        let count = self.reader.u32()? as usize;
        Ok(List::from_wire(self.reader.left(), count, self.canonical, Attribute::None))
    }

    fn head(&mut self) -> Result<(Attribute, usize), Error> {
        let (attribute, wide) = self.attribute()?;
        let count = if wide { self.reader.u64()? } else { u64::from(self.reader.u32()?) };
        Ok((attribute, usize::try_from(count).unwrap_or_default()))
    }

    fn attribute(&mut self) -> Result<(Attribute, bool), Error> {
        let byte = self.reader.u8()?;
        Ok((Attribute::from_code(byte & !WIDE).unwrap_or_default(), byte & WIDE != 0))
    }

    /// The object that stands next.
    fn first(&mut self) -> Object<'a> {
        let bytes = self.reader.take(extent(self.reader.left())).unwrap_or_default();
        Object::Wire { bytes, canonical: self.canonical }
    }

    /// The object that takes all that is left.
    fn rest(&self) -> Object<'a> {
        Object::Wire { bytes: self.reader.left(), canonical: self.canonical }
    }
}
