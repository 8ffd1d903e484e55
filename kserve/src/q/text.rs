//! Verbs on text: `like ss ssr lower upper trim ltrim rtrim md5`.

use md5::{Digest, Md5};

use super::fault::{Fault, R};
use super::noun::{Dict, Noun, Vector, empty, vector};
use super::pattern::Pattern;
use super::search::long;
use super::symbols::Sym;
use super::verb::{Verb, infix, many, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    infix("like", Some(25), |vm, x, y| {
        let pattern = vm.text_of(&y)?;
        let pattern = Pattern::new(&pattern)?;
        vm.like(&x, &pattern)
    }),
    infix("ss", Some(27), |vm, x, y| vm.occurrences(&x, &y)),
    many("ssr", None, false, replace),
    unary("lower", None, |vm, x| vm.letters(x, &|text| text.make_ascii_lowercase())),
    unary("upper", None, |vm, x| vm.letters(x, &|text| text.make_ascii_uppercase())),
    unary("trim", None, |vm, x| vm.trimmed(&x, true, true)),
    unary("ltrim", None, |vm, x| vm.trimmed(&x, true, false)),
    unary("rtrim", None, |vm, x| vm.trimmed(&x, false, true)),
    unary("md5", None, |vm, x| {
        let text = x.as_text().ok_or(Fault::TYPE)?;
        vm.charge(text.len().saturating_mul(2))?;
        Ok(vector(Kind::Byte, Md5::digest(text).to_vec()))
    }),
];

/// `ssr[text;pattern;replacement]`
fn replace(vm: &mut Vm<'_>, args: Vec<Noun>) -> R {
    let [text, pattern, new] = <[Noun; 3]>::try_from(args).map_err(|_| Fault::RANK)?;
    vm.replaced(&text, &pattern, &new)
}

