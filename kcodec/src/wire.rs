//! Type codes, item widths and flags as bytes on the wire, from the table of kinds.

use crate::kind::{Attribute, Kind};

pub(crate) const BOOLEAN: u8 = Kind::Boolean.code();
pub(crate) const SYMBOLS: u8 = Kind::Symbol.code();
pub(crate) const SYMBOL: u8 = SYMBOLS.wrapping_neg();
pub(crate) const TABLE: u8 = Kind::Table.code();
pub(crate) const DICT: u8 = Kind::Dict.code();
pub(crate) const SORTED_DICT: u8 = Kind::SortedDict.code();
pub(crate) const ERROR: u8 = Kind::Error.code();

/// The flag of an attribute byte that says that the count has 8 bytes.
pub(crate) const WIDE: u8 = 0x80;

/// The largest code of an attribute.
pub(crate) const LAST_ATTRIBUTE: u8 = Attribute::Grouped.code();

/// Bytes of one item, by the code of a vector; 0 for items without a fixed width.
#[expect(clippy::cast_possible_truncation, reason = "asserted")]
const WIDTHS: [u8; 256] = {
    let mut widths = [0; 256];
    let mut left = widths.as_mut_slice();
    let mut code = 0_u8;
    while let Some((width, rest)) = left.split_first_mut() {
        if let Some(kind) = Kind::from_code(code)
            && let Some(bytes) = kind.width()
        {
            assert!(bytes <= 16, "a width that fits a byte");
            *width = bytes as u8;
        }
        // Wraps behind the last entry.
        code = code.wrapping_add(1);
        left = rest;
    }
    widths
};

/// Bytes of one item of a fixed width, by the code of a vector.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "an entry for each byte")]
pub(crate) const fn width(code: u8) -> Option<usize> {
    match WIDTHS[code as usize] {
        0 => None,
        width => Some(width as usize),
    }
}
