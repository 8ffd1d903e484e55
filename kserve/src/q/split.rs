//! `x vs y` and `x sv y`: splits and joins text by a separator, numbers by a base, values by bytes or bits, names
//! by dots.

use super::build;
use super::fault::{Fault, R};
use super::noun::{Atom, Item, Items, List, Noun, Vector, atom, empty, vector};
use super::symbols::Sym;
use super::verb::{Verb, infix};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] =
    &[infix("vs", None, |vm, x, y| vm.split(&x, &y)), infix("sv", None, |vm, x, y| vm.combine(&x, &y))];

impl Vm<'_> {
    /// `x vs y`
    fn split(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (Noun::Atom(Atom { item: Item::Sym(Sym::NULL), .. }), _) => self.split_name(y),
            _ if x.as_text().is_some() => {
                let separator = x.as_text().unwrap_or_default();
                match (y.as_text(), y) {
                    (Some(text), _) => self.split_text(separator, text),
                    (_, Noun::Vector(Vector { kind: Kind::Byte, items: Items::U8(bytes), .. })) => {
                        self.split_text(separator, bytes)
                    }
                    _ => Err(Fault::TYPE),
                }
            }
            (Noun::Atom(Atom { kind: Kind::Boolean, item: Item::U8(0) }), _) => {
                let bits = bytes_of(y)?.into_iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
                Ok(vector(Kind::Boolean, bits.collect()))
            }
            (Noun::Atom(Atom { kind: Kind::Byte, item: Item::U8(0) }), _) => Ok(vector(Kind::Byte, bytes_of(y)?)),
            (
                Noun::Atom(Atom { kind: Kind::Byte, .. }) | Noun::Vector(Vector { kind: Kind::Byte, .. }),
                Noun::Vector(Vector { kind: Kind::Byte, items: Items::U8(bytes), .. }),
            ) => {
                let separator = match x {
                    Noun::Vector(Vector { items: Items::U8(separator), .. }) => separator.to_vec(),
                    Noun::Atom(Atom { item: Item::U8(separator), .. }) => vec![*separator],
                    _ => return Err(Fault::TYPE),
                };
                let parts = self.parts_of(&separator, bytes)?;
                let made: Vec<Noun> = parts.into_iter().map(|part| vector(Kind::Byte, part)).collect();
                List::raw(made)
            }
            _ => self.digits(x, y),
        }
    }

    fn parts_of(&mut self, separator: &[u8], text: &[u8]) -> R<Vec<Vec<u8>>> {
        if separator.is_empty() {
            return Err(Fault::LENGTH);
        }
        self.charge(text.len().saturating_mul(4))?;
        let mut parts = Vec::new();
        let mut left = text;
        loop {
            let at = left.windows(separator.len()).position(|window| window == separator);
            let part = left.get(..at.unwrap_or(left.len())).unwrap_or_default();
            let mut own = self.vec(part.len())?;
            own.extend_from_slice(part);
            self.grow(&mut parts, 1)?;
            parts.push(own);
            match at {
                Some(at) => left = left.get(at + separator.len()..).unwrap_or_default(),
                None => return Ok(parts),
            }
        }
    }

    fn split_text(&mut self, separator: &[u8], text: &[u8]) -> R {
        let parts = self.parts_of(separator, text)?;
        self.strings(parts.into_iter())
    }

    /// `` ` vs x ``: splits names at dots, paths before their last component, text into lines.
    fn split_name(&mut self, y: &Noun) -> R {
        if let Some(sym) = y.as_sym() {
            let text = self.text(sym).to_vec();
            let parts: Vec<Vec<u8>> = match (text.first(), text.iter().rposition(|&byte| byte == b'/')) {
                (Some(b':'), Some(slash)) => {
                    let (head, tail) = text.split_at(slash);
                    vec![head.to_vec(), tail.get(1..).unwrap_or_default().to_vec()]
                }
                (Some(b':'), None) => vec![b":".to_vec(), text.get(1..).unwrap_or_default().to_vec()],
                _ => text.split(|&byte| byte == b'.').map(<[u8]>::to_vec).collect(),
            };
            let syms = parts.iter().map(|part| self.intern(part)).collect();
            return Ok(Noun::syms(syms));
        }
        let text = match y {
            Noun::Vector(Vector { kind: Kind::Char | Kind::Byte, items: Items::U8(text), .. }) => text.clone(),
            _ => return Err(Fault::TYPE),
        };
        self.charge(text.len().saturating_mul(2))?;
        let mut lines: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        // A trailing newline does not start another line.
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        for line in &mut lines {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        self.strings(lines.into_iter())
    }

    /// `10 vs y`, `24 60 60 vs y`: the digits, most significant first. For a list one row per place.
    fn digits(&mut self, x: &Noun, y: &Noun) -> R {
        let numbers = |noun: &Noun| -> R<Vec<i64>> {
            let items = if noun.is_atom() { vec![noun.clone()] } else { build::items(noun) };
            items.iter().map(|item| item.as_long().ok_or(Fault::TYPE)).collect()
        };
        let long =
            [x, y].iter().any(|part| part.kind() == Some(Kind::Long)) || !matches!(y, Noun::Atom(_) | Noun::Vector(_));
        let make = |digits: Vec<i64>| {
            if long {
                Noun::longs(digits)
            } else {
                vector(Kind::Int, digits.into_iter().map(narrow).collect::<Vec<i32>>())
            }
        };
        if let Noun::List(_) = y {
            // The number of places is that of the largest item.
            let depth = self.raze_longs(y)?;
            let places = places_of(x, &depth)?;
            let mut rows = self.vec(places)?;
            for place in 0..places {
                rows.push(self.digit_row(x, y, place, places)?);
            }
            return List::raw(rows);
        }
        let values = numbers(y)?;
        let bases = numbers(x)?;
        if bases.is_empty() || bases.iter().skip(usize::from(!x.is_atom())).any(|&base| base < 2 && x.is_atom()) {
            return Err(Fault::DOMAIN);
        }
        let places = places_of(x, &values)?;
        self.charge(values.len().saturating_mul(places).saturating_mul(8))?;
        let all: Vec<Vec<i64>> = values.iter().map(|&value| split_number(x, &bases, value, places)).collect();
        if y.is_atom() {
            return Ok(make(all.into_iter().next().unwrap_or_default()));
        }
        let mut rows = self.vec(places)?;
        for place in 0..places {
            rows.push(make(all.iter().map(|digits| digits.get(place).copied().unwrap_or(0)).collect()));
        }
        if rows.is_empty() { Ok(empty(Kind::List)) } else { List::raw(rows) }
    }

    fn raze_longs(&mut self, y: &Noun) -> R<Vec<i64>> {
        let mut all = Vec::new();
        for item in build::items(y) {
            match &item {
                Noun::Vector(_) | Noun::List(_) => {
                    let inner = self.recurse(|vm| vm.raze_longs(&item))?;
                    self.grow(&mut all, inner.len())?;
                    all.extend(inner);
                }
                _ => {
                    self.grow(&mut all, 1)?;
                    all.push(item.as_long().ok_or(Fault::TYPE)?);
                }
            }
        }
        Ok(all)
    }

    fn digit_row(&mut self, x: &Noun, y: &Noun, place: usize, places: usize) -> R {
        let bases: Vec<i64> = if x.is_atom() { vec![x.as_long().ok_or(Fault::TYPE)?] } else { self.raze_longs(x)? };
        self.each(y, |vm, item| match &item {
            Noun::Atom(_) => {
                vm.charge(places)?;
                let digits = split_number(x, &bases, item.as_long().ok_or(Fault::TYPE)?, places);
                Ok(Noun::long(digits.get(place).copied().unwrap_or(0)))
            }
            _ => vm.recurse(|vm| vm.digit_row(x, &item, place, places)),
        })
    }

    /// `x sv y`
    fn combine(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (Noun::Atom(Atom { item: Item::Sym(Sym::NULL), .. }), _) => self.combine_names(y),
            _ if x.as_text().is_some() => {
                let separator = x.as_text().unwrap_or_default();
                let mut out = Vec::new();
                for (at, part) in self.parts_text(y)?.iter().enumerate() {
                    if at > 0 {
                        self.grow(&mut out, separator.len())?;
                        out.extend_from_slice(separator);
                    }
                    self.grow(&mut out, part.len())?;
                    out.extend_from_slice(part);
                }
                Ok(Noun::text(out))
            }
            (
                Noun::Atom(Atom { kind: Kind::Byte, item: Item::U8(0) }),
                Noun::Vector(Vector { kind: Kind::Byte, items: Items::U8(bytes), .. }),
            ) => number_of(bytes),
            (
                Noun::Atom(Atom { kind: Kind::Boolean, item: Item::U8(0) }),
                Noun::Vector(Vector { kind: Kind::Boolean, items: Items::U8(bits), .. }),
            ) => {
                if bits.len() % 8 != 0 {
                    return Err(Fault::LENGTH);
                }
                let bytes: Vec<u8> =
                    bits.chunks(8).map(|bits| bits.iter().fold(0, |byte, &bit| byte << 1 | bit)).collect();
                number_of(&bytes)
            }
            (Noun::Atom(Atom { kind: Kind::Byte | Kind::Boolean, item: Item::U8(0) }), Noun::List(_)) => {
                self.recurse(|vm| vm.each(y, |vm, item| vm.combine(x, &item)))
            }
            _ => self.join_digits(x, y),
        }
    }

    /// The texts of a list of strings. Each char of a char vector is a text.
    fn parts_text(&mut self, y: &Noun) -> R<Vec<Vec<u8>>> {
        self.charge(super::wire::weight(y))?;
        match y {
            Noun::Vector(Vector { kind: Kind::Char, items: Items::U8(text), .. }) => {
                Ok(text.iter().map(|&byte| vec![byte]).collect())
            }
            Noun::List(list) => {
                list.items().iter().map(|item| item.as_text().map(<[u8]>::to_vec).ok_or(Fault::TYPE)).collect()
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// `` ` sv x ``: joins symbols with dots, or with slashes after a path; joins texts to lines.
    fn combine_names(&mut self, y: &Noun) -> R {
        if let (Some(syms), false) = (y.as_syms(), y.is_atom()) {
            let path = syms.first().is_some_and(|&first| self.text(first).first() == Some(&b':'));
            let texts: Vec<&[u8]> = syms.iter().map(|&sym| self.q.symbols.text(sym)).collect();
            let text = texts.join(if path { &b"/"[..] } else { b"." });
            let sym = self.intern(&text);
            return Ok(Noun::sym(sym));
        }
        let mut out = Vec::new();
        for part in self.parts_text(y)? {
            self.grow(&mut out, part.len() + 1)?;
            out.extend_from_slice(&part);
            out.push(b'\n');
        }
        Ok(Noun::text(out))
    }

    /// `10 sv y`, `24 60 60 sv y`: the number with these digits; for rows of digits one number per column.
    fn join_digits(&mut self, x: &Noun, y: &Noun) -> R {
        let integral = |part: &Noun| {
            matches!(part.kind(), Some(Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long | Kind::List))
        };
        if !integral(x) || !integral(y) {
            return if x.kind() == Some(Kind::Symbol) { Err(Fault::TYPE) } else { Err(Fault::nyi("sv of floats")) };
        }
        let count = y.len();
        if !y.is_list() || (!x.is_atom() && x.len() != count) {
            return Err(if y.is_list() { Fault::LENGTH } else { Fault::TYPE });
        }
        if let Noun::List(list) = y {
            if list.items().is_empty() {
                return Ok(Noun::long(0));
            }
            // Rows of digits: each column is one number.
            let columns = self.flip(y)?;
            return self.recurse(|vm| vm.each(&columns, |vm, column| vm.join_digits(x, &column)));
        }
        self.charge(count.saturating_mul(4))?;
        let mut sum = 0_i64;
        for at in 0..count {
            let base = if x.is_atom() { x.as_long() } else { x.at(at).as_long() };
            let (Some(base), Some(digit)) = (base, y.at(at).as_long()) else { return Err(Fault::TYPE) };
            if digit == i64::MIN || base == i64::MIN {
                return Ok(Noun::long(i64::MIN));
            }
            sum = sum.wrapping_mul(base).wrapping_add(digit);
        }
        Ok(Noun::long(sum))
    }
}

fn narrow(long: i64) -> i32 {
    if long == i64::MIN { i32::MIN } else { i32::try_from(long).unwrap_or(i32::MAX) }
}

/// The number of digits: for a single base that of the largest value, otherwise the number of bases.
fn places_of(x: &Noun, values: &[i64]) -> R<usize> {
    if !x.is_atom() {
        return Ok(x.len());
    }
    let base = x.as_long().ok_or(Fault::TYPE)?;
    if base < 2 {
        return Err(Fault::DOMAIN);
    }
    let most = values.iter().filter(|&&value| value != i64::MIN).map(|value| value.unsigned_abs()).max().unwrap_or(0);
    let (mut places, mut left) = (0, most);
    while left > 0 {
        left /= base.unsigned_abs();
        places += 1;
    }
    // Zero has one digit.
    Ok(places.max(usize::from(!values.is_empty())))
}

/// Splits a number into digits.
fn split_number(x: &Noun, bases: &[i64], value: i64, places: usize) -> Vec<i64> {
    let mut digits = vec![0; places];
    let mut left = value;
    for at in (0..places).rev() {
        let base = if x.is_atom() { bases.first() } else { bases.get(at) }.copied().unwrap_or(1);
        let Some(digit) = digits.get_mut(at) else { continue };
        if value == i64::MIN {
            *digit = i64::MIN;
        } else if base == 0 {
            (*digit, left) = (left, 0);
        } else {
            (*digit, left) = (left.wrapping_rem_euclid(base), left.wrapping_div_euclid(base));
        }
    }
    digits
}

/// The bytes of an atom, most significant first.
fn bytes_of(x: &Noun) -> R<Vec<u8>> {
    let Noun::Atom(atom) = x else { return Err(Fault::TYPE) };
    Ok(match atom.item {
        Item::U8(item) => vec![item],
        Item::I16(item) => item.to_be_bytes().to_vec(),
        Item::I32(item) => item.to_be_bytes().to_vec(),
        Item::I64(item) => item.to_be_bytes().to_vec(),
        Item::F32(item) => item.to_be_bytes().to_vec(),
        Item::F64(item) => item.to_be_bytes().to_vec(),
        Item::Guid(item) => item.to_vec(),
        Item::Sym(_) => return Err(Fault::TYPE),
    })
}

/// The integer or guid with these bytes.
fn number_of(bytes: &[u8]) -> R {
    if let &[byte] = bytes {
        return Ok(atom(Kind::Byte, byte));
    }
    if let Ok(bytes) = <[u8; 2]>::try_from(bytes) {
        return Ok(atom(Kind::Short, i16::from_be_bytes(bytes)));
    }
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ok(Noun::int(i32::from_be_bytes(bytes)));
    }
    if let Ok(bytes) = <[u8; 8]>::try_from(bytes) {
        return Ok(Noun::long(i64::from_be_bytes(bytes)));
    }
    <[u8; 16]>::try_from(bytes).map(|bytes| atom(Kind::Guid, bytes)).map_err(|_| Fault::LENGTH)
}
