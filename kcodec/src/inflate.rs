//! The reader of a compressed stream: bytes in, bytes out, in whatever pieces there are.

use crate::error::{Error, ErrorKind};

// The plain algorithm, an element at a time, is `Inflate::element`: a literal is copied from the
// input, a match from the output, and every pair that has become whole is remembered, except the
// pairs inside a match. `Inflate::run` does all it can with `Lane::four` instead, which takes four
// elements at a time and is sound for these reasons:
//
// * Which pairs are learned depends on the input. A literal after a literal completes the pair that
//   starts at the one before; a match after a literal completes it too, by its first byte, and then
//   is itself a pair, whose key it names; nothing is learned from the last byte of a match. That
//   first byte is all that learning needs of the output, and only there.
// * An entry is eight times its position. So the compiler knows that a position is far from the
//   largest number, and does not ask whether adding to it overflows; eight times, because the
//   processor adds that in one instruction.
// * Four flags and the flag before them, which says whether a pair is open, are all that the course
//   of four elements depends on. Each of their 32 values has its own straight piece of code, compiled
//   from the one function, and one jump leads to it: offsets in the input are constants there,
//   literals side by side are one store, and nothing is asked of a flag any more. (All eight flags
//   at once gain nothing over four: the code is then too large for the cache.)
// * A copy of up to four bytes is one load and one store, of up to sixteen two of eight bytes, whose
//   surplus is written over next. The second load may read what the first stored, so only the
//   distance of the first matters, and one comparison shows that: the source ends before the target
//   begins. Sizes are those of the data, since a load that spans two recent stores has to wait for
//   both to leave the processor; that is why four bytes are not copied as eight.
// * An entry of nothing has a position beyond everything, so that the same comparison fails for it.
//   What fails is asked again without haste, by `copy`, and only then refused. That is marked as
//   cold, though long matches may be frequent: what its call needs saved is then saved beside it,
//   and not on the way of those that go by.
// * Four elements begin only where room for the longest four is left. They cannot run past the
//   body's length then, and no offset is out of bounds; the tests that the language makes are left to
//   the compiler, which drops most of them, and never fail.

/// Bits of an entry below its position.
const UNIT: u32 = 3;
/// The entry of a key that was not seen: a position beyond everything.
const NONE: u64 = u64::MAX;
/// A flag above the eight of a group, which shows how many are left.
const END: u32 = 1 << 9;
/// The flags that are left above the flag before them are none below this, and
const SOME: u32 = 1 << 2;
/// four at least from this on.
const FOUR: u32 = 1 << 5;
/// The most that a match yields.
const MATCH: usize = 257;
/// Bytes by which copying in steps may write too far.
const STEP: usize = 32;
/// Room for four elements.
const ROOM: usize = 4 * MATCH + STEP;

#[derive(Clone)]
pub(crate) struct Inflate {
    /// The latest entry of each key.
    seen: [u64; 256],
    /// The flag of the element before, above it the flags of those to come, above them [`END`].
    flags: u32,
    /// The byte before, if it was a literal.
    literal: u8,
    /// A key that came without its length.
    key: Option<u8>,
    /// Bytes read, and what stands before the stream.
    at: usize,
    /// Bytes written.
    written: usize,
    /// Bytes to write.
    length: usize,
}

impl Inflate {
    /// The stream begins at offset `at`.
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

    /// Reads `input` and writes into `out`, which has all that was written and room ahead of it, for
    /// any element or up to the body's length. Returns the input that it leaves when it wants more
    /// room, or when the body is complete.
    pub(crate) fn run<'a>(&mut self, mut input: &'a [u8], out: &mut [u8]) -> Result<&'a [u8], Error> {
        loop {
            if self.key.is_none() {
                input = self.fours(input, out)?;
            }
            let room = out.len().saturating_sub(self.written);
            if room < ROOM && self.written.saturating_add(room) < self.length {
                return Ok(input);
            }
            if self.is_complete() || !self.element(&mut input, out)? {
                return Ok(input);
            }
        }
    }

    /// Reads one element. False: that takes more input.
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
            self.matched(key, usize::from(extra).wrapping_add(2), out)?;
        }
        self.flags >>= 1;
        Ok(true)
    }

    fn matched(&mut self, key: u8, count: usize, out: &mut [u8]) -> Result<(), Error> {
        let at = self.at.wrapping_sub(2);
        let from = look_up(&self.seen, key);
        if from == position(NONE) {
            return Err(Error::new(at, ErrorKind::Match));
        }
        if count > self.length.wrapping_sub(self.written) {
            return Err(Error::new(at, ErrorKind::Overrun));
        }
        self.learn(out.get(from).copied().unwrap_or_default());
        store(&mut self.seen, key, place(self.written));
        for from in from..from.wrapping_add(count) {
            // Perhaps a byte that this very loop wrote.
            let byte = out.get(from).copied().unwrap_or_default();
            self.write(byte, out);
        }
        Ok(())
    }

    /// Remembers the pair of the literal before, if there is one, and the byte to be written.
    fn learn(&mut self, byte: u8) {
        if self.flags & 1 == 0 {
            store(&mut self.seen, self.literal ^ byte, place(self.written.wrapping_sub(1)));
        }
    }

    fn write(&mut self, byte: u8, out: &mut [u8]) {
        if let Some(slot) = out.get_mut(self.written) {
            *slot = byte;
        }
        self.written = self.written.wrapping_add(1);
    }

    fn next(&mut self, input: &mut &[u8]) -> Option<u8> {
        let byte = input.split_off_first().copied()?;
        self.at = self.at.wrapping_add(1);
        Some(byte)
    }

    /// Reads elements by fours as long as there is input and room, and returns the input left.
    fn fours<'a>(&mut self, input: &'a [u8], out: &mut [u8]) -> Result<&'a [u8], Error> {
        let (mut flags, mut rest) = (self.flags, input);
        let mut lane = Lane { seen: &mut self.seen, out, at: place(self.written), literal: self.literal, failed: 0 };
        while lane.has_room() {
            if flags < FOUR {
                if flags >= SOME {
                    break;
                }
                let Some((&byte, after)) = rest.split_first() else { break };
                flags = more(flags, byte);
                rest = after;
            }
            let Some(window) = rest.first_chunk() else { break };
            let used = lane.any_four(flags, window);
            if used == 0 {
                let read = input.len().wrapping_sub(rest.len()).wrapping_add(lane.failed);
                return Err(Error::new(self.at.wrapping_add(read), ErrorKind::Match));
            }
            rest = rest.get(used..).unwrap_or_default();
            flags >>= 4;
        }
        self.written = position(lane.at);
        self.literal = lane.literal;
        self.flags = flags;
        self.at = self.at.wrapping_add(input.len().wrapping_sub(rest.len()));
        Ok(rest)
    }
}

