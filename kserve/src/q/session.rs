//! The evaluator as a server's handler: q's `.z` callbacks.

mod host;

use kcodec::{Kind, Value};
use kwire::{Error, Message};

use super::answer;
use super::eval;
use super::fault::{Fault, R};
use super::host::Host;
use super::noun::{Dict, Noun, atom};
use super::process;
use super::symbols::Sym;
use super::vm::{State, Vm};
use super::wire;
use super::{Grants, Interpreter, Output};
use crate::context::Context;
use crate::handler::Handler;
use crate::peer::Peer;
use crate::reply::Reply;

use host::Process;

impl Interpreter {
    /// Calls a handler, if it is set, for the process itself or on behalf of a peer.
    fn callback(
        &mut self,
        cx: &mut Context<'_>,
        peer: Option<&Peer>,
        name: &'static str,
        args: impl FnOnce(&mut Vm<'_>) -> R<Vec<Noun>>,
    ) {
        let Some(function) = self.handler(name) else { return };
        let mut process = Process::new(cx, &mut self.shell, peer, false);
        let mut vm = Vm::new(&mut self.state, &mut process);
        let done = args(&mut vm).and_then(|args| vm.apply(&function, args));
        if let Err(fault) = done {
            let handle = vm.host.caller().handle;
            vm.host.fault(handle, name, &fault);
        }
    }

    /// The function of a handler, if it is set.
    fn handler(&self, name: &str) -> Option<Noun> {
        let name = self.state.symbols.find(name.as_bytes())?;
        self.state.globals.get(&name).cloned()
    }

    /// Evaluates a message. Also returns whether its answer is deferred.
    fn message(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, sync: bool) -> (R, bool) {
        let function = self.state.globals.get(if sync { &Sym::PG } else { &Sym::PS }).cloned();
        let mut process = Process::new(cx, &mut self.shell, Some(peer), sync);
        let mut vm = Vm::new(&mut self.state, &mut process);
        let value = match (function, message.value().as_text()) {
            // Fast path: without a handler, text is parsed in place.
            (None, Some(text)) => vm.command(text),
            // A data vector cannot be evaluated; reject it without copying it.
            (None, None) if is_data(message.value()) => Err(Fault::TYPE),
            (None, None) => vm.noun(message.value()).and_then(|message| vm.value(message)),
            (Some(function), _) => vm.noun(message.value()).and_then(|message| vm.apply(&function, vec![message])),
        };
        let value =
            value.and_then(|value| vm.plain(value)).and_then(|value| vm.room(wire::weight(&value)).map(|()| value));
        (value, process.deferred)
    }

    /// Runs `.z.exit`. The server must have stopped.
    pub(crate) fn run_exit_handler(state: &mut State, host: &mut dyn Host, code: i32) {
        let mut vm = Vm::new(state, host);
        let function = vm.q.symbols.find(b".z.exit").and_then(|name| vm.q.globals.get(&name)).cloned();
        if let Some(function) = function
            && let Err(fault) = vm.apply(&function, vec![Noun::int(code)])
        {
            vm.host.fault(0, ".z.exit", &fault);
        }
    }

    fn respond(&mut self, peer: &Peer, value: R, reply: Reply<'_>) {
        let symbols = &self.state.symbols;
        let fault = match value {
            Ok(value) if wire::weight(&value) >= answer::LARGE => {
                match answer::parts(&value, symbols, reply.capability()) {
                    Ok(parts) => return reply.parts(parts),
                    Err(fault) => fault,
                }
            }
            Ok(value) => {
                let bump = bumpalo::Bump::new();
                match wire::view(&value, symbols, &bump) {
                    Ok(view) => return reply.value(view),
                    Err(fault) => fault,
                }
            }
            Err(fault) => fault,
        };
        (self.shell.output)(Output::Fault { handle: peer.id().handle(), what: "sync", fault: &fault });
        reply.error(fault.text());
    }
}

/// Calls the handlers that are set in q; otherwise evaluates messages with `value`.
impl Handler for Interpreter {
    fn on_start(&mut self, cx: &mut Context<'_>) {
        let scripts = std::mem::take(&mut self.shell.scripts);
        for (path, text) in scripts {
            let mut process = Process::new(cx, &mut self.shell, None, false);
            let done = Vm::new(&mut self.state, &mut process).script(&path, &text);
            if done.is_err() {
                self.shell.exit = Some(1);
                cx.stop();
                return;
            }
        }
    }

