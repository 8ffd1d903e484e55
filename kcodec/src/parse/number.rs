//! Literals of numbers, dates and times, and runs of them.
//!
//! A token alone does not determine its kind: `2000.01` is a month before `2000.02m` and a float before `1`. So a run
//! is read in two passes:
//!
//! ```text
//! kind = unknown, fraction = false
//! for each token:
//!     its suffix or form names a kind: set kind; an error if another kind is set,
//!         except that the suffix of a time overrides the forms of times before it
//!     it has a point or an exponent: fraction = true
//! if kind is unknown: kind = float if fraction, otherwise long
//! for each token: read it as an item of kind
//! ```
//!
//! Runs of booleans and bytes are single tokens, `0110b` and `0x2a2b`, and are never part of a longer run.

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

/// The token of a number at the start of `text`; `None` if the text does not begin with a number.
fn token(text: &[u8]) -> Option<&[u8]> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    match unsigned {
        // The file verbs `0:` `1:` `2:`, but not a time of day.
        [b'0'..=b'2', b':', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => return None,
        [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => {}
        _ => return None,
    }
    let (mut mantissa, mut previous) = (true, 0);
    let end = unsigned.iter().enumerate().position(|(at, &byte)| {
        let before_digit = || unsigned.get(at + 1).is_some_and(u8::is_ascii_digit);
        let belongs = match byte {
            b':' => before_digit(),
            b'+' | b'-' => mantissa && previous == b'e' && before_digit(),
            _ => byte.is_ascii_alphanumeric() || byte == b'.',
        };
        mantissa &= matches!(byte, b'0'..=b'9' | b'.' | b'e');
        previous = byte;
        !belongs
    });
    let sign = text.len() - unsigned.len();
    text.get(..sign + end.unwrap_or(unsigned.len()))
}

/// An iterator over the tokens of a run and their offsets.
#[derive(Clone)]
struct Tokens<'a> {
    text: &'a [u8],
    /// End of the last token.
    end: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.end..)?;
        let blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
        let token = token(rest.get(blanks..)?)?;
        let is_vector = matches!(token, [b'0', b'x', ..] | [.., b'b']);
        if self.end > 0 && (blanks == 0 || is_vector) {
            return None;
        }
        let at = self.end + blanks;
        self.end = at + token.len();
        Some((at, token))
    }
}

/// The evidence of one token for the kind of its run.
enum Hint {
    None,
    /// A point or an exponent: a float, unless another token names a kind.
    Fraction,
    /// The kind, by suffix or form.
    Kind(Kind),
}

/// Appends the run of numbers and returns its length.
fn numbers(tokens: Tokens<'_>, out: &mut Vec<u8>) -> Result<usize, Error> {
    let (mut named, mut fraction) = (None, false);
    let mut first_pass = tokens.clone();
    for (at, token) in first_pass.by_ref() {
        // The suffix of a time overrides the forms of times before it.
        if let Some((kind, _)) = moment::suffix(unsigned(token))
            && named.is_none_or(|named| named >= Kind::Timespan)
        {
            named = Some(kind);
            continue;
        }
        match hint(unsigned(token)) {
            Some(Hint::None) => {}
            Some(Hint::Fraction) => fraction = true,
            Some(Hint::Kind(kind)) if named.is_none_or(|named| named == kind) => named = Some(kind),
            _ => return Err(Error::new(at, ErrorKind::Literal)),
        }
    }
    write(named.unwrap_or(if fraction { Kind::Float } else { Kind::Long }), tokens, out)?;
    Ok(first_pass.end)
}

/// The hint of a token without its sign; `None` for an invalid null or infinity.
fn hint(unsigned: &[u8]) -> Option<Hint> {
    if let Some((sign, letter)) = special(unsigned) {
        // Without a suffix the case determines the kind: `0N` may be a long, `0n` is a float. With one, case is
        // ignored.
        let Some(letter) = letter else {
            return Some(if sign.is_ascii_lowercase() { Hint::Fraction } else { Hint::None });
        };
        let kind = Kind::from_letter(char::from(letter))?;
        let known = match kind {
            Kind::Guid => sign == b'N',
            Kind::Boolean | Kind::Byte | Kind::Char | Kind::Symbol => false,
            _ => true,
        };
        return known.then_some(Hint::Kind(kind));
    }
    if let Some(kind) = moment::kind(unsigned) {
        return Some(Hint::Kind(kind));
    }
    let kind = match *unsigned.last()? {
        b'h' => Kind::Short,
        b'i' => Kind::Int,
        b'j' => Kind::Long,
        b'e' => Kind::Real,
        b'f' => Kind::Float,
        b'm' => Kind::Month,
        _ if unsigned.iter().any(|byte| matches!(byte, b'.' | b'e')) => return Some(Hint::Fraction),
        _ => return Some(Hint::None),
    };
    Some(Hint::Kind(kind))
}

fn unsigned(token: &[u8]) -> &[u8] {
    token.strip_prefix(b"-").unwrap_or(token)
}

/// The letter of a null or an infinity, one of `N n W w`, and the suffix after it.
fn special(unsigned: &[u8]) -> Option<(u8, Option<u8>)> {
    match *unsigned {
        [b'0', sign @ (b'N' | b'n' | b'W' | b'w')] => Some((sign, None)),
        [b'0', sign @ (b'N' | b'n' | b'W' | b'w'), letter] => Some((sign, Some(letter))),
        _ => None,
    }
}

/// An item that can be read from a token.
trait Number: Null {
    const KIND: Kind;
    /// The infinities, positive and negative; a guid has none.
    const INFINITIES: Option<(Self, Self)>;

    /// Reads a token that is neither a null nor an infinity, without sign and suffix.
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

/// The suffix of the kind.
fn letter(kind: Kind) -> u8 {
    u8::try_from(kind.letter()).unwrap_or_else(|_| unreachable!("kinds have ASCII letters"))
}

/// The value of decimal digits, of which there must be one at least.
pub(super) fn natural(digits: &[u8]) -> Result<u64, ErrorKind> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ErrorKind::Literal);
    }
    str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(ErrorKind::Range)
}

/// The number with its sign, if its type can hold it. The minimum of the type is out of range: it is the null.
pub(super) fn signed<T: TryFrom<i64>>(magnitude: u64, negative: bool) -> Result<T, ErrorKind> {
    let magnitude = i64::try_from(magnitude).map_err(|_| ErrorKind::Range)?;
    let number = T::try_from(magnitude).map_err(|_| ErrorKind::Range)?;
    if negative { T::try_from(-magnitude).map_err(|_| ErrorKind::Range) } else { Ok(number) }
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
        /// Appends the tokens as items of `kind`: an atom if there is one, otherwise a vector.
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

/// Appends the booleans: an atom if there is one digit, otherwise a vector.
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

/// Appends the bytes, of two digits each; if the number of digits is odd, the first byte has one. One byte is an atom.
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
