//! The handler of the binary: the interpreter, with logging around it.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use kserve::q::{Handle, Output};
use kserve::{Context, Fault, Grants, Handler, Interpreter, Peer, Reply};
use kwire::{Error, Message};
use tracing::{debug, error, warn};

use crate::log::{Field, Rate};
use crate::options::{Grant, Options};

/// The handler of the binary.
#[derive(Debug)]
pub(crate) struct Q {
    pub(crate) interpreter: Interpreter,
    timer: Duration,
    read_only: bool,
    /// Whether the console is a terminal, and so gets a prompt.
    prompts: bool,
    rate: Rate,
}

impl Q {
    pub(crate) fn new(options: &Options) -> Self {
        let has = |grant| options.allow.contains(&grant);
        let grants = Grants { net: has(Grant::Net), files: has(Grant::Files), exit: has(Grant::Exit) };
        let mut rate = Rate::new();
        let output = move |output: Output<'_>| match output {
            // A failed write to standard output or error has nowhere to be reported.
            Output::Text(text) => drop(io::stdout().lock().write_all(text)),
            Output::Errors(text) => drop(io::stderr().lock().write_all(text)),
            Output::Fault { handle, what, fault } => log(handle, what, fault, &mut rate),
            _ => {}
        };
        let mut interpreter = Interpreter::new().with_grants(grants).with_output(output);
        if let Ok(user) = std::env::var("USER") {
            interpreter.set_user(&user);
        }
        Self {
            interpreter,
            timer: Duration::from_millis(options.timer),
            read_only: options.read_only,
            prompts: options.has_console() && io::stdin().is_terminal(),
            rate: Rate::new(),
        }
    }
}

impl Q {
    /// Prints the prompt, if the console is a terminal.
    fn prompt(&self) {
        if self.prompts {
            let mut out = io::stdout().lock();
            drop(write!(out, "{}", self.interpreter.prompt()).and_then(|()| out.flush()));
        }
    }
}

/// Logs a fault. A fault that a sync caller receives is logged at debug level only, unless it names an unsupported
/// construct.
fn log(handle: Handle, what: &str, fault: &Fault, rate: &mut Rate) {
    let answered = what == "sync" && fault.construct().is_none();
    if (answered && !tracing::enabled!(tracing::Level::DEBUG)) || !rate.allow() {
        return;
    }
    let text = fault.to_string();
    let text = Field(text.as_bytes());
    match fault.construct() {
        Some(construct) => warn!(handle, "{what}: '{text}: {}", Field(construct.as_bytes())),
        None if answered => debug!(handle, "{what}: '{text}"),
        None => error!(handle, "{what}: '{text}"),
    }
}

impl Handler for Q {
    fn on_start(&mut self, cx: &mut Context<'_>) {
        if !self.timer.is_zero() {
            cx.set_timer(Some(self.timer));
        }
        self.interpreter.on_start(cx);
        self.prompt();
    }

    fn on_login(&mut self, cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
        cx.set_read_only(self.read_only);
        self.interpreter.on_login(cx, peer, password)
    }

    fn on_open(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let (user, capability) = (Field(peer.user()), peer.capability().byte());
        debug!(handle = %peer.id(), address = %shown(peer), %user, capability, "open");
        cx.set_read_only(self.read_only);
        self.interpreter.on_open(cx, peer);
    }

    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
        cx.set_read_only(self.read_only);
        self.interpreter.on_sync(cx, peer, message, reply);
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        cx.set_read_only(self.read_only);
        self.interpreter.on_async(cx, peer, message);
    }

    fn on_line(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        self.interpreter.on_line(cx, line);
        self.prompt();
    }

    fn on_timer(&mut self, cx: &mut Context<'_>) {
        self.interpreter.on_timer(cx);
    }

    fn on_http(&mut self, cx: &mut Context<'_>, peer: &Peer, request: &[u8]) -> Vec<u8> {
        cx.set_read_only(self.read_only);
        self.interpreter.on_http(cx, peer, request)
    }

    fn on_close(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        debug!(handle = %peer.id(), "close");
        self.interpreter.on_close(cx, peer);
    }

    fn on_bad_message(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
        if self.rate.allow() {
            let shown_error = error.to_string();
            let (user, text) = (Field(peer.user()), Field(shown_error.as_bytes()));
            warn!(handle = %peer.id(), address = %shown(peer), %user, bytes = message.len(), "badmsg: {text}");
        }
        cx.set_read_only(self.read_only);
        self.interpreter.on_bad_message(cx, peer, message, error);
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        if self.rate.allow() {
            let error = error.to_string();
            let (user, error) = (Field(peer.user()), Field(error.as_bytes()));
            warn!(handle = %peer.id(), address = %shown(peer), %user, "closing: {error}");
        }
    }

    fn on_exhausted(&mut self, _cx: &mut Context<'_>, error: &io::Error) {
        warn!("cannot accept connections: {error}");
    }
}

fn shown(peer: &Peer) -> impl Display + use<> {
    peer.address().map_or_else(|| "unix".to_owned(), |address| address.to_string())
}
