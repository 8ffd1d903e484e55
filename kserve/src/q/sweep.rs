//! Garbage collection of symbols: mark and sweep. Without it, clients could fill the memory with new symbols.
//!
//! Between requests every live symbol is reachable from the globals: as a value, in a lambda's code, or as a name.
//! When the symbols have doubled since the last collection, reachable symbols are marked and all others freed. The
//! cache of parsed text is cleared too, because it holds symbols.

use super::cache::Cache;
use super::code::{Assign, Chain, Code, Node, Place, Step};
use super::destructure::Pattern;
use super::func::{Func, Lambda};
use super::noun::{Item, Items, Noun};
use super::symbols::Sym;
use super::vm::State;

impl State {
    /// Collects unreachable symbols, if that is due. Must not be called during an evaluation, whose symbols are not
    /// marked.
    pub(crate) fn sweep(&mut self) {
        if !self.symbols.is_collection_due() {
            return;
        }
        self.lambdas = Cache::default();
        let mut marks = Marks(vec![false; self.symbols.len()]);
        marks.sym(self.context);
        for (&name, value) in &self.globals {
            marks.sym(name);
            marks.noun(value);
        }
        for (name, code, mentions, value) in self.views.parts() {
            marks.sym(name);
            marks.code(code);
            mentions.iter().for_each(|&name| marks.sym(name));
            value.iter().for_each(|value| marks.noun(value));
        }
        self.symbols.keep(&marks.0);
    }
}

/// For each symbol whether it is reachable.
struct Marks(Vec<bool>);

impl Marks {
    fn sym(&mut self, sym: Sym) {
        if let Some(mark) = self.0.get_mut(sym.index()) {
            *mark = true;
        }
    }

    fn noun(&mut self, noun: &Noun) {
        match noun {
            Noun::Null | Noun::Elided => {}
            Noun::Atom(atom) => {
                if let Item::Sym(sym) = atom.item {
                    self.sym(sym);
                }
            }
            Noun::Vector(vector) => {
                if let Items::Sym(syms) = &vector.items {
                    syms.iter().for_each(|&sym| self.sym(sym));
                }
            }
            Noun::List(list) => list.items().iter().for_each(|item| self.noun(item)),
            Noun::Dict(dict) => {
                self.noun(&dict.keys);
                self.noun(&dict.values);
            }
            Noun::Table(table) => {
                table.names().iter().for_each(|&name| self.sym(name));
                table.columns().iter().for_each(|column| self.noun(column));
            }
            Noun::Enum(enumeration) => self.sym(enumeration.domain),
            Noun::Func(func) => self.func(func),
        }
    }

    fn func(&mut self, func: &Func) {
        match func {
            Func::Verb(_) | Func::Iterator(_) => {}
            Func::Lambda(lambda) => self.lambda(lambda),
            Func::Projection(projection) => {
                self.noun(&projection.function);
                projection.args.iter().for_each(|arg| self.noun(arg));
            }
            Func::Composition(composition) => composition.parts.iter().for_each(|part| self.noun(part)),
            Func::Derived(derived) => self.noun(&derived.function),
            Func::Native(native) => self.sym(native.name),
        }
    }

    fn lambda(&mut self, lambda: &Lambda) {
        self.sym(lambda.context);
        lambda.params.iter().for_each(|&param| self.sym(param));
        for slot in &lambda.slots {
            self.sym(slot.name);
            self.sym(slot.global);
        }
        self.code(&lambda.body);
    }

    fn code(&mut self, code: &Code) {
        self.chains(&code.statements);
    }

    fn chains(&mut self, chains: &[Option<Chain>]) {
        chains.iter().flatten().for_each(|chain| self.chain(chain));
    }

    fn named(&mut self, columns: &[(Sym, Chain)]) {
        for (name, chain) in columns {
            self.sym(*name);
            self.chain(chain);
        }
    }

    fn chain(&mut self, chain: &Chain) {
        self.node(&chain.last);
        for step in &chain.steps {
            match step {
                Step::Apply(node) | Step::Infix(_, node) | Step::Compose(node) => self.node(node),
                Step::Between(function, left) => {
                    self.node(function);
                    self.node(left);
                }
                Step::Assign(assign) => self.assign(assign),
                Step::Match(pattern) => self.pattern(pattern),
                Step::Return | Step::Signal => {}
            }
        }
    }

    fn assign(&mut self, assign: &Assign) {
        self.place(assign.place);
        self.chains(assign.index.as_deref().unwrap_or_default());
        assign.verb.iter().for_each(|verb| self.node(verb));
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Any => {}
            Pattern::Same(noun) => self.noun(noun),
            Pattern::Bind(assign) => self.assign(assign),
            Pattern::List(items) => items.iter().for_each(|item| self.pattern(item)),
            Pattern::Filter(inner, filter) => {
                self.pattern(inner);
                self.chain(filter);
            }
            Pattern::Keys(keys, inner) => {
                self.noun(keys);
                self.pattern(inner);
            }
            Pattern::Dict(keys, values) => {
                self.pattern(keys);
                self.pattern(values);
            }
            Pattern::Columns { keys, columns, .. } => {
                for (name, inner) in keys.iter().chain(columns) {
                    self.sym(*name);
                    self.pattern(inner);
                }
            }
            Pattern::Flip(inner) => self.pattern(inner),
        }
    }

    fn place(&mut self, place: Place) {
        if let Place::Global(name) = place {
            self.sym(name);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Const(noun) => self.noun(noun),
            Node::Verb(_) | Node::This => {}
            Node::Choice(choice) => {
                self.chain(&choice.value);
                for (pattern, result) in &choice.cases {
                    self.pattern(pattern);
                    self.chain(result);
                }
                self.chain(&choice.otherwise);
            }
            Node::View(view) => {
                self.sym(view.name);
                self.code(&view.code);
            }
            Node::Name(place) => self.place(*place),
            Node::Group(chain) => self.chain(chain),
            Node::List(chains) | Node::Cond(chains) | Node::Block(chains) | Node::Control(_, chains) => {
                self.chains(chains)
            }
            Node::Table { keys, columns, .. } => {
                self.named(keys);
                self.named(columns);
            }
            Node::Apply(function, args) => {
                self.node(function);
                self.chains(args);
            }
            Node::Derived(function, _) => self.node(function),
            Node::Query(query) => {
                self.chain(&query.table);
                query.args.iter().for_each(|arg| self.noun(arg));
            }
        }
    }
}
