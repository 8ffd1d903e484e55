//! Numbers, dates and times, and runs of them.
//!
//! One item does not tell its kind: `2000.01` is a month before a `2000.02m` and a float before a
//! `1`. So a run is read twice. The first pass finds where each item ends and what it claims to be;
//! the claims together make the kind of the run. The second pass reads every item as that kind.

use super::literal::hex;
use super::moment;
use crate::atom::Atom;
use crate::error::{Error, ErrorKind};
use crate::kind::Kind;
use crate::null::{Infinite, Null};
use crate::slice::Slice;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};
use crate::value::Value;
use crate::vector::Vector;

/// Appends the number or run of numbers at the start of `text` to `out` and returns its length.
pub(super) fn run(text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, Error> {
    let Some(token) = token(text) else { return Ok(None) };
    let read = match token {
        [b'0', b'x', digits @ ..] => bytes(digits, out),
        [digits @ .., b'b'] => booleans(digits, out),
        _ => return numbers(Tokens { text, end: 0 }, out).map(Some),
    };
    read.map(|()| Some(token.len())).ok_or(Error::new(0, ErrorKind::Literal))
}

/// The bytes at the start of `text` that belong to one number, if a number starts there.
fn token(text: &[u8]) -> Option<&[u8]> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    match unsigned {
        // The file verbs `0:` `1:` `2:`, unless they are a time.
        [b'0'..=b'2', b':', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => return None,
        [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => {}
        _ => return None,
    }
    let (mut mantissa, mut previous) = (true, 0);
    let end = unsigned.iter().enumerate().position(|(at, &byte)| {
        let before_digit = || unsigned.get(at.saturating_add(1)).is_some_and(u8::is_ascii_digit);
        let belongs = match byte {
            b':' => before_digit(),
            b'+' | b'-' => mantissa && previous == b'e' && before_digit(),
            _ => byte.is_ascii_alphanumeric() || byte == b'.',
        };
        mantissa &= matches!(byte, b'0'..=b'9' | b'.' | b'e');
        previous = byte;
        !belongs
    });
    let sign = text.len().saturating_sub(unsigned.len());
    text.get(..sign.saturating_add(end.unwrap_or(unsigned.len())))
}

/// The items of a run, with where they stand.
#[derive(Clone)]
struct Tokens<'a> {
    text: &'a [u8],
    end: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.end..)?;
        let blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
        let token = token(rest.get(blanks..)?)?;
        let alone = matches!(token, [b'0', b'x', ..] | [.., b'b']);
        if self.end > 0 && (blanks == 0 || alone) {
            return None;
        }
        let at = self.end.saturating_add(blanks);
        self.end = at.saturating_add(token.len());
        Some((at, token))
    }
}

/// What an item says about the kind of its run.
enum Claim {
    Nothing,
    /// A fraction: a float, unless another item says otherwise.
    Fraction,
    Kind(Kind),
}

fn numbers(tokens: Tokens<'_>, out: &mut Vec<u8>) -> Result<usize, Error> {
    let (mut claimed, mut fraction) = (None, false);
    let mut first_pass = tokens.clone();
    for (at, token) in first_pass.by_ref() {
        // A letter after the last time of day is stronger than the form of those before it.
        if let Some((kind, _)) = moment::suffix(unsigned(token))
            && claimed.is_none_or(|claimed| claimed >= Kind::Timespan)
        {
            claimed = Some(kind);
            continue;
        }
        match claim(unsigned(token)) {
            Some(Claim::Nothing) => {}
            Some(Claim::Fraction) => fraction = true,
            Some(Claim::Kind(kind)) if claimed.is_none_or(|claimed| claimed == kind) => claimed = Some(kind),
            _ => return Err(Error::new(at, ErrorKind::Literal)),
        }
    }
    write(claimed.unwrap_or(if fraction { Kind::Float } else { Kind::Long }), tokens, out)?;
    Ok(first_pass.end)
}

