//! Views of checked bytes: heads are read, the rest is borrowed.
//!
//! Nothing here returns an `Option` or a `Result`: the checker has rejected every body that could not be viewed, so
//! that the other case is unreachable. A `Value` is also returned directly because moving it out of an `Option` or a
//! tuple would copy it once more.

use crate::atom::Atom;
use crate::counted::Counted;
use crate::decode::extent;
use crate::dict::Dict;
use crate::function::{Derived, Function, Lambda};
use crate::kind::{Attribute, Kind, fixed_kinds};
use crate::list::List;
use crate::plain::Plain;
use crate::simd;
use crate::slice::{Item, Slice};
use crate::symbol::{Symbol, Symbols};
use crate::table::{Splayed, Table};
use crate::value::{Object, Value};
use crate::vector::Vector;
use crate::wire::{DICT, ERROR, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE};

/// The view of checked bytes that hold exactly one object.
#[inline(never)]
pub(crate) fn view(bytes: &[u8], canonical: bool) -> Value<'_> {
    if let Some((vector, _)) = Plain::split(bytes) {
        return plain(vector);
    }
    let Some((&code, rest)) = bytes.split_first() else { unreachable!("checked: a type") };
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
    let Some((&[_, attribute, dict, _], rest)) = bytes.split_first_chunk::<HEAD>() else {
        unreachable!("checked: the head of a table")
    };
    let attribute = Attribute::from_code(attribute & !WIDE).unwrap_or_default();
    let sorted = dict == SORTED_DICT;
    let names = names.map_or_else(|| Counted::new(rest).texts_len(), |end| end - HEAD);
    match rest.get(names) {
        Some(&SYMBOL) => Value::Splayed(Splayed::from_wire(rest, names, attribute, sorted)),
        _ => Value::Table(Table::from_wire(rest, names, canonical, attribute, sorted)),
    }
}

/// The view of a function.
fn function(bytes: &[u8], canonical: bool) -> Function<'_> {
    match *bytes {
        [100, ref rest @ ..] => {
            let length = simd::text_len(rest).unwrap_or_else(|| unreachable!("checked: a context's terminator"));
            let Some((context, [_, body @ ..])) = rest.split_at_checked(length) else {
                unreachable!("checked: a context's terminator")
            };
            Function::Lambda(Lambda::from_wire(Symbol::from_bytes(context), Object::Wire { bytes: body, canonical }))
        }
        [101, id, ..] => Function::Unary(id),
        [102, id, ..] => Function::Binary(id),
        [103, id, ..] => Function::Iterator(id),
        // The type stands where lists have their attribute.
        [104, ..] => Function::Projection(List::from_wire(Counted::new(bytes), canonical, Attribute::None)),
        [105, ..] => Function::Composition(List::from_wire(Counted::new(bytes), canonical, Attribute::None)),
        [code, ref rest @ ..] => {
            let Some(kind) = Kind::from_code(code) else { unreachable!("checked: a type") };
            Function::Derived(Derived::from_wire(kind, Object::Wire { bytes: rest, canonical }))
        }
        [] => unreachable!("checked: a type"),
    }
}

/// The text that takes all bytes, without its terminator.
fn symbol(bytes: &[u8]) -> Symbol<'_> {
    let Some((_, text)) = bytes.split_last() else { unreachable!("checked: a terminator") };
    Symbol::from_bytes(text)
}

/// The view of a vector that was split off. Inlined, so that the caller's match on the variant folds into the match on
/// the type code.
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
        pub(crate) fn fixed(code: u8, items: &[u8], attribute: Attribute) -> Value<'_> {
            match code {
                $(code if code == Kind::$kind.code() => {
                    Value::Vector(Vector::$kind(Slice::from_wire(items, attribute)))
                })*
                _ => unreachable!("checked: a type of fixed width"),
            }
        }

        /// An atom of fixed width over the bytes of its item.
        #[inline(always)]
        fn atom(code: u8, item: &[u8]) -> Value<'_> {
            match code {
                $(code if code == Kind::$kind.code() => {
                    Value::Atom(Atom::$kind(<$ty as Item>::from_bytes(read(item))))
                })*
                _ => unreachable!("checked: a type of fixed width"),
            }
        }
    };
}
fixed_kinds!(define);

/// The bytes of exactly one item.
#[inline(always)]
fn read<T: bytemuck::Pod>(item: &[u8]) -> T {
    bytemuck::try_pod_read_unaligned(item).unwrap_or_else(|_| unreachable!("checked: all bytes of an item"))
}
