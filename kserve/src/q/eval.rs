//! Evaluates parsed code.

use std::sync::Arc;

use super::build;
use super::code::{Chain, Code, Control, Node, Place, Step};
use super::enumeration::is_enumeration;
use super::fault::{Fault, R};
use super::func::{self, Func, Lambda};
use super::noun::{Dict, Noun, Table, empty};
use super::symbols::Sym;
use super::verb::{self, Role};
use super::vm::Vm;
use kcodec::Kind;

/// Units charged per step of a program.
const STEP: usize = 16;
/// Bound on the values on the stack, over all frames.
const FRAMES: usize = 1 << 20;

/// Why evaluation of a body ends early.
pub(crate) enum Exit {
    Fault(Fault),
    /// `:x`
    Return(Noun),
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Exit {
    /// The result of the body that ended early.
    pub(crate) fn result(self) -> R {
        match self {
            Self::Fault(fault) => Err(fault),
            Self::Return(noun) => Ok(noun),
        }
    }
}

pub(crate) type E<T = Noun> = Result<T, Exit>;

impl Vm<'_> {
    /// Evaluates text. The value is that of its last statement, or `::` if that assigns or ends with a semicolon.
    pub(crate) fn text_value(&mut self, text: &[u8]) -> R {
        let code = self.parse(text)?;
        self.run(&code)
    }

    /// Runs code outside of any lambda, with a frame of its own.
    pub(crate) fn run(&mut self, code: &Code) -> R {
        let (base, this) = (self.base, self.this.take());
        self.base = self.q.stack.len();
        let value = self.recurse(|vm| vm.statements(code).or_else(Exit::result));
        (self.base, self.this) = (base, this);
        value
    }

    /// Calls a lambda with all of its arguments.
    pub(crate) fn call(&mut self, lambda: &Arc<Lambda>, args: &mut Vec<Noun>) -> R {
        self.call_with(lambda, |stack| stack.append(args))
    }

    /// Calls a lambda. `push` must put exactly as many arguments on the stack as the lambda has parameters.
    pub(crate) fn call_with(&mut self, lambda: &Arc<Lambda>, push: impl FnOnce(&mut Vec<Noun>)) -> R {
        self.check_stack()?;
        self.charge(STEP)?;
        let base = self.q.stack.len();
        if base + lambda.slots.len() > FRAMES {
            return Err(Fault::STACK);
        }
        push(&mut self.q.stack);
        self.q.stack.resize(base + lambda.slots.len(), Noun::Elided);
        let outer = std::mem::replace(&mut self.base, base);
        let this = self.this.replace(lambda.clone());
        let value = self.statements(&lambda.body).or_else(Exit::result);
        self.base = outer;
        self.this = this;
        self.q.stack.truncate(base);
        value
    }

    fn statements(&mut self, code: &Code) -> E {
        let mut value = Noun::Null;
        for statement in &code.statements {
            value = self.optional(statement.as_ref())?;
        }
        Ok(if code.assigns { Noun::Null } else { value })
    }

    /// The value of a chain; `::` if it is missing.
    fn optional(&mut self, chain: Option<&Chain>) -> E {
        chain.map_or(Ok(Noun::Null), |chain| self.chain(chain))
    }

    pub(crate) fn chain(&mut self, chain: &Chain) -> E {
        let mut value = self.node(&chain.last)?;
        for step in &chain.steps {
            value = self.step(step, value)?;
        }
        Ok(value)
    }

