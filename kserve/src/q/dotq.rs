//! Functions of `.Q` that cannot be written in q: `.Q.s .Q.s1 .Q.ty .Q.f .Q.id .Q.w .Q.opt` and others.

use super::build;
use super::fault::{Fault, R};
use super::library::RESERVED;
use super::noun::{Dict, Noun, Table, empty, vector};
use super::symbols::Sym;
use super::verb::{self, Verb, many, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    unary(".Q.s", None, |vm, x| vm.console_text(&x).map(Noun::text)),
    unary(".Q.s1", None, |vm, x| vm.line_text(&x).map(Noun::text)),
    unary(".Q.ty", None, |_, x| Ok(Noun::char(type_letter(&x)))),
    many(".Q.f", None, false, |vm, args| match args.as_slice() {
        [decimals, x] => {
            let decimals = decimals.as_long().ok_or(Fault::TYPE)?;
            let x = floats(vm, x)?;
            vm.decimals(decimals, &x)
        }
        _ => Err(Fault::RANK),
    }),
    unary(".Q.id", None, |vm, x| vm.sanitized(&x)),
    unary(".Q.gc", None, |_, _| Ok(Noun::long(0))),
    unary(".Q.w", None, |vm, _| vm.memory_stats()),
    unary(".Q.opt", None, |vm, x| vm.options(&x)),
    unary(".Q.sha1", None, |vm, x| vm.bang_minus(-33, x)),
    unary(".Q.btoa", None, |vm, x| {
        let text = x.as_text().ok_or(Fault::TYPE)?;
        vm.room(text.len().saturating_mul(2))?;
        Ok(Noun::text(to_base64(text)))
    }),
    unary(".Q.atob", None, |vm, x| {
        let text = x.as_text().ok_or(Fault::TYPE)?;
        vm.room(text.len())?;
        from_base64(text).map(|bytes| vector(Kind::Byte, bytes)).ok_or(Fault::DOMAIN)
    }),
];

/// The type letter of an atom or vector; upper case for a list of vectors of one kind; blank otherwise.
fn type_letter(x: &Noun) -> u8 {
    match x {
        Noun::Vector(vector) => letter(vector.kind),
        Noun::Atom(atom) => letter(atom.kind),
        Noun::List(list) => {
            let kind = list.items().first().and_then(Noun::kind).filter(|&kind| kind != Kind::List);
            let alike = list.items().iter().all(|item| matches!(item, Noun::Vector(_)) && item.kind() == kind);
            kind.filter(|_| alike).map_or(b' ', |kind| letter(kind).to_ascii_uppercase())
        }
        _ => b' ',
    }
}

fn letter(kind: Kind) -> u8 {
    u8::try_from(kind.letter()).unwrap_or(b' ')
}

fn floats(vm: &mut Vm<'_>, x: &Noun) -> R {
    match x.kind() {
        Some(Kind::Float | Kind::Real) => Ok(x.clone()),
        Some(Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long | Kind::List) => {
            let cast = verb::require("$")?;
            cast.apply(vm, vec![Noun::char(b'f'), x.clone()])
        }
        _ => Err(Fault::TYPE),
    }
}

