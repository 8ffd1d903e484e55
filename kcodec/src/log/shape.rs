//! Checks a record by comparing it with an earlier one of the same table.
//!
//! The plain way to the end of a record of atoms takes one step an item, and each waits for the one before: the
//! type byte says how far the next type byte is. For ``(`upd;`trade;(0D09:30;`IBM;101.5;100;"N"))`` those are ten
//! steps, which take longer than reading the bytes from memory.
//!
//! The records of a table are alike. Everything up to the first item of x is the same bytes, and then the same types
//! follow in the same order, so that only the lengths of symbols move them. A shape keeps the bytes of one record,
//! cut behind the type of each symbol of x and else into blocks of 32, with a mask of the bits that every record of
//! the table must have: all of a type, a count or a name, none of a value, all but the lowest of a boolean. A record
//! has the shape if no block differs from it under the mask. That takes a few instructions a block, however many
//! items it holds, and only the end of a symbol must be looked for. What has not the shape is walked the plain way,
//! which alone decides what is an error.
//!
//! Why that is sound: the shape is made of a record that passed the plain check, and its masks leave out nothing that
//! the plain check looks at in a record of atoms, but the ends of symbols, which are looked for anew. A text is only
//! searched where all before it is as it was, so that no byte is searched more often than twice.

use crate::simd::text_len;
use crate::wire::{LAST_ATTRIBUTE, SYMBOL, width};

/// Bytes that are compared together.
const BLOCK: usize = 32;
/// Blocks of a shape: enough for some twenty columns.
const BLOCKS: usize = 8;
/// Shapes that are kept, of as many tables. A power of two.
const KEPT: usize = 8;

const BOOLEAN: u8 = 0xff;
/// What a record begins with: a list without attribute, of three items, the first a symbol.
const RECORD: [u8; 7] = [0, 0, 3, 0, 0, 0, SYMBOL];

/// The shapes of some tables; memory is taken with the first one.
#[derive(Debug, Clone)]
pub(super) struct Shapes(Option<Box<[Shape; KEPT]>>);

/// What records of one table have in common: none where there is no block.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    blocks: [Block; BLOCKS],
    count: usize,
}

/// Some bytes of a record.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    bytes: [u8; BLOCK],
    /// The bits that must be as in `bytes`.
    mask: [u8; BLOCK],
    length: usize,
    /// Whether the text of a symbol follows.
    is_text_next: bool,
}

impl Shapes {
    pub(super) const NONE: Self = Self(None);

    /// The length of the record that stands first, if it has a shape that is kept.
    #[inline]
    pub(super) fn extent(&self, bytes: &[u8]) -> Option<usize> {
        self.0.as_ref()?.get(place(bytes)?)?.extent(bytes)
    }

    /// Keeps the shape of a record that was checked, if it has one.
    pub(super) fn learn(&mut self, record: &[u8]) {
        if let (Some(shape), Some(place)) = (Shape::of(record), place(record))
            && let Some(kept) = self.0.get_or_insert_default().get_mut(place)
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

impl Shape {
    /// The shape of a checked record; `None` unless it is an update of one row of atoms.
    fn of(record: &[u8]) -> Option<Self> {
        let (_, names) = record.split_at_checked(RECORD.len()).filter(|(start, _)| *start == RECORD)?;
        let names = skip_text(names)?.strip_prefix(&[SYMBOL])?;
        let ([0, 0..=LAST_ATTRIBUTE, ..], mut left) = skip_text(names)?.split_first_chunk::<6>()? else {
            return None;
        };
        // Columns of vectors, of which nothing need be written down.
        if left.first().is_some_and(|&code| code != SYMBOL && width(code.wrapping_neg()).is_none()) {
            return None;
        }
        let mut shape = Self::default();
        let head = record.len().checked_sub(left.len())?;
        record.get(..head)?.iter().try_for_each(|&byte| shape.push(byte, 0xff))?;
        while let Some((&code, rest)) = left.split_first() {
            shape.push(code, 0xff)?;
            if code == SYMBOL {
                shape.block()?.is_text_next = true;
                left = skip_text(rest)?;
            } else {
                // Anything but an atom is `None` here.
                let (value, rest) = rest.split_at_checked(width(code.wrapping_neg())?)?;
                let mask = if code == BOOLEAN { 0xfe } else { 0 };
                value.iter().try_for_each(|&byte| shape.push(byte, mask))?;
                left = rest;
            }
        }
        Some(shape)
    }

    /// Adds a byte; `None` if there is no room.
    fn push(&mut self, byte: u8, mask: u8) -> Option<()> {
        if self.block().is_none_or(|block| block.length == BLOCK || block.is_text_next) {
            self.count = self.count.checked_add(1).filter(|&count| count <= BLOCKS)?;
        }
        let block = self.block()?;
        *block.bytes.get_mut(block.length)? = byte;
        *block.mask.get_mut(block.length)? = mask;
        block.length = block.length.checked_add(1)?;
        Some(())
    }

    /// The last block.
    fn block(&mut self) -> Option<&mut Block> {
        self.blocks.get_mut(self.count.checked_sub(1)?)
    }

    /// The length of the record that stands first, if it has this shape and is not the last one of a log, which may
    /// have too few bytes behind it for its last block.
    #[inline]
    fn extent(&self, bytes: &[u8]) -> Option<usize> {
        let mut left = bytes;
        let blocks = self.blocks.get(..self.count)?;
        for block in blocks {
            if block.differs(left.first_chunk()?) {
                return None;
            }
            left = left.get(block.length..)?;
            if block.is_text_next {
                left = skip_text(left)?;
            }
        }
        if blocks.is_empty() { None } else { bytes.len().checked_sub(left.len()) }
    }
}

impl Block {
    #[inline(always)]
    fn differs(&self, bytes: &[u8; BLOCK]) -> bool {
        let words = |bytes: &[u8; BLOCK]| bytemuck::cast::<_, [u64; BLOCK / 8]>(*bytes);
        let ([a, b, c, d], [e, f, g, h], [i, j, k, l]) = (words(bytes), words(&self.bytes), words(&self.mask));
        ((a ^ e) & i | (b ^ f) & j | (c ^ g) & k | (d ^ h) & l) != 0
    }
}

/// What follows the text that stands first and its NUL.
#[inline(always)]
fn skip_text(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(text_len(bytes)?.wrapping_add(1)..)
}
