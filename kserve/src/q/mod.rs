//! q's `value`: the part of q that kserve evaluates.
//!
//! Text is split into tokens (`lex`), parsed to code (`parse`) and evaluated (`eval`) over values with shared
//! columns (`noun`). Every loop charges its work and every large result asks for memory through `vm`. Constructs of
//! q that are not supported fail with `nyi`, which names the construct for the log.

mod accumulate;
mod aggregate;
mod amend;
mod answer;
mod apply;
mod arith;
mod atomic;
mod attribute;
mod bang;
mod bin;
mod build;
mod cache;
mod cast;
mod chain;
mod chosen;
mod code;
mod command;
mod compare;
mod core;
mod csv;
mod cut;
mod destructure;
mod disk;
mod distinct;
mod dotq;
mod enumeration;
mod eval;
mod fault;
mod files;
mod filter;
mod func;
mod group;
mod handles;
mod host;
mod index;
mod iterate;
mod join;
mod joins;
mod json;
mod key;
mod lambda;
mod lex;
mod library;
mod loops;
mod matches;
mod math;
mod measure;
mod moving;
mod names;
mod noun;
mod number;
mod object;
mod order;
mod parse;
mod pattern;
mod process;
mod promote;
mod query;
mod radix;
mod random;
mod read;
mod records;
mod rows;
mod running;
mod scope;
mod script;
mod search;
mod select;
mod serial;
mod session;
mod sort;
mod split;
mod sweep;
mod symbols;
mod table;
mod take;
mod temporal;
mod text;
mod tree;
mod update;
mod verb;
mod views;
mod vm;
mod whole;
mod wire;
mod zone;

use std::fmt;
use std::sync::{Arc, Mutex};

use kcodec::{Body, Value};

pub use fault::Fault;
pub use host::{Caller, CommandLinePart, Entry, Handle, HandleInfo, Host, Incoming};
pub use vm::EvalLimits;

use func::{Func, Native};
use noun::Noun;
use vm::{State, Vm};

/// Evaluates q: globals, registered functions, and the subset of q that kserve supports.
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
///
/// What a program sets up before the server runs:
///
/// ```
/// use kcodec::Value;
/// use kserve::{Grants, Interpreter, Output};
///
/// let mut q = Interpreter::new()
///     .with_grants(Grants { net: false, ..Grants::ALL })
///     .with_output(|output| match output {
///         Output::Text(text) | Output::Errors(text) => print!("{}", String::from_utf8_lossy(text)),
///         Output::Fault { handle, what, fault } => println!("{handle}: {what} '{fault}"),
///         _ => {}
///     });
/// q.add_script("init.q", b"trade:([]sym:`ibm`msft;price:101.5 402.25)"); // runs when the server starts
/// q.set_command_line(vec![b"init.q".into(), b"2024.01.31".into()], vec![b"2024.01.31".into()]); // .z.X, .z.x
/// q.set_user("ann"); // .z.u
/// assert_eq!(q.prompt(), "q)");
///
/// q.evaluate(Value::from("a:til 3")).unwrap();
/// let mut host = (); // without connections, time and files
/// assert_eq!(q.evaluate_in(&mut host, Value::from("sum a")).unwrap().value(), 3_i64.into());
/// assert_eq!(q.get(b"a").map(|a| a.to_string()), Some("0 1 2".into()));
/// assert_eq!(q.exit(), 0); // after `Server::run`: the code to exit with
/// ```
pub struct Interpreter {
    state: State,
    shell: Shell,
}

/// What clients may access beyond variables. Scripts, the console and timers may always access all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// `hopen`, one-shot requests.
    pub net: bool,
    /// `\\l`, `read0`, `get`, `set`, `0:`, `hdel`, `hopen` of a file: any file that the process can access.
    pub files: bool,
    /// `exit`, `\\\\`.
    pub exit: bool,
}

