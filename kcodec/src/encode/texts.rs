//! Texts of Rust data, as symbols or strings, copied a block at a time.
//!
//! The plain algorithm: for each text, check that there is room and that it holds no NUL, then copy it and its
//! terminator.
//!
//! Two things make that slow. Each text is in a cache line of its own, and a loop that checks and copies between two
//! loads keeps few cache misses in flight: [`touch`] loads a byte of each text of a block first, so that the misses
//! overlap, and the copies then find the block in the L1 cache. And most texts are too short for a call of `memcpy`:
//! [`copy`] makes two copies of constant length, which may overlap. Room is made once for a block, and its terminators
//! are counted once it is written: a NUL too many came from a text.

use std::hint::black_box;

use super::{Encoder, counted};
use crate::capability::LONGEST;
use crate::error::{Error, ErrorKind};
use crate::kind::{Attribute, Kind};
use crate::simd;
use crate::sink::Sink;
use crate::slice::Slice;
use crate::symbol::Symbol;
use crate::vector::Vector;

/// Texts of a block: their cache lines and the output of common lengths fit the L1 cache.
pub(crate) const BLOCK: usize = 64;

/// Fewer symbols are copied one by one, which is faster for them: the names of most tables.
const FEW: usize = 16;

impl<'a, S: Sink<'a>> Encoder<S> {
    /// Texts as symbols, without the head of their vector.
    #[inline(always)]
    pub(crate) fn terminated<T>(&mut self, items: &'a [T], text: impl Fn(&'a T) -> &'a [u8]) -> Result<(), Error> {
        if items.len() < FEW {
            return items.iter().try_for_each(|item| self.text(Symbol::from_bytes(text(item))));
        }
        items.chunks(BLOCK).try_for_each(|items| self.terminated_block(items, &text))
    }

    /// Out of line: the path of few symbols stays small.
    #[inline(never)]
    fn terminated_block<T>(&mut self, items: &'a [T], text: impl Fn(&'a T) -> &'a [u8]) -> Result<(), Error> {
        let size = touch(items, &text).saturating_add(items.len());
        let Some(room) = self.out.room(size) else {
            return items.iter().try_for_each(|item| self.text(Symbol::from_bytes(text(item))));
        };
        let mut left = &mut *room;
        for item in items {
            let text = text(item);
            let Some(([to @ .., _], rest)) = left.split_at_mut_checked(text.len() + 1) else {
                unreachable!("measured")
            };
            copy(text, to);
            left = rest;
        }
        match simd::skip_texts(room, items.len()) {
            Some(end) if end == size => Ok(()),
            _ => Err(self.nul(size, items.iter().map(text))),
        }
    }

    /// The error for a NUL in one of the texts that were written last, with their terminators `size` bytes.
    #[cold]
    fn nul(&self, size: usize, texts: impl Iterator<Item = &'a [u8]>) -> Error {
        let mut offset = self.out.size() - size;
        for text in texts {
            match memchr::memchr(0, text) {
                Some(nul) => return Error::new(offset + nul, ErrorKind::Nul),
                None => offset += text.len() + 1,
            }
        }
        unreachable!("more NULs than terminators")
    }

    /// Texts as char vectors, without the head of their list.
    #[inline(always)]
    pub(super) fn strings<T>(&mut self, items: &'a [T], text: impl Fn(&'a T) -> &'a [u8]) -> Result<(), Error> {
        items.chunks(BLOCK).try_for_each(|items| self.strings_block(items, &text))
    }

    #[inline(always)]
    fn strings_block<T>(&mut self, items: &'a [T], text: impl Fn(&'a T) -> &'a [u8]) -> Result<(), Error> {
        let length = touch(items, &text);
        let size = length.saturating_add(items.len() * counted(0, Attribute::None, 0).len());
        // Every count fits the 4 bytes that all peers read.
        let room = if length <= LONGEST as usize { self.out.room(size) } else { None };
        let Some(mut left) = room else {
            let chars = |item| Vector::Char(Slice::new(text(item)));
            return items.iter().try_for_each(|item| self.vector(chars(item)));
        };
        for item in items {
            let text = text(item);
            let Ok(count) = u32::try_from(text.len()) else { unreachable!("at most the length of the block") };
            let Some((head, rest)) = left.split_first_chunk_mut() else { unreachable!("measured") };
            *head = counted(Kind::Char.code(), Attribute::None, count);
            let Some((to, rest)) = rest.split_at_mut_checked(text.len()) else { unreachable!("measured") };
            copy(text, to);
            left = rest;
        }
        Ok(())
    }
}

/// The length of all texts together. Loads them into the cache.
#[inline(always)]
fn touch<'a, T>(items: &'a [T], text: impl Fn(&'a T) -> &'a [u8]) -> usize {
    // A block of slices is shorter than 2^64 bytes, even if all of them are the same.
    let (mut length, mut seen) = (0_u64, 0);
    for item in items {
        let text = text(item);
        length += text.len() as u64;
        seen |= text.first().copied().unwrap_or_default();
    }
    // What is not used is not loaded.
    black_box(seen);
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Copies a text to a place of its length.
#[inline(always)]
fn copy(text: &[u8], to: &mut [u8]) {
    match text.len() {
        4..=8 => ends::<4>(text, to),
        9..=16 => ends::<8>(text, to),
        17..=32 => ends::<16>(text, to),
        2 | 3 => ends::<2>(text, to),
        1 => ends::<1>(text, to),
        _ => to.copy_from_slice(text),
    }
}

/// Copies the first `N` bytes and the last, which overlap or meet.
#[inline(always)]
fn ends<const N: usize>(text: &[u8], to: &mut [u8]) {
    if let (Some(first), Some(to)) = (text.first_chunk::<N>(), to.first_chunk_mut()) {
        *to = *first;
    }
    if let (Some(last), Some(to)) = (text.last_chunk::<N>(), to.last_chunk_mut()) {
        *to = *last;
    }
}

#[cfg(test)]
mod tests {
    use super::{copy, touch};

    #[test]
    fn texts_of_all_short_lengths_are_copied_whole_and_nothing_else() {
        let text: Vec<u8> = (1..=70).collect();
        for length in 0..text.len() {
            let mut to = [0; 70];
            copy(&text[..length], &mut to[..length]);
            assert_eq!((&to[..length], to[length..].iter().all(|&byte| byte == 0)), (&text[..length], true));
        }
    }

    #[test]
    fn a_block_is_as_long_as_its_texts() {
        assert_eq!(touch(&["", "a", "bcd"], |text| text.as_bytes()), 4);
    }
}
