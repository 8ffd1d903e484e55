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
const GROUP: u64 = 17;

/// Compresses a little-endian body, if kdb+ would.
///
/// Appends to `out` what follows the header of the compressed message: the raw length, of 4 bytes
/// or, from 4 GiB on, of 8, and the stream. Returns the kind that the header must name, or `None`,
/// with `out` as it was, when the body is short or does not halve.
pub fn compress(body: &[u8], threshold: Threshold, out: &mut Vec<u8>) -> Option<crate::Compression> {
    if body.len() <= threshold.plain() {
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
    let room = (raw / 2).saturating_sub(HEADER);
    if stream(body, start, room, out) {
        return Some(kind);
    }
    out.truncate(start);
    None
}

/// Appends the stream. False: it would take more than `room` bytes of `out` from `start` on.
fn stream(body: &[u8], start: usize, room: u64, out: &mut Vec<u8>) -> bool {
    let mut seen: [Option<usize>; 256] = [None; 256];
    let mut pending = None;
    let mut flags = start;
    let mut element = 0_u32;
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        let bit = element % 8;
        element = element.wrapping_add(1);
        if bit == 0 {
            let written = out.len().saturating_sub(start) as u64;
            if written.saturating_add(GROUP) > room {
                return false;
            }
            flags = out.len();
            out.push(0);
        }
        let rest = body.get(at..).unwrap_or_default();
        // The last two bytes are literals: a match needs a pair and a byte after it.
        let key = match rest {
            &[first, second, _, ..] => Some(first ^ second),
            _ => None,
        };
        let found = key.and_then(|key| seen.get(usize::from(key)).copied().flatten());
        let found = found.filter(|&found| body.get(found) == Some(&byte));
        if let Some((key, position)) = pending.take() {
            remember(&mut seen, key, position);
        }
        match (key, found) {
            (Some(key), Some(found)) => {
                remember(&mut seen, key, at);
                let extra = common(body, found.saturating_add(2), at.saturating_add(2));
                if let Some(flags) = out.get_mut(flags) {
                    *flags |= 1 << bit;
                }
                out.extend_from_slice(&[key, extra]);
                at = at.saturating_add(2).saturating_add(usize::from(extra));
            }
            _ => {
                out.push(byte);
                pending = key.map(|key| (key, at));
                at = at.saturating_add(1);
            }
        }
    }
    true
}

fn remember(seen: &mut [Option<usize>; 256], key: u8, position: usize) {
    if let Some(slot) = seen.get_mut(usize::from(key)) {
        *slot = Some(position);
    }
}

/// Equal bytes from `a` and from `b` on, 255 at most.
fn common(body: &[u8], a: usize, b: usize) -> u8 {
    let (a, b) = (body.get(a..).unwrap_or_default(), body.get(b..).unwrap_or_default());
    let equal = a.iter().zip(b).take(255).take_while(|(a, b)| a == b).count();
    u8::try_from(equal).unwrap_or(u8::MAX)
}
