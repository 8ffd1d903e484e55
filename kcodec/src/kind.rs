//! The q types: one table of codes, names, letters and widths, looked up and never retyped.

/// The type of a q object, without the sign that tells an atom from a vector.
///
/// The discriminants are kdb+'s type codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// General list, `()`.
    List = 0,
    /// `b`, one byte, 0 or 1.
    Boolean = 1,
    /// `g`, 16 bytes in textual order.
    Guid = 2,
    /// `x`, one byte.
    Byte = 4,
    /// `h`, 16 bits.
    Short = 5,
    /// `i`, 32 bits.
    Int = 6,
    /// `j`, 64 bits.
    Long = 7,
    /// `e`, 32-bit float.
    Real = 8,
    /// `f`, 64-bit float.
    Float = 9,
    /// `c`, one byte of text.
    Char = 10,
    /// `s`, interned text.
    Symbol = 11,
    /// `p`, nanoseconds since 2000.01.01.
    Timestamp = 12,
    /// `m`, months since 2000.01.
    Month = 13,
    /// `d`, days since 2000.01.01.
    Date = 14,
    /// `z`, days since 2000.01.01 as a float.
    Datetime = 15,
    /// `n`, nanoseconds.
    Timespan = 16,
    /// `u`, minutes.
    Minute = 17,
    /// `v`, seconds.
    Second = 18,
    /// `t`, milliseconds.
    Time = 19,
    /// Table, a flipped dict of columns.
    Table = 98,
    /// Dict; also a keyed table.
    Dict = 99,
    /// Function given as source text.
    Lambda = 100,
    /// Unary primitive, `::` among them.
    Unary = 101,
    /// Binary primitive.
    Binary = 102,
    /// Iterator on its own.
    Iterator = 103,
    /// Function with some of its arguments.
    Projection = 104,
    /// Functions applied one after the other.
    Composition = 105,
    /// `f'`
    Each = 106,
    /// `f/`
    Over = 107,
    /// `f\`
    Scan = 108,
    /// `f':`
    EachPrior = 109,
    /// `f/:`
    EachRight = 110,
    /// `f\:`
    EachLeft = 111,
    /// Sorted (step) dict.
    SortedDict = 127,
    /// Error, -128 in q's signed form.
    Error = 128,
}

struct Row {
    kind: Kind,
    name: &'static str,
    letter: char,
    /// Bytes of one item; 0 where items have no fixed width.
    width: usize,
}

const fn row(kind: Kind, name: &'static str, letter: char, width: usize) -> Row {
    Row { kind, name, letter, width }
}

const TABLE: [Row; 35] = [
    row(Kind::List, "list", ' ', 0),
    row(Kind::Boolean, "boolean", 'b', 1),
    row(Kind::Guid, "guid", 'g', 16),
    row(Kind::Byte, "byte", 'x', 1),
    row(Kind::Short, "short", 'h', 2),
    row(Kind::Int, "int", 'i', 4),
    row(Kind::Long, "long", 'j', 8),
    row(Kind::Real, "real", 'e', 4),
    row(Kind::Float, "float", 'f', 8),
    row(Kind::Char, "char", 'c', 1),
    row(Kind::Symbol, "symbol", 's', 0),
    row(Kind::Timestamp, "timestamp", 'p', 8),
    row(Kind::Month, "month", 'm', 4),
    row(Kind::Date, "date", 'd', 4),
    row(Kind::Datetime, "datetime", 'z', 8),
    row(Kind::Timespan, "timespan", 'n', 8),
    row(Kind::Minute, "minute", 'u', 4),
    row(Kind::Second, "second", 'v', 4),
    row(Kind::Time, "time", 't', 4),
    row(Kind::Table, "table", ' ', 0),
    row(Kind::Dict, "dict", ' ', 0),
    row(Kind::Lambda, "lambda", ' ', 0),
    row(Kind::Unary, "unary primitive", ' ', 0),
    row(Kind::Binary, "binary primitive", ' ', 0),
    row(Kind::Iterator, "iterator", ' ', 0),
    row(Kind::Projection, "projection", ' ', 0),
    row(Kind::Composition, "composition", ' ', 0),
    row(Kind::Each, "each", ' ', 0),
    row(Kind::Over, "over", ' ', 0),
    row(Kind::Scan, "scan", ' ', 0),
    row(Kind::EachPrior, "each prior", ' ', 0),
    row(Kind::EachRight, "each right", ' ', 0),
    row(Kind::EachLeft, "each left", ' ', 0),
    row(Kind::SortedDict, "sorted dict", ' ', 0),
    row(Kind::Error, "error", ' ', 0),
];

impl Kind {
    /// The unsigned type code: 7 for long, 98 for a table, 128 for an error.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this unsigned code; `None` where kdb+ sends no such type.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        TABLE.get(usize::from(*PLACES.get(usize::from(code))?)).map(|row| row.kind)
    }

    /// The kind of vector that `name` casts to in q: `` `long$() ``.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// The kind with q's type letter, as in `"j"$` or the suffix of `0Nj`.
    #[must_use]
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::all().find(|kind| letter != ' ' && kind.letter() == letter)
    }

    /// kdb+'s name, as in `` `long$() ``; a plain description for the types q gives no name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// q's type letter; a blank where there is none.
    #[must_use]
    pub fn letter(self) -> char {
        self.row().map_or(' ', |row| row.letter)
    }

    /// Bytes of one item of an atom or vector; `None` for symbols and everything nested.
    #[must_use]
    pub fn width(self) -> Option<usize> {
        self.row().map(|row| row.width).filter(|&width| width > 0)
    }

    fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.kind)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.get(usize::from(*PLACES.get(usize::from(self.code()))?))
    }
}

/// Where in the table each code stands.
const PLACES: [u8; 256] = places();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "computed by the compiler, which would stop at a fault"
)]
const fn places() -> [u8; 256] {
    let mut places = [u8::MAX; 256];
    let mut place = 0;
    while place < TABLE.len() {
        places[TABLE[place].kind.code() as usize] = place as u8;
        place += 1;
    }
    places
}

/// What kdb+ was told about the order of a vector's items.
///
/// The attribute is the sender's claim: nothing on the wire proves it, and decoding does not verify it.
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

/// Calls a macro with every kind of fixed width: its variant and the Rust type of one item.
macro_rules! fixed_kinds {
    ($then:ident) => {
        $then! {
            Boolean bool,
            Guid crate::temporal::Guid,
            Byte u8,
            Short i16,
            Int i32,
            Long i64,
            Real f32,
            Float f64,
            Char u8,
            Timestamp crate::temporal::Timestamp,
            Month crate::temporal::Month,
            Date crate::temporal::Date,
            Datetime crate::temporal::Datetime,
            Timespan crate::temporal::Timespan,
            Minute crate::temporal::Minute,
            Second crate::temporal::Second,
            Time crate::temporal::Time,
        }
    };
}
pub(crate) use fixed_kinds;
