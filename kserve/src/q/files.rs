//! Verbs on files. The host decides whether the process may access them.

use std::ops::Range;

use bytes::Bytes;
use kcodec::Kind;

use super::fault::{Fault, R};
use super::host::Entry;
use super::noun::{List, Noun, empty, vector};
use super::symbols::Sym;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    unary("hsym", None, hsym),
    unary("read0", Some(20), |vm, x| {
        let text = vm.file(&x)?;
        lines(vm, &text)
    }),
    unary("read1", Some(21), |vm, x| {
        let bytes = if x.at(0).as_long().is_some() { vm.pipe(&x) } else { vm.file(&x) };
        bytes.map(|bytes| vector(Kind::Byte, bytes))
    }),
    unary("hcount", None, hcount),
    unary("hdel", None, hdel),
    infix("1:", Some(21), one),
    infix("dsave", None, |_, _, _| Err(Fault::nyi("dsave"))),
];

/// Bytes read from a pipe if no count is given.
const PIPED: i64 = 64 * 1024;

/// `hcount x`: the size of a file.
fn hcount(vm: &mut Vm<'_>, x: Noun) -> R {
    let path = vm.path(&x)?;
    match vm.host.look(&path)? {
        Entry::File(size) => Ok(Noun::long(i64::try_from(size).unwrap_or(i64::MAX))),
        Entry::Folder(_) => Err(Fault::nyi("hcount of a folder")),
        // Fails with the error of opening the file.
        Entry::Missing => vm.host.read(&path, 0..0).and(Err(Fault::TYPE)),
    }
}

/// `hdel x`: deletes a file or an empty folder.
fn hdel(vm: &mut Vm<'_>, x: Noun) -> R {
    let path = vm.path(&x)?;
    vm.may_write(Sym::NULL)?;
    vm.host.remove(&path)?;
    Ok(x)
}

/// `` `:f 1: bytes `` writes a file; `(types;widths)1: bytes` parses columns.
fn one(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    if x.as_sym().is_none() {
        return super::records::read(vm, &x, &y);
    }
    let path = vm.path(&x)?;
    let (Some(bytes), Some(Kind::Byte | Kind::Char)) = (y.items::<u8>(), y.kind()) else {
        return Err(Fault::nyi("1: of a value that is not bytes"));
    };
    vm.may_write(Sym::NULL)?;
    vm.host.write(&path, bytes)?;
    Ok(x)
}

/// Applies `work` to a symbol, or to each symbol of a list.
pub(super) fn each_name(vm: &mut Vm<'_>, x: &Noun, work: fn(&mut Vm<'_>, Sym) -> R<Sym>) -> R {
    let names = x.as_syms().ok_or(Fault::TYPE)?.to_vec();
    let mut done = vm.vec(names.len())?;
    for name in names {
        done.push(work(vm, name)?);
    }
    Ok(if x.is_atom() { done.first().copied().map_or(Noun::Null, Noun::sym) } else { Noun::syms(done) })
}

/// `hsym x`: prefixes symbols with a colon.
fn hsym(vm: &mut Vm<'_>, x: Noun) -> R {
    each_name(vm, &x, |vm, name| {
        vm.charge(64)?;
        let text = vm.text(name);
        let file = if text.first() == Some(&b':') { text.to_vec() } else { [b":", text].concat() };
        Ok(vm.intern(&file))
    })
}

/// Splits text into lines.
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
    /// The path that a symbol names, `` `:dir/file ``.
    pub(crate) fn path(&self, x: &Noun) -> R<Vec<u8>> {
        let name = x.as_sym().ok_or(Fault::TYPE)?;
        self.text(name).strip_prefix(b":").map(<[u8]>::to_vec).ok_or(Fault::TYPE)
    }

    /// Reads a file, `` `:file ``, or a part of it, `` (`:file;offset;length) ``.
    pub(crate) fn file(&mut self, x: &Noun) -> R<Vec<u8>> {
        if x.at(0).as_long().is_some() {
            return Err(Fault::nyi("a read from a handle"));
        }
        let (name, part) = if x.is_atom() { (x.clone(), 0..u64::MAX) } else { (x.at(0), part(x)?) };
        let path = self.path(&name)?;
        self.read_file(&path, part).map(Vec::from)
    }

    /// Reads from a pipe: `h` at most 64 KiB, `(h;n)` at most `n` bytes.
    fn pipe(&mut self, x: &Noun) -> R<Vec<u8>> {
        let (handle, most) = match (x.is_atom(), x.len()) {
            (true, _) => (x.as_long(), Some(PIPED)),
            (false, 2) => (x.at(0).as_long(), x.at(1).as_long()),
            _ => return Err(Fault::LENGTH),
        };
        let handle = handle.and_then(|handle| i32::try_from(handle).ok()).ok_or(Fault::TYPE)?;
        if !self.host.is_file(handle) {
            return Err(Fault::nyi("a read from a handle"));
        }
        let most = usize::try_from(most.ok_or(Fault::TYPE)?).map_err(|_| Fault::DOMAIN)?;
        self.room(most)?;
        self.charge(most)?;
        self.host.read_pipe(handle, most)
    }

    /// Reads a range of a file, at most one byte over the limit, which is enough to detect an oversized file.
    pub(crate) fn read_file(&mut self, path: &[u8], part: Range<u64>) -> R<Bytes> {
        let most = u64::try_from(self.q.limits.bytes).unwrap_or(u64::MAX).saturating_add(1);
        let end = part.end.min(part.start.saturating_add(most));
        let bytes = self.host.read(path, part.start..end)?;
        self.room(bytes.len())?;
        Ok(bytes)
    }

    /// ``key`:path``: the names in a folder, the symbol itself for a file, an empty list if the path does not
    /// exist.
    pub(crate) fn key_of_path(&mut self, name: Sym) -> R {
        let path = self.path(&Noun::sym(name))?;
        if path.is_empty() {
            return Err(Fault::nyi("key`:"));
        }
        let mut names = match self.host.look(&path)? {
            Entry::Missing => return Ok(empty(Kind::List)),
            Entry::File(_) => return Ok(Noun::sym(name)),
            Entry::Folder(names) if names.is_empty() => return Ok(empty(Kind::Symbol)),
            Entry::Folder(names) => names,
        };
        self.charge(names.len().saturating_mul(256))?;
        names.sort_unstable();
        let mut symbols = self.vec(names.len())?;
        symbols.extend(names.iter().map(|name| self.q.symbols.intern(name)));
        self.set_attribute(b"s", Noun::syms(symbols))
    }

    /// `` `:f 0: lines ``: writes lines, each terminated by a newline.
    pub(crate) fn write_lines(&mut self, path: &[u8], lines: &Noun) -> R<()> {
        let Noun::List(list) = lines else { return Err(Fault::TYPE) };
        let mut text = Vec::new();
        for line in list.items() {
            let line = line.as_text().ok_or(Fault::TYPE)?;
            self.grow(&mut text, line.len().saturating_add(1))?;
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        self.may_write(Sym::NULL)?;
        self.host.write(path, &text)
    }
}

/// The byte range of `(file;offset)` or `(file;offset;length)`.
fn part(x: &Noun) -> R<Range<u64>> {
    let size = |at: usize| u64::try_from(x.at(at).as_long().ok_or(Fault::TYPE)?).map_err(|_| Fault::DOMAIN);
    match x.len() {
        2 => Ok(size(1)?..u64::MAX),
        3 => Ok(size(1)?..size(1)?.saturating_add(size(2)?)),
        _ => Err(Fault::LENGTH),
    }
}
