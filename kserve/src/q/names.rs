//! Globals and namespaces.

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::noun::{Dict, Noun};
use super::symbols::Sym;
use super::table::SPACES;
use super::temporal::is_part;
use super::verb;
use super::vm::Vm;

impl Vm<'_> {
    /// The value of a name: a global, a value of the process (`.z.w`), a built-in (`.q.til`), or the dict of a
    /// namespace.
    ///
    /// # Errors
    ///
    /// The name itself, if it is undefined.
    pub(crate) fn global(&mut self, name: Sym) -> R {
        if let Some(value) = self.q.globals.get(&name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.view_value(name)? {
            return Ok(value);
        }
        let text = self.text(name).to_vec();
        if let Some(value) = self.process_value(&text)? {
            return Ok(value);
        }
        let keyword = text.strip_prefix(b".q.").and_then(verb::named).or_else(|| verb::named(&text));
        if let Some(verb) = keyword.filter(|verb| verb.is_word()) {
            return Ok(Noun::Func(Func::Verb(verb)));
        }
        if let Some(value) = self.library(&text)? {
            return Ok(value);
        }
        if let Some(space) = self.namespace(&text)? {
            return Ok(space);
        }
        if let Some(path) = text.strip_prefix(b":") {
            return self.stored(path);
        }
        self.dotted(&text)?.ok_or_else(|| Fault::named(&text))
    }

    /// Resolves a dotted name from a global: `.a.b.c` is an item of the dict `.a.b`, `t.time.minute` a part of a
    /// column.
    fn dotted(&mut self, text: &[u8]) -> R<Option<Noun>> {
        let dots = text.iter().enumerate().skip(1).rev().filter(|&(_, &byte)| byte == b'.').map(|(dot, _)| dot);
        for dot in dots {
            self.charge(dot / 4 + 16)?;
            let (outer, keys) = (text.get(..dot).unwrap_or_default(), text.get(dot + 1..).unwrap_or_default());
            let outer = self.q.symbols.find(outer);
            if outer.is_some_and(|outer| self.q.views.contains(outer)) {
                return Err(Fault::nyi("a part of a view"));
            }
            let outer = outer.and_then(|outer| self.q.globals.get(&outer)).cloned();
            let Some(mut value) = outer else { continue };
            for key in keys.split(|&byte| byte == b'.') {
                value = match value {
                    Noun::Dict(_) | Noun::Table(_) => {
                        let Some(key) = self.q.symbols.find(key) else { return Ok(None) };
                        self.index(&value, &Noun::sym(key))?
                    }
                    Noun::Atom(_) | Noun::Vector(_) if is_part(key) => self.part(value, key)?,
                    _ => return Ok(None),
                };
            }
            return Ok(Some(value));
        }
        Ok(None)
    }

    /// The built-in names of a namespace and their values.
    pub(crate) fn own_names(&mut self, space: &[u8]) -> R<Vec<(Vec<u8>, Noun)>> {
        let mut own: Vec<(Vec<u8>, Noun)> = verb::of_namespace(space)
            .into_iter()
            .map(|(key, verb)| (key.to_vec(), Noun::Func(Func::Verb(verb))))
            .collect();
        let prefix = [space, b"."].concat();
        for full in super::library::names().map(str::as_bytes).filter(|full| full.starts_with(&prefix)) {
            let key = full.get(prefix.len()..).unwrap_or_default();
            if let Some(value) = self.library(full)? {
                own.push((key.to_vec(), value));
            }
        }
        Ok(own)
    }

    /// The dict of a namespace such as `.u`; `None` if none of its names is set and it is not built in. As in q its
    /// first key is the null symbol with the value `::`; the root `` `. `` has no such key. Built-in verbs are in
    /// `.q`, `.Q` and `.j`.
    pub(crate) fn namespace(&mut self, name: &[u8]) -> R<Option<Noun>> {
        if name.first() != Some(&b'.') {
            return Ok(None);
        }
        let root = name == b".";
        let within = |view: Sym| match root {
            true => !self.text(view).starts_with(b"."),
            false => self.text(view).strip_prefix(name).is_some_and(|rest| rest.starts_with(b".")),
        };
        if self.q.views.names().any(within) {
            return Err(Fault::nyi("the dict of a namespace with a view"));
        }
        let prefix = if root { Vec::new() } else { [name, b"."].concat() };
        let (mut keys, mut values) = if root { (vec![], vec![]) } else { (vec![Sym::NULL], vec![Noun::Null]) };
        self.charge(self.q.globals.len())?;
        let mut found: Vec<(Vec<u8>, Noun)> = self
            .q
            .globals
            .iter()
            .filter_map(|(&global, value)| {
                let key = self.q.symbols.text(global).strip_prefix(prefix.as_slice())?;
                Some((key.to_vec(), value.clone()))
            })
            .filter(|(key, _)| if root { !key.starts_with(b".") } else { !key.is_empty() })
            .collect();
        for (key, value) in self.own_names(name)? {
            if !found.iter().any(|(found, _)| *found == key) {
                found.push((key, value));
            }
        }
        let mut spaces = Vec::new();
        for (key, value) in found {
            match key.iter().position(|&byte| byte == b'.') {
                None => {
                    keys.push(self.intern(&key));
                    values.push(value);
                }
                Some(dot) => {
                    let inner = key.get(..dot).unwrap_or_default().to_vec();
                    if !spaces.contains(&inner) {
                        spaces.push(inner);
                    }
                }
            }
        }
        for inner in spaces {
            let full = [prefix.as_slice(), &inner].concat();
            if let Some(space) = self.recurse(|vm| vm.namespace(&full))? {
                keys.push(self.intern(&inner));
                values.push(space);
            }
        }
        let own = name.strip_prefix(b".").is_some_and(|name| SPACES.contains(&name));
        if !root && !own && keys.len() == 1 {
            return Ok(None);
        }
        Dict::new(Noun::syms(keys), build::tidy(values)?).map(Some)
    }
}
