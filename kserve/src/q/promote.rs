//! Of which kind the result of an operation is, by the kinds of its arguments: KX's own tables, from
//! the reference pages of the operators. Rows are the left argument, columns the right one, a dot is
//! q's `type`.

use kcodec::Kind;

/// The order of rows and columns, in q's type letters: that of the codes.
const ORDER: &[u8; 18] = b"bgxhijefcspmdznuvt";

/// `+`
#[rustfmt::skip]
pub(crate) const ADD: Kinds = [
    b"i.iiijef..pmdznuvt",
    b"..................",
    b"i.iiijef..pmdznuvt",
    b"i.iiijef..pmdznuvt",
    b"i.iiijef..pmdznuvt",
    b"j.jjjjef..pmdznuvt",
    b"e.eeeeef..pmdznuvt",
    b"f.fffffff.ffzzffff",
    b".......f..pmdznuvt",
    b"..................",
    b"p.pppppfp.n...pppp",
    b"m.mmmmmfm..i..pppp",
    b"d.dddddzd...i.pppp",
    b"z.zzzzzzz....fpzzz",
    b"n.nnnnnfn.ppppnnnn",
    b"u.uuuuufu.pppznuvt",
    b"v.vvvvvfv.pppznvvt",
    b"t.tttttft.pppznttt",
];

/// `-`: as `+`, but for chars on the right.
#[rustfmt::skip]
pub(crate) const SUBTRACT: Kinds = [
    b"i.iiijefi.pmdznuvt",
    b"..................",
    b"i.iiijefi.pmdznuvt",
    b"i.iiijefi.pmdznuvt",
    b"i.iiijefi.pmdznuvt",
    b"j.jjjjefj.pmdznuvt",
    b"e.eeeeefe.pmdznuvt",
    b"f.fffffff.ffzzffff",
    b".......f..pmdznuvt",
    b"..................",
    b"p.pppppfp.n...pppp",
    b"m.mmmmmfm..i..pppp",
    b"d.dddddzd...i.pppp",
    b"z.zzzzzzz....fpzzz",
    b"n.nnnnnfn.ppppnnnn",
    b"u.uuuuufu.pppznuvt",
    b"v.vvvvvfv.pppznvvt",
    b"t.tttttft.pppznttt",
];

/// `*`
#[rustfmt::skip]
pub(crate) const MULTIPLY: Kinds = [
    b"i.iiijef..pmdznuvt",
    b"..................",
    b"i.iiijef..pmdznuvt",
    b"i.iiijef..pmdznuvt",
    b"i.iiijef..pmdznuvt",
    b"j.jjjjef..pmdznuvt",
    b"e.eeeeef..pmdznuvt",
    b"f.fffffff.ffzzffff",
    b".......f..pmdznuvt",
    b"..................",
    b"p.pppppfp.........",
    b"m.mmmmmfm.........",
    b"d.dddddzd.........",
    b"z.zzzzzzz.........",
    b"n.nnnnnfn.........",
    b"u.uuuuufu.........",
    b"v.vvvvvfv.........",
    b"t.tttttft.........",
];

/// `|` and `&`
#[rustfmt::skip]
pub(crate) const GREATER: Kinds = [
    b"b.xhijefc.pmdznuvt",
    b"..................",
    b"x.xhijefc.pmdznuvt",
    b"h.hhijefc.pmdznuvt",
    b"i.iiijefc.pmdznuvt",
    b"j.jjjjefc.pmdznuvt",
    b"e.eeeeefc.pmdznuvt",
    b"f.ffffffc.pmdznuvt",
    b"c.ccccccc.pmdznuvt",
    b"..................",
    b"p.ppppppp.ppppnuvt",
    b"m.mmmmmmm.pmd.....",
    b"d.ddddddd.pddz....",
    b"z.zzzzzzz.p.zznuvt",
    b"n.nnnnnnn.n..nnnnn",
    b"u.uuuuuuu.u..unuvt",
    b"v.vvvvvvv.v..vnvvt",
    b"t.ttttttt.t..tnttt",
];

/// What `x div y` gives, by x; y is a number.
pub(crate) const DIV: &[u8; 18] = b"i.iiijefi.pmd.nuvt";

/// What the difference of two of the same kind is: what is left of a division.
pub(crate) const REST: &[u8; 18] = b"i.iiijefi.nii.nuvt";

/// A kind for each two kinds.
pub(crate) type Kinds = [&'static [u8; 18]; 18];

/// What `neg` and `abs` give.
pub(crate) const NEGATE: &[u8; 18] = b"i.ihijefi.pmdznuvt";

/// What `sum` and `prd` give. Chars are no numbers.
pub(crate) const SUM: &[u8; 18] = b"i.iiijef..pmdznuvt";

/// What `floor` and `ceiling` give.
pub(crate) const FLOOR: &[u8; 18] = b"i.ihijjj..pmddnuvt";

/// The kind of a verb's result on two kinds.
pub(crate) fn promote(table: &Kinds, x: Kind, y: Kind) -> Option<Kind> {
    result(table.get(column(x)?)?, y)
}

/// The kind of a verb's result on one kind.
pub(crate) fn result(row: &[u8; 18], x: Kind) -> Option<Kind> {
    let letter = *row.get(column(x)?)?;
    let place = ORDER.iter().position(|&found| found == letter)?;
    let place = u8::try_from(place).ok()?;
    Kind::from_code(if place < 2 { place + 1 } else { place + 2 })
}

/// Whether items of the kind have a number underneath: all but guids and symbols.
pub(crate) fn is_number(kind: Kind) -> bool {
    column(kind).is_some() && !matches!(kind, Kind::Guid | Kind::Symbol)
}

/// Where a kind stands in [`ORDER`]. No kind has the code 3.
fn column(kind: Kind) -> Option<usize> {
    match usize::from(kind.code()) {
        code @ 1..=2 => Some(code - 1),
        code @ 4..=19 => Some(code - 2),
        _ => None,
    }
}
