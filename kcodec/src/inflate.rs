//! The inflater of kdb+'s compression: a state machine that accepts the stream in pieces of any size.
//!
//! The plain algorithm, one element at a time, is `Inflate::element`:
//!
//! ```text
//! repeat until the body is complete:
//!     every eight elements: flags = next byte, lowest bit first
//!     flag clear: literal b = next byte
//!         if the element before was a literal a at p: seen[a ^ b] = p
//!         append b
//!     flag set: match k = next byte, n = next byte + 2, from = seen[k]; unset is an error
//!         if the element before was a literal a at p: seen[a ^ body[from]] = p
//!         seen[k] = end of the body so far
//!         append n bytes from `from`, one by one, since source and target may overlap
//! ```
//!
//! No pair that lies inside a match is stored. `Inflate::run` uses `Batch::four` wherever it can, which decodes four
//! elements at a time. Why each trick is sound, and what it saves:
//!
//! - **Dispatch on five flags.** The control flow of four elements depends only on their four flags and on the flag of
//!   the element before, which says whether a pair is open. Each of the 32 combinations is one instance of a const
//!   generic function, reached by one jump. In it the input offsets are constants, adjacent literals are one store, and
//!   no flag is tested. Eight flags at once were not faster: the code no longer fits the instruction cache.
//! - **Learning needs one byte of output.** A literal after a literal closes the pair with a byte of the input. A match
//!   after a literal closes it with the first byte of its source, which is loaded only then.
//! - **An entry is eight times its position.** The compiler can prove that adding to a position does not overflow, and
//!   x86 adds eight times an index in the addressing mode.
//! - **Short copies are fixed-size.** Up to four bytes are one load and one store, up to sixteen are two of eight; the
//!   next element overwrites the surplus. The copy is valid if the source ends before the target begins, which is one
//!   comparison of the first load; the second load may read what the first store wrote. Four bytes are not copied as
//!   eight: a load that spans two recent stores cannot be forwarded from the store buffer and waits for both to reach
//!   the cache.
//! - **Empty slots hold `u64::MAX`.** Their position fails the same comparison. The cold path (`copy`) then handles
//!   long or overlapping matches and reports the error. It is marked cold, although long matches are common, so that
//!   registers are saved around its call and not on the fast path.
//! - **Room is checked once for four elements.** A batch starts only if the output has room for the four longest
//!   elements (`ROOM`), so none of them can exceed the body's length. The compiler removes most bounds checks; the rest
//!   never fail.

use crate::error::{Error, ErrorKind};

/// Bits of an entry below its position.
const UNIT: u32 = 3;
/// The entry of a key without a pair: its position is out of bounds of any output.
const NONE: u64 = u64::MAX;
/// A sentinel above the eight flags of a group: its place shows how many flags are left.
const END: u32 = 1 << 9;
/// `flags` is at least this if it holds at least one flag besides that of the element before.
const SOME: u32 = 1 << 2;
/// `flags` is at least this if it holds at least four.
const FOUR: u32 = 1 << 5;
/// Bytes of the longest match.
const MATCH: usize = 257;
/// Bytes by which `steps` may write past the end of a match.
const STEP: usize = 32;
/// Bytes of output that a batch of four elements may touch.
const ROOM: usize = 4 * MATCH + STEP;

#[derive(Clone)]
pub(crate) struct Inflate {
    /// The latest entry of each key: the XOR of the two bytes of a pair.
    seen: [u64; 256],
    /// From the lowest bit: the flag of the element before, the flags of the elements to come, [`END`].
    flags: u32,
    /// The last byte written, if it was a literal.
    literal: u8,
    /// The key of a match whose length has not been received.
    key: Option<u8>,
    /// Offset of the next byte of input, the raw length before the stream included.
    at: usize,
    /// Bytes written.
    written: usize,
    /// Bytes of the body; 0 until it is known.
    length: usize,
}

impl Inflate {
    /// `at`: the offset at which the stream begins.
    pub(crate) const fn new(at: usize) -> Self {
        Self { seen: [NONE; 256], flags: (END >> 8) | 1, literal: 0, key: None, at, written: 0, length: 0 }
    }