fn claim(unsigned: &[u8]) -> Option<Claim> {
    if let Some((sign, letter)) = special(unsigned) {
        // Without a letter the case tells: `0N` is a long and `0n` a float. With one it says nothing.
        let Some(letter) = letter else {
            return Some(if sign.is_ascii_lowercase() { Claim::Fraction } else { Claim::Nothing });
        };
        let kind = Kind::from_letter(char::from(letter))?;
        let known = match kind {
            Kind::Guid => sign == b'N',
            Kind::Boolean | Kind::Byte | Kind::Char | Kind::Symbol => false,
            _ => true,
        };
        return known.then_some(Claim::Kind(kind));
    }
    if let Some(kind) = moment::kind(unsigned) {
        return Some(Claim::Kind(kind));
    }
    let kind = match *unsigned.last()? {
        b'h' => Kind::Short,
        b'i' => Kind::Int,
        b'j' => Kind::Long,
        b'e' => Kind::Real,
        b'f' => Kind::Float,
        b'm' => Kind::Month,
        _ if unsigned.iter().any(|byte| matches!(byte, b'.' | b'e')) => return Some(Claim::Fraction),
        _ => return Some(Claim::Nothing),
    };
    Some(Claim::Kind(kind))
}

fn unsigned(token: &[u8]) -> &[u8] {
    token.strip_prefix(b"-").unwrap_or(token)
}

/// The sign of a null or an infinity, one of `N n W w`, and the type letter after it.
fn special(unsigned: &[u8]) -> Option<(u8, Option<u8>)> {
    match *unsigned {
        [b'0', sign @ (b'N' | b'n' | b'W' | b'w')] => Some((sign, None)),
        [b'0', sign @ (b'N' | b'n' | b'W' | b'w'), letter] => Some((sign, Some(letter))),
        _ => None,
    }
}

/// An item that is read from its token.
trait Number: Null {
    const KIND: Kind;
    /// The infinities, positive and negative; a guid has none.
    const INFINITIES: Option<(Self, Self)>;

    /// Reads what is neither null nor infinite, without its sign and the type letter.
    fn ordinary(unsigned: &[u8], negative: bool) -> Result<Self, ErrorKind>;

    fn read(token: &[u8]) -> Result<Self, ErrorKind> {
        let unsigned = unsigned(token);
        let negative = unsigned.len() < token.len();
        let Some((sign, _)) = special(unsigned) else {
            return Self::ordinary(unsigned.strip_suffix(&[letter(Self::KIND)]).unwrap_or(unsigned), negative);
        };
        match Self::INFINITIES {
            _ if sign.eq_ignore_ascii_case(&b'N') => Ok(Self::NULL),
            Some((infinity, _)) if !negative => Ok(infinity),
            Some((_, infinity)) => Ok(infinity),
            None => Err(ErrorKind::Literal),
        }
    }
}

/// The kind's letter as a byte; every kind of a number has one.
fn letter(kind: Kind) -> u8 {
    u8::try_from(kind.letter()).unwrap_or_default()
}

/// The number that `digits` spell.
pub(super) fn natural(digits: &[u8]) -> Result<u64, ErrorKind> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ErrorKind::Literal);
    }
    str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(ErrorKind::Range)
}

/// The number with its sign, if it fits. The least of its type does not: that is the null.
pub(super) fn signed<T: TryFrom<i64>>(magnitude: u64, negative: bool) -> Result<T, ErrorKind> {
    let magnitude = i64::try_from(magnitude).map_err(|_| ErrorKind::Range)?;
    let number = T::try_from(magnitude).map_err(|_| ErrorKind::Range)?;
    if negative { T::try_from(magnitude.saturating_neg()).map_err(|_| ErrorKind::Range) } else { Ok(number) }
}

