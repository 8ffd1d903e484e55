//! kdb+'s own compression, byte for byte.
//!
//! The stream is groups of up to eight elements behind one flag byte, whose lowest bit belongs to the first element. A
//! clear bit is a literal, one byte. A set bit is a match, two bytes: a key and a length. The key is the XOR of two
//! adjacent bytes. Writer and reader keep, for each of the 256 keys, the latest position of a pair with it. A match
//! copies the pair at that position and `length` bytes after it.
//!
//! The plain algorithm, one element at a time, is `Compressor::plain`:
//!
//! ```text
//! at each position p, until the body ends:
//!     key = body[p] ^ body[p + 1], found = seen[key]
//!     if a pair is pending: seen[its key] = its position
//!     if body[found] == body[p], and a byte follows the pair:
//!         n = bytes equal after both pairs, at most 255
//!         write key, n; seen[key] = p; p += 2 + n
//!     else:
//!         write the literal body[p]; (key, p) is pending; p += 1
//! ```
//!
//! Both sides must store the same positions. The reader does not know the second byte of a literal's pair until the
//! next element, so that the writer stores it after the next look-up, too. The pair that a match begins with is stored
//! at once. Pairs inside a match are never stored.
//!
//! kdb+ compresses a message only if that halves it. The writer gives up at the start of a group if the longest group
//! might not fit into half of the raw length. The test therefore also bounds what it writes.
//!
//! `Compressor::element` does the same faster for every element but the last few. Why each trick is sound, and what it
//! saves:
//!
//! - **An entry holds its position and the first byte of its pair.** Equal keys and equal first bytes imply equal
//!   second bytes, so that a look-up does not read the body at the position found. An empty slot holds a value that no
//!   byte has.
//! - **A pair is always pending.** After a match, which is stored at once, the same pair is stored again. Nothing else
//!   was stored in between, so that this changes nothing, and it saves a branch.
//! - **Eight bytes are compared at a time.**
//! - **The length of a match is predicted.** The next position depends on this length through two loads of the body,
//!   one of the table and the comparison: about 25 cycles in which no other work could start. So the position advances
//!   by the usual length, and only a branch compares that with the real one. The branch predictor then lets the
//!   processor run several elements ahead. The usual length is replaced after two mispredictions in a row, so that one
//!   exception costs one misprediction, not two. It is at most 7, which one comparison of eight bytes can tell
//!   ([`UNUSUAL`] otherwise). `step` is the same length in units of `at`: if the compiler saw that the step is computed
//!   from the length found, it would compute it so and bring the dependency back.
//! - **State that changes with every element stays in registers.** In memory, each position would wait for a store and
//!   a load of the one before. So the table, which must be in memory, is borrowed, and `plain` takes and returns
//!   values.
//! - **The eight elements of a group are unrolled.** Data of rows repeats with the row, and a branch for each place in
//!   the group lets the predictor learn the repetition.
//! - **The output is zeroed ahead in stretches that fit the L1 cache**, and written through a window of fixed length: a
//!   masked offset needs no bounds check.

/// From which size on a message is compressed. KX's own programs differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// Bodies over 2000 bytes, as kdb+'s C library sends them.
    #[default]
    Body,
    /// Messages over 2000 bytes with their header, as KX's Java and C# clients send them.
    Message,
}

impl Threshold {
    /// Bytes of the longest body that is not compressed.
    const fn plain(self) -> usize {
        match self {
            Self::Body => 2000,
            Self::Message => 1992,
        }
    }
}

/// Bytes of the header before the body. Lengths include them; they are not compressed.
const HEADER: usize = 8;
/// Bytes of the longest group: its flags and eight matches.
const GROUP: usize = 17;

/// Compresses a little-endian body if kdb+ would.
///
/// Appends to `out` everything that follows the header of the compressed message: the raw length, of 4 bytes, or of 8
/// from 4 GiB on, and the stream. Returns the kind that the header must name. Returns `None`, with `out` unchanged, if
/// the body is under the threshold or does not halve. Does not allocate if `out` has room for half of the body.
pub fn compress(body: &[u8], threshold: Threshold, out: &mut Vec<u8>) -> Option<crate::Compression> {
    if body.len() <= threshold.plain() || body.len() >= LONGEST {
        return None;
    }
    let raw = body.len() + HEADER;
    let start = out.len();
    let kind = match u32::try_from(raw) {
        Ok(raw) => {
            out.extend_from_slice(&raw.to_le_bytes());
            crate::Compression::Short
        }
        Err(_) => {
            out.extend_from_slice(&(raw as u64).to_le_bytes());
            crate::Compression::Long
        }
    };
    if stream(body, start + raw / 2 - HEADER, out) {
        return Some(kind);
    }
    out.truncate(start);
    None
}

