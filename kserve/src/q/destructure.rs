//! Assignment to patterns: `(a;b):1 2`, `([k:v]):d`, `(a:`j;b):…`.
//!
//! A pattern is parsed as an expression and converted when a colon follows. Names are bound only after the whole
//! value has matched, so that a mismatch changes nothing.

use super::build;
use super::code::{Assign, Chain, Node, Place, Step};
use super::eval::{E, Exit};
use super::fault::{Fault, R};
use super::noun::{Dict, Noun, Table};
use super::parse::Parser;
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;
use kcodec::Kind;

/// What a value is matched against.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Elided: matches anything.
    Any,
    /// Matches an equal value.
    Same(Noun),
    /// Binds the value to a name, or to an index of one.
    Bind(Assign),
    /// Matches a list with the same number of items.
    List(Vec<Self>),
    /// `p:f`: matches the function's result on the value. If `f` is a symbol, it names the type that the value must
    /// have.
    Filter(Box<Self>, Chain),
    /// `k!p`: matches the values of these keys.
    Keys(Noun, Box<Self>),
    /// `p!q`: matches the keys and the values of a dict.
    Dict(Box<Self>, Box<Self>),
    /// `([a:p])` matches a dict, `([]a:p)` and `([k:p]a:q)` a table; columns not named are ignored.
    Columns { keys: Vec<(Sym, Self)>, columns: Vec<(Sym, Self)>, keyed: bool },
    /// `flip p`
    Flip(Box<Self>),
}

/// `:[x;p;y;z]`
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) value: Chain,
    /// Each pattern with its result.
    pub(crate) cases: Vec<(Pattern, Chain)>,
    pub(crate) otherwise: Chain,
}

impl Pattern {
    /// Whether it binds only globals, as outside of lambdas.
    pub(crate) fn binds_globals(&self) -> bool {
        match self {
            Self::Any | Self::Same(_) => true,
            Self::Bind(assign) => matches!(assign.place, Place::Global(_)),
            Self::List(items) => items.iter().all(Self::binds_globals),
            Self::Filter(inner, _) | Self::Keys(_, inner) | Self::Flip(inner) => inner.binds_globals(),
            Self::Dict(keys, values) => keys.binds_globals() && values.binds_globals(),
            Self::Columns { keys, columns, .. } => keys.iter().chain(columns).all(|(_, inner)| inner.binds_globals()),
        }
    }
}

impl Parser<'_, '_> {
    /// Converts a term to a pattern.
    pub(crate) fn pattern_of(&mut self, node: Node) -> R<Pattern> {
        self.vm.check_stack()?;
        Ok(match node {
            Node::Const(Noun::Elided) => Pattern::Any,
            Node::Const(noun) => Pattern::Same(noun),
            Node::Name(place) => Pattern::Bind(self.bound(place, None)),
            Node::Group(chain) => self.pattern_chain(*chain)?,
            Node::List(items) => Pattern::List(
                items
                    .into_iter()
                    .map(|item| item.map_or(Ok(Pattern::Any), |chain| self.pattern_chain(chain)))
                    .collect::<R<_>>()?,
            ),
            Node::Table { keys, columns, keyed } => {
                Pattern::Columns { keys: self.named(keys)?, columns: self.named(columns)?, keyed }
            }
            Node::Apply(function, mut args) => match (*function, args.as_slice()) {
                (Node::Name(place), _) => Pattern::Bind(self.bound(place, Some(args))),
                (Node::Verb(Verb { name: "!", .. }), [Some(_), None]) => {
                    let keys = args.swap_remove(0).ok_or(Fault::PARSE)?;
                    Pattern::Dict(Box::new(self.pattern_chain(keys)?), Box::new(Pattern::Any))
                }
                _ => return Err(Fault::nyi("a pattern with an application in it")),
            },
            _ => return Err(Fault::nyi("a pattern of this kind")),
        })
    }

    fn named(&mut self, columns: Vec<(Sym, Chain)>) -> R<Vec<(Sym, Pattern)>> {
        columns.into_iter().map(|(name, chain)| Ok((name, self.pattern_chain(chain)?))).collect()
    }

    fn bound(&mut self, place: Place, index: Option<Vec<Option<Chain>>>) -> Assign {
        let place = self.target(place, false, index.is_some());
        Assign { place, index, verb: None }
    }

    /// Converts an expression to a pattern.
    pub(crate) fn pattern_chain(&mut self, mut chain: Chain) -> R<Pattern> {
        let Some(step) = chain.steps.pop() else { return self.pattern_of(chain.last) };
        let filter = |pattern, filter| Ok(Pattern::Filter(Box::new(pattern), filter));
        match step {
            Step::Assign(assign) if assign.verb.is_none() => filter(Pattern::Bind(*assign), chain),
            Step::Match(pattern) => filter(*pattern, chain),
            Step::Return => filter(Pattern::Any, chain),
            Step::Infix(Verb { name: "!", .. }, Node::Const(keys)) => {
                Ok(Pattern::Keys(keys, Box::new(self.pattern_chain(chain)?)))
            }
            Step::Infix(Verb { name: "!", .. }, keys) => {
                let keys = self.pattern_of(keys)?;
                Ok(Pattern::Dict(Box::new(keys), Box::new(self.pattern_chain(chain)?)))
            }
            Step::Apply(Node::Verb(Verb { name: "flip", .. })) => {
                Ok(Pattern::Flip(Box::new(self.pattern_chain(chain)?)))
            }
            _ => Err(Fault::nyi("a pattern with an expression in it")),
        }
    }
}

/// A target and the value to assign.
type Bound<'a> = (&'a Assign, Noun);

