//! Single items.

use crate::kind::{Kind, fixed_kinds};
use crate::slice::Item;
use crate::symbol::Symbol;

macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        /// One item of any kind. `Char` is a byte of text, as kdb+ has it.
        ///
        /// ```
        /// use kcodec::{Atom, Kind, Value};
        ///
        /// let Value::Atom(atom) = Value::from(i64::MIN) else { panic!("not an atom") };
        /// assert_eq!((atom.kind(), atom.is_null(), atom), (Kind::Long, true, Atom::Long(i64::MIN)));
        /// ```
        #[derive(Debug, Clone, Copy)]
        pub enum Atom<'a> {
            $(#[doc = concat!("An item of kind [`Kind::", stringify!($kind), "`].")] $kind($ty),)*
            /// A symbol.
            Symbol(Symbol<'a>),
        }

        impl Atom<'_> {
            /// The kind of the item.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                    Self::Symbol(_) => Kind::Symbol,
                }
            }

            /// Whether this is q's null of its kind.
            #[must_use]
            pub fn is_null(self) -> bool {
                match self {
                    Self::Char(b' ') => true,
                    $(Self::$kind(item) => item.is_null(),)*
                    Self::Symbol(symbol) => symbol.is_empty(),
                }
            }
        }

        /// q's `~`: the same kind and the same item; nulls match.
        impl PartialEq for Atom<'_> {
            fn eq(&self, other: &Self) -> bool {
                match (*self, *other) {
                    $((Self::$kind(a), Self::$kind(b)) => a.matches(b),)*
                    (Self::Symbol(a), Self::Symbol(b)) => a == b,
                    _ => false,
                }
            }
        }
    };
}
fixed_kinds!(define);
