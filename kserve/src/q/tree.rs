//! Parse trees: code as nested lists, as `parse` returns and `eval` and q-sql accept them.
//!
//! A symbol is a name. A list of one item (`enlist` of a symbol, of symbols or of a list) is a constant. A longer
//! list applies its first item to the others. Names in a query resolve to columns, then to locals of the enclosing
//! lambda, then to globals.

mod eval;

use super::build;
use super::code::{Chain, Code, Control, Node, Place, Step};
use super::fault::{Fault, R};
use super::func::{Func, Iterator, Slot};
use super::noun::{self, Atom, Item, List, Noun, Vector};
use super::scope::Scope;
use super::symbols::Sym;
use super::verb::{self, Verb, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    unary("parse", None, parse),
    unary("eval", None, |vm, x| vm.recurse(|vm| vm.eval_tree(&x, &mut Scope::none()))),
    unary("reval", None, reval),
];

/// `parse "2+a"`
fn parse(vm: &mut Vm<'_>, x: Noun) -> R {
    let text = x.as_text().ok_or(Fault::TYPE)?.to_vec();
    let code = vm.parse(&text)?;
    let context = vm.q.context;
    vm.code_tree(&code, context)
}

/// `reval x`: `eval` without the right to change globals.
fn reval(vm: &mut Vm<'_>, x: Noun) -> R {
    let before = std::mem::replace(&mut vm.q.read_only, true);
    let value = vm.recurse(|vm| vm.eval_tree(&x, &mut Scope::none()));
    vm.q.read_only = before;
    value
}

fn verb_noun(name: &'static str) -> R {
    Ok(Noun::Func(Func::Verb(verb::require(name)?)))
}

/// The parse tree of a constant.
pub(crate) fn quote(value: Noun) -> R {
    match &value {
        Noun::Atom(Atom { kind: Kind::Symbol, .. }) => build::enlist(value),
        Noun::Vector(Vector { kind: Kind::Symbol, items: _, .. }) if value.len() > 0 => build::enlist(value),
        Noun::List(list) if !list.items().is_empty() => build::enlist(value),
        _ => Ok(value),
    }
}

/// Resolves the names in code back to their text.
struct Names<'a> {
    slots: &'a [Slot],
    context: Sym,
}

