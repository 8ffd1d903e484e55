//! One direction of a TCP connection: its bytes in order, out of segments in any order.
//!
//! The crates that put streams together are stacks of their own or not kept any more, and a capture wants less than a
//! stack does: nothing is acknowledged, and what is missing stays missing. Offsets count from the first byte in 64 bits;
//! a 32-bit sequence number is the offset nearest to the next byte that it can mean, so that wrap-around is no special
//! case. Segments that came early wait in a map by their offset, and may overlap: taking them in order cuts off what
//! was taken before. Memory is at most the limit and one segment.

use std::collections::BTreeMap;

/// What comes next of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    /// So many bytes are not in the capture.
    Gap(u64),
}

#[derive(Debug)]
pub(super) struct Stream {
    /// Sequence number of the next byte; `None` until a segment has told it.
    sequence: Option<u32>,
    /// Offset of the next byte.
    next: u64,
    /// Segments behind a gap, by their offsets.
    early: BTreeMap<u64, Vec<u8>>,
    /// Bytes of them.
    held: usize,
    limit: usize,
    /// Offset behind the last byte, once the sender has said it.
    end: Option<u64>,
}

impl Stream {
    /// A stream that holds at most `limit` bytes which came early; with more, the gap before them is given up.
    pub(super) const fn new(limit: usize) -> Self {
        Self { sequence: None, next: 0, early: BTreeMap::new(), held: 0, limit, end: None }
    }

    /// Says which byte is the first, unless that is known.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.sequence.get_or_insert(sequence);
    }

    /// Whether no byte has come.
    pub(super) fn is_untouched(&self) -> bool {
        self.next == 0 && self.early.is_empty()
    }

    /// Takes a segment. Bytes of before are passed over.
    pub(super) fn push(&mut self, sequence: u32, bytes: &[u8]) {
        let Some(offset) = self.offset(sequence) else { return };
        let next = i64::try_from(self.next).unwrap_or(i64::MAX);
        let old = usize::try_from(next.saturating_sub(offset)).unwrap_or_default();
        let Some(new @ [_, ..]) = bytes.get(old..) else { return };
        let offset = offset.max(next).unsigned_abs();
        let before = self.early.get(&offset).map_or(0, Vec::len);
        if new.len() > before {
            self.early.insert(offset, new.to_vec());
            self.held += new.len() - before;
        }
    }

    /// Notes that no byte follows the one before this.
    pub(super) fn end(&mut self, sequence: u32) {
        if self.end.is_none() {
            self.end = self.offset(sequence).map(|offset| offset.max(0).unsigned_abs());
        }
    }

    /// Whether all bytes up to the end were taken.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end <= self.next)
    }

    /// What comes next, if it is there; after `give_up`, gaps too.
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

    /// The offset that a number means: the one nearest to the next byte.
    #[expect(clippy::cast_possible_wrap, reason = "half of all numbers lie before the next byte")]
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
    fn overlaps_are_cut_across_the_wrap() {
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
    fn a_gap_is_given_up_over_the_limit() {
        let mut stream = Stream::new(3);
        stream.begin(10);
        stream.push(15, b"fgh");
        assert_eq!(all(&mut stream, false), []);
        stream.push(18, b"i");
        assert_eq!(stream.next(false), Some(Piece::Gap(5)));
        assert_eq!(stream.next(false), Some(Piece::Bytes(b"fgh".to_vec())));
    }
}
