//! Handles: `h "2+2"`, `neg[h] x`, `hopen`.

use std::time::Duration;

use super::apply;
use super::fault::{Fault, R};
use super::host::{Handle, Incoming};
use super::noun::{Noun, Table, vector};
use super::search::long;
use super::symbols::Sym;
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    unary("hopen", Some(44), hopen),
    unary("hclose", None, |vm, x| {
        let handle = x.as_long().and_then(|handle| i32::try_from(handle).ok()).ok_or(Fault::TYPE)?;
        vm.host.close(handle.saturating_abs())?;
        Ok(Noun::Null)
    }),
];

/// `` hopen`:host:port:user:password ``, `hopen 5010`, `hopen(address;milliseconds)`, `` hopen`:file ``,
/// `` hopen`:fifo://pipe ``
fn hopen(vm: &mut Vm<'_>, x: Noun) -> R {
    let (address, timeout) = vm.address(&x)?;
    if let Some(path) = address.strip_prefix(b"fifo://") {
        vm.may_write(Sym::NULL)?;
        return vm.host.open_pipe(path).map(Noun::int);
    }
    if is_path(&address) {
        vm.may_write(Sym::NULL)?;
        return vm.host.open_file(&address).map(Noun::int);
    }
    vm.host.open(&address, timeout).map(Noun::int)
}

/// Whether an address (without its leading colon) is a path. A host has a second colon, and a port is a number.
fn is_path(address: &[u8]) -> bool {
    !address.contains(&b':') && !address.iter().all(u8::is_ascii_digit)
}