impl Vm<'_> {
    fn code_tree(&mut self, code: &Code, context: Sym) -> R {
        let names = Names { slots: &[], context };
        match code.statements.as_slice() {
            [only] => self.optional_tree(only.as_ref(), &names),
            many => self.sequence(many, &names),
        }
    }

    /// The parse tree of a chain. `slots`: the names of the enclosing lambda.
    pub(crate) fn tree(&mut self, chain: &Chain, slots: &[Slot], context: Sym) -> R {
        self.chain_tree(chain, &Names { slots, context })
    }

    fn sequence(&mut self, statements: &[Option<Chain>], names: &Names<'_>) -> R {
        let mut items = vec![Noun::char(b';')];
        for statement in statements {
            items.push(self.optional_tree(statement.as_ref(), names)?);
        }
        List::raw(items)
    }

    fn optional_tree(&mut self, chain: Option<&Chain>, names: &Names<'_>) -> R {
        chain.map_or(Ok(Noun::Null), |chain| self.chain_tree(chain, names))
    }

    fn chain_tree(&mut self, chain: &Chain, names: &Names<'_>) -> R {
        self.check_stack()?;
        let mut tree = self.node_tree(&chain.last, names)?;
        for step in &chain.steps {
            tree = self.step_tree(step, tree, names)?;
        }
        Ok(tree)
    }

    fn step_tree(&mut self, step: &Step, right: Noun, names: &Names<'_>) -> R {
        build::tidy(match step {
            Step::Apply(node) => vec![self.node_tree(node, names)?, right],
            Step::Infix(verb, left) => vec![Noun::Func(Func::Verb(verb)), self.node_tree(left, names)?, right],
            Step::Between(node, left) => {
                let left = self.node_tree(left, names)?;
                vec![self.node_tree(node, names)?, left, right]
            }
            Step::Assign(assign) => {
                let verb = match &assign.verb {
                    None => verb_noun(":")?,
                    Some(Node::Verb(verb)) => Noun::Func(Func::Verb(
                        verb.unary_form().ok_or_else(|| Fault::nyi("parse of an assignment through a keyword"))?,
                    )),
                    Some(_) => return Err(Fault::nyi("parse of an assignment through a function")),
                };
                let name = Noun::sym(self.place_name(assign.place, names));
                let target = match &assign.index {
                    None => name,
                    Some(index) => {
                        let mut items = vec![name];
                        self.trees(index, names, &mut items)?;
                        build::tidy(items)?
                    }
                };
                vec![verb, target, right]
            }
            Step::Compose(node) => {
                vec![Noun::Func(Func::Iterator(Iterator::Each)), self.node_tree(node, names)?, right]
            }
            Step::Match(_) => return Err(Fault::nyi("parse of a pattern")),
            Step::Return => vec![verb_noun(":")?, right],
            Step::Signal => vec![Noun::Func(Func::Iterator(Iterator::Each)), right],
        })
    }

    /// Appends the trees of arguments. A missing one is elided; if it is the only one, it is `::`.
    fn trees(&mut self, chains: &[Option<Chain>], names: &Names<'_>, items: &mut Vec<Noun>) -> R<()> {
        if let [None] = chains {
            items.push(Noun::Null);
            return Ok(());
        }
        for chain in chains {
            items.push(match chain {
                Some(chain) => self.chain_tree(chain, names)?,
                None => Noun::Elided,
            });
        }
        Ok(())
    }

    fn headed(&mut self, head: Noun, chains: &[Option<Chain>], names: &Names<'_>) -> R {
        let mut items = vec![head];
        self.trees(chains, names, &mut items)?;
        build::tidy(items)
    }

    fn node_tree(&mut self, node: &Node, names: &Names<'_>) -> R {
        match node {
            Node::Const(noun) => quote(noun.clone()),
            Node::Verb(verb) => Ok(Noun::Func(Func::Verb(verb))),
            Node::Name(place) => Ok(Noun::sym(self.place_name(*place, names))),
            Node::This => Ok(Noun::sym(self.intern(b".z.s"))),
            Node::Group(chain) => self.chain_tree(chain, names),
            Node::List(items) if items.is_empty() || matches!(items.as_slice(), [None]) => Ok(noun::empty(Kind::List)),
            Node::List(items) => self.headed(verb_noun("enlist")?, items, names),
            Node::Table { keys, columns, keyed } => {
                let values = self.table_tree(columns, names)?;
                if !keyed {
                    return Ok(values);
                }
                let keys = self.table_tree(keys, names)?;
                List::raw(vec![verb_noun("!")?, keys, values])
            }
            Node::Apply(function, args) => {
                let head = self.node_tree(function, names)?;
                self.headed(head, args, names)
            }
            Node::Derived(function, iterator) => {
                let function = self.node_tree(function, names)?;
                List::raw(vec![Noun::Func(Func::Iterator(*iterator)), function])
            }
            Node::Cond(branches) => {
                let head = verb_noun("$")?;
                self.headed(head, branches, names)
            }
            Node::Block(statements) => self.sequence(statements, names),
            Node::Control(control, parts) => {
                let word: &[u8] = match control {
                    Control::If => b"if",
                    Control::Do => b"do",
                    Control::While => b"while",
                };
                let head = Noun::sym(self.intern(word));
                self.headed(head, parts, names)
            }
            Node::Choice(_) => Err(Fault::nyi("parse of a pattern")),
            Node::View(view) => {
                let name = Noun::sym(self.place_name(Place::Global(view.name), names));
                let tree = self.code_tree(&view.code, names.context)?;
                List::raw(vec![verb_noun("::")?, name, tree])
            }
            Node::Query(query) => {
                let mut items = vec![Noun::Func(Func::Verb(query.word.verb()?)), self.chain_tree(&query.table, names)?];
                for (index, arg) in query.args.iter().enumerate() {
                    // The limit is already a parse tree.
                    items.push(if index == 3 { arg.clone() } else { quote(arg.clone())? });
                }
                List::raw(items)
            }
        }
    }

    /// The tree of a table literal: `+(!;,names;(enlist;…))`.
    fn table_tree(&mut self, columns: &[(Sym, Chain)], names: &Names<'_>) -> R {
        let keys = quote(Noun::syms(columns.iter().map(|(name, _)| *name).collect()))?;
        let mut lists = vec![verb_noun("enlist")?];
        for (_, chain) in columns {
            lists.push(self.chain_tree(chain, names)?);
        }
        let dict = List::raw(vec![verb_noun("!")?, keys, build::tidy(lists)?])?;
        List::raw(vec![verb_noun("flip")?, dict])
    }

    /// The name as it is in the text, without the namespace.
    fn place_name(&self, place: Place, names: &Names<'_>) -> Sym {
        let full = match place {
            Place::Local(slot) => return names.slots.get(slot).map_or(Sym::NULL, |slot| slot.name),
            Place::Global(full) => full,
        };
        if names.context == Sym::NULL {
            return full;
        }
        let prefix = [b".", self.text(names.context), b"."].concat();
        self.text(full).strip_prefix(prefix.as_slice()).and_then(|bare| self.q.symbols.find(bare)).unwrap_or(full)
    }

    /// q's default name for a column of a query: derived from an operator's left argument, or a function's last
    /// one.
    pub(crate) fn tree_name(&mut self, tree: &Noun) -> Option<Sym> {
        match tree {
            Noun::Atom(Atom { item: Item::Sym(name), .. }) => {
                let text = self.text(*name);
                match text.iter().rposition(|&byte| byte == b'.') {
                    Some(dot) => {
                        let last = text.get(dot + 1..).unwrap_or_default().to_vec();
                        Some(self.intern(&last))
                    }
                    None if text == b"i" => None,
                    None => Some(*name),
                }
            }
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) if tree.len() > 1 => {
                self.tree_name(&tree.at(tree.len() - 1))
            }
            Noun::List(list) if list.items().len() > 1 => match list.items() {
                [Noun::Func(Func::Verb(verb)), left, right] if verb.infix && !is_word(verb) => {
                    match self.tree_name(left) {
                        // `2*price` has no default name, because 2 is an atom; `` `g#sym `` takes that of its
                        // right argument.
                        None if !left.is_atom() => self.tree_name(right),
                        name => name,
                    }
                }
                [head, args @ ..] => {
                    let named = args.iter().rev().find_map(|arg| self.tree_name(arg));
                    named.or_else(|| head.as_sym().and_then(|_| self.tree_name(head)))
                }
                [] => None,
            },
            _ => None,
        }
    }
}

/// Whether a verb is a keyword and not an operator.
fn is_word(verb: &Verb) -> bool {
    verb.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '.')
}