impl Vm<'_> {
    /// The text of a string or symbol.
    fn text_of(&self, x: &Noun) -> R<Vec<u8>> {
        match (x.as_text(), x.as_sym()) {
            (Some(text), _) => Ok(text.to_vec()),
            (None, Some(sym)) => Ok(self.text(sym).to_vec()),
            _ => Err(Fault::TYPE),
        }
    }

    /// `x like y`
    fn like(&mut self, x: &Noun, pattern: &Pattern) -> R {
        match x {
            Noun::Atom(_) | Noun::Vector(Vector { kind: Kind::Char, .. }) => {
                let text = self.text_of(x)?;
                self.charge(pattern.cost(text.len()))?;
                Ok(Noun::bool(pattern.matches(&text)))
            }
            Noun::Vector(_) => {
                let syms = x.as_syms().ok_or(Fault::TYPE)?;
                let mut out: Vec<u8> = self.vec(syms.len())?;
                // Symbols repeat, so each distinct one is matched once.
                let mut known = rustc_hash::FxHashMap::<Sym, u8>::default();
                for &sym in syms {
                    let holds = match known.get(&sym) {
                        Some(&holds) => holds,
                        None => {
                            let cost = pattern.cost(self.text(sym).len());
                            self.charge(cost)?;
                            let holds = u8::from(pattern.matches(self.text(sym)));
                            known.insert(sym, holds);
                            holds
                        }
                    };
                    out.push(holds);
                }
                Ok(vector(Kind::Boolean, out))
            }
            Noun::List(list) if list.items().is_empty() => Ok(empty(Kind::Boolean)),
            // Strings and symbols, but not lists of them.
            Noun::List(list) if list.items().iter().any(|item| item.as_text().is_none() && !item.is_atom()) => {
                Err(Fault::TYPE)
            }
            Noun::List(_) => self.each(x, |vm, item| vm.like(&item, pattern)),
            Noun::Dict(dict) => {
                let values = self.like(&dict.values, pattern)?;
                Dict::new(dict.keys.clone(), values)
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// `x ss y`: the start of each match, without overlap.
    fn occurrences(&mut self, x: &Noun, y: &Noun) -> R {
        if let Noun::List(_) = x {
            return self.recurse(|vm| vm.each(x, |vm, item| vm.occurrences(&item, y)));
        }
        let (text, pattern) = (x.as_text().ok_or(Fault::TYPE)?, y.as_text().ok_or(Fault::TYPE)?);
        let pattern = Pattern::new(pattern)?;
        self.charge(pattern.work(text.len()))?;
        let places = pattern.places(text)?;
        let mut out = self.vec(places.len())?;
        out.extend(places.into_iter().map(|(start, _)| long(start)));
        Ok(Noun::longs(out))
    }

    fn replaced(&mut self, text: &Noun, pattern: &Noun, new: &Noun) -> R {
        if let Noun::List(list) = text {
            if list.items().is_empty() {
                return Ok(text.clone());
            }
            return Err(Fault::TYPE);
        }
        let text = text.as_text().filter(|_| !text.is_atom()).ok_or(Fault::TYPE)?;
        let pattern = Pattern::new(pattern.as_text().ok_or(Fault::TYPE)?)?;
        self.charge(pattern.work(text.len()))?;
        let places = pattern.places(text)?;
        let mut out = self.vec(text.len())?;
        let mut at = 0;
        for (start, end) in places {
            let found = text.get(start..end).unwrap_or_default();
            let made = match new {
                Noun::Func(_) => self.apply1(new, Noun::text(found))?,
                _ => new.clone(),
            };
            let made = made.as_text().ok_or(Fault::TYPE)?;
            let kept = text.get(at..start).unwrap_or_default();
            self.grow(&mut out, kept.len().saturating_add(made.len()))?;
            out.extend_from_slice(kept);
            out.extend_from_slice(made);
            at = end;
        }
        let kept = text.get(at..).unwrap_or_default();
        self.grow(&mut out, kept.len())?;
        out.extend_from_slice(kept);
        Ok(Noun::text(out))
    }

    /// `lower x`, `upper x`: changes strings and symbols at any depth.
    fn letters(&mut self, x: Noun, change: &dyn Fn(&mut [u8])) -> R {
        match x {
            Noun::Vector(Vector { kind: Kind::Char, mut items, attr }) => {
                if let Some(text) = <u8 as super::noun::Lane>::of_mut(&mut items) {
                    self.charge(text.len() / 4)?;
                    change(self.own(text)?);
                }
                Ok(Noun::Vector(Vector {
                    kind: Kind::Char,
                    items,
                    attr: if attr == kcodec::Attribute::Sorted { kcodec::Attribute::None } else { attr },
                }))
            }
            Noun::Atom(item) if item.kind == Kind::Char => {
                let mut text = x.as_text().unwrap_or_default().to_vec();
                change(&mut text);
                Ok(Noun::char(text.first().copied().unwrap_or(b' ')))
            }
            Noun::Atom(_) => {
                let sym = x.as_sym().ok_or(Fault::TYPE)?;
                Ok(Noun::sym(self.changed(sym, change)))
            }
            Noun::Vector(_) => {
                let syms = x.as_syms().ok_or(Fault::TYPE)?;
                let mut out = self.vec(syms.len())?;
                for &sym in syms {
                    self.charge(32)?;
                    out.push(self.changed(sym, change));
                }
                Ok(Noun::syms(out))
            }
            Noun::List(list) if list.items().is_empty() => Ok(Noun::List(list)),
            Noun::List(_) => self.recurse(|vm| vm.each(&x, |vm, item| vm.letters(item, change))),
            Noun::Dict(dict) if !matches!(dict.values, Noun::Table(_)) => {
                let values = self.letters(dict.values.clone(), change)?;
                Dict::new(dict.keys.clone(), values)
            }
            Noun::Table(table) => self.by_column(&table, |vm, column| vm.letters(column.clone(), change)),
            Noun::Dict(dict) => {
                let values = self.letters(dict.values.clone(), change)?;
                Dict::new(dict.keys.clone(), values)
            }
            _ => Err(Fault::TYPE),
        }
    }

    fn changed(&mut self, sym: Sym, change: &dyn Fn(&mut [u8])) -> Sym {
        let mut text = self.text(sym).to_vec();
        change(&mut text);
        self.intern(&text)
    }

    /// `trim x`: removes blanks, or nulls of another kind, at the ends. Applies to each item of a list of strings.
    fn trimmed(&mut self, x: &Noun, left: bool, right: bool) -> R {
        match x {
            Noun::Vector(Vector { kind: Kind::Char, .. }) => {
                let text = x.as_text().unwrap_or_default();
                let start = if left { text.iter().take_while(|byte| **byte == b' ').count() } else { 0 };
                let kept = text.get(start..).unwrap_or_default();
                let end = if right { kept.iter().rev().take_while(|byte| **byte == b' ').count() } else { 0 };
                self.range(x, start, start + kept.len() - end)
            }
            Noun::Vector(_) => {
                let is_null = |at: usize| match (x.at(at), x.null_of()) {
                    (Noun::Atom(item), Noun::Atom(null)) => super::key::exact_item(item.item, null.item),
                    _ => false,
                };
                let count = x.len();
                self.charge(count.saturating_mul(4))?;
                let start = if left { (0..count).take_while(|&at| is_null(at)).count() } else { 0 };
                let end = if right { (start..count).rev().take_while(|&at| is_null(at)).count() } else { 0 };
                self.range(x, start, count - end)
            }
            Noun::List(list) if list.items().is_empty() => Ok(x.clone()),
            Noun::List(_) => self.recurse(|vm| vm.each(x, |vm, item| vm.trimmed(&item, left, right))),
            Noun::Atom(_) => Ok(x.clone()),
            Noun::Dict(dict) => {
                let values = self.trimmed(&dict.values, left, right)?;
                Dict::new(dict.keys.clone(), values)
            }
            Noun::Table(table) => self.by_column(table, |vm, column| vm.trimmed(column, left, right)),
            _ => Err(Fault::TYPE),
        }
    }

    /// Builds a list of strings.
    pub(crate) fn strings(&mut self, texts: impl ExactSizeIterator<Item = Vec<u8>>) -> R {
        let mut out = self.vec(texts.len())?;
        out.extend(texts.map(Noun::text));
        if out.is_empty() { Ok(empty(Kind::List)) } else { super::noun::List::raw(out) }
    }
}
