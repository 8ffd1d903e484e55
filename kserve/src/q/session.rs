//! The evaluator as a server's handler: q's `.z` callbacks, and the server as the process that q text sees.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use kcodec::{Body, Kind, Value};
use kwire::{Error, Message};

use super::answer;
use super::disk;
use super::eval;
use super::fault::{Fault, R};
use super::host::{Caller, CommandLinePart, Entry, Handle, HandleInfo, Host, Incoming};
use super::noun::{Dict, Noun, atom};
use super::process;
use super::symbols::Sym;
use super::vm::{State, Vm};
use super::wire;
use super::{Grants, Interpreter, Output, Shell};
use crate::context::{Context, Event, Ticket};
use crate::handler::Handler;
use crate::peer::{Peer, PeerId};
use crate::port::Port;
use crate::reply::{Deferred, Reply};

/// Connect timeout of `hopen` if none is given.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes that one client request may print.
const PRINTED: usize = 64 << 10;

/// The server during one call of a handler; implements the evaluator's [`Host`].
struct Process<'a, 'c> {
    cx: &'a mut Context<'c>,
    shell: &'a mut Shell,
    /// The peer that the call is for; `None` for the process itself: timers, scripts, closed connections.
    peer: Option<&'a Peer>,
    /// Whether the call handles a sync message, whose answer can be deferred.
    sync: bool,
    deferred: bool,
    /// Unanswered sync messages that arrived during a wait.
    waiting: VecDeque<Deferred>,
    /// The request whose response is awaited.
    awaited: Option<Ticket>,
    printed: usize,
}

impl<'a, 'c> Process<'a, 'c> {
    const fn new(cx: &'a mut Context<'c>, shell: &'a mut Shell, peer: Option<&'a Peer>, sync: bool) -> Self {
        Self { cx, shell, peer, sync, deferred: false, waiting: VecDeque::new(), awaited: None, printed: 0 }
    }

    fn id(&self, handle: Handle) -> Result<PeerId, Fault> {
        self.cx.find(handle).ok_or_else(|| super::host::bad_handle(handle))
    }

    /// Fails with `access`, unless the call is the process's own or clients are granted the operation.
    fn granted(&self, granted: bool) -> Result<(), Fault> {
        if self.peer.is_none() || granted { Ok(()) } else { Err(Fault::new("access")) }
    }
}

/// Maps connection errors to q's errors.
fn fault(handle: Handle, error: &Error) -> Fault {
    match error {
        Error::TimedOut => Fault::STOP,
        Error::Full(_) => Fault::WSFULL,
        Error::Unsendable(error) => Fault::from(*error),
        Error::Refused => Fault::new("access"),
        Error::Crowded => Fault::new("conn"),
        Error::Failed => super::host::bad_handle(handle),
        Error::Io(error) => Fault::reported(&format!("rcv handle: {handle}"), error),
        other => Fault::from(other.to_string()),
    }
}

impl Host for Process<'_, '_> {
    fn caller(&self) -> Caller {
        match self.peer {
            Some(peer) => Caller {
                handle: peer.id().handle(),
                user: peer.user().to_vec(),
                address: match peer.address().map(|address| address.to_canonical()) {
                    Some(IpAddr::V4(address)) => address.to_bits(),
                    _ => 0,
                },
            },
            None => Caller { handle: 0, user: self.shell.user.clone(), address: u32::from_be_bytes([127, 0, 0, 1]) },
        }
    }

    fn may_write(&self) -> bool {
        self.peer.is_none() || !self.cx.is_read_only()
    }

    fn interrupted(&mut self) -> bool {
        self.cx.interrupted().is_some()
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.cx.memory().has_room(bytes)
    }

    fn memory(&self) -> (usize, usize) {
        let memory = self.cx.memory();
        (memory.held(), memory.limit())
    }

    fn print(&mut self, handle: Handle, text: &[u8]) {
        let room = if self.peer.is_some() { PRINTED.saturating_sub(self.printed) } else { usize::MAX };
        let text = text.get(..room).unwrap_or(text);
        self.printed = self.printed.saturating_add(text.len());
        if let [text_file, errors_file] = &self.shell.redirected
            && let Some(file) = if handle == 2 { errors_file } else { text_file }.clone()
        {
            // Like a write to a closed terminal, an error has nowhere to be reported.
            drop(disk::append(self, &file, text));
            return;
        }
        (self.shell.output)(if handle == 2 { Output::Errors(text) } else { Output::Text(text) });
    }

