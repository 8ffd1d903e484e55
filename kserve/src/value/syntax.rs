//! What text means: statements, expressions, nodes.
//!
//! q reads from right to left and knows no precedence, so that an expression is a chain: a last term,
//! then what is done to it, step by step, towards the left. A chain is as flat here as it is written;
//! only brackets nest.

use std::sync::Arc;

use kcodec::{Body, Kind};

use super::keyword::Word;

/// A name of a variable.
pub(crate) type Name = Arc<[u8]>;

/// Statements in order. An empty one has the value `::`.
pub(crate) type Statements = Vec<Option<Expr>>;

/// A chain of steps.
#[derive(Debug)]
pub(crate) struct Expr {
    /// The rightmost term; `None` where a verb stands last, `2+`.
    pub(crate) last: Option<Node>,
    /// What happens next, from right to left.
    pub(crate) steps: Vec<Step>,
}

/// What is done to the value to the right.
#[derive(Debug)]
pub(crate) enum Step {
    /// `f x`, `v i`
    Apply(Node),
    /// `x + y`: the verb and what stands to its left.
    Infix(Node, Node),
    /// `a:x`, `a::x`
    Assign { name: Name, global: bool },
    /// `a+:x`
    Amend { name: Name, verb: &'static Word },
    /// `:x`
    Return,
    /// `'x`
    Signal,
}

/// A term.
#[derive(Debug)]
pub(crate) enum Node {
    /// A literal or a lambda.
    Value(Body),
    /// An operator or a keyword.
    Word(&'static Word),
    Name(Name),
    /// `(x)`
    Group(Box<Expr>),
    /// `(x;y)`; an elided item makes it a projection.
    List(Vec<Option<Expr>>),
    /// `([k:x]v:y)`
    Table {
        keys: Vec<(Name, Expr)>,
        columns: Vec<(Name, Expr)>,
    },
    /// `f[x;y]`
    Apply(Box<Self>, Vec<Option<Expr>>),
    /// `f/`
    Derived(Box<Self>, Kind),
    /// `$[c;x;y]`
    Cond(Vec<Option<Expr>>),
    /// `if[c;x]`, `do[n;x]`, `while[c;x]`
    Control(Control, Vec<Option<Expr>>),
}

/// A control word.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Control {
    If,
    Do,
    While,
}

/// A function, parsed.
#[derive(Debug)]
pub(crate) struct Lambda {
    /// The names of its arguments: as declared, or as many of x, y, z as it uses, at least x.
    pub(crate) params: Vec<Name>,
    pub(crate) body: Statements,
}
