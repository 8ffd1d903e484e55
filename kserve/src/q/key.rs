//! Keys for hashing and sorting: bits that are equal if and only if the items are, and a keyed hash.
//!
//! Lookups compare exactly, without tolerance: nulls equal nulls, and -0.0 equals 0.0. The hash is seeded at
//! random, so that a client cannot choose colliding keys.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::func::Func;
use super::noun::{Item, Lane, Noun, with_items};
use super::symbols::Sym;

/// An item type that can be hashed and ordered.
pub(crate) trait Key: Lane {
    /// Ordered like the items. For symbols, which q orders by text, the order is that of their numbers.
    type Bits: Copy + Ord + Hash;
    /// Whether [`prefix`](Self::prefix) distinguishes all items.
    const EXACT: bool = true;

    fn bits(self) -> Self::Bits;

    /// The most significant 64 bits.
    fn prefix(self) -> u64;

    fn compare(self, other: Self) -> Ordering {
        self.bits().cmp(&other.bits())
    }
}

macro_rules! keys {
    ($($ty:ty, $bits:ty, $item:ident => $make:expr;)*) => {$(
        impl Key for $ty {
            type Bits = $bits;

            #[inline]
            fn bits(self) -> $bits {
                let $item = self;
                $make
            }

            #[inline]
            fn prefix(self) -> u64 {
                u64::from(self.bits())
            }
        }
    )*};
}
keys! {
    u8, u8, item => item;
    i16, u16, item => item.cast_unsigned() ^ (1 << 15);
    i32, u32, item => item.cast_unsigned() ^ (1 << 31);
    i64, u64, item => item.cast_unsigned() ^ (1 << 63);
    f32, u32, item => {
        let bits = if item.is_nan() { return 0 } else { (item + 0.0).to_bits().cast_signed() };
        (if bits < 0 { !bits } else { bits ^ i32::MIN }).cast_unsigned()
    };
    f64, u64, item => {
        let bits = if item.is_nan() { return 0 } else { (item + 0.0).to_bits().cast_signed() };
        (if bits < 0 { !bits } else { bits ^ i64::MIN }).cast_unsigned()
    };
    Sym, u32, item => u32::try_from(item.index()).unwrap_or(u32::MAX);
}

impl Key for [u8; 16] {
    type Bits = u128;
    const EXACT: bool = false;

    fn bits(self) -> u128 {
        u128::from_be_bytes(self)
    }

    fn prefix(self) -> u64 {
        u64::try_from(self.bits() >> 64).unwrap_or(u64::MAX)
    }
}

/// A hasher for whole items: multiplies by a random odd factor, starting from a random state, and folds the halves
/// of the product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeededHasher {
    state: u64,
    factor: u64,
}

impl SeededHasher {
    pub(crate) fn new() -> Self {
        let random = RandomState::new();
        Self { state: random.hash_one(0_u8), factor: random.hash_one(1_u8) | 1 }
    }

    #[inline]
    fn mix(&mut self, item: u64) {
        let product = u128::from(self.state ^ item) * u128::from(self.factor);
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl BuildHasher for SeededHasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for SeededHasher {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut item = [0; 8];
            item.iter_mut().zip(chunk).for_each(|(place, &byte)| *place = byte);
            self.mix(u64::from_le_bytes(item));
        }
    }

    fn write_u8(&mut self, item: u8) {
        self.mix(item.into());
    }

    fn write_u16(&mut self, item: u16) {
        self.mix(item.into());
    }

    fn write_u32(&mut self, item: u32) {
        self.mix(item.into());
    }

    fn write_u64(&mut self, item: u64) {
        self.mix(item);
    }

    fn write_u128(&mut self, item: u128) {
        self.mix(item as u64);
        self.mix((item >> 64) as u64);
    }
}

/// Units charged per fixed-width item that is hashed.
pub(crate) const HASH: usize = 8;

/// Units charged for hashing any value; all of it is read.
pub(crate) fn hash_cost(item: &Noun) -> usize {
    if item.is_atom() { 2 * HASH } else { 4 * HASH + super::wire::weight(item) / 4 }
}

/// Any value as a key. Equal values have the same kind and content at every depth.
#[derive(Clone, Copy)]
pub(crate) struct Exact<'a>(pub(crate) &'a Noun);

