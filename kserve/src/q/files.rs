//! Files as q text reads them, where the process was told to allow it. Nothing is written.

use kcodec::Kind;

use super::fault::{Fault, R};
use super::noun::{List, Noun, empty, vector};
use super::search::long;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    unary("hsym", None, hsym),
    unary("read0", Some(20), read0),
    unary("read1", Some(21), |vm, x| vm.file(&x).map(|bytes| vector(Kind::Byte, bytes))),
    unary("hcount", None, |vm, x| vm.file(&x).map(|bytes| long(bytes.len())).map(Noun::long)),
    unary("hdel", None, |_, _| Err(Fault::nyi("hdel"))),
    unary("load", None, |_, _| Err(Fault::nyi("load"))),
    unary("rload", None, |_, _| Err(Fault::nyi("rload"))),
    unary("save", None, |_, _| Err(Fault::nyi("save"))),
    unary("rsave", None, |_, _| Err(Fault::nyi("rsave"))),
    infix("dsave", None, |_, _, _| Err(Fault::nyi("dsave"))),
];

/// Symbols as those of files.
fn hsym(vm: &mut Vm<'_>, x: Noun) -> R {
    let syms = x.as_syms().ok_or(Fault::TYPE)?;
    let mut files = vm.vec(syms.len())?;
    for &sym in syms {
        vm.charge(64)?;
        let text = vm.text(sym);
        let file = if text.first() == Some(&b':') { text.to_vec() } else { [b":", text].concat() };
        files.push(vm.intern(&file));
    }
    Ok(if x.is_atom() { files.first().copied().map_or(Noun::Null, Noun::sym) } else { Noun::syms(files) })
}

/// The lines of a file; of a part of it, `` (`:file;offset;length) ``, the text.
fn read0(vm: &mut Vm<'_>, x: Noun) -> R {
    let text = vm.file(&x)?;
    if !x.is_atom() {
        return Ok(Noun::text(text));
    }
    lines(vm, &text)
}

/// A text as a list of its lines.
fn lines(vm: &mut Vm<'_>, text: &[u8]) -> R {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() {
        return Ok(empty(Kind::List));
    }
    vm.charge(text.len())?;
    let count = text.iter().filter(|&&byte| byte == b'\n').count();
    let mut lines = vm.vec(count.saturating_add(1))?;
    for line in text.split(|&byte| byte == b'\n') {
        vm.charge(64)?;
        vm.room(line.len())?;
        lines.push(Noun::text(line.strip_suffix(b"\r").unwrap_or(line)));
    }
    List::raw(lines)
}

impl Vm<'_> {
    /// What is in a file, `` `:file ``, or in a part of it.
    pub(crate) fn file(&mut self, x: &Noun) -> R<Vec<u8>> {
        let name = if x.is_atom() { x.clone() } else { x.at(0) };
        let name = name.as_sym().ok_or(Fault::TYPE)?;
        let path = self.text(name).strip_prefix(b":").ok_or(Fault::TYPE)?.to_vec();
        let bytes = self.host.read(&path)?;
        let part = if x.is_atom() { &bytes[..] } else { part(&bytes, x)? };
        self.room(part.len())?;
        self.charge(part.len() / 8)?;
        Ok(part.to_vec())
    }
}

/// So many bytes from an offset on, all of them without a count.
fn part<'a>(bytes: &'a [u8], x: &Noun) -> R<&'a [u8]> {
    let size = |at: usize| usize::try_from(x.at(at).as_long().ok_or(Fault::TYPE)?).map_err(|_| Fault::DOMAIN);
    let rest = match x.len() {
        2 | 3 => bytes.get(size(1)?..).unwrap_or_default(),
        _ => return Err(Fault::LENGTH),
    };
    Ok(if x.len() == 3 { rest.get(..size(2)?).unwrap_or(rest) } else { rest })
}