    /// Applies one step to the value on its right.
    fn step(&mut self, step: &Step, value: Noun) -> E {
        self.charge(STEP)?;
        match step {
            Step::Infix(verb, left) => {
                let left = self.node(left)?;
                match verb.role {
                    Role::Binary(function) if !is_enumeration(&left) && !is_enumeration(&value) => {
                        Ok(function(self, left, value)?)
                    }
                    _ => Ok(verb.apply(self, vec![left, value])?),
                }
            }
            Step::Apply(Node::Verb(verb)) => Ok(match verb.role {
                Role::Unary(function) if !is_enumeration(&value) => function(self, value)?,
                _ => self.apply(&Noun::Func(Func::Verb(verb)), vec![value])?,
            }),
            Step::Apply(node) => {
                let function = self.node(node)?;
                Ok(self.apply1(&function, value)?)
            }
            Step::Between(node, left) => {
                let left = self.node(left)?;
                let function = self.node(node)?;
                Ok(self.apply2(&function, left, value)?)
            }
            Step::Assign(assign) => self.assign(assign, value),
            Step::Match(pattern) => self.match_pattern(pattern, value),
            Step::Compose(node) => {
                let outer = self.node(node)?;
                Ok(func::compose(vec![outer, value])?)
            }
            Step::Return => Err(Exit::Return(value)),
            Step::Signal => Err(self.signal(&value).into()),
        }
    }

    /// The fault that `'x` signals.
    pub(crate) fn signal(&self, value: &Noun) -> Fault {
        match (value.as_text(), value.as_sym()) {
            (Some(text), _) => Fault::named(text),
            (_, Some(sym)) => Fault::named(self.text(sym)),
            _ => Fault::new("stype"),
        }
    }

    pub(crate) fn assign(&mut self, assign: &super::code::Assign, value: Noun) -> E {
        let verb = match &assign.verb {
            Some(node) => Some(self.node(node)?),
            None => None,
        };
        let Some(index) = &assign.index else {
            return match verb {
                None => {
                    self.store(assign.place, value.clone())?;
                    Ok(value)
                }
                Some(verb) => {
                    self.change(assign.place, |vm, old| vm.amend_whole(old, &verb, value))?;
                    Ok(self.read(assign.place)?)
                }
            };
        };
        let index = self.right_to_left(index)?;
        self.change(assign.place, |vm, old| vm.amend_at(old, &index, verb.as_ref(), value.clone()))?;
        if verb.is_none() {
            return Ok(value);
        }
        // The value of an assignment through a verb is the new item.
        let changed = self.read(assign.place)?;
        Ok(self.index_deep(&changed, &index)?)
    }

    /// Assigns a variable.
    pub(crate) fn store(&mut self, place: Place, value: Noun) -> R<()> {
        match place {
            Place::Local(slot) => {
                let at = self.base + slot;
                debug_assert!(at < self.q.stack.len(), "a frame has a place for each slot of its lambda");
                if let Some(local) = self.q.stack.get_mut(at) {
                    *local = value;
                }
                Ok(())
            }
            Place::Global(name) => self.define(name, value),
        }
    }

    /// Changes a variable's value in place. The value is moved out of the variable meanwhile, so that it is
    /// unshared and needs no copy. It is moved back even if the change fails, with the changes made so far.
    pub(crate) fn change(&mut self, place: Place, change: impl FnOnce(&mut Self, &mut Noun) -> R<()>) -> R<()> {
        match place {
            Place::Local(slot) => {
                let at = self.base + slot;
                let mut value = self.q.stack.get_mut(at).map_or(Noun::Elided, std::mem::take);
                if matches!(value, Noun::Elided) {
                    value = empty(Kind::List);
                }
                let done = change(self, &mut value);
                if let Some(local) = self.q.stack.get_mut(at) {
                    *local = value;
                }
                done
            }
            Place::Global(name) => self.change_global(name, true, change),
        }
    }

    /// [`change`](Self::change) for a global. `alone`: no other code runs during the change, so the global need not
    /// keep its value meanwhile.
    pub(crate) fn change_global(
        &mut self,
        name: Sym,
        alone: bool,
        change: impl FnOnce(&mut Self, &mut Noun) -> R<()>,
    ) -> R<()> {
        self.may_write(name)?;
        if self.q.views.contains(name) {
            self.view_to_global(name)?;
        }
        let Some(place) = self.q.globals.get_mut(&name) else {
            return Err(Fault::named(self.q.symbols.text(name)));
        };
        if !alone {
            let mut value = place.clone();
            change(self, &mut value)?;
            self.q.globals.insert(name, value);
            return self.global_changed(name);
        }
        let mut value = std::mem::take(place);
        let done = change(self, &mut value);
        self.q.globals.insert(name, value);
        self.global_changed(name)?;
        done
    }

