//! q's `value`: the part of q that kserve evaluates.
//!
//! Text becomes tokens ([`lex`]), tokens become code ([`parse`]), code is evaluated ([`eval`]) over values that share
//! their columns ([`noun`]). Every loop and every large result goes through one door ([`vm`]). What q has and this has
//! not fails with q's own `nyi`, which names the construct for the log.

mod aggregate;
mod amend;
mod apply;
mod arith;
mod bang;
mod build;
mod cache;
mod cast;
mod code;
mod command;
mod compare;
mod core;
mod dotq;
mod eval;
mod fault;
mod filter;
mod find;
mod func;
mod group;
mod host;
mod index;
mod iterate;
mod join;
mod joins;
mod json;
mod lex;
mod math;
mod names;
mod noun;
mod order;
mod parse;
mod promote;
mod query;
mod random;
mod rows;
mod running;
mod scope;
mod search;
mod select;
mod serial;
mod sort;
mod symbols;
mod table;
mod take;
mod text;
mod tree;
mod update;
mod verb;
mod vm;
mod wire;

use std::fmt;
use std::sync::Arc;

use kcodec::{Body, Value};

pub use fault::Fault;
pub use host::{Caller, Handle, HandleInfo, Host, Incoming};
pub use vm::EvalLimits;

use func::{Func, Native};
use noun::Noun;
use vm::{State, Vm};

/// q's `value`: names, registered functions and the part of q that kserve evaluates.
///
/// ```
/// use kcodec::{Body, Value};
/// use kserve::Interpreter;
///
/// let mut q = Interpreter::new();
/// q.set("price", Body::encode(&[101.5, 402.25])?).unwrap();
/// q.register("vwap", |_| Err("nyi".into()));
/// let total = q.evaluate(Value::from("sum 2*price")).unwrap();
/// assert_eq!(total.value(), Value::from(1007.5));
/// # Ok::<(), kcodec::Error>(())
/// ```
pub struct Interpreter {
    state: State,
}

impl Interpreter {
    /// An interpreter without names of its own, under the default [`EvalLimits`].
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::new(EvalLimits::default()) }
    }

    /// The same interpreter under other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: EvalLimits) -> Self {
        self.state.limits = limits;
        self
    }

    /// Sets a global, as `name:body` does at the top.
    ///
    /// # Errors
    ///
    /// `nyi` for a body that has no value here, a splayed table.
    pub fn set(&mut self, name: &str, body: Body) -> Result<(), Fault> {
        let mut alone = ();
        let mut vm = Vm::new(&mut self.state, &mut alone);
        let value = vm.noun(body.value())?;
        let name = vm.intern(name.as_bytes());
        vm.define(name, value)
    }

    /// The value of a global.
    #[must_use]
    pub fn get(&mut self, name: &[u8]) -> Option<Body> {
        let mut alone = ();
        let mut vm = Vm::new(&mut self.state, &mut alone);
        let name = vm.q.symbols.find(name)?;
        let value = vm.q.globals.get(&name)?.clone();
        vm.body(&value).ok()
    }

    /// Makes a Rust function callable by name: in text as `f x`, `f[x;y]` or `f[]`, in lists as
    /// ``(`f;x)`` or `("f";x)`. Called without arguments it gets one, `::`, as in q.
    pub fn register(&mut self, name: &str, function: impl Fn(&[Body]) -> Result<Body, Fault> + Send + Sync + 'static) {
        let name = self.state.symbols.intern(name.as_bytes());
        let native = Native { name, call: Box::new(function) };
        self.state.globals.insert(name, Noun::Func(Func::Native(Arc::new(native))));
    }

    /// What q's `value` makes of a message, without a process around it.
    ///
    /// # Errors
    ///
    /// As [`evaluate_in`](Self::evaluate_in).
    pub fn evaluate(&mut self, query: Value<'_>) -> Result<Body, Fault> {
        self.evaluate_in(&mut (), query)
    }

    /// What q's `value` makes of a message: the default of `.z.pg` and `.z.ps`.
    ///
    /// Text is parsed and executed, a symbol names a global, a list is its first item applied to the
    /// others, a dict gives its values.
    ///
    /// # Errors
    ///
    /// The error that q would signal; `nyi` for what this interpreter does not do; `stack`, `stop`
    /// and `wsfull` past the limits.
    pub fn evaluate_in(&mut self, host: &mut dyn Host, query: Value<'_>) -> Result<Body, Fault> {
        let mut vm = Vm::new(&mut self.state, host);
        let query = vm.noun(query)?;
        let value = vm.value(query)?;
        vm.body(&value)
    }
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").field("globals", &self.state.globals.len()).finish_non_exhaustive()
    }
}