/// The part of the state that changes with every element.
struct Lane<'a> {
    seen: &'a mut [u64; 256],
    out: &'a mut [u8],
    /// The entry of the next position.
    at: u64,
    literal: u8,
    /// Bytes that the four took before a match of nothing.
    failed: usize,
}

impl Lane<'_> {
    #[inline(always)]
    fn has_room(&self) -> bool {
        position(self.at).wrapping_add(ROOM) <= self.out.len()
    }

    /// Reads four elements. Returns how many bytes they took, none if one is a match of nothing.
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

    /// The lowest flag is that of the element before.
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

    /// Reads one of `left` elements. False: it is a match of nothing.
    #[inline(always)]
    fn one(&mut self, flags: u32, left: u32, input: &[u8; 8], used: &mut usize) -> bool {
        let after_literal = flags & 1 == 0;
        let first = input.get(*used).copied().unwrap_or_default();
        if flags & 2 == 0 {
            if left == 4 || !after_literal {
                let run = ((flags >> 1) | 1_u32.wrapping_shl(left)).trailing_zeros();
                self.literals(run, input.get(*used..).unwrap_or_default());
            }
            if after_literal {
                self.learn(first);
            }
            self.literal = first;
            self.at = self.at.wrapping_add(place(1));
            *used = used.wrapping_add(1);
            return true;
        }
        let key = first;
        let extra = input.get(used.wrapping_add(1)).copied().unwrap_or_default();
        let (from, to, count) = (look_up(self.seen, key), position(self.at), usize::from(extra).wrapping_add(2));
        if after_literal {
            self.learn(self.out.get(from).copied().unwrap_or_default());
        }
        store(self.seen, key, self.at);
        let copied = if count <= 4 { copy_4(self.out, from, to) } else { count <= 16 && copy_16(self.out, from, to) };
        if !copied && !copy(self.out, from, to, count) {
            return false;
        }
        self.at = self.at.wrapping_add(place(count));
        *used = used.wrapping_add(2);
        true
    }

    /// Writes literals that stand side by side, and perhaps a byte more, without moving on.
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
        store(self.seen, self.literal ^ byte, self.at.wrapping_sub(place(1)));
    }
}

/// The flags of a group, once those of the group before are used up.
const fn more(flags: u32, next: u8) -> u32 {
    (flags & 1) | ((next as u32) << 1) | END
}

/// The entry of a position.
#[inline(always)]
const fn place(position: usize) -> u64 {
    (position as u64).wrapping_shl(UNIT)
}

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
    let slot = out.get_mut(to..to.wrapping_add(N)).and_then(<[u8]>::first_chunk_mut::<N>);
    if let (Some(slot), Some(bytes)) = (slot, bytes) {
        *slot = *bytes;
        return true;
    }
    false
}

#[inline(always)]
fn shift<const N: usize>(out: &mut [u8], from: usize, to: usize) -> bool {
    let bytes = out.get(from..from.wrapping_add(N)).and_then(<[u8]>::first_chunk::<N>).copied();
    put(out, to, bytes.as_ref())
}

/// Copies four bytes, if the target begins after them.
#[inline(always)]
fn copy_4(out: &mut [u8], from: usize, to: usize) -> bool {
    to.wrapping_add(4) <= out.len() && from.wrapping_add(4) <= to && shift::<4>(out, from, to)
}

/// Copies sixteen bytes, if the target begins after eight of them.
#[inline(always)]
fn copy_16(out: &mut [u8], from: usize, to: usize) -> bool {
    to.wrapping_add(16) <= out.len()
        && from.wrapping_add(8) <= to
        && shift::<8>(out, from, to)
        && shift::<8>(out, from.wrapping_add(8), to.wrapping_add(8))
}

/// Copies `count` bytes, and perhaps some more. False: they are not before the target.
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

/// Copies `N` bytes at a time, each `N` of which are before their target.
#[inline(always)]
fn steps<const N: usize>(out: &mut [u8], mut from: usize, mut to: usize, count: usize) {
    let end = to.wrapping_add(count);
    while to < end {
        shift::<N>(out, from, to);
        from = from.wrapping_add(N);
        to = to.wrapping_add(N);
    }
}