    /// Assigns a global.
    pub(crate) fn define(&mut self, name: Sym, value: Noun) -> R<()> {
        self.may_write(name)?;
        self.q.views.remove(name);
        self.q.globals.insert(name, value);
        self.global_changed(name)
    }

    /// Fails with `noupdate` if the caller must not change globals.
    pub(crate) fn may_write(&self, name: Sym) -> R<()> {
        if self.q.read_only || !self.host.may_write() {
            return Err(Fault::from(format!("noupdate: `. `{}", String::from_utf8_lossy(self.text(name)))));
        }
        super::process::settable(self.text(name))
    }

    pub(crate) fn read(&mut self, place: Place) -> R {
        match place {
            Place::Local(slot) => match self.q.stack.get(self.base + slot) {
                Some(Noun::Elided) | None => self.read_unset(slot),
                Some(value) => Ok(value.clone()),
            },
            Place::Global(name) => self.global(name),
        }
    }

    /// Reads an empty slot: that of a global, or of a local before its first assignment.
    fn read_unset(&mut self, slot: usize) -> R {
        match self.this.as_ref().and_then(|lambda| lambda.slots.get(slot)) {
            Some(slot) if !slot.local => self.global(slot.global),
            _ => Ok(empty(Kind::List)),
        }
    }

    /// Evaluates a term.
    pub(crate) fn node(&mut self, node: &Node) -> E {
        match node {
            Node::Const(noun) => Ok(noun.clone()),
            Node::Name(place) => Ok(self.read(*place)?),
            Node::Verb(verb) => Ok(Noun::Func(Func::Verb(verb))),
            Node::This => Ok(self.this.clone().map_or(Noun::Null, |this| Noun::Func(Func::Lambda(this)))),
            _ => {
                self.check_stack()?;
                self.compound(node)
            }
        }
    }

    /// Evaluates a term with brackets.
    fn compound(&mut self, node: &Node) -> E {
        match node {
            Node::Group(chain) => self.chain(chain),
            Node::List(items) => {
                let items = self.right_to_left(items)?;
                if items.iter().any(|item| matches!(item, Noun::Elided)) {
                    let enlist = Noun::Func(Func::Verb(verb::require("enlist")?));
                    return Ok(func::project(enlist, items)?);
                }
                Ok(build::tidy(items)?)
            }
            Node::Table { keys, columns, keyed } => {
                let columns = self.columns(columns)?;
                let keys = self.columns(keys)?;
                Ok(self.table_of(keys, columns, *keyed)?)
            }
            Node::Apply(function, args) => self.apply_node(function, args),
            Node::Derived(function, iterator) => {
                let function = self.node(function)?;
                Ok(func::derive(*iterator, function)?)
            }
            Node::Cond(branches) => self.cond(branches),
            Node::Block(statements) => {
                let mut value = Noun::Null;
                for statement in statements {
                    value = self.optional(statement.as_ref())?;
                }
                Ok(value)
            }
            Node::Control(control, parts) => self.control(*control, parts),
            Node::Choice(choice) => self.choose_by_pattern(choice),
            Node::View(view) => {
                self.define_view(view)?;
                Ok(Noun::Null)
            }
            Node::Query(query) => Ok(self.run_query(query)?),
            Node::Const(_) | Node::Name(_) | Node::Verb(_) | Node::This => self.node(node),
        }
    }

    fn apply_node(&mut self, function: &Node, args: &[Option<Chain>]) -> E {
        let mut values = self.right_to_left(args)?;
        if let ([only], [None]) = (values.as_mut_slice(), args) {
            *only = Noun::Null;
        }
        if let Node::Verb(verb) = function
            && !values.iter().any(|value| matches!(value, Noun::Elided))
            && verb.rank().is_none_or(|rank| rank <= values.len())
        {
            return Ok(verb.apply(self, values)?);
        }
        let function = self.node(function)?;
        Ok(self.apply(&function, values)?)
    }

