//! Expressions into values.

use std::sync::Arc;

use kcodec::{Atom, Body, List, Value, Vector};

use super::apply::is_elided;
use super::build;
use super::convert::Convert;
use super::fault::Fault;
use super::function;
use super::items::encode;
use super::lane::Side;
use super::nouns;
use super::parse;
use super::syntax::{Control, Expr, Lambda, Name, Node, Statements, Step};
use super::{CACHED_LAMBDAS, CACHED_SOURCE, Interpreter};

/// The names that are seen from some code.
#[derive(Debug)]
struct Scope<'a> {
    /// The arguments and locals of a lambda; at the top there are none.
    locals: Vec<(Name, Body)>,
    /// The lambda, which is `.z.s` inside; `None` at the top.
    lambda: Option<&'a Body>,
    /// The namespace of the code, without its leading dot.
    context: &'a [u8],
}

/// Why evaluation does not go on.
enum Exit {
    Fault(Fault),
    /// `:x`
    Return(Body),
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Exit {
    /// What the code that was left is worth.
    fn result(self) -> Result<Body, Fault> {
        match self {
            Self::Fault(fault) => Err(fault),
            Self::Return(body) => Ok(body),
        }
    }
}

impl Interpreter {
    /// `value x`
    pub(crate) fn value(&mut self, query: Value<'_>) -> Result<Body, Fault> {
        if let Some(text) = query.as_text() {
            return self.text(text);
        }
        match query {
            Value::Atom(Atom::Symbol(name)) => self.lookup(name.as_bytes()),
            Value::List(list) => self.nest(|q| q.list(list)),
            Value::Vector(Vector::Symbol(symbols)) => {
                let symbols: Vec<Value<'_>> = symbols.iter().map(Value::from).collect();
                self.nest(|q| q.list(symbols.as_slice().into()))
            }
            _ => nouns::parts(query),
        }
    }

    /// The value of a text's last statement; one that ends with a semicolon has `::`.
    pub(crate) fn text(&mut self, text: &[u8]) -> Result<Body, Fault> {
        if text.trim_ascii_start().starts_with(b"\\") {
            return Err(Fault::NYI);
        }
        let statements = parse::parse(&mut self.budget, text, b"")?;
        let mut scope = Scope { locals: Vec::new(), lambda: None, context: b"" };
        self.nest(|q| q.statements(&mut scope, &statements)).or_else(Exit::result)
    }

    /// The first item applied to the others; nested lists are data.
    fn list(&mut self, list: List<'_>) -> Result<Body, Fault> {
        let mut items = list.iter();
        let Some(head) = items.next() else { return encode(list) };
        self.budget.make(items.len(), 1)?;
        let function = match head.as_text() {
            Some(text) => self.text(text)?,
            None => encode(head)?,
        };
        let mut arguments = items.map(encode).collect::<Result<Vec<_>, _>>()?;
        if arguments.is_empty() {
            if !function::is_callable(function.value()) {
                return Ok(function);
            }
            arguments.push(Body::default());
        }
        self.apply(&function, arguments)
    }

    /// Calls a lambda with all of its arguments.
    pub(crate) fn call(
        &mut self,
        body: &Body,
        lambda: kcodec::Lambda<'_>,
        arguments: Vec<Body>,
    ) -> Result<Body, Fault> {
        let parsed = self.parsed(lambda)?;
        let locals = parsed.params.iter().cloned().zip(arguments).collect();
        let mut scope = Scope { locals, lambda: Some(body), context: lambda.context().as_bytes() };
        self.statements(&mut scope, &parsed.body).or_else(Exit::result)
    }

    /// A lambda's program, from the store if it was called before.
    pub(crate) fn parsed(&mut self, lambda: kcodec::Lambda<'_>) -> Result<Arc<Lambda>, Fault> {
        let source = lambda.source().ok_or(Fault::TYPE)?;
        let context = lambda.context().as_bytes();
        if let Some(parsed) = self.lambdas.get(source).filter(|_| context.is_empty()) {
            return Ok(parsed.clone());
        }
        let parsed = Arc::new(parse::lambda(&mut self.budget, source, context)?);
        if context.is_empty() && source.len() <= CACHED_SOURCE {
            if self.lambdas.len() >= CACHED_LAMBDAS {
                self.lambdas.clear();
            }
            self.lambdas.insert(source.into(), parsed.clone());
        }
        Ok(parsed)
    }