impl Vm<'_> {
    /// Matches a value and binds the names of the pattern. Returns the value, as changed by filters.
    pub(crate) fn match_pattern(&mut self, pattern: &Pattern, value: Noun) -> E {
        let mut bound = Vec::new();
        let value = self.matched(pattern, value, &mut bound)?;
        for (assign, value) in bound {
            self.assign(assign, value)?;
        }
        Ok(value)
    }

    fn matched<'a>(&mut self, pattern: &'a Pattern, value: Noun, bound: &mut Vec<Bound<'a>>) -> E {
        self.check_stack()?;
        self.charge(16)?;
        match pattern {
            Pattern::Any => Ok(value),
            Pattern::Same(wanted) => {
                if self.matches(wanted, &value)? {
                    Ok(value)
                } else {
                    Err(MATCH.into())
                }
            }
            Pattern::Bind(assign) => {
                self.grow(bound, 1)?;
                bound.push((assign, value.clone()));
                Ok(value)
            }
            Pattern::List(items) => {
                if !value.is_list() {
                    return Err(Fault::nyi("a list pattern against a value that is not a list").into());
                }
                if value.len() != items.len() {
                    return Err(Fault::LENGTH.into());
                }
                let mut all = self.vec(items.len())?;
                for (at, item) in items.iter().enumerate() {
                    all.push(self.matched(item, value.at(at), bound)?);
                }
                if all.is_empty() { Ok(value) } else { Ok(build::tidy(all)?) }
            }
            Pattern::Filter(inner, filter) => {
                let filter = self.chain(filter)?;
                let value = match filter.as_sym() {
                    Some(letter) => self.of_type(letter, value)?,
                    None if filter.is_func() => self.apply(&filter, vec![value])?,
                    None => return Err(Fault::nyi("a filter that is not a function").into()),
                };
                self.matched(inner, value, bound)
            }
            Pattern::Keys(keys, inner) => {
                let Noun::Dict(dict) = &value else {
                    return Err(Fault::nyi("a dict pattern against a value that is not a dict").into());
                };
                let known = self.member(keys, &dict.keys)?;
                if known.contains(&false) {
                    return Err(MATCH.into());
                }
                let values = self.index(&value, keys)?;
                self.matched(inner, values, bound)?;
                Ok(value)
            }
            Pattern::Dict(keys, values) => {
                let Noun::Dict(dict) = &value else {
                    return Err(Fault::nyi("a dict pattern against a value that is not a dict").into());
                };
                let keys = self.matched(keys, dict.keys.clone(), bound)?;
                let values = self.matched(values, dict.values.clone(), bound)?;
                Ok(Dict::new(keys, values)?)
            }
            Pattern::Columns { keys, columns, keyed } => {
                match (&value, value.as_keyed()) {
                    (_, Some((key, rest))) if *keyed && !columns.is_empty() => {
                        let (key, rest) = (key.clone(), rest.clone());
                        self.matched_columns(keys, &key, bound)?;
                        self.matched_columns(columns, &rest, bound)?;
                    }
                    (Noun::Dict(dict), None) if *keyed && columns.is_empty() => {
                        let names = dict.keys.as_syms().ok_or(Fault::TYPE)?;
                        for (name, inner) in keys {
                            let at = names.iter().position(|found| found == name).ok_or(MATCH)?;
                            self.matched(inner, dict.values.at(at), bound)?;
                        }
                    }
                    (Noun::Table(table), None) if !*keyed => self.matched_columns(columns, table, bound)?,
                    _ => return Err(Fault::nyi("a table pattern against a value that is not a table").into()),
                }
                Ok(value)
            }
            Pattern::Flip(inner) => {
                let flipped = self.flip(&value)?;
                self.matched(inner, flipped, bound)?;
                Ok(value)
            }
        }
    }

    fn matched_columns<'a>(
        &mut self,
        columns: &'a [(Sym, Pattern)],
        table: &Table,
        bound: &mut Vec<Bound<'a>>,
    ) -> E<()> {
        for (name, inner) in columns {
            let column = table.column(*name).cloned().ok_or(MATCH)?;
            self.matched(inner, column, bound)?;
        }
        Ok(())
    }

    /// The value, if a letter names its type: a lower-case letter an atom's, an upper-case letter a vector's.
    fn of_type(&self, letter: Sym, value: Noun) -> R {
        let [letter] = self.text(letter) else { return Err(Fault::nyi("a filter by this name")) };
        let kind =
            Kind::from_letter(char::from(letter.to_ascii_lowercase())).ok_or(Fault::nyi("a filter by this name"))?;
        let fits = match &value {
            Noun::Atom(atom) => letter.is_ascii_lowercase() && atom.kind == kind,
            Noun::Vector(vector) => letter.is_ascii_uppercase() && vector.kind == kind,
            _ => false,
        };
        if fits { Ok(value) } else { Err(Fault::TYPE) }
    }

    /// `:[x;p;y;q;z;w]`: evaluates `y` if `x` matches `p`, `z` if it matches `q`, else `w`.
    pub(crate) fn choose_by_pattern(&mut self, choice: &Choice) -> E {
        let value = self.chain(&choice.value)?;
        for (pattern, result) in &choice.cases {
            match self.match_pattern(pattern, value.clone()) {
                Ok(_) => return self.chain(result),
                Err(Exit::Fault(fault)) if [MATCH, Fault::TYPE, Fault::LENGTH].contains(&fault) => {}
                Err(other) => return Err(other),
            }
        }
        self.chain(&choice.otherwise)
    }
}

const MATCH: Fault = Fault::new("match");
