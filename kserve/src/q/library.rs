//! Functions and constants of q's own namespaces that are written in q: `.Q`, `.h`.

use super::fault::{Fault, R};
use super::noun::{Noun, empty};
use super::vm::Vm;
use kcodec::Kind;

/// Functions, each by its text.
const FUNCTIONS: &[(&str, &str)] = &[
    (".Q.addmonths", "{m:\"m\"$x;(\"d\"$m+y)+x-\"d\"$m}"),
    (".Q.fu", "{[f;x]$[0h>type x;f x;[u:distinct x;(f u)u?x]]}"),
    (".Q.ft", "{[f;t]$[99h=type t;(count keys t)!f 0!t;f t]}"),
    (".Q.fc", "{[f;x]f x}"),
    (".Q.qt", "{$[99h=type x;$[98h=type key x;98h=type value x;0b];98h=type x]}"),
    (".Q.v", "{$[-11h=type x;get x;x]}"),
    (".Q.ind", "{[t;i]t i}"),
    (".Q.qp", "{[x]$[98h=type x;0;0b]}"),
    (".Q.trp", "{[f;x;g]@[f;x;{[g;e]g[e;()]}[g]]}"),
    (".Q.trpd", "{[f;x;g].[f;x;{[g;e]g[e;()]}[g]]}"),
    (".Q.sbt", "{\"\"}"),
    (".Q.j10", "{64 sv .Q.b6?x}"),
    (".Q.x10", "{.Q.b6(10#64)vs x}"),
    (".Q.j12", "{36 sv .Q.nA?x}"),
    (".Q.x12", "{.Q.nA(12#36)vs x}"),
    (".Q.dd", "{` sv x,`$string y}"),
    (".Q.ff", "{[t;u]flip(flip t),(count t)#'0#'((cols u)except cols t)#flip u}"),
    (
        ".Q.def",
        "{[d;o]k:(key o)inter key d;d,k!{[d;s]$[10h=type d;first s;0h=type d;s;(upper .Q.t abs type d)$$[0h>type d;first s;s]]}'[d k;o k]}",
    ),
    (".Q.fmt", "{[w;d;x]s:.Q.f[d;x];if[w<count s;'`nyi];((w-count s)#\" \"),s}"),
    (".h.htc", "{[t;x]\"<\",(string t),\">\",x,\"</\",(string t),\">\"}"),
    (".h.hta", "{[t;d]\"<\",(string t),(raze{\" \",(string x),\"=\\\"\",y,\"\\\"\"}'[key d;value d]),\">\"}"),
    (".h.htac", "{[t;d;x](.h.hta[t;d]),x,\"</\",(string t),\">\"}"),
];

/// Names of q's own that are known to be missing: better said than taken for a name that nobody set.
const MISSING: &[&str] = &[
    "addr", "bt", "bv", "bvi", "chk", "cn", "D", "dpft", "dpfts", "dsftg", "en", "ens", "fk", "fps", "fpn", "fs",
    "fsn", "gz", "hdpf", "hg", "host", "hp", "l", "ld", "li", "lo", "MAP", "P", "par", "PD", "pd", "pf", "pm", "pn",
    "prf0", "pt", "PV", "pv", "rb", "s2", "ts", "tt", "u", "view", "vp", "Xf",
];

/// Constants, each with its namespace.
const CONSTANTS: &[&str] =
    &[".Q.a", ".Q.A", ".Q.n", ".Q.nA", ".Q.an", ".Q.b6", ".Q.t", ".Q.k", ".Q.K", ".Q.M", ".Q.x", ".Q.res"];

/// The full names that are known here.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name).chain(CONSTANTS.iter().copied())
}

impl Vm<'_> {
    /// The value that q itself has under a name.
    ///
    /// # Errors
    ///
    /// `nyi` where q has one and this has none.
    pub(crate) fn library(&mut self, name: &[u8]) -> R<Option<Noun>> {
        if name == b"csv" {
            return Ok(Some(Noun::char(b',')));
        }
        if !(name.starts_with(b".Q.") || name.starts_with(b".h.") || name.starts_with(b".j.")) {
            return Ok(None);
        }
        if let Some((_, source)) = FUNCTIONS.iter().find(|(known, _)| known.as_bytes() == name) {
            return self.lambda(source.as_bytes(), super::symbols::Sym::NULL).map(Some);
        }
        if let Some(value) = self.constant(name)? {
            return Ok(Some(value));
        }
        let missing =
            name.strip_prefix(b".Q.").is_some_and(|name| MISSING.iter().any(|known| known.as_bytes() == name));
        if missing { Err(Fault::nyi_of(name)) } else { Ok(None) }
    }

    fn constant(&mut self, name: &[u8]) -> R<Option<Noun>> {
        if !CONSTANTS.iter().any(|known| known.as_bytes() == name) {
            return Ok(None);
        }
        let lower: Vec<u8> = (b'a'..=b'z').collect();
        let upper: Vec<u8> = (b'A'..=b'Z').collect();
        let digits: Vec<u8> = (b'0'..=b'9').collect();
        Ok(Some(match name.get(3..).unwrap_or_default() {
            b"a" => Noun::text(lower),
            b"A" => Noun::text(upper),
            b"n" => Noun::text(digits),
            b"nA" => Noun::text([digits, upper].concat()),
            b"an" => Noun::text([lower, upper, b"_".to_vec(), digits].concat()),
            b"b6" => Noun::text([upper, lower, digits, b"+/".to_vec()].concat()),
            b"t" => Noun::text(" bg xhijefcspmdznuvts"),
            b"k" => Noun::float(4.1),
            b"K" => super::noun::atom(Kind::Date, 8815),
            b"M" => Noun::long(i64::MAX),
            b"x" => empty(Kind::List),
            b"res" => {
                let words = RESERVED.split(' ').map(|word| self.intern(word.as_bytes())).collect();
                Noun::syms(words)
            }
            _ => return Ok(None),
        }))
    }
}

/// Words that q reserves and that are no functions of `.q`.
pub(crate) const RESERVED: &str = "abs acos asin atan avg bin binr cor cos cov delete dev div do enlist exec exit exp \
                                   getenv hopen if in insert last like log max min prd select setenv sin sqrt ss sum \
                                   tan update var wavg while within wsum xexp";
