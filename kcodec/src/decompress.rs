//! The other direction of [`compress`](mod@crate::compress), for input that nobody vouches for.

use crate::error::{Error, ErrorKind};

/// How a message is compressed: byte 2 of its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Compression {
    /// The raw length has 4 bytes.
    Short = 1,
    /// The raw length has 8 bytes.
    Long = 2,
}

impl Compression {
    /// Bytes of the raw length that stands before the stream.
    #[must_use]
    pub const fn head(self) -> usize {
        match self {
            Self::Short => 4,
            Self::Long => 8,
        }
    }
}

/// Header bytes, counted in the raw length and not part of the stream.
const HEADER: u64 = 8;
/// The smallest raw length: a header and an object of two bytes.
const SMALLEST: u64 = 10;
/// The most that one byte of stream can become: a group of 17 bytes yields 2056.
const GROWTH: u64 = 121;

/// Inflates what follows the header of a compressed message to a body of at most `limit` bytes.
///
/// `big_endian` is the message's byte order; it concerns the raw length only, the body comes out in
/// the order in which its sender wrote it. Memory grows with what is written, never by what the
/// message claims.
///
/// # Errors
///
/// [`ErrorKind::RawLength`] for a claim that the stream cannot meet, [`ErrorKind::Inflated`] for one
/// over `limit`, [`ErrorKind::Truncated`], [`ErrorKind::Trailing`], [`ErrorKind::Match`] and
/// [`ErrorKind::Overrun`] for a bad stream. Offsets count from the byte after the header.
pub fn decompress(bytes: &[u8], kind: Compression, big_endian: bool, limit: usize) -> Result<Vec<u8>, Error> {
    let Some((head, stream)) = bytes.split_at_checked(kind.head()) else {
        return Err(Error::new(bytes.len(), ErrorKind::Truncated));
    };
    let raw = raw_length(head, big_endian);
    let possible = (stream.len() as u64).saturating_mul(GROWTH).saturating_add(HEADER);
    if raw < SMALLEST || raw > possible {
        return Err(Error::new(0, ErrorKind::RawLength(raw)));
    }
    let length = raw.saturating_sub(HEADER);
    match usize::try_from(length) {
        Ok(length) if length <= limit => Inflate { input: bytes, at: kind.head(), out: Vec::new() }.run(length),
        _ => Err(Error::new(0, ErrorKind::Inflated(raw))),
    }
}

fn raw_length(head: &[u8], big_endian: bool) -> u64 {
    let append = |length: u64, &byte: &u8| length.wrapping_shl(8) | u64::from(byte);
    if big_endian { head.iter().fold(0, append) } else { head.iter().rev().fold(0, append) }
}

struct Inflate<'a> {
    input: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

impl Inflate<'_> {
    fn run(mut self, length: usize) -> Result<Vec<u8>, Error> {
        let mut seen: [Option<usize>; 256] = [None; 256];
        let mut learned = 0;
        let mut flags = 0;
        let mut element = 0_u32;
        while self.out.len() < length {
            if element.is_multiple_of(8) {
                flags = self.next()?;
            }
            element = element.wrapping_add(1);
            if flags & 1 == 0 {
                let byte = self.next()?;
                self.out.push(byte);
                self.learn(&mut learned, &mut seen);
            } else {
                let at = self.at;
                let key = self.next()?;
                let extra = usize::from(self.next()?);
                let Some(from) = seen.get(usize::from(key)).copied().flatten() else {
                    return Err(Error::new(at, ErrorKind::Match));
                };
                if self.out.len().saturating_add(2).saturating_add(extra) > length {
                    return Err(Error::new(at, ErrorKind::Overrun));
                }
                self.copy(from, 2);
                self.learn(&mut learned, &mut seen);
                self.copy(from.saturating_add(2), extra);
                learned = self.out.len();
            }
            flags >>= 1;
        }
        if self.at == self.input.len() { Ok(self.out) } else { Err(Error::new(self.at, ErrorKind::Trailing)) }
    }

    fn next(&mut self) -> Result<u8, Error> {
        let Some(&byte) = self.input.get(self.at) else {
            return Err(Error::new(self.at, ErrorKind::Truncated));
        };
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    /// Appends `count` bytes from `from` on, which may be bytes that this very call appends.
    fn copy(&mut self, from: usize, count: usize) {
        for at in from..from.saturating_add(count) {
            let byte = self.out.get(at).copied().unwrap_or_default();
            self.out.push(byte);
        }
    }

    /// Remembers every pair that has become whole.
    fn learn(&self, learned: &mut usize, seen: &mut [Option<usize>; 256]) {
        while let Some(&[first, second]) = self.out.get(*learned..).and_then(|left| left.first_chunk::<2>()) {
            if let Some(slot) = seen.get_mut(usize::from(first ^ second)) {
                *slot = Some(*learned);
            }
            *learned = learned.saturating_add(1);
        }
    }
}
