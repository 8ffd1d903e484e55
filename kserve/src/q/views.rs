//! Views: `a::b+c` outside of lambdas. The expression is stored under a name, evaluated when the name is read, and
//! cached until a global that it mentions changes.
//!
//! A name is either a view or a global. Code that changes a global must call [`Vm::global_changed`].

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::FxBuildHasher;

use super::build;
use super::code::{Chain, Code, Node, Place, Step};
use super::fault::{Fault, R};
use super::noun::{Dict, Noun, empty};
use super::symbols::Sym;
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] = &[
    unary("views", None, |vm, _| vm.view_names(b"", false)),
    unary("view", None, |vm, x| {
        let name = x.as_sym().filter(|_| x.is_atom()).ok_or(Fault::TYPE)?;
        match vm.q.views.named.get(&name) {
            Some(view) => Ok(Noun::text(view.source.text.to_vec())),
            None => Err(Fault::named(vm.text(name))),
        }
    }),
];

/// The definition of a view.
#[derive(Debug)]
pub(crate) struct ViewSource {
    pub(crate) name: Sym,
    /// The text after `::`.
    pub(crate) text: Arc<[u8]>,
    pub(crate) code: Code,
}

#[derive(Debug)]
pub(crate) struct View {
    source: Arc<ViewSource>,
    /// The globals that its text mentions, in order of appearance.
    mentions: Vec<Sym>,
    state: ViewState,
}

#[derive(Debug)]
enum ViewState {
    Stale,
    /// Being evaluated: a read fails with `loop`.
    Evaluating,
    Known(Noun),
}

/// All views of one interpreter.
#[derive(Debug, Default)]
pub(crate) struct Views {
    named: IndexMap<Sym, View, FxBuildHasher>,
    /// For each global the views that mention it.
    mentioned: IndexMap<Sym, IndexSet<Sym, FxBuildHasher>, FxBuildHasher>,
}

impl Views {
    pub(crate) fn contains(&self, name: Sym) -> bool {
        self.named.contains_key(&name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = Sym> {
        self.named.keys().copied()
    }

    /// The content of all views, for the collection of symbols.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Sym, &Code, &[Sym], Option<&Noun>)> {
        self.named.iter().map(|(&name, view)| {
            let value = match &view.state {
                ViewState::Known(value) => Some(value),
                _ => None,
            };
            (name, &view.source.code, view.mentions.as_slice(), value)
        })
    }

    pub(crate) fn remove(&mut self, name: Sym) {
        let Some(view) = self.named.swap_remove(&name) else { return };
        for global in view.mentions {
            if let Some(views) = self.mentioned.get_mut(&global) {
                views.swap_remove(&name);
                if views.is_empty() {
                    self.mentioned.swap_remove(&global);
                }
            }
        }
    }
}

impl Vm<'_> {
    /// `a::b+c`
    pub(crate) fn define_view(&mut self, source: &Arc<ViewSource>) -> R<()> {
        let name = source.name;
        self.may_write(name)?;
        if self.text(name).starts_with(b".z.") {
            return Err(Fault::nyi("a view in .z"));
        }
        let mut found = IndexSet::default();
        self.charge(source.text.len())?;
        mentions_of(&source.code.statements, &mut found);
        // `t.time` depends on `t`.
        for at in 0..found.len() {
            let name = found.get_index(at).copied().unwrap_or_default();
            self.outer_names(name, &mut found)?;
        }
        self.q.views.remove(name);
        if self.q.globals.contains_key(&name) {
            self.charge(self.q.globals.len())?;
            self.q.globals.shift_remove(&name);
        }
        for &global in &found {
            self.q.views.mentioned.entry(global).or_default().insert(name);
        }
        let view = View { source: source.clone(), mentions: found.into_iter().collect(), state: ViewState::Stale };
        self.q.views.named.insert(name, view);
        self.global_changed(name)
    }

    /// The value of a view; `None` if the name is not a view.
    ///
    /// # Errors
    ///
    /// `loop` if its evaluation reads the view itself; errors of the evaluation.
    pub(crate) fn view_value(&mut self, name: Sym) -> R<Option<Noun>> {
        let Some(view) = self.q.views.named.get_mut(&name) else { return Ok(None) };
        match &view.state {
            ViewState::Known(value) => return Ok(Some(value.clone())),
            ViewState::Evaluating => return Err(Fault::new("loop")),
            ViewState::Stale => view.state = ViewState::Evaluating,
        }
        let source = view.source.clone();
        let value = self.run(&source.code);
        // The evaluation may have redefined the view.
        if let Some(view) = self.q.views.named.get_mut(&name)
            && Arc::ptr_eq(&view.source, &source)
        {
            view.state = match &value {
                Ok(value) if matches!(view.state, ViewState::Evaluating) => ViewState::Known(value.clone()),
                _ => ViewState::Stale,
            };
        }
        value.map(Some)
    }

    /// Converts a view of a constant to a global, so that it can be changed.
    pub(crate) fn view_to_global(&mut self, name: Sym) -> R<()> {
        let is_constant = self.q.views.named.get(&name).is_some_and(|view| view.mentions.is_empty());
        match self.view_value(name)? {
            Some(value) if is_constant => self.define(name, value),
            _ => Err(Fault::nyi("a change of a view")),
        }
    }

