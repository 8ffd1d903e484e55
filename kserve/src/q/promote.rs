//! The kinds of results, by the kinds of the arguments. The tables are those of KX's reference pages of the
//! operators. Rows are the left argument, columns the right one; a dot is q's `type`.

use kcodec::Kind;

/// The kinds of rows and columns as q's type letters, in the order of the type codes.
const ORDER: &[u8; 18] = b"bgxhijefcspmdznuvt";

/// `+`
#[rustfmt::skip]
pub(crate) const ADD: Kinds = [
    *b"i.iiijef..pmdznuvt",
    *b"..................",
    *b"i.iiijef..pmdznuvt",
    *b"i.iiijef..pmdznuvt",
    *b"i.iiijef..pmdznuvt",
    *b"j.jjjjef..pmdznuvt",
    *b"e.eeeeef..pmdznuvt",
    *b"f.fffffff.ffzzffff",
    *b".......f..pmdznuvt",
    *b"..................",
    *b"p.pppppfp.n...pppp",
    *b"m.mmmmmfm..i..pppp",
    *b"d.dddddzd...i.pppp",
    *b"z.zzzzzzz....fpzzz",
    *b"n.nnnnnfn.ppppnnnn",
    *b"u.uuuuufu.pppznuvt",
    *b"v.vvvvvfv.pppznvvt",
    *b"t.tttttft.pppznttt",
];

/// `-`: as `+`, but a char on the right counts as a boolean.
#[expect(clippy::indexing_slicing, reason = "an index out of bounds does not compile")]
pub(crate) const SUBTRACT: Kinds = {
    const BOOLEAN: usize = 0;
    const CHAR: usize = 8;
    let mut table = ADD;
    let mut row = 0;
    while row < table.len() {
        table[row][CHAR] = table[row][BOOLEAN];
        row += 1;
    }
    table
};

/// `*`
#[rustfmt::skip]
pub(crate) const MULTIPLY: Kinds = [
    *b"i.iiijef..pmdznuvt",
    *b"..................",
    *b"i.iiijef..pmdznuvt",
    *b"i.iiijef..pmdznuvt",
    *b"i.iiijef..pmdznuvt",
    *b"j.jjjjef..pmdznuvt",
    *b"e.eeeeef..pmdznuvt",
    *b"f.fffffff.ffzzffff",
    *b".......f..pmdznuvt",
    *b"..................",
    *b"p.pppppfp.........",
    *b"m.mmmmmfm.........",
    *b"d.dddddzd.........",
    *b"z.zzzzzzz.........",
    *b"n.nnnnnfn.........",
    *b"u.uuuuufu.........",
    *b"v.vvvvvfv.........",
    *b"t.tttttft.........",
];

/// `|` and `&`
#[rustfmt::skip]
pub(crate) const GREATER: Kinds = [
    *b"b.xhijefc.pmdznuvt",
    *b"..................",
    *b"x.xhijefc.pmdznuvt",
    *b"h.hhijefc.pmdznuvt",
    *b"i.iiijefc.pmdznuvt",
    *b"j.jjjjefc.pmdznuvt",
    *b"e.eeeeefc.pmdznuvt",
    *b"f.ffffffc.pmdznuvt",
    *b"c.ccccccc.pmdznuvt",
    *b"..................",
    *b"p.ppppppp.ppppnuvt",
    *b"m.mmmmmmm.pmd.....",
    *b"d.ddddddd.pddz....",
    *b"z.zzzzzzz.p.zznuvt",
    *b"n.nnnnnnn.n..nnnnn",
    *b"u.uuuuuuu.u..unuvt",
    *b"v.vvvvvvv.v..vnvvt",
    *b"t.ttttttt.t..tnttt",
];

/// Result of `x div y`, by the kind of x; y is a number.
pub(crate) const DIV: &[u8; 18] = b"i.iiijefi.pmd.nuvt";

/// Result of the difference of two values of one kind, which is the kind of a remainder.
pub(crate) const REST: &[u8; 18] = b"i.iiijefi.nii.nuvt";

/// A kind for each pair of kinds.
pub(crate) type Kinds = [[u8; 18]; 18];

/// Result of `neg` and `abs`.
pub(crate) const NEGATE: &[u8; 18] = b"i.ihijefi.pmdznuvt";

/// Result of `sum` and `prd`. Chars are not numbers.
pub(crate) const SUM: &[u8; 18] = b"i.iiijef..pmdznuvt";

/// Result of `floor` and `ceiling`.
pub(crate) const FLOOR: &[u8; 18] = b"i.ihijjj..pmddnuvt";

/// The kind of a dyadic verb's result.
pub(crate) fn promote(table: &Kinds, x: Kind, y: Kind) -> Option<Kind> {
    result(table.get(column(x)?)?, y)
}

/// The kind of a monadic verb's result.
pub(crate) fn result(row: &[u8; 18], x: Kind) -> Option<Kind> {
    let letter = *row.get(column(x)?)?;
    let place = ORDER.iter().position(|&found| found == letter)?;
    let place = u8::try_from(place).ok()?;
    Kind::from_code(if place < 2 { place + 1 } else { place + 2 })
}

/// Whether items of the kind are numbers underneath: all kinds but guid and symbol.
pub(crate) fn is_number(kind: Kind) -> bool {
    column(kind).is_some() && !matches!(kind, Kind::Guid | Kind::Symbol)
}

/// The index of a kind in [`ORDER`]. No kind has code 3.
fn column(kind: Kind) -> Option<usize> {
    match usize::from(kind.code()) {
        code @ 1..=2 => Some(code - 1),
        code @ 4..=19 => Some(code - 2),
        _ => None,
    }
}
