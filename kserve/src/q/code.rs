//! The parsed form of text: statements, chains and nodes, with names of locals resolved to slots.
//!
//! q evaluates from right to left and has no precedence. An expression is therefore a chain: a last term, and the
//! steps applied to it towards the left. A chain is as flat as its text. Only brackets nest, and the parser bounds
//! their depth.

use super::destructure::{Choice, Pattern};
use super::func::Iterator;
use super::noun::Noun;
use super::query::Query;
use super::symbols::Sym;
use super::verb::Verb;
use super::views::ViewSource;

/// Statements in order. An empty statement has the value `::`.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) statements: Vec<Option<Chain>>,
    /// Whether the last statement is an assignment; the value is then `::`.
    pub(crate) assigns: bool,
}

/// A chain of steps.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The rightmost term.
    pub(crate) last: Node,
    /// The steps applied to it, from right to left.
    pub(crate) steps: Vec<Step>,
}

/// A step applied to the value on its right.
#[derive(Debug)]
pub(crate) enum Step {
    /// `f x`, `v i`
    Apply(Node),
    /// `x + y`: the verb and its left argument.
    Infix(&'static Verb, Node),
    /// `x f' y`
    Between(Node, Node),
    /// `a:x`, `a::x`, `a[i]:x`, `a+:x`, `a[i]+:x`
    Assign(Box<Assign>),
    /// `(a;b):x`
    Match(Box<Pattern>),
    /// `x+` to the left of a function: a projection composed with it. Holds the verb and its left argument.
    Compose(Node),
    /// `:x`
    Return,
    /// `'x`
    Signal,
}

/// An assignment: target, index and verb.
#[derive(Debug)]
pub(crate) struct Assign {
    pub(crate) place: Place,
    /// The index in brackets; `None` without brackets. An elided index is an inner `None`.
    pub(crate) index: Option<Vec<Option<Chain>>>,
    pub(crate) verb: Option<Node>,
}

/// Where a name's value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A slot of the frame.
    Local(usize),
    /// A global, by its full name.
    Global(Sym),
}

/// A term.
#[derive(Debug)]
pub(crate) enum Node {
    Const(Noun),
    Verb(&'static Verb),
    Name(Place),
    /// `.z.s`: the lambda itself.
    This,
    /// `(x)`
    Group(Box<Chain>),
    /// `(x;y)`. With an elided item it is a projection of `enlist`.
    List(Vec<Option<Chain>>),
    /// `([k:x]v:y)`
    Table {
        keys: Vec<(Sym, Chain)>,
        columns: Vec<(Sym, Chain)>,
        keyed: bool,
    },
    /// `f[x;y]`
    Apply(Box<Self>, Vec<Option<Chain>>),
    /// `f/`
    Derived(Box<Self>, Iterator),
    /// `$[c;x;y]`
    Cond(Vec<Option<Chain>>),
    /// `:[x;p;y;z]`: `y` if `x` matches the pattern `p`, else `z`.
    Choice(Box<Choice>),
    /// `[x;y]`: has the value of its last item.
    Block(Vec<Option<Chain>>),
    /// `if[c;x]`, `do[n;x]`, `while[c;x]`
    Control(Control, Vec<Option<Chain>>),
    /// `a::x` as a statement outside of lambdas.
    View(std::sync::Arc<ViewSource>),
    /// `select … from t`
    Query(Box<Query>),
}

/// A control word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    If,
    Do,
    While,
}