impl Vm<'_> {
    /// Splits the argument of `hopen` into address and connect timeout.
    fn address(&self, x: &Noun) -> R<(Vec<u8>, Option<Duration>)> {
        match x {
            Noun::List(list) => match list.items() {
                [address, millis] => {
                    let millis = u64::try_from(millis.as_long().ok_or(Fault::TYPE)?).map_err(|_| Fault::DOMAIN)?;
                    let (address, _) = self.address(address)?;
                    Ok((address, (millis > 0).then(|| Duration::from_millis(millis))))
                }
                _ => Err(Fault::TYPE),
            },
            Noun::Vector(_) if x.len() == 2 && x.as_long().is_none() && x.as_text().is_none() => {
                match (x.at(0), x.at(1)) {
                    (port, millis) if port.as_long().is_some() => self.address(&apply::pair(port, millis)?),
                    _ => Err(Fault::TYPE),
                }
            }
            _ => {
                let text = match (x.as_text(), x.as_sym(), x.as_long()) {
                    (Some(text), _, _) => text.to_vec(),
                    (_, Some(sym), _) => self.text(sym).to_vec(),
                    (_, _, Some(port)) => port.to_string().into_bytes(),
                    _ => return Err(Fault::TYPE),
                };
                Ok((text.strip_prefix(b":").unwrap_or(&text).to_vec(), None))
            }
        }
    }

    /// Applies an integer: 0 evaluates locally, 1 and 2 print, others are files or connections. Negative handles do
    /// not wait.
    pub(crate) fn apply_handle(&mut self, handle: &Noun, args: Vec<Noun>) -> R {
        let number = handle.as_long().and_then(|number| i32::try_from(number).ok()).ok_or(Fault::TYPE)?;
        let [x] = <[Noun; 1]>::try_from(args).map_err(|_| Fault::RANK)?;
        match number {
            0 => self.recurse(|vm| vm.value(x)),
            -2 | -1 | 1 | 2 => {
                self.print(number, &x)?;
                Ok(handle.clone())
            }
            ..0 if is_nothing(&x) && self.host.is_file(number.saturating_neg()) => Ok(Noun::Null),
            _ if self.host.is_file(number.saturating_abs()) => {
                self.append_file(number, &x)?;
                Ok(handle.clone())
            }
            1.. if matches!(x, Noun::Null) => self.next_message(number),
            1.. => self.ask(number, &x),
            _ if is_nothing(&x) => {
                self.host.flush(-number)?;
                Ok(Noun::Null)
            }
            _ => {
                let body = self.body(&x)?;
                self.host.send(&[-number], &body)?;
                Ok(Noun::Null)
            }
        }
    }

    /// `-1 x`, `2 x`: prints text. Negative handles add a newline, and print each item of a list on a line.
    pub(crate) fn print(&mut self, handle: Handle, x: &Noun) -> R<()> {
        if let (Noun::List(list), true) = (x, handle < 0) {
            return list.items().iter().try_for_each(|item| self.print(handle, item));
        }
        let mut text = match (x.as_text(), x.as_sym()) {
            (Some(text), _) => text.to_vec(),
            (_, Some(sym)) => self.text(sym).to_vec(),
            _ => self.with_form(x, false, |value| Ok(value.to_string().into_bytes()))?,
        };
        if handle < 0 {
            text.push(b'\n');
        }
        self.charge(text.len())?;
        self.host.print(handle.saturating_abs(), &text);
        Ok(())
    }

    /// `h x` appends text, bytes, or the encoding of each list item. `neg[h] x` appends text lines.
    fn append_file(&mut self, handle: Handle, x: &Noun) -> R<()> {
        let file = handle.saturating_abs();
        self.may_write(Sym::NULL)?;
        match (x, x.as_text()) {
            (_, Some(text)) if handle < 0 => {
                self.room(text.len())?;
                self.host.append(file, &[text, b"\n"].concat())
            }
            (_, Some(text)) => self.host.append(file, text),
            (Noun::Vector(bytes), _) if bytes.kind == Kind::Byte && handle > 0 => {
                self.host.append(file, x.items::<u8>().unwrap_or_default())
            }
            (Noun::List(list), _) if handle < 0 && list.items().iter().all(|item| item.as_text().is_some()) => {
                list.items().iter().try_for_each(|item| self.append_file(handle, item))
            }
            (Noun::List(list), _) if handle > 0 && list.items().iter().all(|item| item.as_text().is_none()) => {
                let mut all = Vec::new();
                for item in list.items() {
                    let body = self.body(item)?;
                    self.grow(&mut all, body.as_bytes().len())?;
                    all.extend_from_slice(body.as_bytes());
                }
                self.host.append(file, &all)
            }
            _ => Err(Fault::nyi("a value appended to a file")),
        }
    }

    /// `h x`: sends a request and waits for its response. Serves other messages meanwhile.
    fn ask(&mut self, handle: Handle, x: &Noun) -> R {
        let body = self.body(x)?;
        self.host.request(handle, &body)?;
        loop {
            match self.host.wait(handle)? {
                Incoming::Response(body) => return self.noun(body.value()),
                other => self.serve(handle, other)?,
            }
        }
    }

    /// `h[]`: waits for the next async message and returns it unevaluated.
    fn next_message(&mut self, handle: Handle) -> R {
        loop {
            match self.host.wait(handle)? {
                Incoming::Async(body) => return self.noun(body.value()),
                Incoming::Response(_) => {}
                sync => self.serve(handle, sync)?,
            }
        }
    }

    /// Passes a message that arrived during a wait to `.z.ps` or `.z.pg`.
    fn serve(&mut self, handle: Handle, incoming: Incoming) -> R<()> {
        self.check_stack()?;
        match incoming {
            Incoming::Async(body) => {
                let done = self.noun(body.value()).and_then(|message| self.handle_with(b".z.ps", message));
                if let Err(fault) = done {
                    self.host.fault(handle, "async", &fault);
                }
                Ok(())
            }
            Incoming::Sync(body) => {
                let done = self.noun(body.value()).and_then(|message| self.handle_with(b".z.pg", message));
                match done.and_then(|value| self.body(&value)) {
                    Ok(body) => self.host.respond(handle, Ok(&body)),
                    Err(fault) => self.host.respond(handle, Err(fault.text())),
                }
            }
            Incoming::Response(_) => Ok(()),
        }
    }

    /// Evaluates a message with a handler; with `value` if the handler is not set.
    pub(crate) fn handle_with(&mut self, handler: &[u8], message: Noun) -> R {
        match self.q.symbols.find(handler).and_then(|name| self.q.globals.get(&name)).cloned() {
            Some(function) => self.apply(&function, vec![message]),
            None => self.value(message),
        }
    }

    /// `` `::5001 "2+2" ``, `` `::[(address;ms);query] ``: connects, sends a request, closes.
    pub(crate) fn one_shot(&mut self, address: &Noun, args: Vec<Noun>) -> R {
        let mut args = args.into_iter();
        let (Some(first), second, None) = (args.next(), args.next(), args.next()) else { return Err(Fault::RANK) };
        let (address, timeout, query) = match second {
            None => (self.address(address)?.0, None, first),
            Some(query) if address.as_sym().is_some_and(|sym| self.text(sym) == b"::") => {
                let (address, timeout) = self.address(&first)?;
                (address, timeout, query)
            }
            Some(_) => return Err(Fault::RANK),
        };
        if is_path(&address) {
            return Err(Fault::nyi("a file applied"));
        }
        let handle = self.host.open(&address, timeout)?;
        let answer = self.ask(handle, &query);
        self.host.close(handle).ok();
        answer
    }

    /// `-25!(handles;message)`: encodes once for all handles; `::` flushes.
    pub(crate) fn broadcast(&mut self, x: &Noun) -> R {
        let Noun::List(list) = x else { return Err(Fault::TYPE) };
        let [handles, message] = list.items() else { return Err(Fault::LENGTH) };
        let numbers = self.handle_numbers(handles)?;
        if is_nothing(message) {
            for handle in numbers {
                self.host.flush(handle)?;
            }
            return Ok(Noun::Null);
        }
        let open = self.host.handles();
        if let Some(bad) = numbers.iter().find(|&&handle| !open.iter().any(|info| info.handle == handle)) {
            return Err(Fault::from(format!("{bad} is not an ipc handle")));
        }
        let body = self.body(message)?;
        self.host.send(&numbers, &body)?;
        Ok(Noun::Null)
    }

    fn handle_numbers(&self, handles: &Noun) -> R<Vec<Handle>> {
        let number = |noun: &Noun| noun.as_long().and_then(|long| i32::try_from(long).ok()).ok_or(Fault::TYPE);
        match handles {
            Noun::Atom(_) => Ok(vec![number(handles)?]),
            Noun::Vector(_) => (0..handles.len()).map(|index| number(&handles.at(index))).collect(),
            Noun::List(list) if list.items().is_empty() => Ok(Vec::new()),
            _ => Err(Fault::TYPE),
        }
    }

    /// `-30!(::)` defers the response to the current request; `-30!(handle;is error;value)` sends it.
    pub(crate) fn deferred(&mut self, x: &Noun) -> R {
        if matches!(x, Noun::Null) {
            self.host.defer()?;
            return Ok(Noun::Null);
        }
        let Noun::List(list) = x else { return Err(Fault::TYPE) };
        let [handle, is_error, value] = list.items() else { return Err(Fault::LENGTH) };
        let number = handle.as_long().and_then(|long| i32::try_from(long).ok()).ok_or(Fault::TYPE)?;
        if !self.host.handles().iter().any(|info| info.handle == number) {
            return Err(Fault::DOMAIN);
        }
        if super::eval::truth(is_error)? {
            let text = match (value.as_text(), value.as_sym()) {
                (Some(text), _) => text.to_vec(),
                (_, Some(sym)) => self.text(sym).to_vec(),
                _ => return Err(Fault::TYPE),
            };
            self.host.respond(number, Err(&String::from_utf8_lossy(&text)))?;
        } else {
            let body = self.body(value)?;
            self.host.respond(number, Ok(&body))?;
        }
        Ok(Noun::Null)
    }

    /// `-38!handles`: protocol, transport, compression, and the size of the output queue.
    pub(crate) fn sockets(&mut self, x: &Noun) -> R {
        let open = self.host.handles();
        let numbers = self.handle_numbers(x)?;
        let mut found = Vec::new();
        for number in numbers {
            let info = open.iter().find(|info| info.handle == number);
            found.push(*info.ok_or_else(|| Fault::from(format!("{number} is not an ipc handle")))?);
        }
        let names = ["p", "f", "z", "n", "m"].map(|name| self.intern(name.as_bytes())).to_vec();
        let columns = vec![
            Noun::text(found.iter().map(|_| b'q').collect::<Vec<u8>>()),
            Noun::text(found.iter().map(|info| if info.unix { b'u' } else { b't' }).collect::<Vec<u8>>()),
            Noun::bools(found.iter().map(|info| info.compresses).collect()),
            vector(Kind::Long, found.iter().map(|info| long(info.messages)).collect::<Vec<i64>>()),
            vector(Kind::Long, found.iter().map(|info| long(info.bytes)).collect::<Vec<i64>>()),
        ];
        let Noun::Table(table) = Table::new(std::sync::Arc::new(names), columns)? else { return Err(Fault::TYPE) };
        match (x.is_atom(), table.row(0)) {
            (true, row @ Noun::Dict(_)) => Ok(row),
            _ => Ok(Noun::Table(table)),
        }
    }
}

/// Whether a message to a handle means flush: `::` or an empty list.
fn is_nothing(x: &Noun) -> bool {
    matches!(x, Noun::Null) || matches!(x, Noun::List(list) if list.items().is_empty())
}
