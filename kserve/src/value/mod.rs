//! q's `value`: what the default handlers evaluate, as far as it goes.
//!
//! Text becomes tokens ([`lex`]), tokens become expressions ([`parse`]), expressions become a
//! [`Body`] ([`eval`]). Every value on the way is a `Body`, so that reading a global, naming an
//! argument or replying with either shares bytes and copies nothing. What q has and this has not
//! fails with q's own `nyi`.

mod aggregate;
mod apply;
mod arith;
mod atomic;
mod budget;
mod build;
mod cast;
mod compare;
mod convert;
mod eval;
mod fault;
mod function;
mod index;
mod items;
mod iterate;
mod join;
mod keyword;
mod kinds;
mod lane;
mod lex;
mod math;
mod nouns;
mod parse;
mod promote;
mod search;
mod syntax;
mod take;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use kcodec::{Atom, Body, Symbol, Value};

pub use budget::EvalLimits;
pub use fault::Fault;

use budget::Budget;
use items::encode;
use syntax::Lambda;

/// A function of the server's, called by its name.
type Native = Box<dyn FnMut(&[Body]) -> Result<Body, Fault> + Send>;

/// Lambdas kept parsed; the store is emptied when it is full.
const CACHED_LAMBDAS: usize = 1024;

/// The longest source of a lambda that is kept parsed, in bytes.
const CACHED_SOURCE: usize = 1 << 14;

/// q's `value`: names, registered functions and the part of q that kserve evaluates.
///
/// ```
/// use kcodec::{Body, Value};
/// use kserve::Interpreter;
///
/// let mut q = Interpreter::new();
/// q.set("price", Body::encode(&[101.5, 402.25])?);
/// q.register("vwap", |_| Err("nyi".into()));
/// let total = q.evaluate(Value::from("sum 2*price")).unwrap();
/// assert_eq!(total.value(), Value::from(1007.5));
/// # Ok::<(), kcodec::Error>(())
/// ```
pub struct Interpreter {
    globals: BTreeMap<Vec<u8>, Body>,
    natives: HashMap<Vec<u8>, Native>,
    lambdas: HashMap<Box<[u8]>, Arc<Lambda>>,
    budget: Budget,
}

impl Interpreter {
    /// An interpreter without names of its own, under the default [`EvalLimits`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            globals: BTreeMap::new(),
            natives: HashMap::new(),
            lambdas: HashMap::new(),
            budget: Budget::new(EvalLimits::default()),
        }
    }

    /// The same interpreter under other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: EvalLimits) -> Self {
        self.budget = Budget::new(limits);
        self
    }

    /// Sets a global, as `name:body` does at the top.
    pub fn set(&mut self, name: &str, body: Body) {
        self.define(name.as_bytes(), body);
    }

    /// The value of a global.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Body> {
        self.globals.get(name)
    }

    /// Makes a Rust function callable by name: in text as `f x`, `f[x;y]` or `f[]`, in lists as
    /// ``(`f;x)`` or `("f";x)`. Called without arguments it gets one, `::`, as in q.
    ///
    /// Its value, as a name in an expression, is the symbol of its name, which can be called too. A
    /// global of the same name comes first, a keyword of q's in text as well.
    pub fn register(
        &mut self,
        name: impl Into<String>,
        function: impl FnMut(&[Body]) -> Result<Body, Fault> + Send + 'static,
    ) {
        self.natives.insert(name.into().into_bytes(), Box::new(function));
    }

    /// What q's `value` makes of a message: the default of `.z.pg` and `.z.ps`.
    ///
    /// Text is parsed and executed, a symbol names a global, a list is its first item applied to the
    /// others, a dict gives its values.
    ///
    /// # Errors
    ///
    /// The error that q would signal; `nyi` for what this interpreter does not do; `stack`, `stop`
    /// and `wsfull` past the [`EvalLimits`].
    pub fn evaluate(&mut self, query: Value<'_>) -> Result<Body, Fault> {
        self.budget.refill();
        self.value(query)
    }

    fn define(&mut self, name: &[u8], body: Body) {
        self.globals.insert(name.to_vec(), body);
    }

    /// The value of a name: a global, a registered function, or the globals of a namespace.
    fn lookup(&mut self, name: &[u8]) -> Result<Body, Fault> {
        if let Some(body) = self.globals.get(name) {
            return Ok(body.clone());
        }
        if self.natives.contains_key(name) {
            return encode(Atom::Symbol(Symbol::from_bytes(name)));
        }
        self.namespace(name)?.ok_or_else(|| Fault::named(name))
    }

    /// The dict of a namespace, `.u`, if any of its names is set. As in q its first key is the null
    /// symbol, its first value `::`.
    fn namespace(&mut self, name: &[u8]) -> Result<Option<Body>, Fault> {
        let prefix = [name, b"."].concat();
        let (mut keys, mut values) = (vec![Symbol::default()], vec![Value::NULL]);
        for (key, body) in self.globals.range(prefix.clone()..) {
            let Some(key) = key.strip_prefix(prefix.as_slice()) else { break };
            self.budget.make(body.as_bytes().len(), 1)?;
            keys.push(Symbol::from_bytes(key));
            values.push(body.value());
        }
        if keys.len() == 1 || !name.starts_with(b".") {
            return Ok(None);
        }
        build::dict(Value::symbols(&keys), Value::from(&values)).map(Some)
    }
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter")
            .field("globals", &self.globals.len())
            .field("natives", &self.natives.len())
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
