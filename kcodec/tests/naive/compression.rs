//! kdb+'s compression as in WIRE.md (section 8), one byte at a time.
//!
//! Uses only the error types of the library. Errors are those that [`kcodec::decompress`] documents, with the offset of
//! the first offending byte: 0 for the raw length, the key of a match, the first missing or surplus byte.

use kcodec::{Compression, Error, ErrorKind, Threshold};

/// The state of inflation.
#[derive(Debug, Clone)]
pub struct Plain {
    /// The output so far.
    pub body: Vec<u8>,
    /// For each key, the XOR of the two bytes of a pair: the offset of its latest pair in `body`.
    pub seen: [Option<usize>; 256],
    /// Pairs before this offset are stored or lie within a match.
    learned: usize,
}

impl Plain {
    pub fn new() -> Self {
        Self { body: Vec::new(), seen: [None; 256], learned: 0 }
    }

    pub fn literal(&mut self, byte: u8) {
        self.body.push(byte);
        self.learn();
    }

    /// Appends a copy of the pair at `from` and of the `extra` bytes after it.
    pub fn matched(&mut self, from: usize, extra: u8) {
        self.body.push(self.body[from]);
        self.body.push(self.body[from + 1]);
        self.learn();
        for at in from + 2..from + 2 + usize::from(extra) {
            self.body.push(self.body[at]);
        }
        self.learned = self.body.len();
    }

    /// Stores the pairs completed since the last call.
    fn learn(&mut self) {
        while self.learned + 1 < self.body.len() {
            let key = self.body[self.learned] ^ self.body[self.learned + 1];
            self.seen[usize::from(key)] = Some(self.learned);
            self.learned += 1;
        }
    }
}

/// The body of a compressed message, which is given without its header.
pub fn decompress(bytes: &[u8], kind: Compression, big_endian: bool, limit: usize) -> Result<Vec<u8>, Error> {
    let (body, result) = inflate(bytes, kind, big_endian, bytes.len(), limit);
    result.map(|()| body)
}

/// Inflates the first bytes of a message of `expected` bytes. Returns the output so far, and the error if there is one.
pub fn inflate(
    bytes: &[u8],
    kind: Compression,
    big_endian: bool,
    expected: usize,
    limit: usize,
) -> (Vec<u8>, Result<(), Error>) {
    let mut plain = Plain::new();
    let mut input = Input { bytes, at: 0 };
    let result = input.length(kind, big_endian, expected, limit).and_then(|length| input.elements(length, &mut plain));
    let result = match result {
        Ok(()) if input.at < expected => fail(input.at, ErrorKind::Trailing),
        other => other,
    };
    (plain.body, result)
}

fn fail<T>(at: usize, kind: ErrorKind) -> Result<T, Error> {
    Err(Error { at, kind })
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn next(&mut self) -> Result<u8, Error> {
        let Some(&byte) = self.bytes.get(self.at) else { return fail(self.at, ErrorKind::Truncated) };
        self.at += 1;
        Ok(byte)
    }

    /// Reads the raw length and returns that of the body.
    fn length(&mut self, kind: Compression, big_endian: bool, expected: usize, limit: usize) -> Result<usize, Error> {
        let size = if kind == Compression::Short { 4 } else { 8 };
        let mut raw = 0;
        for place in 0..size {
            let shift = if big_endian { size - 1 - place } else { place };
            raw |= u64::from(self.next()?) << (8 * shift);
        }
        if raw < 10 || raw > 8 + 121 * (expected - size) as u64 {
            return fail(0, ErrorKind::RawLength(raw));
        }
        let length = raw as usize - 8;
        if length > limit { fail(0, ErrorKind::Inflated(raw)) } else { Ok(length) }
    }

    fn elements(&mut self, length: usize, plain: &mut Plain) -> Result<(), Error> {
        let mut flags = 0;
        let mut element = 0;
        while plain.body.len() < length {
            if element % 8 == 0 {
                flags = self.next()?;
            }
            if flags >> (element % 8) & 1 == 0 {
                plain.literal(self.next()?);
            } else {
                let at = self.at;
                let (key, extra) = (self.next()?, self.next()?);
                let Some(from) = plain.seen[usize::from(key)] else { return fail(at, ErrorKind::Match) };
                if 2 + usize::from(extra) > length - plain.body.len() {
                    return fail(at, ErrorKind::Overrun);
                }
                plain.matched(from, extra);
            }
            element += 1;
        }
        Ok(())
    }
}

/// The compressed message without its header; `None` if it would not be at most half as long as the original.
pub fn compress(body: &[u8]) -> Option<Vec<u8>> {
    let raw = body.len() + 8;
    let mut out = u32::try_from(raw).ok()?.to_le_bytes().to_vec();
    let mut seen: [Option<usize>; 256] = [None; 256];
    let mut pending: Option<(u8, usize)> = None;
    let mut flags_at = 0;
    let mut element = 0;
    let mut at = 0;
    while at < body.len() {
        if element % 8 == 0 {
            if 8 + out.len() + 17 > raw / 2 {
                return None;
            }
            flags_at = out.len();
            out.push(0);
        }
        let key = (at + 3 <= body.len()).then(|| body[at] ^ body[at + 1]);
        let found = key.and_then(|key| seen[usize::from(key)]);
        if let Some((key, position)) = pending.take() {
            seen[usize::from(key)] = Some(position);
        }
        match (key, found) {
            (Some(key), Some(from)) if body[from] == body[at] => {
                seen[usize::from(key)] = Some(at);
                let extra = common(&body[from + 2..], &body[at + 2..]);
                out[flags_at] |= 1 << (element % 8);
                out.extend([key, extra]);
                at += 2 + usize::from(extra);
            }
            _ => {
                out.push(body[at]);
                pending = key.map(|key| (key, at));
                at += 1;
            }
        }
        element += 1;
    }
    Some(out)
}

/// Length of the common prefix, at most 255.
fn common(left: &[u8], right: &[u8]) -> u8 {
    let mut count = 0;
    for (a, b) in left.iter().zip(right) {
        if a != b || count == 255 {
            break;
        }
        count += 1;
    }
    count
}

/// Compares the library's compressor with the naive one. Returns whether they compress, for each threshold.
pub fn compare_compress(body: &[u8]) -> [bool; 2] {
    let plain = compress(body);
    [(Threshold::Body, 2000), (Threshold::Message, 1992)].map(|(threshold, short)| {
        let expected = plain.as_deref().filter(|_| body.len() > short);
        let mut out = b"before".to_vec();
        let kind = kcodec::compress(body, threshold, &mut out);
        assert_eq!(kind, expected.map(|_| Compression::Short));
        assert_eq!(out, [b"before", expected.unwrap_or_default()].concat());
        kind.is_some()
    })
}

/// Body of the fuzz target `inflate`, in addition to `kwire::fuzz::inflate`, with the same format of its input.
pub fn fuzz(bytes: &[u8]) {
    let [_, flags, bytes @ ..] = bytes else { return };
    let kind = if flags & 1 == 0 { Compression::Short } else { Compression::Long };
    let (big_endian, limit) = (flags & 2 != 0, 1 << 20);
    let inflated = kcodec::decompress(bytes, kind, big_endian, limit);
    assert_eq!(inflated, decompress(bytes, kind, big_endian, limit));
    if let Ok(body) = inflated {
        compare_compress(&body);
    }
}
