//! kdb+'s own compression, byte for byte.
//!
//! The stream is groups of up to eight elements behind one flag byte, whose lowest bit belongs to
//! the first element. A clear bit is one literal byte. A set bit is a match: a key and a length. The
//! key is the XOR of two neighbouring bytes, and both sides remember for each of the 256 keys the
//! latest position whose pair had it. A match stands for the pair at that position and for `length`
//! bytes after it.
//!
//! Which positions are remembered decides whether both sides agree. The pair that starts at a
//! literal is learned one step late, after the next look-up, because the reader knows its second
//! byte only then; the pair a match begins with is learned at once; pairs inside a match never.
//!
//! A message is sent compressed only if that halves it: the writer stops as soon as a whole group
//! might not fit into half the raw length. So the test stands at the start of each group, and an
//! output that gets past it never outgrows its buffer.

/// The shortest message that is worth compressing. KX's own programs disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// Bodies over 2000 bytes, as kdb+'s C library sends them.
    #[default]
    Body,
    /// Messages over 2000 bytes with their header, as KX's Java and C# clients send them.
    Message,
}

impl Threshold {
    /// Bytes of the longest body that goes plain.
    const fn plain(self) -> usize {
        match self {
            Self::Body => 2000,
            Self::Message => 1992,
        }
    }
}

/// Header bytes: they stand before the body, count in lengths, and are not compressed.
const HEADER: u64 = 8;
/// The most that a group takes: its flags and eight matches.
const GROUP: usize = 17;

/// Compresses a little-endian body, if kdb+ would.
///
/// Appends to `out` what follows the header of the compressed message: the raw length, of 4 bytes
/// or, from 4 GiB on, of 8, and the stream. Returns the kind that the header must name, or `None`,
/// with `out` as it was, when the body is short or does not halve. Allocates nothing when `out` has
/// room for half the body.
pub fn compress(body: &[u8], threshold: Threshold, out: &mut Vec<u8>) -> Option<crate::Compression> {
    if body.len() <= threshold.plain() || body.len() >= LONGEST {
        return None;
    }
    let raw = (body.len() as u64).saturating_add(HEADER);
    let start = out.len();
    let kind = match u32::try_from(raw) {
        Ok(raw) => {
            out.extend_from_slice(&raw.to_le_bytes());
            crate::Compression::Short
        }
        Err(_) => {
            out.extend_from_slice(&raw.to_le_bytes());
            crate::Compression::Long
        }
    };
    let room = usize::try_from((raw / 2).saturating_sub(HEADER)).unwrap_or(usize::MAX);
    if stream(body, start.saturating_add(room), out) {
        return Some(kind);
    }
    out.truncate(start);
    None
}

// The plain algorithm, an element at a time, is `Writer::plain`: look the pair up, learn what was
// pending, then write a match as long as the bytes agree, or a literal. `Writer::element` does the
// same faster, for every element but the last few:
//
// * An entry holds its position and, below it, the byte at that position. Whether the pair found is
//   this pair is then known without reading the body there: equal keys and equal first bytes make
//   the second bytes equal. An entry of nothing holds a byte that is none.
// * Something is always pending. After a match, which is learned at once, the same is learned
//   again: that changes nothing, since nothing else was learned in between, and it saves asking.
// * Lengths are compared eight bytes at a time.
// * The length is guessed. Where the next element starts depends on the length of this one, through
//   two loads of the body, one of the table and the comparison: some 25 cycles during which nothing
//   else could begin. So the position moves by the usual length, and only a branch compares that
//   with the real one; a processor predicts the branch and is elements ahead by the time that it is
//   decided. The usual length is that of the match before, kept until it was wrong twice running, so
//   that an exception costs one wrong guess and not two. It is a length that eight bytes can tell
//   (UNUSUAL otherwise). `step` repeats it in units of `at`: the compiler must not see that the
//   step is computed from the length found, or it would do that and bring the wait back.
// * What changes with every element stays in registers: in memory, each position would wait for the
//   one before to be stored and loaded. So the table, which must be in memory, is not a part of
//   `Writer` but borrowed, and `plain` takes and returns values where it could borrow them.
// * The eight elements of a group are written out, not looped over. Data of rows repeats with the
//   row, and a branch for each place in the group lets the processor learn that.
// * The output is filled ahead, a stretch at a time that stays in the nearest cache, and written
//   through a window of fixed length, which needs no test of bounds: a masked offset is inside.

/// Bits of an entry below its position.
const BYTE: u32 = 16;
/// A body as long as this would overflow an entry's position. No machine can hold one.
const LONGEST: usize = 1 << (u64::BITS - BYTE - 1);
/// The entry of a key that was not seen: its low bits are no byte.
const NONE: u64 = (1 << BYTE) - 1;
/// Bytes of the body that an element looks at: a pair, and the eight bytes that may follow it.
const AHEAD: usize = 10;
/// Bytes of the output that a group may touch; a power of two, over [`GROUP`].
const WINDOW: usize = 32;
/// Bytes by which the output is filled ahead.
const STRETCH: usize = 16 * 1024;
/// The usual length when there is none that eight bytes could tell.
const UNUSUAL: u32 = 8;

struct Writer<'a> {
    body: &'a [u8],
    /// The latest entry of each key.
    seen: &'a mut [u64; 256],
    /// The key and the entry to learn after the next look-up.
    pending: (u8, u64),
    /// The entry of this position and byte zero.
    at: u64,
    /// The length that matches mostly have.
    usual: u32,
    /// What `at` moves by for a match of that length.
    step: u64,
    /// Whether the latest match had another length.
    missed: bool,
}

