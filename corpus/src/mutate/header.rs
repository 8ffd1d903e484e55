//! Changes of the header, the byte order and the message's length.

use super::draft::{Draft, frame, headed};
use super::random::Random;
use super::tree::{SYMBOLS, WIDE};

/// Replaces a byte of the original's header.
pub(super) fn set(draft: &Draft, at: usize, byte: u8) -> Option<Vec<u8>> {
    let mut bytes = draft.original.clone();
    *bytes.get_mut(at)? = byte;
    Some(bytes)
}

/// Sets the header's length to `claim`.
pub(super) fn length(draft: &Draft, claim: u64) -> Option<Vec<u8>> {
    Some(headed(draft.big, draft.kind, 0, claim, &draft.body))
}

/// The length of the plain message.
pub(super) fn plain_length(draft: &Draft) -> u64 {
    draft.body.len() as u64 + 8
}

/// The plain message in the other byte order, with the same value.
pub(super) fn swap_order(draft: &Draft, _: &mut Random) -> Option<Vec<u8>> {
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

/// Truncates the body and corrects the header.
pub(super) fn cut_body(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    Some(draft.message(&draft.body[..random.below(draft.body.len())]))
}

/// Truncates the message without changing the header.
pub(super) fn cut_message(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    Some(draft.original[..random.below(draft.original.len())].to_vec())
}

/// Appends bytes after the object.
pub(super) fn trailing(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let rest: Vec<u8> = (0..random.between(1, 16)).map(|_| random.u8() & !WIDE).collect();
    Some(draft.message(&[&draft.body[..], &rest].concat()))
}

/// Joins the front of this body and the end of another.
pub(super) fn splice(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let (front, back) = (random.below(draft.body.len()), random.below(draft.other.len()));
    Some(draft.message(&[&draft.body[..front], &draft.other[back..]].concat()))
}

/// Concatenates two messages.
pub(super) fn join(draft: &Draft, _: &mut Random) -> Option<Vec<u8>> {
    Some([&draft.original[..], &frame(false, 0, 0, &draft.other)].concat())
}

/// Flips bits of the body.
pub(super) fn bits(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let mut body = draft.body.clone();
    for _ in 0..random.between(1, 4) {
        let at = random.below(body.len());
        *body.get_mut(at)? ^= 1 << random.below(8);
    }
    Some(draft.message(&body))
}

/// Removes bytes of the body.
pub(super) fn remove(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let start = random.below(draft.body.len());
    let end = (start + random.between(1, 8)).min(draft.body.len());
    Some(draft.replace(start..end, &[]))
}

/// Inserts bytes into the body.
pub(super) fn insert(draft: &Draft, random: &mut Random) -> Option<Vec<u8>> {
    let at = random.below(draft.body.len());
    let bytes: Vec<u8> = (0..random.between(1, 8)).map(|_| random.u8()).collect();
    Some(draft.replace(at..at, &bytes))
}
