//! Single items as text: bare as in vectors and cells, and framed as atoms.
//!
//! Of `42h` the item is `42`; the `h` stands once at the end of a vector too. [`affixes`] holds what
//! each kind puts around and between its items.

use std::fmt;

use super::ascii::Ascii;
use super::float;
use crate::kind::Kind;
use crate::null::Infinite;
use crate::slice::Item;
use crate::temporal::Guid;

/// An item that can be written.
pub(super) trait Text: Item {
    /// Whether a null in a column of a table shows as nothing.
    const BLANK_NULL: bool = true;

    /// Writes the item as it stands in a vector, and tells whether the text shows its kind.
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error>;
}

/// What a kind puts before, between and after its items.
struct Affixes {
    before: &'static str,
    between: &'static str,
    after: &'static str,
    /// Whether `after` is left out where an item shows the kind.
    spare: bool,
}

const fn affixes(kind: Kind) -> Affixes {
    let (before, between, after) = match kind {
        Kind::Boolean => ("", "", "b"),
        Kind::Byte => ("0x", "", ""),
        Kind::Short => ("", " ", "h"),
        Kind::Int => ("", " ", "i"),
        Kind::Real => ("", " ", "e"),
        Kind::Float => ("", " ", "f"),
        Kind::Timestamp => ("", " ", "p"),
        Kind::Month => ("", " ", "m"),
        Kind::Date => ("", " ", "d"),
        Kind::Datetime => ("", " ", "z"),
        Kind::Timespan => ("", " ", "n"),
        Kind::Minute => ("", " ", "u"),
        Kind::Second => ("", " ", "v"),
        Kind::Time => ("", " ", "t"),
        _ => ("", " ", ""),
    };
    let spare = !matches!(kind, Kind::Boolean | Kind::Short | Kind::Int | Kind::Real | Kind::Month);
    Affixes { before, between, after, spare }
}

/// Writes the items of an atom or a vector of `kind`, with what belongs around them.
pub(super) fn write<T: Text>(kind: Kind, items: impl Iterator<Item = T>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Affixes { before, between, after, spare } = affixes(kind);
    Ascii::with(f, |out| {
        out.text(before)?;
        let (mut shown, mut first) = (false, true);
        for item in items {
            if !first {
                out.text(between)?;
            }
            first = false;
            shown |= item.bare(out)?;
        }
        if spare && shown { Ok(()) } else { out.text(after) }
    })
}

/// Writes the item as it stands in a column of a table; a null shows as nothing.
pub(super) fn write_bare<T: Text>(item: T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if T::BLANK_NULL && item.is_null() {
        return Ok(());
    }
    Ascii::with(f, |out| item.bare(out).map(drop))
}

/// Writes text in quotes.
pub(super) fn write_string(text: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    Ascii::with(f, |out| {
        out.byte(b'"')?;
        text.iter().try_for_each(|&byte| match byte {
            b'"' | b'\\' => out.bytes(&[b'\\', byte]),
            _ => character(byte, out),
        })?;
        out.byte(b'"')
    })
}

/// Writes a char as it stands in a column of a table.
pub(super) fn write_char(byte: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    Ascii::with(f, |out| character(byte, out))
}

/// Writes a byte of text; one that does not print, as its escape.
fn character(byte: u8, out: &mut Ascii<'_, '_>) -> fmt::Result {
    match byte {
        b' '..=b'~' => out.byte(byte),
        b'\n' => out.text("\\n"),
        b'\r' => out.text("\\r"),
        b'\t' => out.text("\\t"),
        _ => out.bytes(&[b'\\', b'0' | (byte >> 6), b'0' | ((byte >> 3) & 7), b'0' | (byte & 7)]),
    }
}

impl Text for bool {
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
        out.byte(if self { b'1' } else { b'0' }).map(|()| true)
    }
}

impl Text for u8 {
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
        out.hex(self).map(|()| true)
    }
}

impl Text for Guid {
    const BLANK_NULL: bool = false;

    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
        for (index, byte) in self.0.into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.byte(b'-')?;
            }
            out.hex(byte)?;
        }
        Ok(true)
    }
}

/// An integer type.
pub(super) trait Integer: Infinite + PartialEq + Into<i64> {
    fn special(self) -> Option<&'static str> {
        match self {
            _ if self == Self::NULL => Some("0N"),
            _ if self == Self::INFINITY => Some("0W"),
            _ if self == Self::NEG_INFINITY => Some("-0W"),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Integer for $ty {}

        impl Text for $ty {
            fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
                match self.special() {
                    Some(name) => out.text(name)?,
                    None => out.signed(self.into())?,
                }
                Ok(true)
            }
        }
    )*};
}
integers!(i16, i32, i64);

impl Text for f64 {
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
        match special_float(self) {
            _ if self.is_nan() => out.text("0n").map(|()| true),
            Some(name) => out.text(name).map(|()| true),
            None => float::write(self, out),
        }
    }
}

/// A real null is `0N`: with the suffix it makes `0Ne`.
impl Text for f32 {
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
        match special_float(self.into()) {
            Some(name) => out.text(name).map(|()| true),
            None => float::write(self.into(), out),
        }
    }
}

/// The special names of a float, apart from the null of kind float itself, which is `0n`.
pub(super) fn special_float(x: f64) -> Option<&'static str> {
    match x {
        _ if x.is_nan() => Some("0N"),
        f64::INFINITY => Some("0w"),
        f64::NEG_INFINITY => Some("-0w"),
        _ => None,
    }
}
