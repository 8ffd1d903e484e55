//! Parses a sequence of terms into a chain of steps.

use super::code::{Assign, Chain, Node, Place, Step};
use super::destructure::Choice;
use super::fault::{Fault, R};
use super::noun::Noun;
use super::parse::{Parser, Term};
use super::verb;

impl Parser<'_, '_> {
    /// Converts terms, in the order of the text, to the last term and the steps applied to it.
    pub(crate) fn chain(&mut self, terms: Vec<Term>) -> R<Chain> {
        let (mut steps, mut last) = (Vec::new(), None);
        let outer_doubled = std::mem::replace(&mut self.doubled, false);
        let mut open = false;
        let mut terms = terms.into_iter().peekable();
        while let Some(term) = terms.next() {
            let node = match term {
                Term::Noun(node) => node,
                Term::Verb(node) => {
                    match (&node, terms.peek()) {
                        (_, None) => {
                            // `0|+`: there is no argument, so the left side is composed with the verb.
                            open |= matches!(node, Node::Verb(_))
                                && matches!(steps.last(), Some(Step::Infix(..) | Step::Between(..)));
                            last = Some(node);
                        }
                        (Node::Verb(verb), Some(_)) if self.k => {
                            let unary = verb.unary_form().ok_or_else(|| Fault::nyi_of(verb.name.as_bytes()))?;
                            steps.push(Step::Apply(Node::Verb(unary)));
                        }
                        (Node::Verb(verb), Some(_)) => return Err(Fault::named(verb.name.as_bytes())),
                        _ => steps.push(Step::Apply(node)),
                    }
                    continue;
                }
                Term::Double => Node::Const(Noun::Null),
                Term::Assign if terms.peek().is_none() => Node::Verb(verb::require(":")?),
                Term::Assign => {
                    steps.push(Step::Return);
                    continue;
                }
                Term::Signal => {
                    steps.push(Step::Signal);
                    continue;
                }
                Term::Colon(verb) => return Err(Fault::named(verb.name.as_bytes())),
            };
            let next = terms.next_if(|next| !matches!(next, Term::Noun(_)));
            if matches!(next, Some(Term::Double)) && terms.peek().is_none() {
                // `1 2 3 ::`: the term is applied to null.
                steps.push(Step::Apply(node));
                last = Some(Node::Const(Noun::Null));
                continue;
            }
            match next {
                None if terms.peek().is_none() => last = Some(node),
                None => steps.push(Step::Apply(node)),
                Some(Term::Verb(verb)) if terms.peek().is_none() => {
                    // `2+`: a projection; terms to its left are composed with it.
                    open = true;
                    last = Some(Node::Apply(Box::new(verb), vec![Some(Chain::of(node)), None]));
                }
                Some(next) => steps.push(self.infix(node, next)?),
            }
        }
        // `a::x` defines a view only as a whole statement.
        if std::mem::replace(&mut self.doubled, outer_doubled) {
            return Err(Fault::nyi("view within an expression"));
        }
        if open {
            steps = steps.into_iter().map(composed).collect();
        }
        steps.reverse();
        Ok(Chain { last: last.ok_or(Fault::PARSE)?, steps })
    }

    /// A noun followed by a verb, an assignment or a colon.
    pub(crate) fn infix(&mut self, node: Node, next: Term) -> R<Step> {
        let (verb, double) = match next {
            Term::Verb(Node::Verb(verb)) => return Ok(Step::Infix(verb, node)),
            Term::Verb(verb) => return Ok(Step::Between(verb, node)),
            Term::Assign => (None, false),
            Term::Double => (None, true),
            Term::Colon(verb) => (Some(Node::Verb(verb)), false),
            Term::Signal | Term::Noun(_) => return Err(Fault::named(b"'")),
        };
        let (place, index) = match node {
            Node::List(_) | Node::Group(_) | Node::Table { .. } if verb.is_none() && !double => {
                return self.pattern_of(node).map(|pattern| Step::Match(Box::new(pattern)));
            }
            Node::Name(place) => (place, None),
            Node::Apply(function, index) => match *function {
                Node::Name(place) => (place, Some(index)),
                _ => return Err(Fault::ASSIGN),
            },
            Node::Verb(_) | Node::Query(_) => return Err(Fault::ASSIGN),
            Node::Const(Noun::Null) => return Err(Fault::named(b"::")),
            Node::List(_) => return Err(Fault::nyi("an assignment to a pattern through :: or a verb")),
            _ => return Err(Fault::named(b":")),
        };
        self.doubled |= double && index.is_none() && self.scope.is_none() && !self.k;
        let place = self.target(place, double, index.is_some() || verb.is_some());
        Ok(Step::Assign(Box::new(Assign { place, index, verb })))
    }

    /// `f[x;y]`. `$` with three or more arguments is a conditional, `:` a choice by patterns.
    pub(crate) fn applied(&mut self, node: Node, arguments: Vec<Option<Chain>>) -> R<Node> {
        Ok(match node {
            Node::Verb(verb) if verb.name == "$" && arguments.len() > 2 => Node::Cond(arguments),
            Node::Verb(verb) if verb.name == ":" && arguments.len() > 2 => {
                let arguments = arguments.into_iter().collect::<Option<Vec<Chain>>>();
                let mut arguments = arguments.ok_or(Fault::nyi("a choice with a part left out"))?.into_iter();
                let (Some(value), Some(otherwise)) = (arguments.next(), arguments.next_back()) else {
                    return Err(Fault::PARSE);
                };
                let mut cases = Vec::new();
                while let Some(pattern) = arguments.next() {
                    let pattern = self.pattern_chain(pattern)?;
                    cases.push((pattern, arguments.next().ok_or(Fault::nyi("a choice without a last part"))?));
                }
                Node::Choice(Box::new(Choice { value, cases, otherwise }))
            }
            _ => Node::Apply(Box::new(node), arguments),
        })
    }

    /// The place that an assignment changes. `::` assigns a global, unless a local has that name. A change through
    /// an index or verb (`a,:x`) does the same if there is no such local.
    pub(crate) fn target(&mut self, place: Place, double: bool, change: bool) -> Place {
        let name = self.name_of(place);
        match (place, &self.scope) {
            (Place::Local(slot), Some(scope)) => {
                let slot = scope.slots.get(slot);
                let local = slot.is_some_and(|slot| slot.local);
                match slot {
                    Some(slot) if (double || change) && !local => Place::Global(slot.global),
                    _ => self.assigned(name),
                }
            }
            _ => place,
        }
    }
}

/// Composes a step to the left of a projection with what follows.
fn composed(step: Step) -> Step {
    match step {
        Step::Apply(node) => Step::Compose(node),
        Step::Infix(verb, left) => {
            Step::Compose(Node::Apply(Box::new(Node::Verb(verb)), vec![Some(Chain::of(left)), None]))
        }
        Step::Between(verb, left) => Step::Compose(Node::Apply(Box::new(verb), vec![Some(Chain::of(left)), None])),
        other => other,
    }
}
