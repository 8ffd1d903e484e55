//! Checks a record by comparing it with an earlier one of the same table.
//!
//! The plain way to the end of a record of atoms takes one step an item, and each waits for the one before: the
//! type byte says how far the next type byte is. For ``(`upd;`trade;(0D09:30;`IBM;101.5;100;"N"))`` those are ten
//! steps, which take longer than reading the bytes from memory.
//!
//! The records of a table are alike. Everything up to the first item of x is the same bytes, and then the same types
//! follow in the same order. So the shape of the last record is kept: those bytes, and those types. Where the next
//! record has it, the distances are known beforehand, and the processor loads all type bytes at once to see that they
//! are as expected; only a symbol's end must be looked for. Whatever is not as expected is walked the plain way, which
//! decides what is an error.
//!
//! Why that is sound: the shape is made of bytes that passed the plain check, and says all that the plain check asks
//! of a record of atoms, but for the bytes of booleans and the ends of symbols, which are looked at anew.

use crate::decode::{LAST_ATTRIBUTE, SYMBOL, width};
use crate::simd::text_len;

/// Items of x that a shape can have: the columns of a table.
const ITEMS: usize = 24;
/// Shapes that are kept, of as many tables. A power of two.
const KEPT: usize = 8;

const BOOLEAN: u8 = 0xff;
/// What a record begins with: a list without attribute, of three items, the first a symbol.
const RECORD: [u8; 7] = [0, 0, 3, 0, 0, 0, SYMBOL];

/// The shapes of some tables.
#[derive(Debug, Clone)]
pub(super) struct Shapes<'a>([Shape<'a>; KEPT]);

/// What records of one table have in common.
#[derive(Debug, Clone, Copy)]
struct Shape<'a> {
    /// The first bytes, up to the first item of x; none where there is no shape.
    head: &'a [u8],
    /// The items of x, all atoms: their types, and bytes behind the type; of symbols none.
    items: [(u8, u8); ITEMS],
    count: usize,
}

impl<'a> Shapes<'a> {
    pub(super) const NONE: Self = Self([Shape::NONE; KEPT]);

    /// The length of the record that stands first, if it has a shape that is kept.
    #[inline]
    pub(super) fn extent(&self, bytes: &[u8]) -> Option<usize> {
        self.0.get(place(bytes)?)?.extent(bytes)
    }

    /// Keeps the shape of a record that was checked, if it has one.
    pub(super) fn learn(&mut self, record: &'a [u8]) {
        if let Some(shape) = Shape::of(record)
            && let Some(kept) = place(record).and_then(|place| self.0.get_mut(place))
        {
            *kept = shape;
        }
    }
}

/// Where the shape of a record is kept. For the function `upd` the eight bytes are the first ones of the table's name,
/// or all of it and bytes that every record of the table has.
#[inline]
fn place(record: &[u8]) -> Option<usize> {
    let (_, bytes) = record.split_first_chunk::<12>()?;
    let mixed = u64::from_le_bytes(*bytes.first_chunk()?).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> (u64::BITS.wrapping_sub(KEPT.trailing_zeros()))).ok()
}

impl<'a> Shape<'a> {
    const NONE: Self = Self { head: &[], items: [(0, 0); ITEMS], count: 0 };

    /// The shape of a checked record; `None` unless it is an update of one row of atoms.
    fn of(record: &'a [u8]) -> Option<Self> {
        let (_, names) = record.split_at_checked(RECORD.len()).filter(|(start, _)| *start == RECORD)?;
        let names = skip_text(names)?.strip_prefix(&[SYMBOL])?;
        let ([0, 0..=LAST_ATTRIBUTE, count @ ..], mut left) = skip_text(names)?.split_first_chunk::<6>()? else {
            return None;
        };
        let count = usize::try_from(u32::from_le_bytes(*count)).ok().filter(|&count| count <= ITEMS)?;
        let head = record.get(..record.len().checked_sub(left.len())?)?;
        let mut items = [(0, 0); ITEMS];
        for item in items.get_mut(..count)? {
            let code = *left.first()?;
            let width = if code == SYMBOL { 0 } else { u8::try_from(width(code.wrapping_neg())?).ok()? };
            *item = (code, width);
            left = skip_atom(left, code, width)?;
        }
        Some(Self { head, items, count })
    }

    /// The length of the record that stands first, if it has this shape.
    #[inline]
    fn extent(&self, bytes: &[u8]) -> Option<usize> {
        let (head, mut left) = bytes.split_at_checked(self.head.len())?;
        if !is_same(head, self.head) {
            return None;
        }
        for &(code, width) in self.items.get(..self.count)? {
            left = skip_atom(left, code, width)?;
        }
        bytes.len().checked_sub(left.len())
    }
}

/// Whether two heads of one length are equal, and there is one: eight bytes at a time, where a call would take longer.
#[inline(always)]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(x), Some(y)) => {
            let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
            words.fold(x == y, |same, (x, y)| same & (x == y))
        }
        _ => false,
    }
}

/// What follows the atom that stands first, if it has this type.
#[inline(always)]
fn skip_atom(bytes: &[u8], code: u8, width: u8) -> Option<&[u8]> {
    let (&found, rest) = bytes.split_first()?;
    if found != code {
        return None;
    }
    if code == SYMBOL {
        return skip_text(rest);
    }
    let (item, left) = rest.split_at_checked(usize::from(width))?;
    (code != BOOLEAN || matches!(item, [0 | 1])).then_some(left)
}

/// What follows the text that stands first and its NUL.
#[inline(always)]
fn skip_text(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(text_len(bytes)?.wrapping_add(1)..)
}
