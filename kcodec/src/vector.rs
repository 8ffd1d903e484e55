//! Items of one kind.

use crate::atom::Atom;
use crate::kind::{Attribute, Kind, fixed_kinds};
use crate::slice::Slice;
use crate::symbol::Symbols;

macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        /// Items of one kind, with the vector's attribute.
        ///
        /// ```
        /// use kcodec::{Attribute, Kind, Slice, Vector, VectorIter};
        ///
        /// let vector = Vector::Float(Slice::new(&[1.5, 2.5])).with_attribute(Attribute::Sorted);
        /// assert_eq!((vector.kind(), vector.len(), vector.is_empty()), (Kind::Float, 2, false));
        /// assert_eq!((vector.attribute(), vector.as_bytes().map(<[u8]>::len)), (Attribute::Sorted, Some(16)));
        /// let iter: VectorIter<'_> = vector.iter();
        /// assert_eq!(iter.last(), vector.get(1));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Vector<'a> {
            $(#[doc = concat!("Items of kind [`Kind::", stringify!($kind), "`].")] $kind(Slice<'a, $ty>),)*
            /// Symbols.
            Symbol(Symbols<'a>),
        }

        impl<'a> Vector<'a> {
            /// The kind of the items.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                    Self::Symbol(_) => Kind::Symbol,
                }
            }

            /// Number of items.
            #[must_use]
            #[inline]
            pub fn len(self) -> usize {
                match self {
                    $(Self::$kind(items) => items.len(),)*
                    Self::Symbol(items) => items.len(),
                }
            }

            /// What the sender claims of the items' order.
            #[must_use]
            pub fn attribute(self) -> Attribute {
                match self {
                    $(Self::$kind(items) => items.attribute(),)*
                    Self::Symbol(items) => items.attribute(),
                }
            }

            /// The same items under another attribute; nothing is verified.
            #[must_use]
            pub fn with_attribute(self, attribute: Attribute) -> Self {
                match self {
                    $(Self::$kind(items) => Self::$kind(items.with_attribute(attribute)),)*
                    Self::Symbol(items) => Self::Symbol(items.with_attribute(attribute)),
                }
            }

            /// The item at `index`. On symbols of a body this walks all before it.
            #[must_use]
            #[inline]
            pub fn get(self, index: usize) -> Option<Atom<'a>> {
                match self {
                    $(Self::$kind(items) => items.get(index).map(Atom::$kind),)*
                    Self::Symbol(items) => items.get(index).map(Atom::Symbol),
                }
            }

            /// The items' bytes as they stand in a body; `None` for symbols borrowed from Rust slices.
            #[must_use]
            #[inline(always)]
            pub fn as_bytes(self) -> Option<&'a [u8]> {
                match self {
                    $(Self::$kind(items) => Some(items.as_bytes()),)*
                    Self::Symbol(items) => items.as_bytes(),
                }
            }
        }
    };
}
fixed_kinds!(define);

impl Vector<'_> {
    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}
