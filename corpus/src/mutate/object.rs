//! Changes of one object in a body.

use super::draft::Draft;
use super::random::Random;
use super::tree::{DICT, ERROR, LAMBDA, Node, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE};

type Changed = Option<Vec<u8>>;

/// Type bytes that kdb+ sends.
const KNOWN: [u8; 54] = {
    let mut known = [0; 54];
    let mut next = 0;
    let mut code = 0_u8;
    while code < u8::MAX {
        if matches!(code, 0..=2 | 4..=19 | 98..=111 | 127 | 0x80 | 0xed..=0xfc | 0xfe) {
            known[next] = code;
            next += 1;
        }
        code += 1;
    }
    known[next] = u8::MAX;
    known
};

/// Type bytes that kdb+ never sends: unused, enumerations, mapped types, dynamic loads.
const UNKNOWN: [u8; 14] = [3, 20, 30, 76, 77, 78, 97, 112, 113, 126, 0xfd, 0xec, 0xb4, 0x81];

/// Replaces a type byte by another known one.
pub(super) fn retype(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |_| true)?;
    let code = *random.of(&KNOWN);
    (code != node.code).then(|| draft.replace(node.span.start..node.span.start + 1, &[code]))
}

/// Replaces a type by one of the same width: still valid, except that a boolean may become invalid.
pub(super) fn retype_alike(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.width().is_some_and(|width| width != 2 && width != 16))?;
    let atom = node.code > 19;
    let alike: Vec<u8> = (1..=19)
        .map(|code: u8| if atom { code.wrapping_neg() } else { code })
        .filter(|&code| code != node.code && Node { code, ..node.clone() }.width() == node.width())
        .collect();
    Some(draft.replace(node.span.start..node.span.start + 1, &[*random.of(&alike)]))
}

pub(super) fn retype_unknown(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |_| true)?;
    Some(draft.replace(node.span.start..node.span.start + 1, &[*random.of(&UNKNOWN)]))
}

/// Turns an atom's type into a vector's or the reverse.
pub(super) fn retype_sign(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.width().is_some() || matches!(node.code, SYMBOL | SYMBOLS))?;
    Some(draft.replace(node.span.start..node.span.start + 1, &[node.code.wrapping_neg()]))
}

/// Replaces a count by `new` of it.
pub(super) fn count(draft: &Draft, random: &mut Random, new: fn(u64, &mut Random) -> u64) -> Changed {
    let (_, node) = draft.any(random, |node| node.count.is_some())?;
    let count = node.count.clone()?;
    let old = super::tree::number(&draft.body[count.clone()], draft.big);
    let new = draft.encoded(new(old, random), count.len());
    (draft.body[count.clone()] != new).then(|| draft.replace(count, &new))
}

/// Replaces a 4-byte count by an 8-byte count of `new`, and sets the flag. Valid if the count is unchanged.
pub(super) fn count_wide(draft: &Draft, random: &mut Random, new: fn(u64, &mut Random) -> u64) -> Changed {
    let (_, node) = draft
        .any(random, |node| node.attribute.is_some() && node.count.as_ref().is_some_and(|count| count.len() == 4))?;
    let (at, count) = (node.attribute?, node.count.clone()?);
    let old = super::tree::number(&draft.body[count.clone()], draft.big);
    let head = [&[draft.body[at] | WIDE], &draft.encoded(new(old, random), 8)[..]].concat();
    Some(draft.replace(at..count.end, &head))
}

/// Numbers at which counts and lengths may overflow.
pub(super) fn huge(_: u64, random: &mut Random) -> u64 {
    let edges = [1 << 15, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, 1 << 61, i64::MAX as u64];
    random.of(&edges) - u64::from(random.one_in(4))
}

/// Replaces an attribute byte by `new` of it.
pub(super) fn attribute(draft: &Draft, random: &mut Random, new: fn(u8, &mut Random) -> u8) -> Changed {
    let (_, node) = draft.any(random, |node| node.attribute.is_some())?;
    let at = node.attribute?;
    let new = new(draft.body[at], random);
    (new != draft.body[at]).then(|| draft.replace(at..at + 1, &[new]))
}

