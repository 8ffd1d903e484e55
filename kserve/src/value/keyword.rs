//! Operators and keywords: the table of their names, ids and functions.

use std::fmt;

use kcodec::{Atom, Body, Function, Kind, Lambda, Symbol, Value};

use super::apply::is_elided;
use super::arith::{self, Op};
use super::atomic;
use super::compare::{self, Order};
use super::fault::Fault;
use super::function;
use super::items::{empty, encode};
use super::{Interpreter, aggregate, build, cast, index, join, math, nouns, search, take};

/// An operator or keyword.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    /// The id of the primitive, unary or binary, that it is on the wire (WIRE.md, functions). The
    /// others travel as a lambda that calls them by name.
    pub(crate) id: Option<u8>,
    /// Whether it stands between its arguments.
    pub(crate) infix: bool,
    pub(crate) role: Role,
}

/// How a word is applied.
pub(crate) enum Role {
    Unary(fn(&mut Interpreter, &Body) -> Result<Body, Fault>),
    Binary(fn(&mut Interpreter, &Body, &Body) -> Result<Body, Fault>),
    /// Of as many arguments as there are: one at least, or two where it stands between them.
    Many(fn(&mut Interpreter, &[Body]) -> Result<Body, Fault>),
}

impl Word {
    /// The fewest arguments that it is called with.
    pub(crate) const fn rank(&self) -> usize {
        match self.role {
            Role::Unary(_) => 1,
            Role::Binary(_) => 2,
            Role::Many(_) => 1 + self.infix as usize,
        }
    }

    /// The word as a value.
    pub(crate) fn body(&self) -> Result<Body, Fault> {
        let source = match (self.id, self.infix) {
            (Some(id), true) => return encode(Function::Binary(id)),
            (Some(id), false) => return encode(Function::Unary(id)),
            (None, true) if !self.name.starts_with(char::is_alphabetic) => format!("{{x{}y}}", self.name),
            (None, true) => format!("{{x {} y}}", self.name),
            (None, false) => format!("{{{} x}}", self.name),
        };
        let source = Value::from(&source);
        encode(Function::Lambda(Lambda::new(Symbol::default(), &source)))
    }

    /// The unary primitive of an operator's glyph: `#:` of `#`.
    pub(crate) fn unary_form(&self) -> Option<&'static Self> {
        self.id.filter(|id| self.infix && *id < 20 && self.name.len() == 1).and_then(|id| by_id(Kind::Unary, id))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The word of that name.
pub(crate) fn named(name: &[u8]) -> Option<&'static Word> {
    WORDS.iter().chain(MISSING).find(|word| word.name.as_bytes() == name)
}

/// The primitive with that id.
pub(crate) fn by_id(kind: Kind, id: u8) -> Option<&'static Word> {
    let (id, infix) = match (kind, id) {
        (Kind::Unary, 12) => (41, false),
        _ => (id, kind == Kind::Binary),
    };
    WORDS.iter().chain(MISSING).find(|word| word.id == Some(id) && word.infix == infix)
}

type Unary = fn(&mut Interpreter, &Body) -> Result<Body, Fault>;
type Binary = fn(&mut Interpreter, &Body, &Body) -> Result<Body, Fault>;

const fn unary(name: &'static str, id: Option<u8>, function: Unary) -> Word {
    Word { name, id, infix: false, role: Role::Unary(function) }
}

const fn infix(name: &'static str, id: Option<u8>, function: Binary) -> Word {
    Word { name, id, infix: true, role: Role::Binary(function) }
}

const fn many(
    name: &'static str,
    id: u8,
    infix: bool,
    function: fn(&mut Interpreter, &[Body]) -> Result<Body, Fault>,
) -> Word {
    Word { name, id: Some(id), infix, role: Role::Many(function) }
}