    /// Evaluates chains from right to left. A missing one is elided.
    fn right_to_left(&mut self, chains: &[Option<Chain>]) -> E<Vec<Noun>> {
        let mut values = self.vec(chains.len())?;
        for chain in chains.iter().rev() {
            values.push(match chain {
                Some(chain) => self.chain(chain)?,
                None => Noun::Elided,
            });
        }
        values.reverse();
        Ok(values)
    }

    fn columns(&mut self, columns: &[(Sym, Chain)]) -> E<Vec<(Sym, Noun)>> {
        let mut made = self.vec(columns.len())?;
        for (name, chain) in columns.iter().rev() {
            let column = self.chain(chain)?;
            if matches!(column, Noun::Elided) {
                return Err(Fault::nyi("an elided column").into());
            }
            made.push((*name, column));
        }
        made.reverse();
        Ok(made)
    }

    /// Builds `([k:x]v:y)`. Atoms are repeated to the length of the lists. Without columns, `([k:x;l:y])` is a
    /// dict.
    pub(crate) fn table_of(&mut self, keys: Vec<(Sym, Noun)>, columns: Vec<(Sym, Noun)>, keyed: bool) -> R {
        if keyed && columns.is_empty() {
            let (names, values): (Vec<Sym>, Vec<Noun>) = keys.into_iter().unzip();
            return Dict::new(Noun::syms(names), build::tidy(values)?);
        }
        let lists = keys.iter().chain(&columns).filter(|(_, column)| column.is_list() || column.as_keyed().is_some());
        let count = lists.map(|(_, list)| list.len()).next();
        let Some(count) = count else {
            // q requires at least one list.
            return if keys.is_empty() && columns.is_empty() { Err(Fault::TYPE) } else { Err(Fault::RANK) };
        };
        let mut half = |columns: Vec<(Sym, Noun)>| {
            let mut names = self.vec(columns.len())?;
            let mut made = self.vec(columns.len())?;
            for (name, column) in columns {
                names.push(name);
                made.push(if column.is_list() { column } else { self.repeat(&column, count)? });
            }
            Table::new(Arc::new(names), made)
        };
        if !keyed {
            return half(columns);
        }
        let keys = half(keys)?;
        Dict::new(keys, half(columns)?)
    }

    /// `$[c;x;d;y;z]`
    fn cond(&mut self, branches: &[Option<Chain>]) -> E {
        for pair in branches.chunks(2) {
            match pair {
                [condition, branch] => {
                    self.charge(STEP)?;
                    if self.holds(condition.as_ref())? {
                        return self.optional(branch.as_ref());
                    }
                }
                [otherwise] => return self.optional(otherwise.as_ref()),
                _ => {}
            }
        }
        Ok(Noun::Null)
    }

    fn control(&mut self, control: Control, parts: &[Option<Chain>]) -> E {
        let (condition, body) = parts.split_first().map_or((None, parts), |(first, rest)| (first.as_ref(), rest));
        let mut left = match control {
            Control::If => 1,
            Control::While => i64::MAX,
            Control::Do => self.optional(condition)?.as_long().ok_or(Fault::TYPE)?,
        };
        while left > 0 && (control == Control::Do || self.holds(condition)?) {
            self.charge(STEP)?;
            for statement in body {
                self.optional(statement.as_ref())?;
            }
            left -= 1;
        }
        Ok(Noun::Null)
    }

    /// Whether a condition evaluates to a nonzero atom.
    fn holds(&mut self, condition: Option<&Chain>) -> E<bool> {
        let value = self.optional(condition)?;
        Ok(truth(&value)?)
    }
}

/// Whether an atom is nonzero.
pub(crate) fn truth(value: &Noun) -> R<bool> {
    use super::noun::{Atom, Item};
    match value {
        Noun::Atom(Atom { item, .. }) => Ok(match *item {
            Item::U8(item) => item != 0,
            Item::I16(item) => item != 0,
            Item::I32(item) => item != 0,
            Item::I64(item) => item != 0,
            Item::F32(item) => item != 0.0,
            Item::F64(item) => item != 0.0,
            Item::Guid(_) | Item::Sym(_) => return Err(Fault::TYPE),
        }),
        _ => Err(Fault::TYPE),
    }
}
