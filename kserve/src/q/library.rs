//! Functions and constants of q's namespaces `.Q` and `.h`, written in q.

use super::fault::{Fault, R};
use super::noun::{Noun, empty};
use super::vm::Vm;
use kcodec::Kind;

/// Functions, as name and source text.
const FUNCTIONS: &[(&str, &str)] = &[
    (".Q.addmonths", "{m:\"m\"$x;(\"d\"$m+y)+x-\"d\"$m}"),
    (".Q.fu", "{[f;x]$[0h>type x;f x;[u:distinct x;(f u)u?x]]}"),
    (".Q.ft", "{[f;t]$[99h=type t;(count keys t)!f 0!t;f t]}"),
    (".Q.fc", "{[f;x]f x}"),
    (".Q.qt", "{$[99h=type x;$[98h=type key x;98h=type value x;0b];98h=type x]}"),
    (".Q.v", "{$[-11h=type x;get x;x]}"),
    (".Q.ind", "{[t;i]t i}"),
    (".Q.qp", "{[x]0}"),
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
    (".h.ha", "{\"<a href=\",$[10h=type x;\"\\\"\",x,\"\\\"\";string x],\">\",y,\"</a>\"}"),
    (".h.hb", "{\"<a target=v href=\",$[10h=type x;\"\\\"\",x,\"\\\"\";string x],\">\",y,\"</a>\"}"),
    (".h.hc", "{ssr[x;\"<\";\"&lt;\"]}"),
    (".h.nbr", "{.h.htc[`nobr;x]}"),
    (".h.pre", "{.h.htc[`pre;raze x,\\:\"\\n\"]}"),
    (".h.xmp", "{.h.htc[`xmp;raze x,\\:\"\\n\"]}"),
    (".h.text", "{raze{.h.htc[`p;x],\"\\n\"}each x}"),
    (".h.html", "{.h.htc[`html;.h.htc[`head;.h.htc[`style;.h.sa,.h.sb]],.h.htc[`body;x]]}"),
    (
        ".h.hn",
        "{[s;t;x]\"HTTP/1.1 \",s,\"\\r\\nContent-Type: \",.h.ty[t],\"\\r\\nConnection: close\\r\\nContent-Length: \",(string count x),\"\\r\\n\\r\\n\",x}",
    ),
    (".h.hy", "{[t;x].h.hn[\"200 OK\";t;x]}"),
    (".h.he", "{.h.hn[\"400 Bad Request\";`txt;\"'\",.h.hc x]}"),
    (".h.hp", "{.h.hy[`htm;.h.html .h.pre x]}"),
    (".h.iso8601", "{$[null x;\"\";@[string\"p\"$x;4 7 10;:;\"--T\"]]}"),
    (".h.cd", "{csv 0:x}"),
    (".h.td", "{\"\\t\"0:x}"),
    (
        ".h.xs",
        "{if[any x in\"\\\"'\";'`nyi];{[x;y]ssr[x;y 0;y 1]}/[x;((\"&\";\"&amp;\");(\"<\";\"&lt;\");(\">\";\"&gt;\"))]}",
    ),
    (
        ".h.xd",
        "{(enlist\"<R>\"),({.h.htc[`r;raze .h.htc'[key x;{.h.xs$[10h=type x;x;string x]}each value x]]}each x),enlist\"</R>\"}",
    ),
    (".h.hu", "{raze{$[x in .h.sc;enlist x;\"%\",string\"x\"$x]}each x}"),
    (
        ".h.uh",
        "{if[\"+\"in x;'`nyi];$[\"%\"in x;{(x 0),raze{(enlist\"c\"$first\"X\"$enlist 2#x),2_x}each 1_x}\"%\"vs x;x]}",
    ),
    (".Q.ts", "{[f;x]s:.z.p;r:f . x;(((\"j\"$.z.p-s)div 1000000;0);r)}"),
    (".Q.addr", "{$[x=`localhost;2130706433i;null a:\"I\"$string x;'`nyi;a]}"),
    (".Q.host", "{$[x=2130706433i;`localhost;'`nyi]}"),
    (
        ".Q.fsn",
        "{[f;s;n]c:hcount s;p:0;while[p<c;t:read0(s;p;n);b:\"\\n\"=\"c\"$read1(s;p;n);if[c>p+n;if[not any b;'`nyi];t:$[last b;t;-1_t]];f t;p:$[c>p+n;p+1+last where b;c]];c}",
    ),
    (".Q.fs", "{[f;s].Q.fsn[f;s;131000]}"),
    (".Q.V", "{$[98h=type x:.Q.v x;flip x;'`nyi]}"),
    (".h.hr", "{(count x)#\"-\"}"),
    (".h.code", "{v:\"\\t\"vs x;\" \"sv @[v;1+2*til(count v)div 2;{.h.htc[`code;.h.nbr x]}]}"),
    (".h.xt", "{[k;x]$[k=`json;.j.k each x;'`nyi]}"),
    (".h.htac", "{[t;d;x](.h.hta[t;d]),x,\"</\",(string t),\">\"}"),
];