    /// Sets the length of the body.
    pub(crate) const fn expect(&mut self, length: usize) {
        self.length = length;
    }

    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Offset of the next byte of input.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) const fn written(&self) -> usize {
        self.written
    }

    pub(crate) const fn is_complete(&self) -> bool {
        self.length != 0 && self.written == self.length
    }

    /// Reads `input` and appends to what was written to `out` before, whose rest is room. Stops when the room is
    /// shorter than [`ROOM`] and than the rest of the body, or when the body is complete, and returns the input that is
    /// left.
    pub(crate) fn run<'a>(&mut self, mut input: &'a [u8], out: &mut [u8]) -> Result<&'a [u8], Error> {
        loop {
            if self.key.is_none() {
                input = self.fours(input, out)?;
            }
            if out.len() - self.written < ROOM && out.len() < self.length {
                return Ok(input);
            }
            if self.is_complete() || !self.element(&mut input, out)? {
                return Ok(input);
            }
        }
    }

    /// Decodes one element. Returns false if its input is incomplete.
    fn element(&mut self, input: &mut &[u8], out: &mut [u8]) -> Result<bool, Error> {
        if self.flags < SOME {
            let Some(flags) = self.next(input) else { return Ok(false) };
            self.flags = more(self.flags, flags);
        }
        if self.flags & 2 == 0 {
            let Some(byte) = self.next(input) else { return Ok(false) };
            self.learn(byte);
            self.literal = byte;
            self.write(byte, out);
        } else {
            let Some(key) = self.key.take().or_else(|| self.next(input)) else { return Ok(false) };
            let Some(extra) = self.next(input) else {
                self.key = Some(key);
                return Ok(false);
            };
            self.matched(key, usize::from(extra) + 2, out)?;
        }
        self.flags >>= 1;
        Ok(true)
    }

    fn matched(&mut self, key: u8, count: usize, out: &mut [u8]) -> Result<(), Error> {
        let at = self.at - 2;
        let from = look_up(&self.seen, key);
        if from == position(NONE) {
            return Err(Error::new(at, ErrorKind::Match));
        }
        if count > self.length - self.written {
            return Err(Error::new(at, ErrorKind::Overrun));
        }
        self.learn(out.get(from).copied().unwrap_or_default());
        store(&mut self.seen, key, place(self.written));
        for from in from..from + count {
            // Source and target may overlap: the loop may have written this byte.
            let byte = out.get(from).copied().unwrap_or_default();
            self.write(byte, out);
        }
        Ok(())
    }

    /// Stores the pair of the last literal and `byte`, the next byte of the body, if the element before was a literal.
    fn learn(&mut self, byte: u8) {
        if self.flags & 1 == 0 {
            store(&mut self.seen, self.literal ^ byte, place(self.written - 1));
        }
    }

    fn write(&mut self, byte: u8, out: &mut [u8]) {
        if let Some(slot) = out.get_mut(self.written) {
            *slot = byte;
        }
        self.written += 1;
    }

    fn next(&mut self, input: &mut &[u8]) -> Option<u8> {
        let byte = input.split_off_first().copied()?;
        self.at += 1;
        Some(byte)
    }

    /// Decodes batches of four while there is input and room, and returns the input that is left.
    fn fours<'a>(&mut self, input: &'a [u8], out: &mut [u8]) -> Result<&'a [u8], Error> {
        let (mut flags, mut rest) = (self.flags, input);
        let mut batch = Batch { seen: &mut self.seen, out, at: place(self.written), literal: self.literal, failed: 0 };
        while batch.has_room() {
            if flags < FOUR {
                if flags >= SOME {
                    break;
                }
                let Some((&byte, after)) = rest.split_first() else { break };
                flags = more(flags, byte);
                rest = after;
            }
            let Some(window) = rest.first_chunk() else { break };
            let used = batch.any_four(flags, window);
            if used == 0 {
                let read = input.len() - rest.len() + batch.failed;
                return Err(Error::new(self.at + read, ErrorKind::Match));
            }
            rest = rest.get(used..).unwrap_or_default();
            flags >>= 4;
        }
        self.written = position(batch.at);
        self.literal = batch.literal;
        self.flags = flags;
        self.at += input.len() - rest.len();
        Ok(rest)
    }
}

/// The state that changes with every element, apart from [`Inflate`] so that it stays in registers.
struct Batch<'a> {
    seen: &'a mut [u64; 256],
    out: &'a mut [u8],
    /// The entry of the next position.
    at: u64,
    literal: u8,
    /// Bytes of input that the batch used before a match with an unset key.
    failed: usize,
}