    /// Marks views as stale that mention a changed global, directly or through another view.
    pub(crate) fn global_changed(&mut self, name: Sym) -> R<()> {
        if self.q.views.mentioned.is_empty() {
            return Ok(());
        }
        // Worklist: the name, its outer namespaces, then every view that becomes stale.
        let mut changed: IndexSet<Sym, FxBuildHasher> = IndexSet::from_iter([name]);
        let named = self.outer_names(name, &mut changed);
        let (mut at, mut work) = (0, 0_usize);
        while let Some(global) = changed.get_index(at).copied() {
            let views = self.q.views.mentioned.get(&global);
            changed.extend(views.into_iter().flatten().copied());
            work += views.map_or(0, IndexSet::len);
            at += 1;
        }
        for view in &changed {
            if let Some(view) = self.q.views.named.get_mut(view)
                && matches!(view.state, ViewState::Known(_))
            {
                view.state = ViewState::Stale;
            }
        }
        // Charge after all views are marked, so that an error leaves none of them with an old value.
        self.charge(work.saturating_mul(16))?;
        named
    }

    /// Adds the prefixes of a dotted name: for `.a.b.c` the names `.a.b` and `.a`.
    fn outer_names(&mut self, name: Sym, names: &mut IndexSet<Sym, FxBuildHasher>) -> R<()> {
        let text = self.text(name).to_vec();
        let dots = text.iter().enumerate().skip(1).filter(|&(_, &byte)| byte == b'.').map(|(dot, _)| dot);
        for dot in dots {
            self.charge(dot)?;
            let outer = self.intern(text.get(..dot).unwrap_or_default());
            names.insert(outer);
        }
        Ok(())
    }

    /// The names of the views in a namespace, sorted. `stale`: only those without a cached value.
    pub(crate) fn view_names(&mut self, space: &[u8], stale: bool) -> R {
        let prefix = if space.is_empty() { Vec::new() } else { [space, b"."].concat() };
        self.charge(self.q.views.named.len().saturating_mul(16))?;
        let mut names: Vec<Sym> = Vec::new();
        for (&name, view) in &self.q.views.named {
            let bare = self.q.symbols.text(name).strip_prefix(prefix.as_slice()).unwrap_or_default();
            if !bare.is_empty() && !bare.contains(&b'.') && (!stale || !matches!(view.state, ViewState::Known(_))) {
                names.push(name);
            }
        }
        names.sort_by(|&x, &y| self.q.symbols.text(x).cmp(self.q.symbols.text(y)));
        for name in &mut names {
            let bare = self.text(*name).get(prefix.len()..).unwrap_or_default().to_vec();
            *name = self.intern(&bare);
        }
        let is_many = names.len() > 1;
        let mut names = Noun::syms(names);
        if let Noun::Vector(names) = &mut names
            && is_many
            && !stale
        {
            names.attr = Attribute::Sorted;
        }
        Ok(names)
    }

    /// `.z.b`: for each global the views that mention it.
    pub(crate) fn dependencies(&self) -> R {
        let mentioned = &self.q.views.mentioned;
        if mentioned.is_empty() {
            return Dict::new(empty(Kind::Symbol), empty(Kind::List));
        }
        let keys = Noun::syms(mentioned.keys().copied().collect());
        let values = mentioned.values().map(|views| Noun::syms(views.iter().copied().collect())).collect();
        Dict::new(keys, build::tidy(values)?)
    }
}

/// Collects the globals that code mentions, from left to right. Not those in column phrases of queries and in
/// nested functions.
fn mentions_of(chains: &[Option<Chain>], found: &mut IndexSet<Sym, FxBuildHasher>) {
    for chain in chains.iter().flatten() {
        chain_mentions(chain, found);
    }
}

fn chain_mentions(chain: &Chain, found: &mut IndexSet<Sym, FxBuildHasher>) {
    for step in chain.steps.iter().rev() {
        match step {
            Step::Apply(node) | Step::Infix(_, node) | Step::Compose(node) => node_mentions(node, found),
            Step::Between(function, left) => {
                node_mentions(left, found);
                node_mentions(function, found);
            }
            Step::Assign(assign) => {
                mentions_of(assign.index.as_deref().unwrap_or_default(), found);
                assign.verb.iter().for_each(|verb| node_mentions(verb, found));
            }
            Step::Match(_) | Step::Return | Step::Signal => {}
        }
    }
    node_mentions(&chain.last, found);
}

fn node_mentions(node: &Node, found: &mut IndexSet<Sym, FxBuildHasher>) {
    match node {
        Node::Name(Place::Global(name)) => {
            found.insert(*name);
        }
        Node::Group(chain) => chain_mentions(chain, found),
        Node::List(chains) | Node::Cond(chains) | Node::Block(chains) | Node::Control(_, chains) => {
            mentions_of(chains, found);
        }
        Node::Table { keys, columns, .. } => {
            keys.iter().chain(columns).for_each(|(_, chain)| chain_mentions(chain, found));
        }
        Node::Apply(function, args) => {
            node_mentions(function, found);
            mentions_of(args, found);
        }
        Node::Derived(function, _) => node_mentions(function, found),
        Node::Query(query) => chain_mentions(&query.table, found),
        Node::Choice(choice) => {
            chain_mentions(&choice.value, found);
            choice.cases.iter().for_each(|(_, result)| chain_mentions(result, found));
            chain_mentions(&choice.otherwise, found);
        }
        Node::Const(_) | Node::Verb(_) | Node::This | Node::View(_) | Node::Name(Place::Local(_)) => {}
    }
}
