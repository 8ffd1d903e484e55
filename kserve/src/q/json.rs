//! `.j.j .j.k`: encodes values as JSON and decodes them.

use serde_json::Value as Json;

use super::build;
use super::fault::{Fault, R};
use super::noun::{Atom, Dict, Item, Items, Noun, Table, Vector, empty, null_item};
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    unary(".j.j", None, |vm, x| vm.json_text(&x)),
    unary(".j.k", None, |vm, x| vm.read_json(&x)),
    unary(".j.jd", None, |_, _| Err(Fault::nyi(".j.jd"))),
];

/// Units and bytes charged per byte of JSON.
const COST: usize = 32;

impl Vm<'_> {
    /// `.j.j x`
    pub(crate) fn json_text(&mut self, x: &Noun) -> R {
        let mut out = Vec::new();
        self.write_json(x, &mut out)?;
        Ok(Noun::text(out))
    }

    fn put_json(&mut self, text: &[u8], out: &mut Vec<u8>) -> R<()> {
        self.grow(out, text.len())?;
        out.extend_from_slice(text);
        Ok(())
    }

    fn write_json(&mut self, x: &Noun, out: &mut Vec<u8>) -> R<()> {
        match x {
            Noun::Null | Noun::Elided => self.put_json(b"null", out),
            Noun::Enum(list) => {
                let members = self.members(list)?;
                self.write_json(&members, out)
            }
            Noun::Atom(atom) => self.write_json_atom(*atom, out),
            Noun::Vector(Vector { kind: Kind::Char, .. }) => self.write_json_text(x.as_text().unwrap_or_default(), out),
            Noun::Vector(vector) => {
                self.put_json(b"[", out)?;
                for at in 0..vector.len() {
                    if at > 0 {
                        out.push(b',');
                    }
                    self.write_json_atom(vector.at(at), out)?;
                }
                self.put_json(b"]", out)
            }
            Noun::List(list) => {
                self.put_json(b"[", out)?;
                for (at, item) in list.items().iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    self.recurse(|vm| vm.write_json(item, out))?;
                }
                self.put_json(b"]", out)
            }
            Noun::Table(table) => {
                self.put_json(b"[", out)?;
                for row in 0..table.len() {
                    if row > 0 {
                        out.push(b',');
                    }
                    self.write_json_row(&[table], row, out)?;
                }
                self.put_json(b"]", out)
            }
            Noun::Dict(dict) => match x.as_keyed() {
                Some((keys, values)) => {
                    self.put_json(b"[", out)?;
                    for row in 0..keys.len() {
                        if row > 0 {
                            out.push(b',');
                        }
                        self.write_json_row(&[keys, values], row, out)?;
                    }
                    self.put_json(b"]", out)
                }
                None => self.write_json_dict(dict, out),
            },
            Noun::Func(_) => {
                let text = self.line_text(x)?;
                self.write_json_text(&text, out)
            }
        }
    }

    fn write_json_dict(&mut self, dict: &Dict, out: &mut Vec<u8>) -> R<()> {
        self.put_json(b"{", out)?;
        for at in 0..dict.keys.len() {
            if at > 0 {
                out.push(b',');
            }
            let key = dict.keys.at(at);
            let text = match (key.as_text(), key.as_sym()) {
                (Some(text), _) => text.to_vec(),
                (_, Some(sym)) => self.text(sym).to_vec(),
                _ => self.bare_text(&key)?,
            };
            self.write_json_text(&text, out)?;
            out.push(b':');
            let value = dict.values.at(at);
            self.recurse(|vm| vm.write_json(&value, out))?;
        }
        self.put_json(b"}", out)
    }

    fn write_json_row(&mut self, tables: &[&std::sync::Arc<Table>], row: usize, out: &mut Vec<u8>) -> R<()> {
        self.put_json(b"{", out)?;
        let mut first = true;
        for table in tables {
            for (&name, column) in table.names().iter().zip(table.columns()) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                let name = self.text(name).to_vec();
                self.write_json_text(&name, out)?;
                out.push(b':');
                let cell = column.at(row);
                self.recurse(|vm| vm.write_json(&cell, out))?;
            }
        }
        self.put_json(b"}", out)
    }

    /// A value as `string` prints it: without suffix, quotes or backtick.
    fn bare_text(&mut self, x: &Noun) -> R<Vec<u8>> {
        let string = super::verb::require("string")?;
        let text = string.apply(self, vec![x.clone()])?;
        text.as_text().map(<[u8]>::to_vec).ok_or(Fault::TYPE)
    }

    fn write_json_atom(&mut self, atom: Atom, out: &mut Vec<u8>) -> R<()> {
        let null = super::key::exact_item(atom.item, null_item(atom.kind));
        match (atom.kind, atom.item) {
            (Kind::Boolean, Item::U8(item)) => self.put_json(if item == 0 { b"false" } else { b"true" }, out),
            (Kind::Char, Item::U8(item)) => self.write_json_text(&[item], out),
            (_, Item::Sym(sym)) => {
                let text = self.text(sym).to_vec();
                self.write_json_text(&text, out)
            }
            (Kind::Short | Kind::Int | Kind::Long | Kind::Real | Kind::Float, _) if null => self.put_json(b"null", out),
            (Kind::Short | Kind::Int | Kind::Long | Kind::Real | Kind::Float, item) => {
                if matches!(item, Item::F64(x) if x.is_infinite()) || matches!(item, Item::F32(x) if x.is_infinite()) {
                    return Err(Fault::nyi("an infinity as JSON"));
                }
                let text = self.bare_text(&Noun::Atom(atom))?;
                self.put_json(&text, out)
            }
            // Temporal nulls become empty text.
            (kind, _) if null && !matches!(kind, Kind::Byte | Kind::Guid) => self.write_json_text(b"", out),
            (kind, _) => {
                let mut text = self.bare_text(&Noun::Atom(atom))?;
                // Dates are in ISO 8601.
                let dots = match kind {
                    Kind::Date | Kind::Timestamp | Kind::Datetime => 2,
                    Kind::Month => 1,
                    _ => 0,
                };
                text.iter_mut().filter(|byte| **byte == b'.').take(dots).for_each(|byte| *byte = b'-');
                if kind == Kind::Timestamp {
                    text.iter_mut().filter(|byte| **byte == b'D').for_each(|byte| *byte = b'T');
                }
                self.write_json_text(&text, out)
            }
        }
    }

    fn write_json_text(&mut self, text: &[u8], out: &mut Vec<u8>) -> R<()> {
        self.grow(out, text.len().saturating_add(2))?;
        out.push(b'"');
        for &byte in text {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..=31 => {
                    self.grow(out, 6)?;
                    out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                }
                other => out.push(other),
            }
        }
        out.push(b'"');
        Ok(())
    }

    /// `.j.k x`
    pub(crate) fn read_json(&mut self, x: &Noun) -> R {
        let text = match x {
            Noun::Vector(Vector { kind: Kind::Char, items: Items::U8(text), .. }) => text.as_slice(),
            Noun::Atom(Atom { kind: Kind::Char, .. }) => x.as_text().unwrap_or_default(),
            Noun::List(_) => {
                let text = self.raze_text(x)?;
                return self.read_json(&text);
            }
            _ => return Err(Fault::TYPE),
        };
        self.charge(text.len().saturating_mul(COST))?;
        self.room(text.len().saturating_mul(COST))?;
        if text.trim_ascii().is_empty() {
            return Ok(empty(Kind::List));
        }
        let json = serde_json::from_slice(text).map_err(|_| Fault::new("json"))?;
        self.json_noun(json)
    }

    fn raze_text(&mut self, x: &Noun) -> R {
        let raze = super::verb::require("raze")?;
        let text = raze.apply(self, vec![x.clone()])?;
        if text.as_text().is_some() { Ok(text) } else { Err(Fault::TYPE) }
    }

    fn json_noun(&mut self, json: Json) -> R {
        Ok(match json {
            Json::Null => Noun::float(super::noun::NULL_FLOAT),
            Json::Bool(item) => Noun::bool(item),
            Json::Number(number) => Noun::float(number.as_f64().ok_or(Fault::TYPE)?),
            Json::String(text) => Noun::text(text),
            Json::Array(items) => {
                if items.is_empty() {
                    return Ok(empty(Kind::List));
                }
                let mut out = self.vec(items.len())?;
                for item in items {
                    out.push(self.recurse(|vm| vm.json_noun(item))?);
                }
                build::tidy(out)?
            }
            Json::Object(members) => {
                let mut keys = self.vec(members.len())?;
                let mut values = self.vec(members.len())?;
                for (key, value) in members {
                    keys.push(self.intern(key.as_bytes()));
                    values.push(self.recurse(|vm| vm.json_noun(value))?);
                }
                let values = if values.is_empty() { empty(Kind::List) } else { build::tidy(values)? };
                Dict::new(Noun::syms(keys), values)?
            }
        })
    }
}
