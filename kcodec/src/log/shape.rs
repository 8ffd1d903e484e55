//! Finds the end of a valid log record by comparing it with an earlier record of the same table.
//!
//! The plain algorithm for a record ``(`upd;`trade;x)``, where x is a list of atoms, is a walk over the items:
//!
//! ```text
//! check the head of the record, the two names and the head of x
//! for each item of x: code = next byte; skip its width, or for a symbol its text and NUL
//! ```
//!
//! Each step depends on the one before: the type of an item determines the offset of the next. The ten steps of
//! ``(`upd;`trade;(0D09:30;`IBM;101.5;100;"N"))`` take longer than loading the bytes from memory.
//!
//! Records of one table have the same bytes up to the first item of x, then the same types in the same order. Only the
//! lengths of symbols vary. A [`Shape`] stores the bytes of one record with a mask of the bits that all records of the
//! table share, in blocks:
//!
//! ```text
//! mask: all bits of types, counts and names; no bits of values; all but the lowest bit of booleans
//! a block ends after 32 bytes, and after the type of a symbol in x
//!
//! for each block of the shape:
//!     if (next 32 bytes ^ block.bytes) & block.mask != 0: not this shape; take the plain walk
//!     skip the length of the block; if it ends at a symbol: skip its text and NUL
//! ```
//!
//! - **Cost.** A block costs a few instructions for any number of items. Only symbols need a search for their ends.
//! - **Soundness.** A shape is made from a record that passed the checker. Its mask covers every bit that the checker
//!   reads in a record of atoms, except the NULs of symbols, which are searched for in the new record. So a record that
//!   matches is valid. A record that does not match is walked by the checker, which alone reports errors.
//! - **Bounded work.** A text is searched only if all blocks before it match, so at most twice: here and by the
//!   checker.
//! - **Fixed-size loads.** A block always compares 32 bytes; mask bytes after its length are zero. If fewer
//!   bytes follow, as at the end of a log, the record takes the plain walk.

use crate::simd::text_len;
use crate::wire::{LAST_ATTRIBUTE, SYMBOL, width};

/// Bytes per comparison.
const BLOCK: usize = 32;
/// Most blocks of a shape: enough for about twenty columns.
const BLOCKS: usize = 8;
/// Slots of the cache of shapes. A power of two.
const SLOTS: usize = 8;

/// The type of a boolean atom.
const BOOLEAN: u8 = 0xff;
/// The first bytes of a record: a list without attribute, of three items, the first one a symbol.
const RECORD: [u8; 7] = [0, 0, 3, 0, 0, 0, SYMBOL];

/// A direct-mapped cache of shapes, one per table; allocated on the first insertion.
#[derive(Debug, Clone)]
pub(super) struct Shapes(Option<Box<[Shape; SLOTS]>>);

/// The common bits of the records of one table. A shape without blocks is an empty slot, which matches no record.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    blocks: [Block; BLOCKS],
    count: usize,
}

/// Consecutive bytes of a record.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    bytes: [u8; BLOCK],
    /// The bits that must equal those of `bytes`; zero from `length` on.
    mask: [u8; BLOCK],
    length: usize,
    /// Whether the text of a symbol follows the block.
    is_text_next: bool,
}

impl Shapes {
    pub(super) const NONE: Self = Self(None);

    /// The length of the record at the start of `bytes`, if it matches the shape in its slot.
    #[inline]
    pub(super) fn extent(&self, bytes: &[u8]) -> Option<usize> {
        self.0.as_ref()?.get(slot(bytes)?)?.extent(bytes)
    }

    /// Stores the shape of a checked record in its slot, if the record has one.
    pub(super) fn insert(&mut self, record: &[u8]) {
        if let (Some(shape), Some(slot)) = (Shape::of(record), slot(record))
            && let Some(stored) = self.0.get_or_insert_default().get_mut(slot)
        {
            *stored = shape;
        }
    }
}

/// The slot of a record: a hash of its bytes 12 to 19. If the function is `upd`, they are the first eight bytes of the
/// table's name, or a shorter name and bytes that all records of the table share. A collision replaces the shape, which
/// costs time only.
#[inline]
fn slot(record: &[u8]) -> Option<usize> {
    let (_, bytes) = record.split_first_chunk::<12>()?;
    let mixed = u64::from_le_bytes(*bytes.first_chunk()?).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> (u64::BITS - SLOTS.trailing_zeros())).ok()
}

impl Shape {
    /// The shape of a checked record; `None` unless it is an update of one row of atoms.
    fn of(record: &[u8]) -> Option<Self> {
        let (_, names) = record.split_at_checked(RECORD.len()).filter(|(start, _)| *start == RECORD)?;
        let names = skip_text(names)?.strip_prefix(&[SYMBOL])?;
        let ([0, 0..=LAST_ATTRIBUTE, ..], mut left) = skip_text(names)?.split_first_chunk::<6>()? else {
            return None;
        };
        // Fails early for columns of vectors, which have no shape, before any bytes are copied.
        if left.first().is_some_and(|&code| code != SYMBOL && width(code.wrapping_neg()).is_none()) {
            return None;
        }
        let mut shape = Self::default();
        let head = record.len() - left.len();
        record.get(..head)?.iter().try_for_each(|&byte| shape.push(byte, 0xff))?;
        while let Some((&code, rest)) = left.split_first() {
            shape.push(code, 0xff)?;
            if code == SYMBOL {
                shape.block()?.is_text_next = true;
                left = skip_text(rest)?;
            } else {
                // `None` for anything but an atom.
                let (value, rest) = rest.split_at_checked(width(code.wrapping_neg())?)?;
                let mask = if code == BOOLEAN { 0xfe } else { 0 };
                value.iter().try_for_each(|&byte| shape.push(byte, mask))?;
                left = rest;
            }
        }
        Some(shape)
    }

    /// Appends a byte, in a new block if the last one is complete; `None` if the shape has no more blocks.
    fn push(&mut self, byte: u8, mask: u8) -> Option<()> {
        if self.block().is_none_or(|block| block.length == BLOCK || block.is_text_next) {
            self.count += 1;
        }
        let block = self.block()?;
        *block.bytes.get_mut(block.length)? = byte;
        *block.mask.get_mut(block.length)? = mask;
        block.length += 1;
        Some(())
    }

    /// The last block; `None` if there is none.
    fn block(&mut self) -> Option<&mut Block> {
        self.blocks.get_mut(self.count.checked_sub(1)?)
    }

    /// The length of the record at the start of `bytes`, if it matches this shape. `None` also if fewer than [`BLOCK`]
    /// bytes follow the start of its last block, as at the end of a log.
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
        if blocks.is_empty() { None } else { Some(bytes.len() - left.len()) }
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

/// The bytes after the text at the start and its NUL.
#[inline(always)]
fn skip_text(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(text_len(bytes)? + 1..)
}