    fn on_login(&mut self, cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
        let Some(function) = self.handler(".z.pw") else { return true };
        let mut process = Process::new(cx, &mut self.shell, Some(peer), false);
        let mut vm = Vm::new(&mut self.state, &mut process);
        let user = Noun::sym(vm.intern(peer.user()));
        let password = Noun::text(password.to_vec());
        match vm.apply(&function, vec![user, password]) {
            Ok(answer) => eval::truth(&answer).unwrap_or(false) && answer.kind() == Some(Kind::Boolean),
            Err(fault) => {
                vm.host.fault(peer.id().handle(), ".z.pw", &fault);
                false
            }
        }
    }

    fn on_open(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let handle = peer.id().handle();
        self.callback(cx, Some(peer), ".z.po", |_| Ok(vec![Noun::int(handle)]));
    }

    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
        let (value, deferred) = self.message(cx, peer, message, true);
        if deferred && value.is_ok() {
            let _ = reply.defer();
        } else {
            self.respond(peer, value, reply);
        }
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        if let (Err(fault), _) = self.message(cx, peer, message, false) {
            (self.shell.output)(Output::Fault { handle: peer.id().handle(), what: "async", fault: &fault });
        }
    }

    fn on_line(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        let function = self.handler(".z.pi");
        let mut process = Process::new(cx, &mut self.shell, None, false);
        let mut vm = Vm::new(&mut self.state, &mut process);
        let shown = match function {
            Some(function) => vm.apply(&function, vec![Noun::text(line.to_vec())]).map(|_| String::new()),
            None => vm.console_line(line),
        };
        match shown {
            Ok(text) => vm.host.print(1, text.as_bytes()),
            Err(fault) => {
                let construct = fault.construct().map(|construct| format!(" ({construct})")).unwrap_or_default();
                vm.host.print(1, format!("'{fault}{construct}\n").as_bytes());
            }
        }
    }

    fn on_timer(&mut self, cx: &mut Context<'_>) {
        self.callback(cx, None, ".z.ts", |_| Ok(vec![atom(Kind::Timestamp, process::now())]));
    }

    fn on_close(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        let handle = peer.id().handle();
        self.callback(cx, None, ".z.pc", |_| Ok(vec![Noun::int(handle)]));
    }

    fn on_bad_message(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &[u8], _error: &Error) {
        let handle = peer.id().handle();
        self.callback(cx, Some(peer), ".z.bm", |vm| {
            vm.room(message.len())?;
            let bytes = super::noun::vector(Kind::Byte, message.to_vec());
            Ok(vec![super::noun::List::raw(vec![Noun::int(handle), bytes])?])
        });
    }

    fn on_http(&mut self, cx: &mut Context<'_>, peer: &Peer, request: &[u8]) -> Vec<u8> {
        let Some(function) = self.handler(".z.ph").filter(|_| request.starts_with(b"GET ")) else {
            return crate::handler::BAD_REQUEST.to_vec();
        };
        let mut process = Process::new(cx, &mut self.shell, Some(peer), false);
        let mut vm = Vm::new(&mut self.state, &mut process);
        let answer = http_request(&mut vm, request).and_then(|request| vm.apply(&function, vec![request]));
        match answer.as_ref().map(Noun::as_text) {
            Ok(Some(text)) => text.to_vec(),
            Ok(None) => crate::handler::BAD_REQUEST.to_vec(),
            Err(fault) => {
                vm.host.fault(peer.id().handle(), ".z.ph", fault);
                b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
            }
        }
    }
}

/// Whether a value is a vector that `value` does not evaluate.
fn is_data(value: Value<'_>) -> bool {
    matches!(value, Value::Vector(vector) if vector.kind() != Kind::Symbol)
}

/// Parses a request to `(text; headers)`: the target without its leading slash, and a dict of the headers.
fn http_request(vm: &mut Vm<'_>, request: &[u8]) -> R {
    let mut lines = request.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let target = first.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    let text = target.strip_prefix(b"/").unwrap_or(target).to_vec();
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for line in lines.take_while(|line| !line.is_empty()) {
        vm.charge(64)?;
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        names.push(vm.intern(name));
        values.push(Noun::text(value.get(1..).unwrap_or_default().trim_ascii().to_vec()));
    }
    let headers = Dict::new(Noun::syms(names), super::noun::List::raw(values)?)?;
    super::noun::List::raw(vec![Noun::text(text), headers])
}

impl Grants {
    /// Grants everything.
    pub const ALL: Self = Self { net: true, files: true, exit: true };
}