/// Output of an interpreter.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output<'a> {
    /// Text for standard output: `show`, `0N!`, `-1`.
    Text(&'a [u8]),
    /// Text for standard error: `-2`.
    Errors(&'a [u8]),
    /// A request that failed. Clients receive only the faults of sync requests.
    Fault {
        /// The connection it came from; 0 for the process itself.
        handle: Handle,
        /// `sync`, `async`, or the handler that failed.
        what: &'static str,
        /// The error.
        fault: &'a Fault,
    },
}

/// Receives an interpreter's output.
type Sink = Box<dyn FnMut(Output<'_>) + Send>;

/// The interpreter's connection to the process around it.
struct Shell {
    output: Sink,
    grants: Grants,
    /// `.z.u` for calls of the process itself.
    user: Vec<u8>,
    /// `.z.x`, `.z.X`, `.z.f`
    arguments: Vec<Vec<u8>>,
    command_line: Vec<Vec<u8>>,
    script: Option<Vec<u8>>,
    /// Scripts to run before clients are served: path and text.
    scripts: Vec<(Vec<u8>, Vec<u8>)>,
    /// The argument of `exit`.
    exit: Option<i32>,
    /// Files and pipes that `hopen` has opened.
    files: disk::OpenFiles,
    /// The files that output and errors are redirected to.
    redirected: [Option<Arc<std::fs::File>>; 2],
}

impl Default for Shell {
    fn default() -> Self {
        Self {
            output: Box::new(|_| {}),
            grants: Grants::default(),
            user: Vec::new(),
            arguments: Vec::new(),
            command_line: Vec::new(),
            script: None,
            scripts: Vec::new(),
            exit: None,
            files: disk::OpenFiles::default(),
            redirected: [None, None],
        }
    }
}

impl Interpreter {
    /// Creates an interpreter without globals, with the default [`EvalLimits`].
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::new(EvalLimits::default()), shell: Shell::default() }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: EvalLimits) -> Self {
        self.state.limits = limits;
        self
    }

    /// Passes printed text, and faults that are not answered to a client, to `output`.
    #[must_use]
    pub fn with_output(mut self, output: impl FnMut(Output<'_>) + Send + 'static) -> Self {
        self.shell.output = Box::new(output);
        self
    }

    /// Grants clients access beyond variables.
    #[must_use]
    pub const fn with_grants(mut self, grants: Grants) -> Self {
        self.shell.grants = grants;
        self
    }

    /// Adds a script that runs when the server starts, before clients are served. A fault in it stops the server.
    pub fn add_script(&mut self, path: &str, text: &[u8]) {
        self.shell.script = Some(path.as_bytes().to_vec());
        self.shell.scripts.push((path.as_bytes().to_vec(), text.to_vec()));
    }

    /// Sets the command line, `.z.X`, and the arguments after the script, `.z.x`.
    pub fn set_command_line(&mut self, command_line: Vec<Vec<u8>>, arguments: Vec<Vec<u8>>) {
        self.shell.command_line = command_line;
        self.shell.arguments = arguments;
    }

    /// Sets `.z.u` for calls of the process itself.
    pub fn set_user(&mut self, user: &str) {
        self.shell.user = user.as_bytes().to_vec();
    }

    /// The prompt of the console: `q)`, or with the current namespace `q.a)`.
    #[must_use]
    pub fn prompt(&self) -> String {
        let context = String::from_utf8_lossy(self.state.symbols.text(self.state.context));
        let dot = if context.is_empty() { "" } else { "." };
        format!("q{dot}{context})")
    }

    /// Runs `.z.exit` and returns the exit code of the process.
    pub fn exit(&mut self) -> i32 {
        let code = self.shell.exit.unwrap_or(0);
        Self::run_exit_handler(&mut self.state, &mut (), code);
        code
    }

    /// Sets a global, as the statement `name:body` does.
    ///
    /// # Errors
    ///
    /// `nyi` for a body that is not supported: a splayed table.
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

    /// Registers a Rust function under a name. q calls it as `f x`, `f[x;y]` or `f[]`, and in lists as ``(`f;x)``
    /// or `("f";x)`. As in q, a call without arguments passes `::`.
    pub fn register(&mut self, name: &str, function: impl FnMut(&[Body]) -> Result<Body, Fault> + Send + 'static) {
        let name = self.state.symbols.intern(name.as_bytes());
        let native = Native { name, call: Mutex::new(Box::new(function)) };
        self.state.globals.insert(name, Noun::Func(Func::Native(Arc::new(native))));
    }

    /// Evaluates a message as q's `value` does, without a host.
    ///
    /// # Errors
    ///
    /// As [`evaluate_in`](Self::evaluate_in).
    pub fn evaluate(&mut self, query: Value<'_>) -> Result<Body, Fault> {
        self.evaluate_in(&mut (), query)
    }

    /// Evaluates a message as q's `value` does: the default of `.z.pg` and `.z.ps`.
    ///
    /// Text is parsed and run. A symbol names a global. A list applies its first item to the others. A dict gives
    /// its values.
    ///
    /// # Errors
    ///
    /// The error that q would signal; `nyi` for unsupported constructs; `stack`, `stop` or `wsfull` if a limit is
    /// exceeded.
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