/// Values, as name and a q expression without names.
const VALUES: &[(&str, &str)] = &[
    (".h.br", "\"<br>\""),
    (".h.c0", "`024C7E"),
    (".h.c1", "`958600"),
    (
        ".h.tx",
        "`raw`json`csv`txt`xml`xls!(enlist;{$[98h=type x;.j.j each x;'`nyi]};{.h.cd x};{.h.td x};{.h.xd x};{'`nyi})",
    ),
    (".h.sc", "\"$-.+!*'(),abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789\""),
    (".Q.pt", "()"),
    (".h.HOME", "\"html\""),
    (".h.sa", "\"a{text-decoration:none}a:link{color:024C7E}a:visited{color:024C7E}a:active{color:958600}\""),
    (".h.sb", "\"body{font:10pt verdana;text-align:justify}\""),
    (
        ".h.ty",
        "`htm`html`csv`txt`xml`xls`gif`png`jpg`js`css`json!(\"text/html\";\"text/html\";\"text/comma-separated-values\";\"text/plain\";\"text/plain\";\"application/msexcel\";\"image/gif\";\"image/png\";\"image/jpeg\";\"application/javascript\";\"text/css\";\"application/json\")",
    ),
];

/// Names of `.h` that are not implemented.
const MISSING_H: &[&str] =
    &["d", "data", "eb", "ec", "ed", "edsn", "es", "estr", "fram", "ht", "http", "hug", "jx", "ka", "logo", "val"];

/// Names of `.Q` that are not implemented. They fail with `nyi` instead of being reported as undefined.
const MISSING: &[&str] = &[
    "ajf0", "bt", "btx", "Cf", "cp", "d0", "dt", "fqk", "hap", "hmb", "IN", "L", "nct", "p", "p1", "p2", "qm", "rp",
    "S", "sw", "t0", "tab", "tx", "unm", "vt", "bv", "bvi", "chk", "cn", "D", "dpft", "dpfts", "dsftg", "en", "ens",
    "fk", "fps", "fpn", "gz", "hdpf", "hg", "hp", "l", "ld", "li", "lo", "MAP", "P", "par", "PD", "pd", "pf", "pm",
    "pn", "prf0", "PV", "pv", "rb", "s2", "tt", "u", "view", "vp", "Xf",
];

/// Constants, by their full name.
const CONSTANTS: &[&str] =
    &[".Q.a", ".Q.A", ".Q.n", ".Q.nA", ".Q.an", ".Q.b6", ".Q.t", ".Q.k", ".Q.K", ".Q.M", ".Q.x", ".Q.res"];

/// The full names of everything defined here.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().chain(VALUES).map(|(name, _)| *name).chain(CONSTANTS.iter().copied())
}

impl Vm<'_> {
    /// The built-in value of a name; `None` if the name is not built in.
    ///
    /// # Errors
    ///
    /// `nyi` if q defines the name and this implementation does not.
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
        if let Some((_, text)) = VALUES.iter().find(|(known, _)| known.as_bytes() == name) {
            return self.text_value(text.as_bytes()).map(Some);
        }
        if let Some(value) = self.constant(name)? {
            return Ok(Some(value));
        }
        let within = |space: &[u8], names: &[&str]| {
            name.strip_prefix(space).is_some_and(|name| names.iter().any(|known| known.as_bytes() == name))
        };
        let missing = within(b".Q.", MISSING) || within(b".h.", MISSING_H);
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

/// Reserved words that are not functions of `.q`.
pub(crate) const RESERVED: &str = "abs acos asin atan avg bin binr cor cos cov delete dev div do enlist exec exit exp \
                                   getenv hopen if in insert last like log max min prd select setenv sin sqrt ss sum \
                                   tan update var wavg while within wsum xexp";
