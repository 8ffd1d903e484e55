//! Operators and keywords, and the registry of all of them.
//!
//! Each family of verbs has its own module with a table `VERBS`. This module looks names and ids up.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use kcodec::Kind;

use super::enumeration::is_enumeration;
use super::fault::{Fault, R};
use super::func::{Binary, Many, Unary};
use super::noun::Noun;
use super::vm::Vm;

/// An operator or keyword.
pub(crate) struct Verb {
    /// The name in q text. The unary form of an operator is its glyph and a colon: `#:`.
    pub(crate) name: &'static str,
    /// The id of its unary or binary primitive on the wire (see WIRE.md, functions). A verb without an id is sent
    /// as a lambda that calls it by name.
    pub(crate) id: Option<u8>,
    /// Whether it is written between its arguments.
    pub(crate) infix: bool,
    pub(crate) role: Role,
}

/// The implementation, by number of arguments.
pub(crate) enum Role {
    Unary(Unary),
    Binary(Binary),
    /// Two or more arguments.
    Many(Many),
    /// Any number of arguments, but at least one: `enlist`.
    Any(Many),
}

/// A verb of one argument. `id`: that of its unary primitive.
pub(crate) const fn unary(name: &'static str, id: Option<u8>, function: Unary) -> Verb {
    Verb { name, id, infix: false, role: Role::Unary(function) }
}

/// A verb between two arguments. `id`: that of its binary primitive.
pub(crate) const fn infix(name: &'static str, id: Option<u8>, function: Binary) -> Verb {
    Verb { name, id, infix: true, role: Role::Binary(function) }
}

/// A verb of two or more arguments. `infix`: whether it may be written between two.
pub(crate) const fn many(name: &'static str, id: Option<u8>, infix: bool, function: Many) -> Verb {
    Verb { name, id, infix, role: Role::Many(function) }
}

/// A verb of any number of arguments.
pub(crate) const fn any(name: &'static str, id: Option<u8>, function: Many) -> Verb {
    Verb { name, id, infix: false, role: Role::Any(function) }
}

/// The tables of all families.
static FAMILIES: &[&[Verb]] = &[
    super::command::VERBS,
    super::core::VERBS,
    super::csv::VERBS,
    super::files::VERBS,
    super::object::VERBS,
    super::handles::VERBS,
    super::arith::VERBS,
    super::compare::VERBS,
    super::math::VERBS,
    super::cast::VERBS,
    super::aggregate::VERBS,
    super::measure::VERBS,
    super::running::VERBS,
    super::take::VERBS,
    super::join::VERBS,
    super::search::VERBS,
    super::chosen::VERBS,
    super::distinct::VERBS,
    super::bin::VERBS,
    super::attribute::VERBS,
    super::cut::VERBS,
    super::sort::VERBS,
    super::zone::VERBS,
    super::random::VERBS,
    super::text::VERBS,
    super::split::VERBS,
    super::dotq::VERBS,
    super::json::VERBS,
    super::serial::VERBS,
    super::tree::VERBS,
    super::select::VERBS,
    super::group::VERBS,
    super::table::VERBS,
    super::rows::VERBS,
    super::joins::VERBS,
    super::bang::VERBS,
    super::views::VERBS,
];

static NAMES: LazyLock<HashMap<&'static [u8], &'static Verb>> = LazyLock::new(|| {
    FAMILIES.iter().flat_map(|family| family.iter()).map(|verb| (verb.name.as_bytes(), verb)).collect()
});

/// Looks a verb up by name.
pub(crate) fn named(name: &[u8]) -> Option<&'static Verb> {
    NAMES.get(name).copied()
}

/// Looks a verb up by the id of its primitive.
pub(crate) fn by_id(kind: Kind, id: u8) -> Option<&'static Verb> {
    let infix = kind == Kind::Binary;
    FAMILIES.iter().flat_map(|family| family.iter()).find(|verb| verb.id == Some(id) && verb.infix == infix)
}

/// The least id of k's keywords, which have no glyph: `avg`, `in`.
const WORDS: u8 = 23;

impl Verb {
    /// Whether k text knows the verb by name: `in`, `sum`. Other keywords are names of `.q`, and operators are
    /// glyphs.
    pub(crate) fn is_word_of_k(&self) -> bool {
        self.id.is_some_and(|id| id >= WORDS) && self.name.starts_with(|first: char| first.is_ascii_lowercase())
    }
}

/// The verbs of a namespace, by their names within it: for `.q` the keywords of q, otherwise names such as `.Q.s1`.
pub(crate) fn of_namespace(space: &[u8]) -> Vec<(&'static [u8], &'static Verb)> {
    let own = |verb: &'static Verb| {
        let name = verb.name.as_bytes();
        let key = match space {
            b".q" => name.first().is_some_and(u8::is_ascii_lowercase) && !verb.is_word_of_k(),
            _ => return Some((name.strip_prefix(space)?.strip_prefix(b".")?, verb)),
        };
        key.then_some((name, verb))
    };
    let mut all: Vec<_> = FAMILIES.iter().flat_map(|family| family.iter()).filter_map(own).collect();
    all.sort_unstable_by_key(|(name, _)| *name);
    all
}

/// Looks up a verb that the evaluator itself needs.
///
/// # Errors
///
/// `nyi` if the verb is not implemented.
pub(crate) fn require(name: &'static str) -> R<&'static Verb> {
    named(name.as_bytes()).ok_or_else(|| Fault::nyi(name))
}

impl Verb {
    pub(crate) const fn kind(&self) -> Kind {
        match (self.id, self.infix) {
            (None, _) => Kind::Lambda,
            (_, true) => Kind::Binary,
            (_, false) => Kind::Unary,
        }
    }

    /// The least number of arguments; `None` for any number.
    pub(crate) const fn rank(&self) -> Option<usize> {
        match self.role {
            Role::Unary(_) => Some(1),
            Role::Binary(_) | Role::Many(_) => Some(2),
            Role::Any(_) => None,
        }
    }

    /// Whether its name is a word, so that a symbol can name it.
    pub(crate) fn is_word(&self) -> bool {
        self.name.bytes().any(|byte| byte.is_ascii_alphabetic())
    }

    /// The unary form of an operator: for `#` it is `#:`, which q names `count`.
    pub(crate) fn unary_form(&self) -> Option<&'static Self> {
        self.id.filter(|id| self.infix && *id < 20 && self.name.len() == 1).and_then(|id| by_id(Kind::Unary, id))
    }

    pub(crate) fn apply(&'static self, vm: &mut Vm<'_>, args: Vec<Noun>) -> R {
        if args.iter().any(is_enumeration) { vm.apply_enumerated(self, args) } else { self.run(vm, args) }
    }

    /// Calls the implementation, without special handling of enumerations.
    pub(crate) fn run(&self, vm: &mut Vm<'_>, mut args: Vec<Noun>) -> R {
        match (&self.role, args.len()) {
            (Role::Unary(function), 1) => function(vm, args.pop().unwrap_or(Noun::Null)),
            (Role::Binary(function), 2) => {
                let y = args.pop().unwrap_or(Noun::Null);
                function(vm, args.pop().unwrap_or(Noun::Null), y)
            }
            (Role::Many(function), 2..) | (Role::Any(function), 1..) => function(vm, args),
            (Role::Unary(_), 2) => vm.with_initial(self.name, args),
            _ => Err(Fault::RANK),
        }
    }
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Verbs are compared by address: each is in exactly one table.
impl PartialEq for Verb {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