    fn redirect(&mut self, handle: Handle, path: &[u8]) -> Result<(), Fault> {
        self.granted(self.shell.grants.files)?;
        let file = if path == b"/dev/stdin" { None } else { Some(Arc::new(disk::open_to_append(path)?)) };
        let [text_file, errors_file] = &mut self.shell.redirected;
        *(if handle == 2 { errors_file } else { text_file }) = file;
        Ok(())
    }

    fn fault(&mut self, handle: Handle, what: &'static str, fault: &Fault) {
        (self.shell.output)(Output::Fault { handle, what, fault });
    }

    fn command_line(&self, part: CommandLinePart) -> Vec<Vec<u8>> {
        match part {
            CommandLinePart::Arguments => self.shell.arguments.clone(),
            CommandLinePart::All => self.shell.command_line.clone(),
            CommandLinePart::Script => self.shell.script.iter().cloned().collect(),
        }
    }

    fn port(&self) -> u16 {
        self.cx.port().unwrap_or(0)
    }

    #[cfg(feature = "tls")]
    fn tls_mode(&self) -> i32 {
        match self.cx.tls() {
            None => 0,
            Some(crate::Tls::Optional) => 1,
            Some(crate::Tls::Required) => 2,
        }
    }

    #[cfg(feature = "tls")]
    fn tls_settings(&self) -> Result<Vec<(&'static str, String)>, Fault> {
        let options = kwire::tls::Options::from_env().map_err(|error| Fault::from(error.to_string()))?;
        Ok(options.settings().into())
    }

    fn open(&mut self, address: &[u8], timeout: Option<Duration>) -> Result<Handle, Fault> {
        self.granted(self.shell.grants.net)?;
        let text = std::str::from_utf8(address).map_err(|_| Fault::TYPE)?;
        match self.cx.connect(text, timeout.unwrap_or(CONNECT)) {
            Ok(id) => Ok(id.handle()),
            Err(Error::TimedOut) => Err(Fault::new("timeout")),
            Err(Error::Io(error)) => Err(Fault::reported("hop", &error)),
            Err(error) => Err(fault(0, &error)),
        }
    }

    fn close(&mut self, handle: Handle) -> Result<(), Fault> {
        if self.is_file(handle) {
            self.granted(self.shell.grants.files)?;
            self.shell.files.close(handle);
            return Ok(());
        }
        let id = self.id(handle)?;
        self.cx.close(id);
        Ok(())
    }

    fn send(&mut self, handles: &[Handle], body: &Body) -> Result<(), Fault> {
        let mut ids = Vec::with_capacity(handles.len());
        for &handle in handles {
            ids.push(self.id(handle)?);
        }
        let sent = match ids.as_slice() {
            [one] => self.cx.send_body(*one, body),
            all => self.cx.broadcast_body(all, body),
        };
        sent.map_err(|error| fault(handles.first().copied().unwrap_or_default(), &error))
    }

    fn flush(&mut self, handle: Handle) -> Result<(), Fault> {
        let id = self.id(handle)?;
        self.cx.flush(id, Duration::MAX).map_err(|error| fault(handle, &error))
    }

    fn request(&mut self, handle: Handle, body: &Body) -> Result<(), Fault> {
        let id = self.id(handle)?;
        let ticket = self.cx.request(id, body.value()).map_err(|error| fault(handle, &error))?;
        self.awaited = Some(ticket);
        Ok(())
    }

    fn wait(&mut self, handle: Handle) -> Result<Incoming, Fault> {
        let id = self.id(handle)?;
        let awaited = self.awaited;
        loop {
            return Ok(match self.cx.wait(id, Duration::MAX).map_err(|error| fault(handle, &error))? {
                // The response to an earlier request, whose wait was interrupted.
                Event::Response(ticket, _) if Some(ticket) != awaited => continue,
                Event::Response(_, message) => match message.value() {
                    Value::Error(text) => return Err(Fault::named(text.as_bytes())),
                    _ => Incoming::Response(message.into_body()),
                },
                Event::Async(message) => Incoming::Async(message.into_body()),
                Event::Sync(message, deferred) => {
                    self.waiting.push_back(deferred);
                    Incoming::Sync(message.into_body())
                }
            });
        }
    }

