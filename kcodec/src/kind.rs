//! The q types: one table of names, codes, letters and item types.

/// Calls a macro with the table of kinds. `fixed` holds the kinds whose items have a fixed width: a variant, its type
/// code, q's name, q's type letter and the Rust type of an item. `other` holds the rest, which have no item type.
macro_rules! kinds {
    ([$($then:tt)+] $($first:tt)*) => {
        $($then)+! {
            $($first)*
            fixed {
                /// `b`, one byte, 0 or 1.
                Boolean = 1, "boolean", 'b', bool;
                /// `g`, 16 bytes in textual order.
                Guid = 2, "guid", 'g', crate::temporal::Guid;
                /// `x`, one byte.
                Byte = 4, "byte", 'x', u8;
                /// `h`, 16 bits.
                Short = 5, "short", 'h', i16;
                /// `i`, 32 bits.
                Int = 6, "int", 'i', i32;
                /// `j`, 64 bits.
                Long = 7, "long", 'j', i64;
                /// `e`, 32-bit float.
                Real = 8, "real", 'e', f32;
                /// `f`, 64-bit float.
                Float = 9, "float", 'f', f64;
                /// `c`, one byte of text.
                Char = 10, "char", 'c', u8;
                /// `p`, nanoseconds since 2000.01.01.
                Timestamp = 12, "timestamp", 'p', crate::temporal::Timestamp;
                /// `m`, months since 2000.01.
                Month = 13, "month", 'm', crate::temporal::Month;
                /// `d`, days since 2000.01.01.
                Date = 14, "date", 'd', crate::temporal::Date;
                /// `z`, days since 2000.01.01 as a float.
                Datetime = 15, "datetime", 'z', crate::temporal::Datetime;
                /// `n`, nanoseconds.
                Timespan = 16, "timespan", 'n', crate::temporal::Timespan;
                /// `u`, minutes.
                Minute = 17, "minute", 'u', crate::temporal::Minute;
                /// `v`, seconds.
                Second = 18, "second", 'v', crate::temporal::Second;
                /// `t`, milliseconds.
                Time = 19, "time", 't', crate::temporal::Time;
            }
            other {
                /// General list, `()`.
                List = 0, "list", ' ';
                /// `s`, interned text.
                Symbol = 11, "symbol", 's';
                /// Table, a flipped dict of columns.
                Table = 98, "table", ' ';
                /// Dict; also a keyed table.
                Dict = 99, "dict", ' ';
                /// Function given as source text.
                Lambda = 100, "lambda", ' ';
                /// Unary primitive, `::` among them.
                Unary = 101, "unary primitive", ' ';
                /// Binary primitive.
                Binary = 102, "binary primitive", ' ';
                /// Iterator on its own.
                Iterator = 103, "iterator", ' ';
                /// Function with some of its arguments.
                Projection = 104, "projection", ' ';
                /// Functions applied one after the other.
                Composition = 105, "composition", ' ';
                /// `f'`
                Each = 106, "each", ' ';
                /// `f/`
                Over = 107, "over", ' ';
                /// `f\`
                Scan = 108, "scan", ' ';
                /// `f':`
                EachPrior = 109, "each prior", ' ';
                /// `f/:`
                EachRight = 110, "each right", ' ';
                /// `f\:`
                EachLeft = 111, "each left", ' ';
                /// Sorted (step) dict.
                SortedDict = 127, "sorted dict", ' ';
                /// Error, -128 in q's signed form.
                Error = 128, "error", ' ';
            }
        }
    };
}
pub(crate) use kinds;

