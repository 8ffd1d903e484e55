//! Evaluates parsed code.

mod variable;

use std::sync::Arc;

use super::build;
use super::code::{Chain, Code, Control, Node, Step};
use super::enumeration::is_enumeration;
use super::fault::{Fault, R};
use super::func::{self, Func, Lambda};
use super::noun::{Dict, Noun, Table};
use super::symbols::Sym;
use super::verb::{self, Role};
use super::vm::Vm;

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
