//! Lanes: the Rust types that store the items of the kinds.

use std::sync::Arc;

use kcodec::Kind;

use crate::q::symbols::Sym;

/// An item in its lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Item {
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Guid([u8; 16]),
    Sym(Sym),
}

/// Items in their lane.
#[derive(Debug, Clone)]
pub(crate) enum Items {
    U8(Arc<Vec<u8>>),
    I16(Arc<Vec<i16>>),
    I32(Arc<Vec<i32>>),
    I64(Arc<Vec<i64>>),
    F32(Arc<Vec<f32>>),
    F64(Arc<Vec<f64>>),
    Guid(Arc<Vec<[u8; 16]>>),
    Sym(Arc<Vec<Sym>>),
}

/// Runs `$work` with `$items` bound to the `Arc<Vec<_>>` of the vector's lane. With arms for guids and symbols, only
/// numbers run `$work`.
macro_rules! with_items {
    ($value:expr, $items:ident => $work:expr) => {
        $crate::q::noun::with_items!(
            $value, $items => $work,
            $crate::q::noun::Items::Guid($items) => $work,
            $crate::q::noun::Items::Sym($items) => $work
        )
    };
    ($value:expr, $items:ident => $work:expr, $($other:pat => $else:expr),+) => {
        match $value {
            $crate::q::noun::Items::U8($items) => $work,
            $crate::q::noun::Items::I16($items) => $work,
            $crate::q::noun::Items::I32($items) => $work,
            $crate::q::noun::Items::I64($items) => $work,
            $crate::q::noun::Items::F32($items) => $work,
            $crate::q::noun::Items::F64($items) => $work,
            $($other => $else,)+
        }
    };
}
pub(crate) use with_items;

/// A Rust type that stores items.
pub(crate) trait Lane: Copy + PartialEq + Default + std::fmt::Debug + Send + Sync + 'static {
    /// The null of the lane's numeric kinds. Bytes, chars and booleans differ: see [`null_item`].
    const NULL: Self;

    fn item(self) -> Item;
    fn from_item(item: Item) -> Option<Self>;
    fn wrap(items: Arc<Vec<Self>>) -> Items;
    fn of(items: &Items) -> Option<&Arc<Vec<Self>>>;
    fn of_mut(items: &mut Items) -> Option<&mut Arc<Vec<Self>>>;
}

macro_rules! lanes {
    ($($ty:ty, $lane:ident, $null:expr;)*) => {$(
        impl Lane for $ty {
            const NULL: Self = $null;

            fn item(self) -> Item {
                Item::$lane(self)
            }

            fn from_item(item: Item) -> Option<Self> {
                if let Item::$lane(item) = item { Some(item) } else { None }
            }

            fn wrap(items: Arc<Vec<Self>>) -> Items {
                Items::$lane(items)
            }

            fn of(items: &Items) -> Option<&Arc<Vec<Self>>> {
                if let Items::$lane(items) = items { Some(items) } else { None }
            }

            fn of_mut(items: &mut Items) -> Option<&mut Arc<Vec<Self>>> {
                if let Items::$lane(items) = items { Some(items) } else { None }
            }
        }
    )*};
}
lanes! {
    u8, U8, 0;
    i16, I16, i16::MIN;
    i32, I32, i32::MIN;
    i64, I64, i64::MIN;
    f32, F32, NULL_REAL;
    f64, F64, NULL_FLOAT;
    [u8; 16], Guid, [0; 16];
    Sym, Sym, Sym::NULL;
}

/// kdb+'s float null: a quiet NaN with the sign bit set.
pub(crate) const NULL_FLOAT: f64 = f64::from_bits(0xfff8_0000_0000_0000);
/// kdb+'s real null.
pub(crate) const NULL_REAL: f32 = f32::from_bits(0xffc0_0000);

/// The null of a kind: 0 for booleans and bytes, a blank for chars.
pub(crate) const fn null_item(kind: Kind) -> Item {
    match kind {
        Kind::Boolean | Kind::Byte => Item::U8(0),
        Kind::Char => Item::U8(b' '),
        Kind::Short => Item::I16(i16::MIN),
        Kind::Real => Item::F32(NULL_REAL),
        Kind::Float | Kind::Datetime => Item::F64(NULL_FLOAT),
        Kind::Long | Kind::Timestamp | Kind::Timespan => Item::I64(i64::MIN),
        Kind::Guid => Item::Guid([0; 16]),
        Kind::Symbol => Item::Sym(Sym::NULL),
        _ => Item::I32(i32::MIN),
    }
}

impl Item {
    pub(super) const fn or_null(self, kind: Kind, found: bool) -> Self {
        if found { self } else { null_item(kind) }
    }
}