impl Batch<'_> {
    #[inline(always)]
    fn has_room(&self) -> bool {
        position(self.at) + ROOM <= self.out.len()
    }

    /// Decodes four elements. Returns the bytes of input used, or 0 if a match has an unset key.
    #[inline(always)]
    fn any_four(&mut self, flags: u32, input: &[u8; 8]) -> usize {
        macro_rules! dispatch {
            ($($flags:literal)*) => {
                match flags & 31 {
                    $($flags => self.four::<$flags>(input),)*
                    _ => self.four::<31>(input),
                }
            };
        }
        dispatch!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30)
    }

    /// `FLAGS`: the flag of the element before in the lowest bit, then the four.
    #[inline(always)]
    fn four<const FLAGS: u32>(&mut self, input: &[u8; 8]) -> usize {
        let mut used = 0;
        let whole = self.one(FLAGS, 4, input, &mut used)
            && self.one(FLAGS >> 1, 3, input, &mut used)
            && self.one(FLAGS >> 2, 2, input, &mut used)
            && self.one(FLAGS >> 3, 1, input, &mut used);
        if whole {
            return used;
        }
        self.failed = used;
        0
    }

    /// Decodes one element, the first of `left`. Returns false for a match with an unset key.
    #[inline(always)]
    fn one(&mut self, flags: u32, left: u32, input: &[u8; 8], used: &mut usize) -> bool {
        let after_literal = flags & 1 == 0;
        let first = input.get(*used).copied().unwrap_or_default();
        if flags & 2 == 0 {
            if left == 4 || !after_literal {
                let run = ((flags >> 1) | (1 << left)).trailing_zeros();
                self.literals(run, input.get(*used..).unwrap_or_default());
            }
            if after_literal {
                self.learn(first);
            }
            self.literal = first;
            self.at += place(1);
            *used += 1;
            return true;
        }
        let key = first;
        let extra = input.get(*used + 1).copied().unwrap_or_default();
        let (from, to, count) = (look_up(self.seen, key), position(self.at), usize::from(extra) + 2);
        if after_literal {
            self.learn(self.out.get(from).copied().unwrap_or_default());
        }
        store(self.seen, key, self.at);
        let copied = if count <= 4 { copy_4(self.out, from, to) } else { count <= 16 && copy_16(self.out, from, to) };
        if !copied && !copy(self.out, from, to, count) {
            return false;
        }
        self.at += place(count);
        *used += 2;
        true
    }

    /// Stores `run` adjacent literals, up to one byte more, and does not advance.
    #[inline(always)]
    fn literals(&mut self, run: u32, input: &[u8]) {
        let to = position(self.at);
        match run {
            1 => put::<1>(self.out, to, input.first_chunk()),
            2 => put::<2>(self.out, to, input.first_chunk()),
            _ => put::<4>(self.out, to, input.first_chunk()),
        };
    }

    #[inline(always)]
    fn learn(&mut self, byte: u8) {
        store(self.seen, self.literal ^ byte, self.at - place(1));
    }
}

/// The flags of the next group behind the flag of the last element.
const fn more(flags: u32, next: u8) -> u32 {
    (flags & 1) | ((next as u32) << 1) | END
}

/// The entry of a position.
#[inline(always)]
const fn place(position: usize) -> u64 {
    (position as u64) << UNIT
}

/// The position of an entry: below 2^61, that of [`NONE`] included, so that adding to it does not overflow.
#[inline(always)]
fn position(entry: u64) -> usize {
    usize::try_from(entry >> UNIT).unwrap_or(usize::MAX)
}

/// The latest position of a key.
#[inline(always)]
fn look_up(seen: &[u64; 256], key: u8) -> usize {
    position(seen.get(usize::from(key)).copied().unwrap_or(NONE))
}

#[inline(always)]
fn store(seen: &mut [u64; 256], key: u8, entry: u64) {
    if let Some(slot) = seen.get_mut(usize::from(key)) {
        *slot = entry;
    }
}

#[inline(always)]
fn put<const N: usize>(out: &mut [u8], to: usize, bytes: Option<&[u8; N]>) -> bool {
    let slot = out.get_mut(to..to + N).and_then(<[u8]>::first_chunk_mut::<N>);
    if let (Some(slot), Some(bytes)) = (slot, bytes) {
        *slot = *bytes;
        return true;
    }
    false
}

#[inline(always)]
fn shift<const N: usize>(out: &mut [u8], from: usize, to: usize) -> bool {
    let bytes = out.get(from..from + N).and_then(<[u8]>::first_chunk::<N>).copied();
    put(out, to, bytes.as_ref())
}

/// Copies four bytes if the target begins behind all of them.
#[inline(always)]
fn copy_4(out: &mut [u8], from: usize, to: usize) -> bool {
    to + 4 <= out.len() && from + 4 <= to && shift::<4>(out, from, to)
}

/// Copies sixteen bytes if the target begins behind the first eight.
#[inline(always)]
fn copy_16(out: &mut [u8], from: usize, to: usize) -> bool {
    to + 16 <= out.len() && from + 8 <= to && shift::<8>(out, from, to) && shift::<8>(out, from + 8, to + 8)
}

/// Copies `count` bytes and up to [`STEP`] more. Returns false if the source is not before the target.
#[cold]
#[inline(never)]
fn copy(out: &mut [u8], from: usize, to: usize, count: usize) -> bool {
    match to.checked_sub(from) {
        None | Some(0) => return false,
        Some(1..8) => steps::<1>(out, from, to, count),
        Some(8..32) => steps::<8>(out, from, to, count),
        Some(32..) => steps::<32>(out, from, to, count),
    }
    true
}

/// Copies `N` bytes at a time; source and target must be at least `N` apart.
#[inline(always)]
fn steps<const N: usize>(out: &mut [u8], mut from: usize, mut to: usize, count: usize) {
    let end = to + count;
    while to < end {
        shift::<N>(out, from, to);
        from += N;
        to += N;
    }
}
