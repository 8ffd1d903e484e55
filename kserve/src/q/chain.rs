//! Terms, as they stand, into a chain.

use super::code::{Assign, Chain, Node, Place, Step};
use super::destructure::Choice;
use super::fault::{Fault, R};
use super::noun::Noun;
use super::parse::{Parser, Term};
use super::verb;

impl Parser<'_, '_> {
    /// Terms, as they stand, into a last one and what is done to it.
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
                            // `0|+`: composed, as nothing is there to apply to.
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
                // `1 2 3 ::`: applied to a null.
                steps.push(Step::Apply(node));
                last = Some(Node::Const(Noun::Null));
                continue;
            }
            match next {
                None if terms.peek().is_none() => last = Some(node),
                None => steps.push(Step::Apply(node)),
                Some(Term::Verb(verb)) if terms.peek().is_none() => {
                    // `2+`: what stands to its left is composed with it.
                    open = true;
                    last = Some(Node::Apply(Box::new(verb), vec![Some(Chain::of(node)), None]));
                }
                Some(next) => steps.push(self.infix(node, next)?),
            }
        }
        // `a::x` is a view only where it is all of a statement.
        if std::mem::replace(&mut self.doubled, outer_doubled) {
            return Err(Fault::nyi("view within an expression"));
        }
        if open {
            steps = steps.into_iter().map(composed).collect();
        }
        steps.reverse();
        Ok(Chain { last: last.ok_or(Fault::PARSE)?, steps })
    }

    /// A noun and what comes right after it.
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

    /// `f[x;y]`; `$` of three or more is a condition, `:` a choice by patterns.
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

    /// Where an assignment goes. `::` makes a global unless there is a local of that name, and so does a change
    /// through an index or a verb of what is no local: `a,:x`.
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

/// A step to the left of an open end: a function that is composed with what follows.
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
