//! Views of checked bytes: the heads are read, the rest is lent.
//!
//! A value is written once, where it is wanted: nothing here returns one inside an option or a
//! tuple, from which it would have to be moved. So whatever is missing reads as zero, which in
//! checked bytes nothing is.

use crate::atom::Atom;
use crate::decode::{DICT, ERROR, Plain, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE, extent};
use crate::dict::Dict;
use crate::function::{Derived, Function, Lambda};
use crate::kind::{Attribute, Kind, fixed_kinds};
use crate::list::List;
use crate::simd;
use crate::slice::{Item, Slice};
use crate::symbol::{Symbol, Symbols};
use crate::table::{Splayed, Table};
use crate::value::{Object, Value};
use crate::vector::Vector;

/// The view of checked bytes that hold exactly one object.
#[inline(never)]
pub(crate) fn view(bytes: &[u8], canonical: bool) -> Value<'_> {
    if let Some((vector, _)) = Plain::split(bytes) {
        return plain(vector);
    }
    let mut view = View { bytes, canonical };
    let code = view.u8();
    match code {
        0 => Value::List(view.list()),
        SYMBOLS => {
            let (attribute, count) = view.head();
            Value::Vector(Vector::Symbol(Symbols::from_wire(view.bytes, count, attribute)))
        }
        1..=19 => {
            let (attribute, _) = view.head();
            fixed(code, view.bytes, attribute)
        }
        SYMBOL => Value::Atom(Atom::Symbol(view.symbol())),
        0xed..=0xff => atom(code.wrapping_neg(), view.bytes),
        TABLE => view.table(None),
        DICT | SORTED_DICT => {
            let keys = view.object(extent(view.bytes));
            Value::Dict(Dict::from_wire(keys, view.rest(), code == SORTED_DICT))
        }
        ERROR => Value::Error(view.symbol()),
        _ => Value::Function(view.function(code)),
    }
}

/// The view of checked bytes that hold exactly one table, whose names take this many bytes.
#[inline]
pub(crate) fn table(bytes: &[u8], canonical: bool, names: usize) -> Value<'_> {
    let mut view = View { bytes, canonical };
    view.u8();
    view.table(Some(names))
}

/// The view of a vector that was split off. Inlined, for then what is done with a vector of one
/// kind follows from its code at once.
#[inline(always)]
pub(crate) fn plain(vector: Plain<'_>) -> Value<'_> {
    let attribute = Attribute::from_code(vector.attribute).unwrap_or_default();
    match vector.code {
        SYMBOLS => {
            let symbols = Symbols::from_wire(vector.items, vector.count as usize, attribute);
            Value::Vector(Vector::Symbol(symbols))
        }
        code => fixed(code, vector.items, attribute),
    }
}

macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        /// A vector of fixed width over the bytes of its items.
        #[inline(always)]
        fn fixed(code: u8, items: &[u8], attribute: Attribute) -> Value<'_> {
            match code {
                $(code if code == Kind::$kind.code() => {
                    Value::Vector(Vector::$kind(Slice::from_wire(items, attribute)))
                })*
                _ => Value::NULL,
            }
        }

        /// An atom of fixed width over the bytes of its item.
        #[inline(always)]
        fn atom(code: u8, item: &[u8]) -> Value<'_> {
            match code {
                $(code if code == Kind::$kind.code() => {
                    Value::Atom(Atom::$kind(<$ty as Item>::from_bytes(read(item))))
                })*
                _ => Value::NULL,
            }
        }
    };
}
fixed_kinds!(define);

/// The bytes of exactly one item.
#[inline(always)]
fn read<T: bytemuck::Pod>(item: &[u8]) -> T {
    bytemuck::try_pod_read_unaligned(item).unwrap_or_else(|_| T::zeroed())
}

/// Reads the heads of checked objects; whatever comes last takes all bytes that are left.
struct View<'a> {
    bytes: &'a [u8],
    canonical: bool,
}

impl<'a> View<'a> {
    #[inline]
    fn list(&mut self) -> List<'a> {
        let (attribute, count) = self.head();
        List::from_wire(self.bytes, count, self.canonical, attribute)
    }

    /// A table; `names`: how many bytes its names take, where that is known.
    #[inline]
    fn table(&mut self, names: Option<usize>) -> Value<'a> {
        let (attribute, _) = self.attribute();
        let [sorted, _] = self.array();
        let sorted = sorted == SORTED_DICT;
        let (names_attribute, count) = self.head();
        let names = names.unwrap_or_else(|| simd::skip_texts(self.bytes, count).unwrap_or_default());
        let names = Symbols::from_wire(self.take(names), count, names_attribute);
        if self.u8() == SYMBOL {
            Value::Splayed(Splayed::from_wire(names, self.symbol(), attribute, sorted))
        } else {
            Value::Table(Table::from_wire(names, self.list(), attribute, sorted))
        }
    }

    fn function(&mut self, code: u8) -> Function<'a> {
        match code {
            100 => {
                let context = self.take(simd::text_len(self.bytes).unwrap_or_default());
                self.u8();
                Function::Lambda(Lambda::from_wire(Symbol::from_bytes(context), self.rest()))
            }
            101 => Function::Unary(self.u8()),
            102 => Function::Binary(self.u8()),
            103 => Function::Iterator(self.u8()),
            104 => Function::Projection(self.functions()),
            105 => Function::Composition(self.functions()),
            _ => {
                let kind = Kind::from_code(code).unwrap_or(Kind::Each);
                Function::Derived(Derived::from_wire(kind, self.rest()))
            }
        }
    }

    fn functions(&mut self) -> List<'a> {
        let count = u32::from_le_bytes(self.array()) as usize;
        List::from_wire(self.bytes, count, self.canonical, Attribute::None)
    }

    /// Attribute and count.
    #[inline]
    fn head(&mut self) -> (Attribute, usize) {
        let (attribute, wide) = self.attribute();
        let count = if wide { u64::from_le_bytes(self.array()) } else { u64::from(u32::from_le_bytes(self.array())) };
        (attribute, usize::try_from(count).unwrap_or_default())
    }

    /// The attribute, and whether a wide count follows.
    #[inline]
    fn attribute(&mut self) -> (Attribute, bool) {
        let byte = self.u8();
        (Attribute::from_code(byte & !WIDE).unwrap_or_default(), byte & WIDE != 0)
    }

    /// The text that takes all that is left, without its terminator.
    fn symbol(&self) -> Symbol<'a> {
        Symbol::from_bytes(self.bytes.split_last().map_or(&[], |(_, text)| text))
    }

    /// The object that stands next and is so long.
    fn object(&mut self, length: usize) -> Object<'a> {
        Object::Wire { bytes: self.take(length), canonical: self.canonical }
    }

    /// The object that takes all that is left.
    const fn rest(&self) -> Object<'a> {
        Object::Wire { bytes: self.bytes, canonical: self.canonical }
    }

    #[inline]
    fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let Some((taken, left)) = self.bytes.split_first_chunk() else { return [0; N] };
        self.bytes = left;
        *taken
    }

    #[inline]
    fn take(&mut self, count: usize) -> &'a [u8] {
        let Some((taken, left)) = self.bytes.split_at_checked(count) else { return &[] };
        self.bytes = left;
        taken
    }
}