/// Nests an object in `levels` others, each of which begins with `head` and ends with `tail`.
pub(super) fn nest(draft: &Draft, random: &mut Random, levels: usize, head: &[u8], tail: &[u8]) -> Changed {
    let (_, node) = draft.any(random, |_| true)?;
    let span = node.span.clone();
    let nested = [&head.repeat(levels)[..], &draft.body[span.clone()], &tail.repeat(levels)].concat();
    Some(draft.replace(span, &nested))
}

/// A number of levels: a few, or near common limits of depth.
pub(super) fn levels(random: &mut Random) -> usize {
    *random.of(&[1, 2, 8, 16, 30, 64, 95, 99, 100, 101, 127, 128, 200, 255, 256, 1000])
}

/// The head of a list of one item: type, attribute, count 1.
pub(super) fn list_head(draft: &Draft) -> Vec<u8> {
    [&[0, 0], &draft.encoded(1, 4)[..]].concat()
}

/// A head without attribute: type, count 1.
pub(super) fn counted_head(draft: &Draft, code: u8) -> Vec<u8> {
    [&[code], &draft.encoded(1, 4)[..]].concat()
}

/// Replaces a symbol, error or context by `new` of it.
pub(super) fn text(draft: &Draft, random: &mut Random, new: impl FnOnce(&[u8], &mut Random) -> Vec<u8>) -> Changed {
    let text = draft.text(random)?;
    let new = new(&draft.body[text.clone()], random);
    (draft.body[text.clone()] != new).then(|| draft.replace(text, &new))
}

/// Replaces the NUL of a symbol by a letter.
pub(super) fn text_endless(draft: &Draft, random: &mut Random) -> Changed {
    let end = draft.text(random)?.end;
    Some(draft.replace(end..end + 1, b"x"))
}

/// Replaces an item by a null, an infinity or another edge case of its type.
pub(super) fn extreme(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.whole && node.width().is_some() && node.items < node.span.end)?;
    let width = node.width()?;
    let item = node.items + random.below((node.span.end - node.items) / width) * width;
    let edges: [u64; 9] =
        [0, 1 << 63, (1 << 63) - 1, (1 << 63) + 1, u64::MAX, 0x7ff0 << 48, 0xfff0 << 48, 0xfff8 << 48, 1];
    // Shift the edge's high bits into the width of a narrow item.
    let edge = *random.of(&edges);
    let edge = if width < 8 && edge > u64::from(u8::MAX) { edge >> (64 - 8 * width) } else { edge };
    let bytes = if width == 16 { draft.encoded(edge, 8).repeat(2) } else { draft.encoded(edge, width) };
    (draft.body[item..item + width] != bytes).then(|| draft.replace(item..item + width, &bytes))
}

/// Replaces a boolean by a byte other than 0 and 1.
pub(super) fn boolean(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| matches!(node.code, 1 | 0xff) && node.items < node.span.end)?;
    let at = node.items + random.below(node.span.end - node.items);
    Some(draft.replace(at..at + 1, &[*random.of(&[2, 0x7f, 0x80, 0xff])]))
}

/// Replaces a primitive by an unknown one.
pub(super) fn primitive(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.whole && matches!(node.code, 101..=103))?;
    Some(draft.replace(node.items..node.items + 1, &[random.u8().clamp(45, 254)]))
}

/// Replaces a lambda's source by another object.
pub(super) fn lambda(draft: &Draft, random: &mut Random) -> Changed {
    let (index, _) = draft.any(random, |node| node.code == LAMBDA)?;
    let span = draft.tree.parts(index).next()?.1.span.clone();
    let other = draft.other_object(random)?;
    Some(draft.replace(span, other))
}

/// Replaces an object by one of the other message.
pub(super) fn transplant(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |_| true)?;
    let other = draft.other_object(random)?;
    (draft.body[node.span.clone()] != *other).then(|| draft.replace(node.span.clone(), other))
}

/// Removes a part of an object without changing the count.
pub(super) fn drop_part(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.parent.is_some())?;
    Some(draft.replace(node.span.clone(), &[]))
}