macro_rules! define {
    (
        fixed { $($(#[$fixed_doc:meta])* $fixed:ident = $fixed_code:literal, $fixed_name:literal, $fixed_letter:literal,
            $ty:ty;)* }
        other { $($(#[$doc:meta])* $kind:ident = $code:literal, $name:literal, $letter:literal;)* }
    ) => {
        /// The type of a q object, without the sign that tells an atom from a vector.
        ///
        /// The discriminants are kdb+'s type codes.
        ///
        /// ```
        /// use kcodec::Kind;
        ///
        /// let long = Kind::from_name("long").expect("a vector's name");
        /// assert_eq!((long, long.name(), long.letter()), (Kind::Long, "long", 'j'));
        /// assert_eq!((long.code(), long.width()), (7, Some(8)));
        /// assert_eq!((Kind::from_code(11), Kind::from_letter('d')), (Some(Kind::Symbol), Some(Kind::Date)));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$fixed_doc])* $fixed = $fixed_code,)*
            $($(#[$doc])* $kind = $code,)*
        }

        const ALL: &[Kind] = &[$(Kind::$fixed,)* $(Kind::$kind,)*];

        impl Kind {
            /// The kind with this unsigned code; `None` if kdb+ sends no such type.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($fixed_code => Some(Self::$fixed),)*
                    $($code => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// kdb+'s name, as in `` `long$() ``; a plain description for the types that q does not name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$fixed => $fixed_name,)*
                    $(Self::$kind => $name,)*
                }
            }

            /// q's type letter; a blank if there is none.
            #[must_use]
            pub const fn letter(self) -> char {
                match self {
                    $(Self::$fixed => $fixed_letter,)*
                    $(Self::$kind => $letter,)*
                }
            }

            /// Bytes of one item of an atom or vector; `None` for symbols and everything nested.
            #[must_use]
            pub const fn width(self) -> Option<usize> {
                match self {
                    $(Self::$fixed => Some(size_of::<$ty>()),)*
                    $(Self::$kind => None,)*
                }
            }
        }
    };
}
kinds!([define]);

impl Kind {
    /// The unsigned type code: 7 for long, 98 for a table, 128 for an error.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of vector that `name` casts to in q: `` `long$() ``.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind with q's type letter, as in `"j"$` or the suffix of `0Nj`.
    #[must_use]
    pub fn from_letter(letter: char) -> Option<Self> {
        ALL.iter().copied().find(|kind| letter != ' ' && kind.letter() == letter)
    }

    /// Whether a table may have it as a column: anything that q indexes by row number.
    pub(crate) const fn is_column(self) -> bool {
        self.code() <= Self::Table.code()
    }
}

/// What kdb+ was told about the order of a vector's items.
///
/// The attribute is the sender's claim: nothing on the wire proves it, and decoding does not verify it.
///
/// ```
/// use kcodec::{Attribute, Slice, Value, Vector};
///
/// let body = kcodec::parse("`s#1 2 3")?;
/// assert_eq!(body.value().as_vector().map(Vector::attribute), Ok(Attribute::Sorted));
/// let unique = Slice::new(&[3_i64, 1]).with_attribute(Attribute::Unique);
/// assert_eq!(Value::from(Vector::Long(unique)).to_string(), "`u#3 1");
/// assert_eq!((unique.attribute().prefix(), unique.attribute().code()), ("`u#", 2));
/// assert_eq!(Attribute::from_code(2), Some(Attribute::Unique));
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Attribute {
    /// No claim.
    #[default]
    None = 0,
    /// `` `s# ``: ascending.
    Sorted = 1,
    /// `` `u# ``: no duplicates.
    Unique = 2,
    /// `` `p# ``: equal items stand together.
    Parted = 3,
    /// `` `g# ``: the receiver keeps an index; only the flag travels.
    Grouped = 4,
}

impl Attribute {
    /// The byte on the wire, without the flag of an 8-byte count.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The attribute with this code; `None` from 5 on.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::None),
            1 => Some(Self::Sorted),
            2 => Some(Self::Unique),
            3 => Some(Self::Parted),
            4 => Some(Self::Grouped),
            _ => None,
        }
    }

    /// q's prefix, `` `s# ``; empty for none.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Sorted => "`s#",
            Self::Unique => "`u#",
            Self::Parted => "`p#",
            Self::Grouped => "`g#",
        }
    }
}

/// Calls a macro with the kinds of fixed width: the variant and the Rust type of an item.
macro_rules! fixed_kinds {
    ($then:ident) => {
        $crate::kind::kinds! { [$crate::kind::fixed_only] $then }
    };
}
pub(crate) use fixed_kinds;

macro_rules! fixed_only {
    (
        $then:ident
        fixed { $($(#[$doc:meta])* $kind:ident = $code:literal, $name:literal, $letter:literal, $ty:ty;)* }
        other { $($other:tt)* }
    ) => {
        $then! { $($kind $ty,)* }
    };
}
pub(crate) use fixed_only;