/// Bits of an entry below its position.
const BYTE: u32 = 16;
/// Bytes of the shortest body whose positions would overflow an entry; more than an address space has.
const LONGEST: usize = 1 << (u64::BITS - BYTE - 1);
/// The entry of a key without a pair: its low bits are more than a byte can be.
const NONE: u64 = (1 << BYTE) - 1;
/// Bytes of the body that an element reads: a pair and the eight bytes after it.
const AHEAD: usize = 10;
/// Bytes of output that a group may touch: a power of two of at least [`GROUP`].
const WINDOW: usize = 32;
/// Bytes by which the output is zeroed ahead.
const STRETCH: usize = 16 * 1024;
/// The usual length if it is none that a comparison of eight bytes can tell.
const UNUSUAL: u32 = 8;

struct Compressor<'a> {
    body: &'a [u8],
    /// The latest entry of each key.
    seen: &'a mut [u64; 256],
    /// The key and the entry to store after the next look-up.
    pending: (u8, u64),
    /// The position in the form of an entry whose byte is 0.
    at: u64,
    /// The predicted length of a match.
    usual: u32,
    /// By how much `at` advances for a match of that length.
    step: u64,
    /// Whether the latest match had another length.
    missed: bool,
}

/// A group that is being written.
struct Group<'a> {
    bytes: &'a mut [u8; WINDOW],
    /// Bytes written, the byte of the flags included.
    used: usize,
    flags: u8,
}

impl Group<'_> {
    #[inline(always)]
    const fn put(&mut self, offset: usize, byte: u8) {
        #[expect(clippy::indexing_slicing, reason = "masked to the window's length")]
        {
            self.bytes[offset & (WINDOW - 1)] = byte;
        }
    }

    #[inline(always)]
    const fn literal(&mut self, byte: u8) {
        self.put(self.used, byte);
        self.used += 1;
    }

    #[inline(always)]
    fn matched(&mut self, element: u32, key: u8, extra: u32) {
        let [extra, ..] = extra.to_le_bytes();
        self.put(self.used, key);
        self.put(self.used + 1, extra);
        self.used += 2;
        self.flags |= 1 << element;
    }
}

/// Appends the stream. Returns false if it might not end before `end`.
fn stream(body: &[u8], end: usize, out: &mut Vec<u8>) -> bool {
    let mut seen = [NONE; 256];
    let mut compressor = Compressor::new(body, &mut seen);
    let mut written = out.len();
    out.reserve(end - written + WINDOW);
    while compressor.position() < body.len() {
        if written + GROUP > end {
            return false;
        }
        if out.len() < written + WINDOW {
            let stretch = (written + STRETCH).min(end);
            out.resize(stretch + WINDOW, 0);
        }
        let Some(bytes) = out.get_mut(written..).and_then(<[u8]>::first_chunk_mut) else { return false };
        let mut group = Group { bytes, used: 1, flags: 0 };
        let elements = compressor.group(&mut group);
        if elements < 8 {
            (compressor, group) = compressor.plain(elements, group);
        }
        group.put(0, group.flags);
        written += group.used;
    }
    out.truncate(written);
    true
}

impl<'a> Compressor<'a> {
    const fn new(body: &'a [u8], seen: &'a mut [u64; 256]) -> Self {
        Self { body, seen, pending: (0, NONE), at: 0, usual: UNUSUAL, step: 0, missed: false }
    }

    /// Writes up to eight elements, fewer at the end of the body, and returns how many.
    #[inline(always)]
    fn group(&mut self, group: &mut Group<'_>) -> u32 {
        macro_rules! elements {
            ($($element:literal)*) => {
                $(if !self.element($element, group) {
                    return $element;
                })*
            };
        }
        elements!(0 1 2 3 4 5 6 7);
        8
    }