/// Repeats a part of an object.
pub(super) fn repeat_part(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.parent.is_some())?;
    let end = node.span.end;
    Some(draft.replace(end..end, &draft.body[node.span.clone()]))
}

/// Swaps two adjacent parts of an object.
pub(super) fn swap_parts(draft: &Draft, random: &mut Random) -> Changed {
    let (index, node) = draft.any(random, |node| matches!(node.code, 0 | DICT | SORTED_DICT | 104 | 105))?;
    let parts: Vec<_> = draft.tree.parts(index).map(|(_, part)| part.span.clone()).collect();
    let which = random.below(parts.len().saturating_sub(1));
    let (one, two) = (parts.get(which)?.clone(), parts.get(which + 1)?.clone());
    let swapped = [&draft.body[two.clone()], &draft.body[one.clone()]].concat();
    debug_assert!(node.span.end >= two.end, "parts are within their object");
    Some(draft.replace(one.start..two.end, &swapped))
}

/// Replaces a part by an error.
pub(super) fn error(draft: &Draft, random: &mut Random) -> Changed {
    let (_, node) = draft.any(random, |node| node.parent.is_some())?;
    Some(draft.replace(node.span.clone(), &[&[ERROR], &b"type\0"[..]].concat()))
}

/// Inserts a top-level error before the body.
pub(super) fn error_and(draft: &Draft, _: &mut Random) -> Changed {
    Some(draft.message(&[&[ERROR], &b"type\0"[..], &draft.body].concat()))
}

/// The indices of a table's dict, its names and its list of columns.
fn table(draft: &Draft, random: &mut Random) -> Option<[usize; 3]> {
    let (table, _) = draft.any(random, |node| node.code == TABLE)?;
    let dict = draft.tree.parts(table).next()?.0;
    let mut parts = draft.tree.parts(dict).map(|(index, _)| index);
    Some([dict, parts.next()?, parts.next()?])
}

/// Replaces a part of a table.
pub(super) fn table_part(draft: &Draft, random: &mut Random, which: usize, new: &[u8]) -> Changed {
    let index = *table(draft, random)?.get(which)?;
    let span = draft.tree.nodes[index].span.clone();
    (draft.body[span.clone()] != *new).then(|| draft.replace(span, new))
}

/// Replaces a column of a table that has at least `least` columns.
pub(super) fn table_column(draft: &Draft, random: &mut Random, least: usize, new: &[u8]) -> Changed {
    let [_, _, columns] = table(draft, random)?;
    let spans: Vec<_> = draft.tree.parts(columns).map(|(_, column)| column.span.clone()).collect();
    if spans.len() < least {
        return None;
    }
    let span = spans.get(random.below(spans.len()))?.clone();
    (draft.body[span.clone()] != *new).then(|| draft.replace(span, new))
}

/// Adds a name to a table without adding a column.
pub(super) fn table_name(draft: &Draft, random: &mut Random) -> Changed {
    let [_, names, _] = table(draft, random)?;
    let node = &draft.tree.nodes[names];
    let count = node.count.clone().filter(|_| node.code == SYMBOLS)?;
    let more = draft.encoded(super::tree::number(&draft.body[count.clone()], draft.big) + 1, count.len());
    let names = [&more[..], &draft.body[count.end..node.span.end], b"more\0"].concat();
    Some(draft.replace(count.start..node.span.end, &names))
}

/// Replaces a half of a dict that is not a table's.
pub(super) fn dict_half(draft: &Draft, random: &mut Random, new: &[u8]) -> Changed {
    let is_table = |index: usize| draft.tree.nodes[index].code == TABLE;
    let is_dict = |node: &Node| matches!(node.code, DICT | SORTED_DICT) && !node.parent.is_some_and(is_table);
    let (dict, _) = draft.any(random, is_dict)?;
    let halves: Vec<_> = draft.tree.parts(dict).map(|(_, half)| half.span.clone()).collect();
    let span = halves.get(random.below(halves.len()))?.clone();
    (draft.body[span.clone()] != *new).then(|| draft.replace(span, new))
}
