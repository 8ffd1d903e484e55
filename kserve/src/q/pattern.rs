//! Patterns of `like`, `ss` and `ssr`: `?` any byte, `*` any bytes, `[…]` one of these bytes, `[^…]` any other
//! byte.

use super::fault::{Fault, R};

/// One element of a pattern.
#[derive(Debug)]
enum Part {
    Byte(u8),
    Any,
    /// A set of bytes, as a bitmap.
    Set([u64; 4]),
    /// `*`
    Gap,
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

impl Part {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::Any => true,
            Self::Set(bits) => bits.get(usize::from(byte >> 6)).is_some_and(|bits| bits >> (byte & 63) & 1 == 1),
            Self::Gap => false,
        }
    }
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// `nyi` for an unterminated bracket.
    pub(crate) fn new(text: &[u8]) -> R<Self> {
        let mut parts = Vec::new();
        let mut left = text;
        while let Some((&first, rest)) = left.split_first() {
            left = rest;
            parts.push(match first {
                b'?' => Part::Any,
                b'*' => {
                    if matches!(parts.last(), Some(Part::Gap)) {
                        continue;
                    }
                    Part::Gap
                }
                b'[' => {
                    let (set, rest) = set(left)?;
                    left = rest;
                    set
                }
                other => Part::Byte(other),
            });
        }
        Ok(Self { parts })
    }

    /// Approximate units that matching a text of this length takes.
    pub(crate) fn cost(&self, length: usize) -> usize {
        let gaps = self.parts.iter().filter(|part| matches!(part, Part::Gap)).count();
        if gaps < 2 { length + 8 } else { length.saturating_mul(self.parts.len()).saturating_add(8) }
    }

    /// Approximate units that searching a text of this length takes.
    pub(crate) fn work(&self, length: usize) -> usize {
        length.saturating_mul(self.parts.len().saturating_add(4))
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        // Greedy matching: on a mismatch, go back to the last gap only and let it take one byte more. Earlier gaps
        // need not be retried, because each took as few bytes as possible.
        let (mut at, mut part) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match (self.parts.get(part), text.get(at)) {
                (Some(Part::Gap), _) => {
                    back = Some((at, part));
                    part += 1;
                }
                (Some(wanted), Some(&byte)) if wanted.takes(byte) => (at, part) = (at + 1, part + 1),
                (None, None) => return true,
                _ => match &mut back {
                    Some((from, gap)) if *from < text.len() => {
                        *from += 1;
                        (at, part) = (*from, *gap + 1);
                    }
                    _ => return false,
                },
            }
        }
    }

    /// Finds all matches that do not overlap, as start and end positions.
    ///
    /// # Errors
    ///
    /// `length` for an empty pattern, or one with a gap, whose matches have no fixed length.
    pub(crate) fn places(&self, text: &[u8]) -> R<Vec<(usize, usize)>> {
        let size = self.parts.len();
        if size == 0 || self.parts.iter().any(|part| matches!(part, Part::Gap)) {
            return Err(Fault::LENGTH);
        }
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(window) = text.get(at..at + size) {
            if window.iter().zip(&self.parts).all(|(&byte, part)| part.takes(byte)) {
                places.push((at, at + size));
                at += size;
            } else {
                at += 1;
            }
        }
        Ok(places)
    }
}

/// Parses the content of brackets. Returns the text after them.
fn set(text: &[u8]) -> R<(Part, &[u8])> {
    let (negated, body) = match text.strip_prefix(b"^") {
        Some(body) => (true, body),
        None => (false, text),
    };
    // A `]` in first position is a member of the set.
    let end =
        body.iter().skip(1).position(|&byte| byte == b']').ok_or_else(|| Fault::nyi("a pattern without its ]"))? + 1;
    let inside = body.get(..end).unwrap_or_default();
    let mut bits = [0_u64; 4];
    let mut add = |byte: u8| {
        if let Some(bits) = bits.get_mut(usize::from(byte >> 6)) {
            *bits |= 1 << (byte & 63);
        }
    };
    let mut at = 0;
    while let Some(&first) = inside.get(at) {
        match (inside.get(at + 1), inside.get(at + 2)) {
            (Some(b'-'), Some(&last)) => {
                (first..=last).for_each(&mut add);
                at += 3;
            }
            _ => {
                add(first);
                at += 1;
            }
        }
    }
    if negated {
        bits = bits.map(|bits| !bits);
    }
    Ok((Part::Set(bits), body.get(end + 1..).unwrap_or_default()))
}
