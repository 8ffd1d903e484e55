//! What text means: statements, chains, nodes, with the names of locals resolved to places.
//!
//! q reads from right to left and knows no precedence, so that an expression is a chain: a last term,
//! then what is done to it, step by step, towards the left. A chain is as flat here as it is written;
//! only brackets nest, and the parser bounds those.

use super::destructure::{Choice, Pattern};
use super::func::Iterator;
use super::noun::Noun;
use super::query::Query;
use super::symbols::Sym;
use super::verb::Verb;
use super::views::ViewSource;

/// Statements in order; an empty one has the value `::`.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) statements: Vec<Option<Chain>>,
    /// Whether the last statement assigns: its value is then `::`.
    pub(crate) assigns: bool,
}

/// A chain of steps.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The rightmost term.
    pub(crate) last: Node,
    /// What happens next, from right to left.
    pub(crate) steps: Vec<Step>,
}

/// What is done to the value to the right.
#[derive(Debug)]
pub(crate) enum Step {
    /// `f x`, `v i`
    Apply(Node),
    /// `x + y`: the verb, and what stands to its left.
    Infix(&'static Verb, Node),
    /// `x f' y`
    Between(Node, Node),
    /// `a:x`, `a::x`, `a[i]:x`, `a+:x`, `a[i]+:x`
    Assign(Box<Assign>),
    /// `(a;b):x`
    Match(Box<Pattern>),
    /// `x+`, to the left of a function: a projection that is composed with it. The verb and its left argument.
    Compose(Node),
    /// `:x`
    Return,
    /// `'x`
    Signal,
}

/// An assignment: to what, where in it, through what verb.
#[derive(Debug)]
pub(crate) struct Assign {
    pub(crate) place: Place,
    /// The indexes between brackets; `None` without any, an elided one inside.
    pub(crate) index: Option<Vec<Option<Chain>>>,
    pub(crate) verb: Option<Node>,
}

/// Where a name's value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the frame.
    Local(usize),
    /// The full name of a global.
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
    /// `(x;y)`; an elided item makes it a projection of `enlist`.
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
    /// `[x;y]`: the value of the last.
    Block(Vec<Option<Chain>>),
    /// `if[c;x]`, `do[n;x]`, `while[c;x]`
    Control(Control, Vec<Option<Chain>>),
    /// `a::x` at the top
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