static WORDS: &[Word] = &[
    // Operators.
    infix(":", Some(0), |_, _, y| Ok(y.clone())),
    infix("+", Some(1), |q, x, y| arithmetic(q, Op::Add, x, y)),
    infix("-", Some(2), |q, x, y| arithmetic(q, Op::Subtract, x, y)),
    infix("*", Some(3), |q, x, y| arithmetic(q, Op::Multiply, x, y)),
    infix("%", Some(4), |q, x, y| atomic::binary(&mut q.budget, x.value(), y.value(), &arith::divide)),
    infix("&", Some(5), |q, x, y| arithmetic(q, Op::Lesser, x, y)),
    infix("|", Some(6), |q, x, y| arithmetic(q, Op::Greater, x, y)),
    infix("=", Some(8), |q, x, y| ordered(q, Order::Equal, false, x, y)),
    infix("<", Some(9), |q, x, y| ordered(q, Order::Less, false, x, y)),
    infix(">", Some(10), |q, x, y| ordered(q, Order::Greater, false, x, y)),
    infix("<>", None, |q, x, y| ordered(q, Order::Equal, true, x, y)),
    infix(">=", None, |q, x, y| ordered(q, Order::Less, true, x, y)),
    infix("<=", None, |q, x, y| ordered(q, Order::Greater, true, x, y)),
    infix(",", Some(12), |q, x, y| join::join(&mut q.budget, x, y)),
    infix("_", Some(14), |q, x, y| take::drop(&mut q.budget, x, y)),
    infix("~", Some(15), |q, x, y| compare::matches(&mut q.budget, x, y)),
    many("$", 11, true, |q, all| pair(all).and_then(|(x, y)| cast::cast(&mut q.budget, x, y))),
    many("#", 13, true, |q, all| pair(all).and_then(|(x, y)| take::take(&mut q.budget, x, y))),
    many("!", 16, true, |q, all| pair(all).and_then(|(x, y)| build::bang(&mut q.budget, x, y))),
    many("?", 17, true, |q, all| pair(all).and_then(|(x, y)| search::find(&mut q.budget, x, y))),
    many("@", 18, true, |q, all| q.nest(|q| q.apply_at(all))),
    many(".", 19, true, |q, all| q.nest(|q| q.apply_dot(all))),
    // Keywords that are primitives.
    unary("::", Some(0), |_, x| Ok(x.clone())),
    unary("flip", Some(1), |q, x| nouns::flip(&mut q.budget, x.value())),
    unary("neg", Some(2), |q, x| atomic::unary(&mut q.budget, x.value(), &math::neg)),
    unary("first", Some(3), |q, x| index::first(&mut q.budget, x.value())),
    unary("reciprocal", Some(4), |q, x| float(q, x, f64::recip)),
    unary("where", Some(5), |q, x| search::r#where(&mut q.budget, x.value())),
    unary("reverse", Some(6), |q, x| take::reverse(&mut q.budget, x.value())),
    unary("null", Some(7), |q, x| atomic::unary(&mut q.budget, x.value(), &search::null)),
    unary("string", Some(11), |q, x| nouns::string(&mut q.budget, x.value())),
    unary("count", Some(13), |_, x| nouns::count(x.value())),
    unary("floor", Some(14), |q, x| round(q, x, f64::floor)),
    unary("not", Some(15), |q, x| atomic::unary(&mut q.budget, x.value(), &compare::not)),
    unary("key", Some(16), key),
    unary("distinct", Some(17), |q, x| search::distinct(&mut q.budget, x.value())),
    unary("type", Some(18), |_, x| nouns::type_of(x.value())),
    unary("value", Some(19), |q, x| q.value(x.value())),
    unary("get", None, |q, x| q.value(x.value())),
    unary("avg", Some(23), |q, x| aggregate::avg(&mut q.budget, x.value())),
    unary("last", Some(24), |q, x| index::last(&mut q.budget, x.value())),
    unary("sum", Some(25), |q, x| aggregate::sum(&mut q.budget, x.value())),
    unary("prd", Some(26), |q, x| aggregate::prd(&mut q.budget, x.value())),
    unary("min", Some(27), |q, x| aggregate::min(&mut q.budget, x.value())),
    unary("max", Some(28), |q, x| aggregate::max(&mut q.budget, x.value())),
    unary("abs", Some(31), |q, x| atomic::unary(&mut q.budget, x.value(), &math::abs)),
    unary("sqrt", Some(32), |q, x| float(q, x, f64::sqrt)),
    unary("log", Some(33), |q, x| float(q, x, f64::ln)),
    unary("exp", Some(34), |q, x| float(q, x, f64::exp)),
    unary("sin", Some(35), |q, x| float(q, x, f64::sin)),
    unary("asin", Some(36), |q, x| float(q, x, f64::asin)),
    unary("cos", Some(37), |q, x| float(q, x, f64::cos)),
    unary("acos", Some(38), |q, x| float(q, x, f64::acos)),
    unary("tan", Some(39), |q, x| float(q, x, f64::tan)),
    unary("atan", Some(40), |q, x| float(q, x, f64::atan)),
    many("enlist", 41, false, enlist),
    infix("in", Some(23), |q, x, y| search::is_in(&mut q.budget, x, y)),
    // Keywords that are q's own definitions.
    infix("and", None, |q, x, y| arithmetic(q, Op::Lesser, x, y)),
    infix("or", None, |q, x, y| arithmetic(q, Op::Greater, x, y)),
    infix("each", None, |q, f, x| q.each(f, std::slice::from_ref(x))),
    infix("over", None, |q, f, x| derived(q, Kind::Over, f, x)),
    infix("scan", None, |q, f, x| derived(q, Kind::Scan, f, x)),
    infix("set", None, set),
    unary("til", None, |q, x| math::til(&mut q.budget, x.value())),
    unary("cols", None, |q, x| of_table(q, x, nouns::cols)),
    unary("keys", None, |q, x| of_table(q, x, nouns::keys)),
    unary("raze", None, |q, x| reduced(q, ",", x)),
    unary("sums", None, |q, x| derived(q, Kind::Scan, &encode(Function::Binary(1))?, x)),
    unary("ceiling", None, |q, x| round(q, x, f64::ceil)),
    unary("signum", None, |q, x| atomic::unary(&mut q.budget, x.value(), &math::signum)),
    unary("all", None, |q, x| aggregate::flags(&mut q.budget, x.value(), true)),
    unary("any", None, |q, x| aggregate::flags(&mut q.budget, x.value(), false)),
];

fn pair(all: &[Body]) -> Result<(&Body, &Body), Fault> {
    if let [x, y] = all { Ok((x, y)) } else { Err(Fault::NYI) }
}

fn arithmetic(q: &mut Interpreter, op: Op, x: &Body, y: &Body) -> Result<Body, Fault> {
    atomic::binary(&mut q.budget, x.value(), y.value(), &|budget, x, y| arith::arithmetic(budget, op, x, y))
}

fn ordered(q: &mut Interpreter, order: Order, not: bool, x: &Body, y: &Body) -> Result<Body, Fault> {
    atomic::binary(&mut q.budget, x.value(), y.value(), &|budget, x, y| compare::compare(budget, order, not, x, y))
}

fn float(q: &mut Interpreter, x: &Body, function: fn(f64) -> f64) -> Result<Body, Fault> {
    atomic::unary(&mut q.budget, x.value(), &|budget, x| math::float(budget, x, function))
}

fn round(q: &mut Interpreter, x: &Body, function: fn(f64) -> f64) -> Result<Body, Fault> {
    atomic::unary(&mut q.budget, x.value(), &|budget, x| math::round(budget, x, function))
}

fn derived(q: &mut Interpreter, kind: Kind, function: &Body, x: &Body) -> Result<Body, Fault> {
    let derived = function::derive(kind, function)?;
    q.apply(&derived, vec![x.clone()])
}

/// `,/x` and its like; an atom becomes a list.
fn reduced(q: &mut Interpreter, verb: &str, x: &Body) -> Result<Body, Fault> {
    let verb = named(verb.as_bytes()).ok_or(Fault::NYI)?.body()?;
    let all = derived(q, Kind::Over, &verb, x)?;
    if all.value().is_atom() { index::enlist(&mut q.budget, &all) } else { Ok(all) }
}

fn enlist(q: &mut Interpreter, all: &[Body]) -> Result<Body, Fault> {
    match all {
        [x] => index::enlist(&mut q.budget, x),
        _ if all.iter().any(is_elided) => function::holes(all),
        _ => build::list(&mut q.budget, all.to_vec()),
    }
}

/// `key x`, which of a name asks whether it is set.
fn key(q: &mut Interpreter, x: &Body) -> Result<Body, Fault> {
    let Value::Atom(Atom::Symbol(name)) = x.value() else { return nouns::key(&mut q.budget, x.value()) };
    match q.lookup(name.as_bytes()) {
        Ok(body) if matches!(body.value(), Value::Dict(_)) => nouns::key(&mut q.budget, body.value()),
        Ok(_) => Ok(x.clone()),
        Err(_) => encode(empty(Kind::List)),
    }
}

/// `cols x`, where x may be the name of a table.
fn of_table(q: &mut Interpreter, x: &Body, function: fn(Value<'_>) -> Result<Body, Fault>) -> Result<Body, Fault> {
    match x.value() {
        Value::Atom(Atom::Symbol(name)) => function(q.lookup(name.as_bytes())?.value()),
        table => function(table),
    }
}

/// `` `a set x ``
fn set(q: &mut Interpreter, name: &Body, x: &Body) -> Result<Body, Fault> {
    match name.value() {
        Value::Atom(Atom::Symbol(symbol)) if !symbol.as_bytes().starts_with(b":") => {
            q.define(symbol.as_bytes(), x.clone());
            Ok(name.clone())
        }
        _ => Err(Fault::NYI),
    }
}

macro_rules! missing {
    (
        unary { $($unary:literal $($id:literal)?,)* }
        infix { $($infix:literal $($infix_id:literal)?,)* }
    ) => {
        /// What q has and this has not.
        static MISSING: &[Word] = &[
            $(unary($unary, id!($($id)?), |_, _| Err(Fault::NYI)),)*
            $(infix($infix, id!($($infix_id)?), |_, _, _| Err(Fault::NYI)),)*
        ];
    };
}

macro_rules! id {
    () => {
        None
    };
    ($id:literal) => {
        Some($id)
    };
}

missing! {
    unary {
        "group" 8, "iasc" 9, "idesc" 10, "read0" 20, "read1" 21, "exit" 29, "getenv" 30, "var" 42, "dev" 43, "hopen" 44,
        "asc", "desc", "attr", "avgs", "csv", "deltas", "differ", "eval", "fills", "fkeys", "gtime", "hclose", "hcount",
        "hdel", "hsym", "inv", "load", "lower", "ltime", "ltrim", "maxs", "md5", "med", "meta", "mins", "next", "parse",
        "prds", "prev", "rand", "rank", "ratios", "reval", "rload", "rsave", "rtrim", "save", "sdev", "show", "svar",
        "system", "tables", "trim", "ungroup", "upper", "view", "views", "aj", "aj0", "ajf", "ajf0", "wj", "wj1", "ej",
        "pj", "ssr",
    }
    infix {
        "^" 7, "0:" 20, "1:" 21, "2:" 22, "within" 24, "like" 25, "bin" 26, "ss" 27, "insert" 28, "wsum" 29, "wavg" 30,
        "div" 31, "xexp" 32, "setenv" 33, "binr" 34, "cov" 35, "cor" 36, "asof", "cross", "cut", "dsave", "ema",
        "except", "fby", "ij", "ijf", "inter", "lj", "ljf", "lsq", "mavg", "mcount", "mdev", "mmax", "mmin", "mmu",
        "mod", "msum", "peach", "prior", "rotate", "scov", "sublist", "sv", "uj", "ujf", "union", "upsert", "vs", "xasc",
        "xbar", "xcol", "xcols", "xdesc", "xgroup", "xkey", "xlog", "xprev", "xrank",
    }
}
