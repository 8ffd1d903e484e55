//! `x$y`: casts, parsing of text, padding; `string`.

use kcodec::Kind;

use super::arith::kind_of;
use super::build;
use super::fault::{Fault, R};
use super::loops;
use super::noun::{Atom, Dict, Item, List, Noun, Vector, empty, vector};
use super::number::in_lane;
use super::promote::is_number;
use super::symbols::Sym;
use super::temporal::{Convert, Part, conversion};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[infix("$", Some(11), dollar), unary("string", Some(11), string)];

/// The operation that the left argument of `$` selects.
#[derive(Debug, Clone, Copy)]
enum Operation {
    /// `` `long$ ``, `"j"$`, `7h$`
    Cast(Kind),
    /// `"J"$`, `-7h$`: parses text.
    Read(Kind),
    /// `"*"$`, `0h$`
    Same,
    /// `` `year$ ``
    Part(Part),
    /// `10$`
    Pad(i64),
}

/// `x$y`
fn dollar(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    let matrix = |noun: &Noun| match noun {
        Noun::Vector(Vector { kind: Kind::Float, .. }) => true,
        Noun::List(list) => matches!(list.items().first(), Some(Noun::Vector(Vector { kind: Kind::Float, .. }))),
        _ => false,
    };
    match &x {
        Noun::Atom(atom) => {
            if let Some(domain) = domain(vm, *atom) {
                return vm.enumerate(domain, y);
            }
            let operation = operation(vm, *atom)?;
            let y = match (&y, operation) {
                (_, Operation::Same) => y,
                // An enumeration is cast by its positions.
                (Noun::Enum(list), Operation::Cast(kind)) if kind != Kind::Symbol => list.places.clone(),
                _ => vm.plain(y)?,
            };
            vm.run_operation(operation, y)
        }
        _ if matrix(&x) => super::math::multiply(vm, x, y),
        Noun::Vector(_) | Noun::List(_) => {
            if y.is_list() && y.len() != x.len() {
                return Err(Fault::LENGTH);
            }
            let mut out = vm.vec(x.len())?;
            for index in 0..x.len() {
                let item = if y.is_list() { y.at(index) } else { y.clone() };
                out.push(vm.recurse(|vm| dollar(vm, x.at(index), item))?);
            }
            if out.is_empty() { Ok(empty(Kind::List)) } else { build::tidy(out) }
        }
        _ => Err(Fault::TYPE),
    }
}

/// The domain that a symbol names, unless it names a kind or a temporal part.
fn domain(vm: &Vm<'_>, x: Atom) -> Option<Sym> {
    let Item::Sym(name) = x.item else { return None };
    let text = vm.text(name);
    let is_kind = std::str::from_utf8(text).ok().and_then(Kind::from_name).is_some_and(|kind| is_item(&kind));
    (!text.is_empty() && Part::named(text).is_none() && !is_kind).then_some(name)
}

fn operation(vm: &Vm<'_>, x: Atom) -> R<Operation> {
    let kind = match (x.kind, x.item) {
        (Kind::Symbol, Item::Sym(name)) => {
            let name = vm.text(name);
            if name.is_empty() {
                return Ok(Operation::Cast(Kind::Symbol));
            }
            if let Some(part) = Part::named(name) {
                return Ok(Operation::Part(part));
            }
            std::str::from_utf8(name).ok().and_then(Kind::from_name)
        }
        (Kind::Char, Item::U8(b'*')) => return Ok(Operation::Same),
        (Kind::Char, Item::U8(letter)) if letter.is_ascii_uppercase() => {
            let kind = Kind::from_letter(char::from(letter.to_ascii_lowercase()));
            return kind.map(Operation::Read).ok_or(Fault::TYPE);
        }
        (Kind::Char, Item::U8(letter)) => {
            return Kind::from_letter(char::from(letter)).map(Operation::Cast).ok_or(Fault::TYPE);
        }
        (Kind::Short, Item::I16(0)) => return Ok(Operation::Same),
        (Kind::Short, Item::I16(code)) => {
            let kind = u8::try_from(code.unsigned_abs()).ok().and_then(Kind::from_code).filter(is_item);
            let kind = kind.ok_or(Fault::TYPE)?;
            return Ok(if code < 0 { Operation::Read(kind) } else { Operation::Cast(kind) });
        }
        (Kind::Long, Item::I64(count)) => return Ok(Operation::Pad(count)),
        (Kind::Int, Item::I32(count)) => return Ok(Operation::Pad(i64::from(count))),
        _ => return Err(Fault::TYPE),
    };
    kind.filter(is_item).map(Operation::Cast).ok_or(Fault::TYPE)
}

/// Whether atoms and vectors of this kind exist.
fn is_item(kind: &Kind) -> bool {
    Kind::List < *kind && *kind < Kind::Table && kind.letter() != ' '
}

