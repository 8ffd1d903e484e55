//! Changes of compressed messages: raw length and stream.

use super::draft::{Draft, frame};
use super::random::Random;
use super::tree::encoded;

/// Encodes a body as a stream of literals only.
pub(super) fn literals(body: &[u8]) -> Vec<u8> {
    body.chunks(8).flat_map(|group| [&[0], group].concat()).collect()
}

/// A raw length, which includes the header, followed by a stream.
fn claimed(raw: u64, wide: bool, big: bool, stream: &[u8]) -> Vec<u8> {
    [&encoded(raw, if wide { 8 } else { 4 }, big)[..], stream].concat()
}

fn raw_length(body: &[u8]) -> u64 {
    body.len() as u64 + 8
}

/// A compressed message that claims `raw` bytes.
fn claiming(draft: &Draft, raw: u64, wide: bool, stream: &[u8]) -> Vec<u8> {
    frame(draft.big, draft.kind, if wide { 2 } else { 1 }, &claimed(raw, wide, draft.big, stream))
}

/// A compressed message with this body: compressed as by kdb+ if it halves, otherwise with literals only.
pub(super) fn message(draft: &Draft, body: &[u8], wide: bool) -> Vec<u8> {
    let plain = frame(draft.big, draft.kind, 0, body);
    match kwire::compress(&plain, kcodec::Threshold::default()) {
        Ok(Some(compressed)) if !wide => compressed,
        _ => claiming(draft, raw_length(body), wide, &literals(body)),
    }
}

/// Compresses the message, even if kdb+ would not.
pub(super) fn compress(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    Some(message(draft, &draft.body, random.one_in(2)))
}

/// A valid stream with a raw length that `lie` derives from the correct one.
pub(super) fn lies(draft: &Draft, random: &mut Random, lie: fn(u64, &mut Random) -> u64) -> Option<Vec<u8>> {
    let raw = lie(raw_length(&draft.body), random);
    Some(claiming(draft, raw, random.one_in(2), &literals(&draft.body)))
}

/// Starts the stream with a match, whose key cannot have been learned.
pub(super) fn unlearned(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let stream = [&[1, random.u8(), random.u8()], &literals(&draft.body)[..]].concat();
    Some(claiming(draft, raw_length(&draft.body), random.one_in(2), &stream))
}

/// Ends the stream with a match that runs past the raw length.
pub(super) fn overrun(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let whole = draft.body.len() / 8 * 8;
    let &[first, second] = draft.body[..whole].last_chunk()?;
    let stream = [&literals(&draft.body[..whole])[..], &[1, first ^ second, 255]].concat();
    Some(claiming(draft, whole as u64 + 12, random.one_in(2), &stream))
}

/// Truncates the stream.
pub(super) fn cut(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let stream = literals(&draft.body);
    let end = random.below(stream.len());
    Some(claiming(draft, raw_length(&draft.body), random.one_in(2), &stream[..end]))
}

/// Appends bytes after the stream.
pub(super) fn trailing(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let rest: Vec<u8> = (0..random.between(1, 9)).map(|_| random.u8()).collect();
    let stream = [literals(&draft.body), rest].concat();
    Some(claiming(draft, raw_length(&draft.body), random.one_in(2), &stream))
}

/// A body too short for the raw length.
pub(super) fn headless(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let wide = random.one_in(2);
    let bytes = random.between(2, if wide { 7 } else { 3 });
    Some(frame(draft.big, draft.kind, if wide { 2 } else { 1 }, &draft.body[..bytes.min(draft.body.len())]))
}

/// Flips a bit of the stream: in flags, keys, lengths or literals.
pub(super) fn byte(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let mut bytes = match draft.compression {
        0 => message(draft, &draft.body, random.one_in(2)),
        _ => draft.original.clone(),
    };
    let start = if *bytes.get(2)? == 2 { 16 } else { 12 };
    let at = start + random.below(bytes.len().checked_sub(start)?);
    *bytes.get_mut(at)? ^= 1 << random.below(8);
    Some(bytes)
}

/// A decompression bomb: a char vector of equal letters, encoded by matches of maximum length.
pub(super) fn bomb(matches: usize) -> Vec<u8> {
    let letters = 2 + matches * 257;
    let head = [&[10, 0], &encoded(letters as u64, 4, false)[..], b"aa"].concat();
    let mut stream = literals(&head);
    for group in vec![[0, 255]; matches].chunks(8) {
        #[expect(clippy::cast_possible_truncation, reason = "only the low byte is used: one bit per match")]
        stream.push(((1_u16 << group.len()) - 1) as u8);
        stream.extend_from_slice(group.as_flattened());
    }
    frame(false, 0, 1, &claimed(letters as u64 + 14, false, false, &stream))
}