impl Hash for Exact<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i16(self.0.type_code());
        match self.0 {
            Noun::Atom(atom) => hash_item(atom.item, state),
            Noun::Vector(vector) => {
                state.write_usize(vector.len());
                match vector.items {
                    super::noun::Items::U8(ref bytes) => state.write(bytes),
                    ref items => with_items!(items, items => items.iter().for_each(|item| item.bits().hash(state))),
                }
            }
            Noun::List(list) => {
                state.write_usize(list.items().len());
                list.items().iter().for_each(|item| Exact(item).hash(state));
            }
            Noun::Dict(dict) => {
                Exact(&dict.keys).hash(state);
                Exact(&dict.values).hash(state);
            }
            Noun::Table(table) => {
                table.names().hash(state);
                table.columns().iter().for_each(|column| Exact(column).hash(state));
            }
            Noun::Enum(list) => {
                list.domain.hash(state);
                Exact(&list.places).hash(state);
            }
            Noun::Func(Func::Lambda(lambda)) => lambda.source.hash(state),
            Noun::Func(Func::Verb(verb)) => verb.name.hash(state),
            Noun::Null | Noun::Elided | Noun::Func(_) => {}
        }
    }
}

fn hash_item<H: Hasher>(item: Item, state: &mut H) {
    match item {
        Item::U8(item) => item.bits().hash(state),
        Item::I16(item) => item.bits().hash(state),
        Item::I32(item) => item.bits().hash(state),
        Item::I64(item) => item.bits().hash(state),
        Item::F32(item) => item.bits().hash(state),
        Item::F64(item) => item.bits().hash(state),
        Item::Guid(item) => item.bits().hash(state),
        Item::Sym(item) => item.bits().hash(state),
    }
}

/// Whether two items of one kind are exactly equal.
pub(crate) fn exact_item(x: Item, y: Item) -> bool {
    match (x, y) {
        (Item::F64(x), Item::F64(y)) => x.bits() == y.bits(),
        (Item::F32(x), Item::F32(y)) => x.bits() == y.bits(),
        _ => x == y,
    }
}

impl PartialEq for Exact<'_> {
    fn eq(&self, other: &Self) -> bool {
        let all = |x: &[Noun], y: &[Noun]| x.len() == y.len() && x.iter().zip(y).all(|(x, y)| Exact(x) == Exact(y));
        match (self.0, other.0) {
            (Noun::Null, Noun::Null) | (Noun::Elided, Noun::Elided) => true,
            (Noun::Atom(x), Noun::Atom(y)) => x.kind == y.kind && exact_item(x.item, y.item),
            (Noun::Vector(x), Noun::Vector(y)) if x.kind == y.kind => with_items!(&x.items, items => {
                let same = |other: &[_]| {
                    items.len() == other.len() && items.iter().zip(other).all(|(x, y): (_, _)| same_bits(*x, *y))
                };
                Lane::of(&y.items).is_some_and(|other| same(other))
            }),
            (Noun::List(x), Noun::List(y)) => std::sync::Arc::ptr_eq(x, y) || all(x.items(), y.items()),
            (Noun::Dict(x), Noun::Dict(y)) => Exact(&x.keys) == Exact(&y.keys) && Exact(&x.values) == Exact(&y.values),
            (Noun::Table(x), Noun::Table(y)) => x.names() == y.names() && all(x.columns(), y.columns()),
            (Noun::Enum(x), Noun::Enum(y)) => x.domain == y.domain && Exact(&x.places) == Exact(&y.places),
            (Noun::Func(x), Noun::Func(y)) => same_function(x, y),
            _ => false,
        }
    }
}

fn same_bits<T: Key>(x: T, y: T) -> bool {
    x.bits() == y.bits()
}

fn same_function(x: &Func, y: &Func) -> bool {
    let all = |x: &[Noun], y: &[Noun]| x.len() == y.len() && x.iter().zip(y).all(|(x, y)| Exact(x) == Exact(y));
    match (x, y) {
        (Func::Verb(x), Func::Verb(y)) => x == y,
        (Func::Iterator(x), Func::Iterator(y)) => x == y,
        (Func::Lambda(x), Func::Lambda(y)) => x.source == y.source && x.context == y.context,
        (Func::Projection(x), Func::Projection(y)) => Exact(&x.function) == Exact(&y.function) && all(&x.args, &y.args),
        (Func::Composition(x), Func::Composition(y)) => all(&x.parts, &y.parts),
        (Func::Derived(x), Func::Derived(y)) => x.iterator == y.iterator && Exact(&x.function) == Exact(&y.function),
        (Func::Native(x), Func::Native(y)) => x.name == y.name,
        _ => false,
    }
}

impl Eq for Exact<'_> {}