impl Vm<'_> {
    fn run_operation(&mut self, operation: Operation, y: Noun) -> R {
        match operation {
            Operation::Same => Ok(y),
            Operation::Read(kind) => self.read_text(kind, &y),
            Operation::Cast(kind) => self.cast_to(kind, y),
            Operation::Part(part) => self.take_part(y, part),
            Operation::Pad(count) => self.pad(count, &y),
        }
    }

    /// `` `kind$y ``
    pub(crate) fn cast_to(&mut self, kind: Kind, y: Noun) -> R {
        match &y {
            _ if y.kind() == Some(kind) => Ok(y),
            Noun::List(list) if list.items().is_empty() => Ok(empty(kind)),
            // Only text is cast to symbols.
            _ if kind == Kind::Symbol => self.read_text(kind, &y),
            _ => self.atomic1(y, |vm, y| convert(vm, kind, y)),
        }
    }

    /// Parses text, or each text of a list, as `kind`. Invalid text gives a null.
    pub(crate) fn read_text(&mut self, kind: Kind, y: &Noun) -> R {
        match y {
            Noun::List(list) if list.items().is_empty() => Ok(empty(kind)),
            Noun::List(list) => {
                let mut out = self.vec(list.items().len())?;
                for item in list.items() {
                    self.charge(16)?;
                    out.push(self.read_text(kind, item)?);
                }
                build::tidy(out)
            }
            Noun::Dict(_) | Noun::Table(_) => self.each(y, |vm, item| vm.read_text(kind, &item)),
            _ if y.kind() == Some(Kind::Symbol) && kind == Kind::Symbol => Ok(y.clone()),
            _ => {
                let text = y.as_text().ok_or(Fault::TYPE)?;
                self.charge(text.len())?;
                if kind == Kind::Symbol {
                    let text = text.trim_ascii().to_vec();
                    return Ok(Noun::sym(self.intern(&text)));
                }
                Ok(super::read::read(kind, text, self.q.settings.day_first))
            }
        }
    }

    /// `n$text`: truncates or pads with blanks to `n` characters; on the left if `n` is negative.
    fn pad(&mut self, count: i64, y: &Noun) -> R {
        match y {
            Noun::List(_) | Noun::Dict(_) | Noun::Table(_) => self.each(y, |vm, item| vm.pad(count, &item)),
            _ => {
                let text = y.as_text().ok_or(Fault::TYPE)?;
                let wanted = usize::try_from(count.unsigned_abs()).map_err(|_| Fault::WSFULL)?;
                let mut out = self.vec(wanted)?;
                let kept = text.len().min(wanted);
                if count < 0 {
                    out.resize(wanted - kept, b' ');
                    out.extend_from_slice(text.get(text.len() - kept..).unwrap_or_default());
                } else {
                    out.extend_from_slice(text.get(..kept).unwrap_or_default());
                    out.resize(wanted, b' ');
                }
                Ok(vector(Kind::Char, out))
            }
        }
    }
}

/// Converts an atom or vector of numbers to `kind`.
fn convert(vm: &mut Vm<'_>, kind: Kind, y: Noun) -> R {
    let from = kind_of(&y)?;
    if kind == from {
        return Ok(y);
    }
    if !(is_number(kind) && is_number(from)) {
        return Err(Fault::TYPE);
    }
    if kind == Kind::Boolean {
        return in_lane!(from, T => loops::map::<T, u8>(vm, kind, &y, Convert::Raw, |item| {
            u8::from(item != T::default())
        }));
    }
    let convert = conversion(from, kind, true);
    in_lane!(kind, T => loops::map::<T, T>(vm, kind, &y, convert, |item| item))
}

/// `string x`
pub(crate) fn string(vm: &mut Vm<'_>, x: Noun) -> R {
    match &x {
        Noun::Atom(atom) => vm.item_text(*atom).map(Noun::text),
        Noun::Vector(items) => {
            vm.charge(items.len().saturating_mul(50))?;
            let mut out = vm.vec(items.len())?;
            for index in 0..items.len() {
                out.push(Noun::text(vm.item_text(items.at(index))?));
            }
            List::raw(out)
        }
        Noun::List(list) => {
            let mut out = vm.vec(list.items().len())?;
            for item in list.items() {
                vm.charge(16)?;
                out.push(string(vm, item.clone())?);
            }
            List::raw(out)
        }
        Noun::Dict(dict) => {
            let values = string(vm, dict.values.clone())?;
            Dict::new(dict.keys.clone(), values)
        }
        Noun::Table(table) => vm.each_column(table.clone(), string),
        Noun::Enum(list) => {
            let members = vm.members(list)?;
            string(vm, members)
        }
        Noun::Null => Ok(Noun::text("::")),
        Noun::Func(_) | Noun::Elided => {
            let body = vm.body(&x)?;
            Ok(Noun::text(body.to_string()))
        }
    }
}

impl Vm<'_> {
    /// The text of an item without quotes, backtick or suffix. A null is empty text.
    pub(crate) fn item_text(&mut self, atom: Atom) -> R<Vec<u8>> {
        match atom.item {
            Item::U8(byte) if atom.kind == Kind::Char => Ok(vec![byte]),
            Item::Sym(sym) => Ok(self.text(sym).to_vec()),
            Item::I64(long) if atom.kind == Kind::Long && long != i64::MIN && long.unsigned_abs() != INFINITY => {
                Ok(long.to_string().into_bytes())
            }
            _ => {
                let digits = self.q.settings.precision;
                let body = self.body(&Noun::Atom(atom))?;
                match body.value() {
                    kcodec::Value::Atom(atom) => Ok(format!("{:.digits$}", atom.bare()).into_bytes()),
                    _ => Err(Fault::TYPE),
                }
            }
        }
    }
}

const INFINITY: u64 = i64::MAX.unsigned_abs();
