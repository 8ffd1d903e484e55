//! Reassembly of one direction of a TCP connection from segments in any order.
//!
//! Own code, because the available crates are full TCP stacks or unmaintained, and a capture needs less: nothing is
//! acknowledged, and missing bytes stay missing. Offsets are 64-bit, counted from the first byte. A 32-bit sequence
//! number is mapped to the offset nearest to the next expected byte, so that wrap-around is not a special case.
//! Out-of-order segments are kept in a map by offset and may overlap; when they are taken in order, bytes already taken
//! are cut off. Memory is at most the limit plus one segment.

use std::collections::BTreeMap;

/// The next part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    /// The number of bytes missing from the capture.
    Gap(u64),
}

#[derive(Debug)]
pub(super) struct Stream {
    /// Sequence number of the next byte; `None` before the first segment.
    sequence: Option<u32>,
    /// Offset of the next byte.
    next: u64,
    /// Segments behind a gap, by offset.
    early: BTreeMap<u64, Vec<u8>>,
    /// Total bytes in `early`.
    held: usize,
    limit: usize,
    /// Offset after the last byte, once a FIN has been seen.
    end: Option<u64>,
}

impl Stream {
    /// A stream that buffers at most `limit` out-of-order bytes. Beyond that, the gap before them is skipped.
    pub(super) const fn new(limit: usize) -> Self {
        Self { sequence: None, next: 0, early: BTreeMap::new(), held: 0, limit, end: None }
    }

    /// Sets the sequence number of the first byte, unless it is known.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.sequence.get_or_insert(sequence);
    }

    /// Whether no byte has been received.
    pub(super) fn is_untouched(&self) -> bool {
        self.next == 0 && self.early.is_empty()
    }

    /// Adds a segment. Bytes already taken are ignored.
    pub(super) fn push(&mut self, sequence: u32, bytes: &[u8]) {
        let Some(offset) = self.offset(sequence) else { return };
        let next = i64::try_from(self.next).unwrap_or(i64::MAX);
        let old = usize::try_from(next - offset).unwrap_or_default();
        let Some(new @ [_, ..]) = bytes.get(old..) else { return };
        let offset = offset.max(next).unsigned_abs();
        let before = self.early.get(&offset).map_or(0, Vec::len);
        if new.len() > before {
            self.early.insert(offset, new.to_vec());
            self.held += new.len() - before;
        }
    }

    /// Records the end: `sequence` is one past the last byte.
    pub(super) fn end(&mut self, sequence: u32) {
        if self.end.is_none() {
            self.end = self.offset(sequence).map(|offset| offset.max(0).unsigned_abs());
        }
    }

    /// Whether all bytes up to the end are taken.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end <= self.next)
    }

    /// The next part, if available. With `give_up`, gaps are returned, too.
    pub(super) fn next(&mut self, give_up: bool) -> Option<Piece> {
        loop {
            let Some(entry) = self.early.first_entry() else {
                let gap = self.end.filter(|_| give_up)?.checked_sub(self.next).filter(|&gap| gap > 0)?;
                self.advance(gap);
                return Some(Piece::Gap(gap));
            };
            let gap = entry.key().saturating_sub(self.next);
            if gap > 0 && !give_up && self.held <= self.limit {
                return None;
            }
            if gap > 0 {
                self.advance(gap);
                return Some(Piece::Gap(gap));
            }
            let old = usize::try_from(self.next - entry.key()).unwrap_or(usize::MAX);
            let mut bytes = entry.remove();
            self.held -= bytes.len();
            if old < bytes.len() {
                bytes.drain(..old);
                self.advance(bytes.len() as u64);
                return Some(Piece::Bytes(bytes));
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers count modulo 2^32")]
    fn advance(&mut self, bytes: u64) {
        self.next += bytes;
        self.sequence = self.sequence.map(|sequence| sequence.wrapping_add(bytes as u32));
    }

    /// The offset of a sequence number: the candidate nearest to the next byte.
    #[expect(clippy::cast_possible_wrap, reason = "the upper half of the range is before the next byte")]
    fn offset(&mut self, sequence: u32) -> Option<i64> {
        let next = *self.sequence.get_or_insert(sequence);
        let distance = sequence.wrapping_sub(next) as i32;
        i64::try_from(self.next).ok()?.checked_add(distance.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stream: &mut Stream, give_up: bool) -> Vec<Piece> {
        std::iter::from_fn(|| stream.next(give_up)).collect()
    }

    #[test]
    fn overlaps_are_trimmed_across_the_wrap() {
        let start = u32::MAX - 2;
        let mut stream = Stream::new(100);
        stream.begin(start);
        stream.push(start.wrapping_add(4), b"efgh");
        stream.push(start.wrapping_add(2), b"cdef");
        assert_eq!(all(&mut stream, false), []);
        stream.push(start.wrapping_sub(2), b"??abc");
        stream.end(start.wrapping_add(8));
        let bytes = [&b"abc"[..], b"def", b"gh"].map(|bytes| Piece::Bytes(bytes.to_vec()));
        assert_eq!(all(&mut stream, false), bytes);
        assert!(stream.is_over());
        stream.push(start, b"abcdefgh");
        assert_eq!(all(&mut stream, true), []);
    }

    #[test]
    fn a_gap_is_skipped_over_the_limit() {
        let mut stream = Stream::new(3);
        stream.begin(10);
        stream.push(15, b"fgh");
        assert_eq!(all(&mut stream, false), []);
        stream.push(18, b"i");
        assert_eq!(stream.next(false), Some(Piece::Gap(5)));
        assert_eq!(stream.next(false), Some(Piece::Bytes(b"fgh".to_vec())));
    }
}
