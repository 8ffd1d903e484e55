//! The server as the process that q text sees.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use kcodec::{Body, Value};
use kwire::Error;

use crate::context::{Context, Event, Ticket};
use crate::peer::{Peer, PeerId};
use crate::port::Port;
use crate::q::disk;
use crate::q::fault::Fault;
use crate::q::host::{Caller, CommandLinePart, Entry, Handle, HandleInfo, Host, Incoming};
use crate::q::{Output, Shell};
use crate::reply::Deferred;

/// Connect timeout of `hopen` if none is given.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes that one client request may print.
const PRINTED: usize = 64 << 10;

/// The server during one call of a handler; implements the evaluator's [`Host`].
pub(super) struct Process<'a, 'c> {
    cx: &'a mut Context<'c>,
    shell: &'a mut Shell,
    /// The peer that the call is for; `None` for the process itself: timers, scripts, closed connections.
    peer: Option<&'a Peer>,
    /// Whether the call handles a sync message, whose answer can be deferred.
    sync: bool,
    pub(super) deferred: bool,
    /// Unanswered sync messages that arrived during a wait.
    waiting: VecDeque<Deferred>,
    /// The request whose response is awaited.
    awaited: Option<Ticket>,
    printed: usize,
}

impl<'a, 'c> Process<'a, 'c> {
    pub(super) const fn new(cx: &'a mut Context<'c>, shell: &'a mut Shell, peer: Option<&'a Peer>, sync: bool) -> Self {
        Self { cx, shell, peer, sync, deferred: false, waiting: VecDeque::new(), awaited: None, printed: 0 }
    }

    fn id(&self, handle: Handle) -> Result<PeerId, Fault> {
        self.cx.find(handle).ok_or_else(|| crate::q::host::bad_handle(handle))
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
        Error::Failed => crate::q::host::bad_handle(handle),
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
        let pipe = self.shell.files.pipe(handle).ok_or_else(|| crate::q::host::bad_handle(handle))?;
        disk::read_pipe(self, &pipe, bytes)
    }

    fn is_file(&self, handle: Handle) -> bool {
        self.shell.files.has(handle)
    }

    fn append(&mut self, handle: Handle, bytes: &[u8]) -> Result<(), Fault> {
        self.granted(self.shell.grants.files)?;
        let file = self.shell.files.get(handle).ok_or_else(|| crate::q::host::bad_handle(handle))?;
        disk::append(self, &file, bytes)
    }
}