/// A group that is being written.
struct Group<'a> {
    bytes: &'a mut [u8; WINDOW],
    /// Bytes written, of which the first is for the flags.
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
        self.used = self.used.wrapping_add(1);
    }

    #[inline(always)]
    fn matched(&mut self, element: u32, key: u8, extra: u32) {
        let [extra, ..] = extra.to_le_bytes();
        self.put(self.used, key);
        self.put(self.used.wrapping_add(1), extra);
        self.used = self.used.wrapping_add(2);
        self.flags |= 1_u8.wrapping_shl(element);
    }
}

/// Appends the stream. False: it would take more than `out` up to `end`.
fn stream(body: &[u8], end: usize, out: &mut Vec<u8>) -> bool {
    let mut seen = [NONE; 256];
    let mut writer = Writer::new(body, &mut seen);
    let mut written = out.len();
    out.reserve(end.saturating_sub(written).saturating_add(WINDOW));
    while writer.position() < body.len() {
        if written.saturating_add(GROUP) > end {
            return false;
        }
        if out.len() < written.saturating_add(WINDOW) {
            let stretch = written.saturating_add(STRETCH).min(end);
            out.resize(stretch.saturating_add(WINDOW), 0);
        }
        let Some(bytes) = out.get_mut(written..).and_then(<[u8]>::first_chunk_mut) else { return false };
        let mut group = Group { bytes, used: 1, flags: 0 };
        let elements = writer.group(&mut group);
        if elements < 8 {
            (writer, group) = writer.plain(elements, group);
        }
        group.put(0, group.flags);
        written = written.saturating_add(group.used);
    }
    out.truncate(written);
    true
}

impl<'a> Writer<'a> {
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

    /// Writes one element. False: the body ends too soon to be sure that it can be read ahead.
    #[inline(always)]
    fn element(&mut self, element: u32, group: &mut Group<'_>) -> bool {
        let position = self.position();
        let Some(&[first, second, ref after @ ..]) = ahead::<AHEAD>(self.body, position) else { return false };
        let key = first ^ second;
        let found = self.look_up(key, first);
        let Some(found) = found else {
            group.literal(first);
            self.at = self.at.wrapping_add(1 << BYTE);
            return true;
        };
        self.learn();
        let before = ahead::<8>(self.body, found.wrapping_add(2));
        let difference = before.map_or(0, |before| u64::from_le_bytes(*before) ^ u64::from_le_bytes(*after));
        let equal = difference.trailing_zeros() / 8;
        if difference != 0 && equal == self.usual {
            group.matched(element, key, self.usual);
            self.at = self.at.wrapping_add(self.step);
            self.missed = false;
            return true;
        }
        let equal = if difference == 0 { common(self.body, found, position) } else { equal };
        group.matched(element, key, equal);
        self.at = self.at.wrapping_add(step(equal));
        if self.missed {
            self.usual = equal.min(UNUSUAL);
            self.step = step(equal);
        }
        self.missed = true;
        true
    }

    /// Finds where this pair was seen, learns what was pending, and lets this pair be pending.
    #[inline(always)]
    fn look_up(&mut self, key: u8, first: u8) -> Option<usize> {
        let found = self.seen.get(usize::from(key)).copied().unwrap_or(NONE);
        self.learn();
        self.pending = (key, self.at | u64::from(first));
        let same = found & NONE == u64::from(first);
        same.then(|| usize::try_from(found >> BYTE).unwrap_or(usize::MAX))
    }

    #[inline(always)]
    fn learn(&mut self) {
        let (key, entry) = self.pending;
        if let Some(slot) = self.seen.get_mut(usize::from(key)) {
            *slot = entry;
        }
    }

    /// Writes the rest of a group near the end of the body.
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
                    self.at = self.at.wrapping_add(1 << BYTE);
                }
                [first, second, ..] => {
                    let key = first ^ second;
                    if let Some(found) = self.look_up(key, first) {
                        self.learn();
                        let extra = common(self.body, found, position);
                        group.matched(element, key, extra);
                        self.at = self.at.wrapping_add(step(extra));
                    } else {
                        group.literal(first);
                        self.at = self.at.wrapping_add(1 << BYTE);
                    }
                }
            }
        }
        (self, group)
    }
}

/// What a match with `extra` bytes after its pair adds to `at`.
#[inline(always)]
const fn step(extra: u32) -> u64 {
    (extra as u64).wrapping_add(2).wrapping_shl(BYTE)
}

/// The `N` bytes from `position` on.
#[inline(always)]
fn ahead<const N: usize>(body: &[u8], position: usize) -> Option<&[u8; N]> {
    body.get(position..position.wrapping_add(N))?.first_chunk()
}

/// Equal bytes after the pairs at two positions, 255 at most.
#[inline(never)]
fn common(body: &[u8], found: usize, position: usize) -> u32 {
    let before = body.get(found.wrapping_add(2)..).unwrap_or_default();
    let after = body.get(position.wrapping_add(2)..).unwrap_or_default();
    let after = after.get(..255).unwrap_or(after);
    let (eights, _) = after.as_chunks::<8>();
    let mut equal = 0_u32;
    for (before, after) in before.as_chunks::<8>().0.iter().zip(eights) {
        let difference = u64::from_le_bytes(*before) ^ u64::from_le_bytes(*after);
        if difference != 0 {
            return equal.wrapping_add(difference.trailing_zeros() / 8);
        }
        equal = equal.wrapping_add(8);
    }
    let whole = eights.as_flattened().len();
    let rest = before.iter().skip(whole).zip(after.iter().skip(whole));
    rest.take_while(|(before, after)| before == after).fold(equal, |equal, _| equal.wrapping_add(1))
}
