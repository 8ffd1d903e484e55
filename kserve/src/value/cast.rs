//! `x$y`: one kind made of another, and text read as a kind.

use kcodec::{Atom, Body, Guid, Kind, Symbol, Value};

use super::atomic;
use super::budget::Budget;
use super::compare;
use super::convert::conversion;
use super::fault::Fault;
use super::items::{empty, encode, null};
use super::lane::{Lane, Side, in_lane};
use super::promote::is_number;

/// What the left argument asks for.
#[derive(Debug, Clone, Copy)]
enum Wish {
    /// `` `long$ ``, `"j"$`, `7h$`
    Cast(Kind),
    /// `"J"$`: text read.
    Read(Kind),
    /// `"*"$`
    Same,
}

/// `x$y`
pub(crate) fn cast(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    match wish(x.value())? {
        Wish::Same => Ok(y.clone()),
        Wish::Read(kind) => read(budget, kind, y.value()),
        Wish::Cast(kind) if kind == y.value().kind() && !y.value().is_atom() => Ok(y.clone()),
        Wish::Cast(Kind::Symbol) => read(budget, Kind::Symbol, y.value()),
        Wish::Cast(kind) => match y.value() {
            Value::List(list) if list.is_empty() => encode(empty(kind)),
            value => atomic::unary(budget, value, &|budget, value| convert(budget, kind, value)),
        },
    }
}

fn wish(x: Value<'_>) -> Result<Wish, Fault> {
    let kind = match x {
        Value::Atom(Atom::Symbol(name)) if name.is_empty() => return Ok(Wish::Cast(Kind::Symbol)),
        Value::Atom(Atom::Symbol(name)) => Kind::from_name(name.as_str().unwrap_or_default()),
        Value::Atom(Atom::Char(b'*')) => return Ok(Wish::Same),
        Value::Atom(Atom::Char(letter)) if letter.is_ascii_uppercase() => {
            let kind = Kind::from_letter(char::from(letter.to_ascii_lowercase()));
            return kind.map(Wish::Read).ok_or(Fault::TYPE);
        }
        Value::Atom(Atom::Char(letter)) => Kind::from_letter(char::from(letter)),
        Value::Atom(Atom::Short(code)) => u8::try_from(code).ok().and_then(Kind::from_code),
        _ => None,
    };
    kind.filter(|&kind| Kind::List < kind && kind < Kind::Table).map(Wish::Cast).ok_or(Fault::NYI)
}

/// An atom or vector of numbers as those of `kind`.
fn convert(budget: &mut Budget, kind: Kind, value: Value<'_>) -> Result<Body, Fault> {
    if kind == value.kind() {
        return encode(value);
    }
    if !(is_number(kind) && is_number(value.kind())) {
        return Err(Fault::TYPE);
    }
    if kind == Kind::Boolean {
        let zero = compare::not(budget, value)?;
        return compare::not(budget, zero.value());
    }
    budget.make(value.count(), size_of::<i64>())?;
    in_lane!(kind, T => {
        let side = Side::<T>::new(value, conversion(value.kind(), kind, true))?;
        T::body(kind, side.out())
    })
}

/// Text, or each text of a list, read as an item of `kind`; what cannot be read is null.
fn read(budget: &mut Budget, kind: Kind, y: Value<'_>) -> Result<Body, Fault> {
    match y {
        Value::List(list) if list.is_empty() => encode(empty(kind)),
        Value::List(list) => {
            budget.touch(list.len())?;
            let read: Result<Vec<_>, _> =
                budget.nest(|budget| list.iter().map(|item| read(budget, kind, item)).collect());
            atomic::collect(budget, read?)
        }
        Value::Atom(Atom::Symbol(_)) if kind == Kind::Symbol => encode(y),
        _ => {
            let text = y.as_text().ok_or(Fault::TYPE)?;
            budget.touch(text.len())?;
            read_text(budget, kind, text.trim_ascii())
        }
    }
}

fn read_text(budget: &mut Budget, kind: Kind, text: &[u8]) -> Result<Body, Fault> {
    match kind {
        Kind::Symbol => encode(Symbol::from_bytes(text)),
        Kind::Guid => encode(guid(text).unwrap_or_default()),
        Kind::Char => encode(Value::chars(text)),
        Kind::Boolean => encode(matches!(text, b"1" | b"t" | b"T" | b"y" | b"Y")),
        _ => match literal(text) {
            Some(body) if fits(body.value(), kind) => convert(budget, kind, body.value()),
            _ => encode(null(kind)),
        },
    }
}

/// The atom that all of the text denotes.
fn literal(text: &[u8]) -> Option<Body> {
    let (body, used) = kcodec::literal(text).ok()??;
    (used == text.len() && body.value().is_atom()).then_some(body)
}

/// Whether a literal may stand for an item of `kind`: an integer for any number, a float for floats, a
/// time for times.
fn fits(value: Value<'_>, kind: Kind) -> bool {
    match value.kind() {
        Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long => kind <= Kind::Float,
        Kind::Real | Kind::Float => matches!(kind, Kind::Real | Kind::Float),
        from => from >= Kind::Timestamp && kind >= Kind::Timestamp && is_number(from),
    }
}

/// 32 hex digits, with or without dashes.
fn guid(text: &[u8]) -> Option<Guid> {
    let digits: Option<Vec<u8>> = text.iter().filter(|&&byte| byte != b'-').map(|&byte| hex_digit(byte)).collect();
    let digits: [u8; 32] = digits?.try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    }
    Some(Guid(bytes))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