impl Vm<'_> {
    /// `.Q.id x`: turns a symbol, or the column names of a table, into valid q names.
    fn sanitized(&mut self, x: &Noun) -> R {
        match x {
            Noun::Table(table) => {
                let names = self.sanitized_names(table.names());
                Table::new(std::sync::Arc::new(names), table.columns().to_vec())
            }
            Noun::Dict(dict) => match x.as_keyed() {
                Some((keys, values)) => {
                    let all = self.sanitized_names(&[keys.names().as_slice(), values.names()].concat());
                    let (first, second) = all.split_at(keys.names().len().min(all.len()));
                    let keys = Table::new(std::sync::Arc::new(first.to_vec()), keys.columns().to_vec())?;
                    Dict::new(keys, Table::new(std::sync::Arc::new(second.to_vec()), values.columns().to_vec())?)
                }
                None => {
                    let names = dict.keys.as_syms().ok_or(Fault::TYPE)?.to_vec();
                    Dict::new(Noun::syms(self.sanitized_names(&names)), dict.values.clone())
                }
            },
            Noun::Atom(_) => {
                let sym = x.as_sym().ok_or(Fault::TYPE)?;
                let name = self.sanitized_name(sym);
                Ok(Noun::sym(self.intern(&name)))
            }
            Noun::Vector(_) => self.each(x, |vm, item| vm.sanitized(&item)),
            _ => Err(Fault::TYPE),
        }
    }

    fn sanitized_name(&self, sym: Sym) -> Vec<u8> {
        let text = self.text(sym).iter().copied();
        let mut name: Vec<u8> = text.filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').collect();
        if !name.first().is_some_and(u8::is_ascii_alphabetic) {
            name.insert(0, b'a');
        }
        let taken = verb::named(&name).is_some() || RESERVED.split(' ').any(|word| word.as_bytes() == name);
        if taken || name == b"i" {
            name.push(b'1');
        }
        name
    }

    /// Turns names into valid q names without duplicates.
    fn sanitized_names(&mut self, names: &[Sym]) -> Vec<Sym> {
        let mut made: Vec<Vec<u8>> = Vec::new();
        for &name in names {
            let base = self.sanitized_name(name);
            let mut next = base.clone();
            let mut number = 1;
            while made.contains(&next) {
                next = [base.as_slice(), number.to_string().as_bytes()].concat();
                number += 1;
            }
            made.push(next);
        }
        made.iter().map(|name| self.intern(name)).collect()
    }

    /// `.Q.w[]`: statistics of memory and symbols.
    fn memory_stats(&mut self) -> R {
        let (used, limit) = self.host.memory();
        let count = self.q.symbols.len();
        let long = super::search::long;
        let machine = super::process::machine_memory();
        let symbols = [long(count), long(count.saturating_mul(24))];
        let values = [&[long(used), long(used), long(used), long(limit), 0, machine], &symbols[..]].concat();
        let names =
            ["used", "heap", "peak", "wmax", "mmap", "mphy", "syms", "symw"].map(|name| self.intern(name.as_bytes()));
        Dict::new(Noun::syms(names.to_vec()), Noun::longs(values))
    }

    /// `.Q.opt x`: for each `-name` of a command line, the arguments that follow it.
    fn options(&mut self, x: &Noun) -> R {
        let words = build::items(x);
        let (mut names, mut values): (Vec<Sym>, Vec<Vec<Noun>>) = (Vec::new(), Vec::new());
        for word in words {
            let text = word.as_text().ok_or(Fault::TYPE)?;
            match (text.strip_prefix(b"-"), values.last_mut()) {
                (Some(name), _) => {
                    names.push(self.intern(name));
                    values.push(Vec::new());
                }
                (None, Some(value)) => value.push(Noun::text(text)),
                (None, None) => {}
            }
        }
        let mut lists = self.vec(values.len())?;
        for value in values {
            lists.push(if value.is_empty() { empty(Kind::List) } else { super::noun::List::raw(value)? });
        }
        let lists = if lists.is_empty() { empty(Kind::List) } else { super::noun::List::raw(lists)? };
        Dict::new(Noun::syms(names), lists)
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.chunks(3) {
        let mut bytes = [0; 4];
        bytes.iter_mut().skip(1).zip(chunk).for_each(|(place, &byte)| *place = byte);
        let group = u32::from_be_bytes(bytes);
        for at in 0..4_usize {
            let digit = (group >> (18 - 6 * at) & 63) as usize;
            out.push(if at <= chunk.len() { BASE64.get(digit).copied().unwrap_or(b'=') } else { b'=' });
        }
    }
    out
}

fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.chunks(4) {
        let used = chunk.iter().take_while(|byte| **byte != b'=').count();
        if chunk.len() != 4 || used < 2 {
            return None;
        }
        let mut group = 0_u32;
        for &byte in chunk {
            let digit = if byte == b'=' { 0 } else { BASE64.iter().position(|&known| known == byte)? };
            group = group << 6 | u32::try_from(digit).ok()?;
        }
        out.extend(group.to_be_bytes().iter().skip(1).take(used - 1));
    }
    Some(out)
}
