//! Changes of the header, the byte order and the message's ends.

use super::draft::{Draft, frame, headed};
use super::random::Random;
use super::tree::{SYMBOLS, WIDE};

/// A byte of the original's header is another.
pub(super) fn set(draft: &Draft, at: usize, byte: u8) -> Option<Vec<u8>> {
    let mut bytes = draft.original.clone();
    *bytes.get_mut(at)? = byte;
    Some(bytes)
}

/// The header claims another length than the bytes have.
pub(super) fn length(draft: &Draft, claim: u64) -> Option<Vec<u8>> {
    Some(headed(draft.big, draft.kind, 0, claim, &draft.body))
}

/// Bytes of a plain message.
pub(super) fn plain_length(draft: &Draft) -> u64 {
    draft.body.len() as u64 + 8
}

/// The plain message with all its numbers in the other byte order: a twin of the same value.
pub(super) fn turn(draft: &Draft, _: &mut Random) -> Option<Vec<u8>> {
    let mut body = draft.tree.whole.then(|| draft.body.clone())?;
    for node in &draft.tree.nodes {
        if let Some(count) = node.count.clone() {
            body[count].reverse();
        }
        if let Some(width @ (2 | 4 | 8)) = node.width().filter(|_| node.code != SYMBOLS) {
            body[node.items..node.span.end].chunks_mut(width).for_each(<[u8]>::reverse);
        }
    }
    Some(frame(!draft.big, draft.kind, 0, &body))
}

/// The body ends early, and the header agrees.
pub(super) fn cut_body(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    Some(draft.message(&draft.body[..random.below(draft.body.len())]))
}

/// The bytes end early, and the header does not know.
pub(super) fn cut_message(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    Some(draft.original[..random.below(draft.original.len())].to_vec())
}

/// Bytes follow the object.
pub(super) fn trailing(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let rest: Vec<u8> = (0..random.between(1, 16)).map(|_| random.u8() & !WIDE).collect();
    Some(draft.message(&[&draft.body[..], &rest].concat()))
}

/// The front of this body and the end of another.
pub(super) fn splice(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let (front, back) = (random.below(draft.body.len()), random.below(draft.other.len()));
    Some(draft.message(&[&draft.body[..front], &draft.other[back..]].concat()))
}

/// Two messages end to end.
pub(super) fn join(draft: &Draft, _: &mut Random) -> Option<Vec<u8>> {
    Some([&draft.original[..], &frame(false, 0, 0, &draft.other)].concat())
}

/// Some bits of the body are others.
pub(super) fn bits(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let mut body = draft.body.clone();
    for _ in 0..random.between(1, 4) {
        let at = random.below(body.len());
        *body.get_mut(at)? ^= 1 << random.below(8);
    }
    Some(draft.message(&body))
}

/// Some bytes of the body are gone.
pub(super) fn remove(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let start = random.below(draft.body.len());
    let end = (start + random.between(1, 8)).min(draft.body.len());
    Some(draft.replace(start..end, &[]))
}

/// Some bytes are added to the body.
pub(super) fn insert(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let at = random.below(draft.body.len());
    let bytes: Vec<u8> = (0..random.between(1, 8)).map(|_| random.u8()).collect();
    Some(draft.replace(at..at, &bytes))
}
