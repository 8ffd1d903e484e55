//! Objects in files: `set`, `get`, `save`, `load`; replay of logs: `-11!`.

use super::fault::{Fault, R};
use super::files::each_name;
use super::noun::Noun;
use super::symbols::Sym;
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::{Log, decode_file, encode_file};

pub(crate) static VERBS: &[Verb] = &[
    unary("load", None, |vm, x| each_name(vm, &x, load)),
    unary("rload", None, |_, _| Err(Fault::nyi("rload"))),
    unary("save", None, |vm, x| each_name(vm, &x, save)),
    unary("rsave", None, |_, _| Err(Fault::nyi("rsave"))),
];

/// Splits a file name, with or without its colon, into path and last component.
fn parts(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let path = text.strip_prefix(b":").unwrap_or(text);
    let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    (path.to_vec(), last.to_vec())
}

/// ``load `:dir/t``: sets the global with the file's name to the object in it.
fn load(vm: &mut Vm<'_>, name: Sym) -> R<Sym> {
    let (path, last) = parts(vm.text(name));
    if last.is_empty() || last.contains(&b'.') {
        return Err(Fault::nyi("load of a file that is not a single object"));
    }
    let value = vm.stored(&path)?;
    let global = vm.intern(&last);
    vm.define(global, value)?;
    Ok(global)
}

/// ``save `:dir/t.csv``: writes the global with the file's name. The extension selects the format.
fn save(vm: &mut Vm<'_>, name: Sym) -> R<Sym> {
    let (path, last) = parts(vm.text(name));
    let file = [b":", path.as_slice()].concat();
    let mut pieces = last.splitn(2, |&byte| byte == b'.');
    let global = vm.intern(pieces.next().unwrap_or_default());
    let value = vm.global(global)?;
    match pieces.next() {
        None => vm.store_file(&path, &value)?,
        Some(form @ (b"csv" | b"txt" | b"xml")) => {
            let form = Noun::sym(vm.intern(form));
            let tx = vm.intern(b".h.tx");
            let forms = vm.global(tx)?;
            let function = vm.index(&forms, &form)?;
            let lines = vm.apply(&function, vec![value])?;
            vm.write_lines(&path, &lines)?;
        }
        Some(form) => return Err(Fault::nyi_of(&[b"save as ", form].concat())),
    }
    Ok(vm.intern(&file))
}

impl Vm<'_> {
    /// Reads the object in a file.
    pub(crate) fn stored(&mut self, path: &[u8]) -> R {
        let bytes = self.read_file(path, 0..u64::MAX)?;
        match decode_file(&bytes) {
            Ok(Some(body)) => self.noun(body.value()),
            _ => Err(Fault::nyi("a file that is not one object of a known form")),
        }
    }

    /// Writes an object to a file.
    pub(crate) fn store_file(&mut self, path: &[u8], value: &Noun) -> R<()> {
        self.may_write(Sym::NULL)?;
        if path.ends_with(b"/") {
            return Err(Fault::nyi("a splayed table"));
        }
        if self.holds_enumeration(value)? {
            return Err(Fault::nyi("an enumeration in a file"));
        }
        let body = self.body(value)?;
        self.room(body.as_bytes().len())?;
        let bytes = encode_file(&body).ok_or_else(|| Fault::nyi("a file of a nested list, an index or a function"))?;
        self.host.write(path, &bytes)
    }

    /// ``-11!`:log``, ``-11!(n;`:log)``: runs the first `n` messages of a log (-1: all) and returns their number.
    /// -2 only counts, and also returns the length of the valid prefix if the log is torn or corrupt after it.
    pub(crate) fn replay(&mut self, x: &Noun) -> R {
        let (most, file) = match x {
            Noun::List(list) => match list.items() {
                [most, file] => (most.as_long().ok_or(Fault::TYPE)?, file.clone()),
                _ => return Err(Fault::LENGTH),
            },
            _ => (-1, x.clone()),
        };
        if !file.is_atom() {
            return Err(Fault::TYPE);
        }
        if most < -2 {
            return Err(Fault::DOMAIN);
        }
        let bytes = self.file(&file)?;
        let mut log = Log::new(&bytes).map_err(|_| Fault::nyi("-11! of a file that is not a log"))?;
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        let mut count = 0;
        while count < limit {
            let before = log.at();
            match log.next() {
                None => break,
                Some(Ok(record)) => {
                    self.charge(log.at() - before + 64)?;
                    if most != -2 {
                        let record = self.noun(record)?;
                        self.handle_with(b".z.ps", record)?;
                    }
                    count = log.records();
                }
                Some(Err(bad)) => match most {
                    -2 => return Ok(Noun::longs([bad.records, bad.valid as u64].map(u64::cast_signed).to_vec())),
                    -1 => return Err(Fault::new("badtail")),
                    _ => break,
                },
            }
        }
        Ok(Noun::long(count.cast_signed()))
    }
}