    fn statements(&mut self, scope: &mut Scope<'_>, statements: &Statements) -> Result<Body, Exit> {
        let mut value = Body::default();
        for statement in statements {
            value = self.optional(scope, statement.as_ref())?;
        }
        Ok(value)
    }

    /// The value of an expression, `::` if there is none.
    fn optional(&mut self, scope: &mut Scope<'_>, expr: Option<&Expr>) -> Result<Body, Exit> {
        expr.map_or_else(|| Ok(Body::default()), |expr| self.expression(scope, expr))
    }

    fn expression(&mut self, scope: &mut Scope<'_>, expr: &Expr) -> Result<Body, Exit> {
        let mut steps = expr.steps.iter();
        let mut value = match &expr.last {
            Some(node) => self.node(scope, node)?,
            None => {
                let value = self.unfinished(scope, steps.next())?;
                if let Some(Step::Apply(_) | Step::Infix(..)) = steps.as_slice().first() {
                    return Err(Fault::NYI.into());
                }
                value
            }
        };
        for step in steps {
            value = self.step(scope, step, value)?;
        }
        Ok(value)
    }

    /// `x+`, a projection. That a function to the left of one composes is not done.
    fn unfinished(&mut self, scope: &mut Scope<'_>, step: Option<&Step>) -> Result<Body, Exit> {
        match step {
            Some(Step::Infix(verb, left)) => {
                let left = self.node(scope, left)?;
                let verb = self.node(scope, verb)?;
                Ok(function::project(&verb, vec![left])?)
            }
            Some(Step::Return) => Err(Exit::Return(Body::default())),
            _ => Err(Fault::PARSE.into()),
        }
    }

    /// One step further to the left.
    fn step(&mut self, scope: &mut Scope<'_>, step: &Step, value: Body) -> Result<Body, Exit> {
        self.budget.step()?;
        match step {
            Step::Apply(node) => self.call_node(scope, node, vec![value]),
            Step::Infix(verb, left) => {
                let left = self.node(scope, left)?;
                self.call_node(scope, verb, vec![left, value])
            }
            Step::Assign { name, global } => {
                self.assign(scope, name, *global, value.clone());
                Ok(value)
            }
            Step::Amend { name, verb } => {
                let old = self.resolve(scope, name)?;
                let new = self.word(verb, vec![old, value])?;
                self.assign(scope, name, false, new.clone());
                Ok(new)
            }
            Step::Return => Err(Exit::Return(value)),
            Step::Signal => Err(signal(value.value()).into()),
        }
    }

    /// Inside a lambda `:` makes a local, and `::` a global unless there is a local of that name.
    fn assign(&mut self, scope: &mut Scope<'_>, name: &Name, global: bool, value: Body) {
        if let Some((_, local)) = scope.locals.iter_mut().find(|(local, _)| local == name) {
            *local = value;
        } else if scope.lambda.is_some() && !global {
            scope.locals.push((name.clone(), value));
        } else {
            self.define(&qualified(scope.context, name), value);
        }
    }

    fn resolve(&mut self, scope: &Scope<'_>, name: &Name) -> Result<Body, Fault> {
        if let Some((_, local)) = scope.locals.iter().find(|(local, _)| local == name) {
            return Ok(local.clone());
        }
        match scope.lambda {
            Some(lambda) if **name == *b".z.s" => Ok(lambda.clone()),
            _ => self.lookup(&qualified(scope.context, name)),
        }
    }

    /// Applies a term, an operator without making a value of it first.
    fn call_node(&mut self, scope: &mut Scope<'_>, node: &Node, arguments: Vec<Body>) -> Result<Body, Exit> {
        if let Node::Word(word) = node {
            return Ok(self.word(word, arguments)?);
        }
        let function = self.node(scope, node)?;
        Ok(self.apply(&function, arguments)?)
    }

    /// The value of a term.
    fn node(&mut self, scope: &mut Scope<'_>, node: &Node) -> Result<Body, Exit> {
        match node {
            Node::Value(body) => return Ok(body.clone()),
            Node::Word(word) => return Ok(word.body()?),
            Node::Name(name) => return Ok(self.resolve(scope, name)?),
            _ => {}
        }
        self.nest(|q| q.compound(scope, node))
    }

