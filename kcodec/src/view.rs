//! Views of checked bytes: the heads are read, the rest is lent.
//!
//! A value is written once, where it is wanted: nothing here returns one inside an option or a
//! tuple, from which it would have to be moved. So whatever is missing reads as zero, which in
//! checked bytes nothing is.

use crate::atom::Atom;
use crate::counted::Counted;
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
    let Some((&code, rest)) = bytes.split_first() else { return Value::NULL };
    let counted = Counted::new(rest);
    match code {
        0 => Value::List(List::from_wire(counted, canonical, counted.attribute())),
        SYMBOLS => Value::Vector(Vector::Symbol(Symbols::from_wire(counted))),
        1..=19 => fixed(code, counted.rest(), counted.attribute()),
        SYMBOL => Value::Atom(Atom::Symbol(symbol(rest))),
        0xed..=0xff => atom(code.wrapping_neg(), rest),
        TABLE => table(bytes, canonical, None),
        DICT | SORTED_DICT => Value::Dict(Dict::from_wire(rest, extent(rest), canonical, code == SORTED_DICT)),
        ERROR => Value::Error(symbol(rest)),
        _ => Value::Function(function(bytes, canonical)),
    }
}

/// The view of checked bytes that hold exactly one table; `names`: where its names end, if that is known.
#[inline]
pub(crate) fn table(bytes: &[u8], canonical: bool, names: Option<usize>) -> Value<'_> {
    /// Type and attribute of the table, and the types of the dict and of the names.
    const HEAD: usize = 4;
    let Some((&[_, attribute, dict, _], rest)) = bytes.split_first_chunk::<HEAD>() else { return Value::NULL };
    let attribute = Attribute::from_code(attribute & !WIDE).unwrap_or_default();
    let sorted = dict == SORTED_DICT;
    let names = names.map_or_else(|| Counted::new(rest).texts_len(), |end| end.wrapping_sub(HEAD));
    match rest.get(names) {
        Some(&SYMBOL) => Value::Splayed(Splayed::from_wire(rest, names, attribute, sorted)),
        _ => Value::Table(Table::from_wire(rest, names, canonical, attribute, sorted)),
    }
}

/// The view of a function.
fn function(bytes: &[u8], canonical: bool) -> Function<'_> {
    match *bytes {
        [100, ref rest @ ..] => {
            let context = simd::text_len(rest).unwrap_or_default();
            let (context, body) = rest.split_at_checked(context).unwrap_or_default();
            let body = body.get(1..).unwrap_or_default();
            Function::Lambda(Lambda::from_wire(Symbol::from_bytes(context), Object::Wire { bytes: body, canonical }))
        }
        [101, id, ..] => Function::Unary(id),
        [102, id, ..] => Function::Binary(id),
        [103, id, ..] => Function::Iterator(id),
        // The type stands where lists have their attribute.
        [104, ..] => Function::Projection(List::from_wire(Counted::new(bytes), canonical, Attribute::None)),
        [105, ..] => Function::Composition(List::from_wire(Counted::new(bytes), canonical, Attribute::None)),
        [code, ref rest @ ..] => {
            let kind = Kind::from_code(code).unwrap_or(Kind::Each);
            Function::Derived(Derived::from_wire(kind, Object::Wire { bytes: rest, canonical }))
        }
        [] => Function::Unary(0),
    }
}

/// The text that takes all bytes, without its terminator.
fn symbol(bytes: &[u8]) -> Symbol<'_> {
    Symbol::from_bytes(bytes.split_last().map_or(&[], |(_, text)| text))
}

/// The view of a vector that was split off. Inlined, for then what is done with a vector of one
/// kind follows from its code at once.
#[inline(always)]
pub(crate) fn plain(vector: Plain<'_>) -> Value<'_> {
    match vector.code {
        SYMBOLS => Value::Vector(Vector::Symbol(Symbols::from_wire(vector.counted))),
        code => fixed(code, vector.items, Attribute::from_code(vector.attribute).unwrap_or_default()),
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
