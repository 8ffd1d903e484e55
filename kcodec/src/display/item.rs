//! Text of items of fixed width.
//!
//! The bare text of an item is what an atom, a vector and a table's column have in common: `42` of `42h`. [`affixes`]
//! has the prefix, separator and suffix of each kind, which an atom and a vector add once.

use std::fmt;

use super::ascii::Ascii;
use super::float;
use crate::kind::Kind;
use crate::null::Infinite;
use crate::slice::Item;
use crate::temporal::Guid;

/// An item that can be written.
pub(super) trait Text: Item {
    /// Whether a null is empty in a column of a table.
    const BLANK_NULL: bool = true;

    /// Writes the item as in a vector. Returns whether the text implies the kind, so that a suffix may be omitted.
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error>;
}

/// The text around and between the items of a kind.
struct Affixes {
    prefix: &'static str,
    separator: &'static str,
    suffix: &'static str,
    /// Whether the suffix is omitted if the text of at least one item implies the kind.
    is_optional: bool,
}

const fn affixes(kind: Kind) -> Affixes {
    let (prefix, separator, suffix) = match kind {
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
    let is_optional = !matches!(kind, Kind::Boolean | Kind::Short | Kind::Int | Kind::Real | Kind::Month);
    Affixes { prefix, separator, suffix, is_optional }
}

/// Writes the items of an atom or a vector of `kind`, with prefix, separators and suffix.
pub(super) fn write<T: Text>(kind: Kind, items: impl Iterator<Item = T>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Affixes { prefix, separator, suffix, is_optional } = affixes(kind);
    Ascii::with(f, |out| {
        out.text(prefix)?;
        let (mut is_implied, mut first) = (false, true);
        for item in items {
            if !first {
                out.text(separator)?;
            }
            first = false;
            is_implied |= item.bare(out)?;
        }
        if is_optional && is_implied { Ok(()) } else { out.text(suffix) }
    })
}

/// Writes the item as in a column of a table; a null is empty.
pub(super) fn write_bare<T: Text>(item: T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if T::BLANK_NULL && item.is_null() {
        return Ok(());
    }
    Ascii::with(f, |out| item.bare(out).map(drop))
}

/// Writes text in quotes, with quotes and backslashes escaped.
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

/// Writes a char as in a column of a table.
pub(super) fn write_char(byte: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    Ascii::with(f, |out| character(byte, out))
}

/// Writes a byte of text. Bytes that are not printable ASCII become `\n`, `\r`, `\t` or three octal digits.
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

/// An integer type with a null and infinities.
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

/// The null is `0N`: with the suffix of the kind, `0Ne`.
impl Text for f32 {
    fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
        match special_float(self.into()) {
            Some(name) => out.text(name).map(|()| true),
            None => float::write(self.into(), out),
        }
    }
}

/// The text of a null or an infinity of the kinds real and datetime; a null of kind float is `0n` instead.
pub(super) fn special_float(x: f64) -> Option<&'static str> {
    match x {
        _ if x.is_nan() => Some("0N"),
        f64::INFINITY => Some("0w"),
        f64::NEG_INFINITY => Some("-0w"),
        _ => None,
    }
}