    /// The value of a term with brackets.
    fn compound(&mut self, scope: &mut Scope<'_>, node: &Node) -> Result<Body, Exit> {
        match node {
            Node::Group(expr) => self.expression(scope, expr),
            Node::List(items) => {
                let bodies = self.backwards(scope, items)?;
                if bodies.iter().any(is_elided) {
                    return Ok(function::holes(&bodies)?);
                }
                Ok(build::list(&mut self.budget, bodies)?)
            }
            Node::Table { keys, columns } => {
                let columns = self.columns(scope, columns)?;
                let keys = self.columns(scope, keys)?;
                Ok(build::table_of(&mut self.budget, keys, columns)?)
            }
            Node::Apply(function, arguments) => {
                let mut bodies = self.backwards(scope, arguments)?;
                if let ([only], true) = (bodies.as_mut_slice(), matches!(arguments.as_slice(), [None])) {
                    *only = Body::default();
                }
                self.call_node(scope, function, bodies)
            }
            Node::Derived(function, kind) => {
                let function = self.node(scope, function)?;
                Ok(function::derive(*kind, &function)?)
            }
            Node::Cond(branches) => self.cond(scope, branches),
            Node::Control(control, parts) => self.control(scope, *control, parts),
            Node::Value(_) | Node::Word(_) | Node::Name(_) => self.node(scope, node),
        }
    }

    /// The values of several expressions, the last evaluated first; one that is left out is elided.
    fn backwards(&mut self, scope: &mut Scope<'_>, exprs: &[Option<Expr>]) -> Result<Vec<Body>, Exit> {
        let mut bodies = Vec::with_capacity(exprs.len());
        for expr in exprs.iter().rev() {
            bodies.push(match expr {
                Some(expr) => self.expression(scope, expr)?,
                None => encode(Value::ELIDED)?,
            });
        }
        bodies.reverse();
        Ok(bodies)
    }

    fn columns(&mut self, scope: &mut Scope<'_>, columns: &[(Name, Expr)]) -> Result<Vec<build::Column>, Exit> {
        let mut made = Vec::with_capacity(columns.len());
        for (name, expr) in columns.iter().rev() {
            made.push((name.clone(), self.expression(scope, expr)?));
        }
        made.reverse();
        Ok(made)
    }

    /// `$[c;x;d;y;z]`
    fn cond(&mut self, scope: &mut Scope<'_>, branches: &[Option<Expr>]) -> Result<Body, Exit> {
        for pair in branches.chunks(2) {
            match pair {
                [condition, branch] => {
                    self.budget.step()?;
                    if self.holds(scope, condition.as_ref())? {
                        return self.optional(scope, branch.as_ref());
                    }
                }
                [otherwise] => return self.optional(scope, otherwise.as_ref()),
                _ => {}
            }
        }
        Ok(Body::default())
    }

    fn control(&mut self, scope: &mut Scope<'_>, control: Control, parts: &[Option<Expr>]) -> Result<Body, Exit> {
        let (condition, body) = parts.split_first().map_or((None, parts), |(first, rest)| (first.as_ref(), rest));
        let mut left = match control {
            Control::If => 1,
            Control::While => i64::MAX,
            Control::Do => number(self.optional(scope, condition)?.value()).ok_or(Fault::TYPE)?,
        };
        while left > 0 && (matches!(control, Control::Do) || self.holds(scope, condition)?) {
            self.budget.step()?;
            for statement in body {
                self.optional(scope, statement.as_ref())?;
            }
            left -= 1;
        }
        Ok(Body::default())
    }

    /// Whether a condition is an atom other than zero.
    fn holds(&mut self, scope: &mut Scope<'_>, condition: Option<&Expr>) -> Result<bool, Exit> {
        let value = self.optional(scope, condition)?;
        number(value.value()).map(|number| number != 0).ok_or_else(|| Fault::TYPE.into())
    }
}

/// A name as seen from the root.
fn qualified(context: &[u8], name: &[u8]) -> Vec<u8> {
    if context.is_empty() || name.starts_with(b".") { name.to_vec() } else { [b".", context, b".", name].concat() }
}

/// The number underneath an atom.
fn number(value: Value<'_>) -> Option<i64> {
    let side = Side::<i64>::new(value, Convert::Raw).ok()?;
    side.split().ok()
}

/// `'x`: the error whose text is x.
fn signal(value: Value<'_>) -> Fault {
    match value {
        Value::Atom(Atom::Symbol(symbol)) => Fault::named(symbol.as_bytes()),
        _ => value.as_text().map_or(Fault::new("stype"), Fault::named),
    }
}
