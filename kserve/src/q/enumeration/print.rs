//! Enumerations in their printed form.

use std::sync::Arc;

use super::Domain;
use crate::q::code::Code;
use crate::q::fault::R;
use crate::q::func::{Func, Lambda};
use crate::q::noun::{Dict, List, Noun, empty};
use crate::q::symbols::Sym;
use crate::q::take::attribute_of;
use crate::q::vm::Vm;
use kcodec::{Attribute, Kind};

impl Vm<'_> {
    /// The form for printing. The codec cannot print enumerations, but prints the text of a lambda verbatim. So a
    /// part that contains an enumeration is replaced by a lambda with its text. `whole`: console form, in which
    /// columns and grids show items only.
    pub(crate) fn print_form(&mut self, x: &Noun, whole: bool) -> R {
        if !self.q.enumerates || !self.holds_enumeration(x)? {
            return Ok(x.clone());
        }
        match x {
            Noun::Table(_) if whole => self.plain(x.clone()),
            Noun::Dict(dict) if whole => {
                let keys = self.plain(dict.keys.clone())?;
                let values = match &dict.values {
                    Noun::List(list) if !is_grid(list.items()) => self.shown_items(list.items())?,
                    values => self.plain(values.clone())?,
                };
                if dict.sorted { Dict::stepped(keys, values) } else { Dict::new(keys, values) }
            }
            Noun::List(list) if whole && is_grid(list.items()) => self.plain(x.clone()),
            Noun::List(list) => self.shown_items(list.items()),
            Noun::Enum(enumeration) => {
                let is_link = matches!(self.domain(enumeration.domain)?, Domain::Rows);
                let mut members = self.members(enumeration)?;
                let attr = attribute_of(&members);
                if let Noun::Vector(members) = &mut members {
                    members.attr = Attribute::None;
                }
                if members.is_list() && members.len() == 0 {
                    members = empty(Kind::List);
                }
                let mut text = attr.prefix().as_bytes().to_vec();
                text.extend(self.line_text(&Noun::sym(enumeration.domain))?);
                text.push(if is_link { b'!' } else { b'$' });
                text.extend(self.line_text(&members)?);
                Ok(as_text(text))
            }
            Noun::Table(table) => {
                let names = self.line_text(&Noun::syms(table.names().to_vec()))?;
                let columns = List::raw(table.columns().to_vec())?;
                let columns = self.line_text(&columns)?;
                let open = if table.names().len() == 1 { (&b"("[..], &b")"[..]) } else { (&b""[..], &b""[..]) };
                let prefix = table.attr.prefix().as_bytes();
                Ok(as_text([prefix, b"+", open.0, &names, open.1, b"!", &columns].concat()))
            }
            Noun::Dict(dict) => {
                let is_open = match &dict.keys {
                    Noun::Vector(keys) => keys.len() < 2 || keys.attr != Attribute::None,
                    Noun::List(keys) => keys.items().len() == 1,
                    _ => true,
                };
                let open = if is_open { (&b"("[..], &b")"[..]) } else { (&b""[..], &b""[..]) };
                let keys = self.recurse(|vm| vm.line_text(&dict.keys))?;
                let values = self.recurse(|vm| vm.line_text(&dict.values))?;
                let prefix: &[u8] = if dict.sorted { b"`s#" } else { b"" };
                Ok(as_text([prefix, open.0, &keys, open.1, b"!", &values].concat()))
            }
            other => Ok(other.clone()),
        }
    }

    fn shown_items(&mut self, items: &[Noun]) -> R {
        let mut forms = self.vec(items.len())?;
        for item in items {
            forms.push(self.recurse(|vm| vm.print_form(item, false))?);
        }
        List::raw(forms)
    }
}

/// Whether all items are lists of one length, which the console prints as a grid.
fn is_grid(items: &[Noun]) -> bool {
    let count = items.first().filter(|item| item.is_list()).map(Noun::len);
    count.is_some() && items.iter().all(|item| item.is_list() && Some(item.len()) == count)
}

/// A value that prints as this text.
fn as_text(text: Vec<u8>) -> Noun {
    let (params, slots, body) = (Vec::new(), Vec::new(), Code::default());
    Noun::Func(Func::Lambda(Arc::new(Lambda { source: text.into(), context: Sym::NULL, params, slots, body })))
}