macro_rules! integers {
    ($($kind:ident $ty:ty,)*) => {$(
        impl Number for $ty {
            const KIND: Kind = Kind::$kind;
            const INFINITIES: Option<(Self, Self)> = Some((Self::INFINITY, Self::NEG_INFINITY));

            fn ordinary(unsigned: &[u8], negative: bool) -> Result<Self, ErrorKind> {
                signed(natural(unsigned)?, negative)
            }
        }
    )*};
}
integers! { Short i16, Int i32, Long i64, }

macro_rules! floats {
    ($($kind:ident $ty:ty,)*) => {$(
        impl Number for $ty {
            const KIND: Kind = Kind::$kind;
            const INFINITIES: Option<(Self, Self)> = Some((Self::INFINITY, Self::NEG_INFINITY));

            fn ordinary(unsigned: &[u8], negative: bool) -> Result<Self, ErrorKind> {
                let text = str::from_utf8(unsigned).map_err(|_| ErrorKind::Literal)?;
                let number: Self = text.parse().map_err(|_| ErrorKind::Literal)?;
                Ok(if negative { -number } else { number })
            }
        }
    )*};
}
floats! { Real f32, Float f64, }

macro_rules! moments {
    ($($ty:ident $read:path;)*) => {$(
        impl Number for $ty {
            const KIND: Kind = Kind::$ty;
            const INFINITIES: Option<(Self, Self)> = Some((Self::INFINITY, Self::NEG_INFINITY));

            fn ordinary(unsigned: &[u8], negative: bool) -> Result<Self, ErrorKind> {
                $read(unsigned, negative).map(Self)
            }
        }
    )*};
}
moments! {
    Timestamp moment::timestamp;
    Month moment::month;
    Date moment::date;
    Datetime moment::datetime;
    Timespan moment::timespan;
    Minute moment::minute;
    Second moment::second;
    Time moment::time;
}

impl Number for Guid {
    const KIND: Kind = Kind::Guid;
    const INFINITIES: Option<(Self, Self)> = None;

    fn ordinary(_: &[u8], _: bool) -> Result<Self, ErrorKind> {
        Err(ErrorKind::Literal)
    }
}

macro_rules! define_write {
    ($($kind:ident $ty:ty,)*) => {
        fn write(kind: Kind, tokens: Tokens<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
            match kind {
                $(Kind::$kind => {
                    let read = |(at, token)| <$ty>::read(token).map_err(|kind| Error::new(at, kind));
                    let items = tokens.map(read).collect::<Result<Vec<$ty>, _>>()?;
                    match *items {
                        [item] => Value::Atom(Atom::$kind(item)).encode(out),
                        _ => Value::Vector(Vector::$kind(Slice::new(&items))).encode(out),
                    }
                })*
                _ => Err(Error::new(0, ErrorKind::Literal)),
            }
        }
    };
}
define_write! {
    Guid Guid, Short i16, Int i32, Long i64, Real f32, Float f64, Timestamp Timestamp, Month Month, Date Date,
    Datetime Datetime, Timespan Timespan, Minute Minute, Second Second, Time Time,
}

fn booleans(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let digit = |&digit: &u8| match digit {
        b'0' => Some(false),
        b'1' => Some(true),
        _ => None,
    };
    let items = digits.iter().map(digit).collect::<Option<Vec<bool>>>()?;
    match *items {
        [item] => Value::from(item).encode(out).ok(),
        _ => Value::from(&items).encode(out).ok(),
    }
}

/// Two digits make a byte; of an odd number of digits the first makes one alone.
fn bytes(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (first, pairs) = digits.split_at_checked(digits.len() % 2)?;
    let byte = |digits: &[u8]| digits.iter().try_fold(0_u8, |byte, &digit| Some(byte << 4 | hex(digit)?));
    let first = first.chunks(1).map(byte);
    let items = first.chain(pairs.chunks(2).map(byte)).collect::<Option<Vec<u8>>>()?;
    match *items {
        [item] => Value::from(item).encode(out).ok(),
        _ => Value::from(&items).encode(out).ok(),
    }
}