    #[inline(always)]
    fn position(&self) -> usize {
        usize::try_from(self.at >> BYTE).unwrap_or(usize::MAX)
    }

    /// Writes one element. Returns false if fewer than [`AHEAD`] bytes of the body are left.
    #[inline(always)]
    fn element(&mut self, element: u32, group: &mut Group<'_>) -> bool {
        let position = self.position();
        let Some(&[first, second, ref after @ ..]) = ahead::<AHEAD>(self.body, position) else { return false };
        let key = first ^ second;
        let found = self.look_up(key, first);
        let Some(found) = found else {
            group.literal(first);
            self.at += 1 << BYTE;
            return true;
        };
        self.store_pending();
        let before = ahead::<8>(self.body, found + 2);
        let difference = before.map_or(0, |before| u64::from_le_bytes(*before) ^ u64::from_le_bytes(*after));
        let equal = difference.trailing_zeros() / 8;
        if difference != 0 && equal == self.usual {
            group.matched(element, key, self.usual);
            self.at += self.step;
            self.missed = false;
            return true;
        }
        let equal = if difference == 0 { common(self.body, found, position) } else { equal };
        group.matched(element, key, equal);
        self.at += step(equal);
        if self.missed {
            self.usual = equal.min(UNUSUAL);
            self.step = step(equal);
        }
        self.missed = true;
        true
    }

    /// Looks this pair up, stores the pending pair, and makes this pair the pending one.
    #[inline(always)]
    fn look_up(&mut self, key: u8, first: u8) -> Option<usize> {
        let found = self.seen.get(usize::from(key)).copied().unwrap_or(NONE);
        self.store_pending();
        self.pending = (key, self.at | u64::from(first));
        let same = found & NONE == u64::from(first);
        same.then(|| usize::try_from(found >> BYTE).unwrap_or(usize::MAX))
    }

    #[inline(always)]
    fn store_pending(&mut self) {
        let (key, entry) = self.pending;
        if let Some(slot) = self.seen.get_mut(usize::from(key)) {
            *slot = entry;
        }
    }

    /// Writes the rest of a group near the end of the body, by the plain algorithm.
    #[cold]
    #[inline(never)]
    fn plain<'g>(mut self, elements: u32, mut group: Group<'g>) -> (Self, Group<'g>) {
        for element in elements..8 {
            let position = self.position();
            match *self.body.get(position..).unwrap_or_default() {
                [] => break,
                // A match needs a pair and a byte after it.
                [first] | [first, _] => {
                    group.literal(first);
                    self.at += 1 << BYTE;
                }
                [first, second, ..] => {
                    let key = first ^ second;
                    if let Some(found) = self.look_up(key, first) {
                        self.store_pending();
                        let extra = common(self.body, found, position);
                        group.matched(element, key, extra);
                        self.at += step(extra);
                    } else {
                        group.literal(first);
                        self.at += 1 << BYTE;
                    }
                }
            }
        }
        (self, group)
    }
}

/// By how much `at` advances for a match with `extra` bytes after its pair.
#[inline(always)]
const fn step(extra: u32) -> u64 {
    (extra as u64 + 2) << BYTE
}

/// The `N` bytes from `position` on.
#[inline(always)]
fn ahead<const N: usize>(body: &[u8], position: usize) -> Option<&[u8; N]> {
    body.get(position..position + N)?.first_chunk()
}

/// Number of equal bytes after the pairs at two positions, at most 255.
#[inline(never)]
fn common(body: &[u8], found: usize, position: usize) -> u32 {
    let before = body.get(found + 2..).unwrap_or_default();
    let after = body.get(position + 2..).unwrap_or_default();
    let after = after.get(..255).unwrap_or(after);
    let (eights, _) = after.as_chunks::<8>();
    let mut equal = 0_u32;
    for (before, after) in before.as_chunks::<8>().0.iter().zip(eights) {
        let difference = u64::from_le_bytes(*before) ^ u64::from_le_bytes(*after);
        if difference != 0 {
            return equal + difference.trailing_zeros() / 8;
        }
        equal += 8;
    }
    let whole = eights.as_flattened().len();
    let rest = before.iter().skip(whole).zip(after.iter().skip(whole));
    rest.take_while(|(before, after)| before == after).fold(equal, |equal, _| equal + 1)
}