    fn respond(&mut self, handle: Handle, answer: Result<&Body, &str>) -> Result<(), Fault> {
        let at = self.waiting.iter().rposition(|deferred| deferred.id().handle() == handle);
        if let Some(deferred) = at.and_then(|at| self.waiting.remove(at)) {
            self.cx.respond(deferred, answer);
            return Ok(());
        }
        let id = self.id(handle)?;
        let answered = self.cx.oldest_deferred(id).filter(|&deferred| self.cx.answer(deferred, answer));
        answered.map(|_| ()).ok_or_else(|| Fault::from(format!("Handle {handle} was not expecting a response msg")))
    }

    fn defer(&mut self) -> Result<(), Fault> {
        if let Some(deferred) = self.waiting.pop_back() {
            self.cx.defer(deferred);
            return Ok(());
        }
        self.deferred = self.sync;
        if self.sync { Ok(()) } else { Err(Fault::DOMAIN) }
    }

    fn handles(&self) -> Vec<HandleInfo> {
        let info = |queue: crate::context::Queue| HandleInfo {
            handle: queue.id.handle(),
            messages: queue.messages,
            bytes: queue.bytes,
            unix: self.cx.peer(queue.id).is_some_and(|peer| peer.address().is_none()),
            compresses: self.cx.peer(queue.id).is_some_and(|peer| {
                peer.capability().compresses()
                    && peer.address().is_some_and(|address| !address.to_canonical().is_loopback())
            }),
            #[cfg(feature = "tls")]
            tls: self.cx.session(queue.id).and_then(|session| session.cipher().zip(session.protocol())),
            #[cfg(not(feature = "tls"))]
            tls: None,
        };
        self.cx.handles().map(info).collect()
    }

    fn set_timer(&mut self, period: Option<Duration>) {
        self.cx.set_timer(period);
    }

    fn timeout(&self) -> u64 {
        self.cx.limits().request.as_secs()
    }

    fn set_timeout(&mut self, seconds: u64) {
        self.cx.set_request_limit(Duration::from_secs(seconds));
    }

    fn exit(&mut self, code: i32) -> Result<(), Fault> {
        self.granted(self.shell.grants.exit)?;
        self.shell.exit = Some(code);
        self.cx.stop();
        Ok(())
    }

    fn listen(&mut self, port: &[u8]) -> Result<(), Fault> {
        let text = std::str::from_utf8(port).map_err(|_| Fault::TYPE)?;
        let port = if text == "0" { None } else { Some(text.parse::<Port>().map_err(Fault::from)?) };
        self.cx.listen(port.as_ref()).map_err(|error| Fault::from(format!("{text}: {error}")))
    }

    fn read(&mut self, path: &[u8], part: Range<u64>) -> Result<bytes::Bytes, Fault> {
        self.granted(self.shell.grants.files)?;
        disk::read(self, path, part)
    }

    fn look(&mut self, path: &[u8]) -> Result<Entry, Fault> {
        self.granted(self.shell.grants.files)?;
        disk::look(self, path)
    }

    fn write(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        self.granted(self.shell.grants.files)?;
        disk::write(self, path, bytes)
    }

    fn remove(&mut self, path: &[u8]) -> Result<(), Fault> {
        self.granted(self.shell.grants.files)?;
        disk::remove(path)
    }

    fn open_file(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        self.granted(self.shell.grants.files)?;
        self.shell.files.open(path)
    }

    fn open_pipe(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        self.granted(self.shell.grants.files)?;
        self.shell.files.open_pipe(path)
    }

    fn read_pipe(&mut self, handle: Handle, bytes: usize) -> Result<Vec<u8>, Fault> {
        self.granted(self.shell.grants.files)?;
        let pipe = self.shell.files.pipe(handle).ok_or_else(|| super::host::bad_handle(handle))?;
        disk::read_pipe(self, &pipe, bytes)
    }

    fn is_file(&self, handle: Handle) -> bool {
        self.shell.files.has(handle)
    }

    fn append(&mut self, handle: Handle, bytes: &[u8]) -> Result<(), Fault> {
        self.granted(self.shell.grants.files)?;
        let file = self.shell.files.get(handle).ok_or_else(|| super::host::bad_handle(handle))?;
        disk::append(self, &file, bytes)
    }
}

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
