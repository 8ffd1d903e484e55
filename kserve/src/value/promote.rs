//! Of which kind the result of an operation is, by the kinds of its arguments: KX's own tables, from
//! the reference pages of the operators. Rows are the left argument, columns the right one, a dot is
//! q's `type`.

use kcodec::Kind;

use super::arith::Op;

/// The order of rows and columns, in q's type letters.
const ORDER: &[u8; 18] = b"bgxhijefcspmdznuvt";

/// `+`
#[rustfmt::skip]
const ADD: [&[u8; 18]; 18] = [
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
const SUBTRACT: [&[u8; 18]; 18] = [
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
const MULTIPLY: [&[u8; 18]; 18] = [
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
const GREATER: [&[u8; 18]; 18] = [
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

/// What `neg` and `abs` give.
const NEGATE: &[u8; 18] = b"i.ihijefi.pmdznuvt";

/// What `sum` and `prd` give. The same page says that chars are no numbers, and so they are none here.
const SUM: &[u8; 18] = b"i.iiijef..pmdznuvt";

/// The kind of `x op y`.
pub(crate) fn promote(op: Op, x: Kind, y: Kind) -> Option<Kind> {
    let table = match op {
        Op::Add => &ADD,
        Op::Subtract => &SUBTRACT,
        Op::Multiply => &MULTIPLY,
        Op::Lesser | Op::Greater => &GREATER,
    };
    letter(*table.get(column(x)?)?, y)
}

/// The kind of `neg x`.
pub(crate) fn negated(x: Kind) -> Option<Kind> {
    letter(NEGATE, x)
}

/// The kind of `sum x`.
pub(crate) fn summed(x: Kind) -> Option<Kind> {
    letter(SUM, x)
}

/// Whether items of the kind have a number underneath: all but guids and symbols.
pub(crate) fn is_number(kind: Kind) -> bool {
    column(kind).is_some() && !matches!(kind, Kind::Guid | Kind::Symbol)
}

fn letter(row: &[u8; 18], y: Kind) -> Option<Kind> {
    Kind::from_letter(char::from(*row.get(column(y)?)?))
}

fn column(kind: Kind) -> Option<usize> {
    let letter = u8::try_from(kind.letter()).ok()?;
    ORDER.iter().position(|&column| column == letter)
}
