//! Nouns without nested expressions: numbers, symbols, strings, guids.

use std::str::FromStr;

use super::number;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::slice::Slice;
use crate::symbol::Symbol;
use crate::temporal::Guid;
use crate::value::Value;
use crate::vector::Vector;

/// The longest noun at the start of `text`, by the rules of q's tokenizer, and its length in bytes.
///
/// A noun is a number or a run of numbers separated by blanks, a run of symbols without blanks, or a string. `None` if
/// the text begins with none of these, for example with a blank. A minus directly before a digit is part of the number;
/// the caller must recognize a verb, as in `x-1`.
///
/// ```
/// let (body, length) = kcodec::literal(b"1 2 3+4")?.expect("a number");
/// assert_eq!((body.to_string().as_str(), length), ("1 2 3", 5));
/// assert_eq!(kcodec::literal(b"til 5")?, None);
/// # Ok::<(), kcodec::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Literal`] for text that begins like a noun but is not one, [`ErrorKind::Range`] for a number or date
/// that its type cannot hold, [`ErrorKind::Unbalanced`] for an unterminated string.
pub fn literal(text: &[u8]) -> Result<Option<(Body, usize)>, Error> {
    let mut bytes = Vec::new();
    match noun(text, &mut bytes)? {
        Some(length) => Ok(Some((Body::decode(bytes)?, length))),
        None => Ok(None),
    }
}

/// Appends the noun at the start of `text` to `out` and returns its length.
pub(super) fn noun(text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, Error> {
    match text.first() {
        Some(b'`') => symbols(text, out).map(Some),
        Some(b'"') => string(text, out).map(Some),
        _ => number::run(text, out),
    }
}

/// The name at the start of `text`: a letter or dot, then letters, digits, dots and underscores.
pub(super) fn name(text: &[u8]) -> Option<&[u8]> {
    let first = text.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'.');
    let length = text.iter().position(|&byte| !is_name(byte)).unwrap_or(text.len());
    text.get(..length).filter(|_| first)
}

pub(super) const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// Appends the symbols at the start of `text` and returns their length. One symbol is an atom, more are a vector.
fn symbols(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
    let mut symbols = Vec::new();
    let mut rest = text;
    while let Some(symbol) = rest.strip_prefix(b"`") {
        let (symbol, after) = symbol.split_at(symbol_length(symbol));
        symbols.push(Symbol::from_bytes(symbol));
        rest = after;
    }
    match *symbols {
        [symbol] => Value::from(symbol).encode(out)?,
        _ => Value::symbols(&symbols).encode(out)?,
    }
    Ok(text.len() - rest.len())
}

/// The length of a symbol without its backtick: characters of names and colons, slashes after the first colon (a path),
/// and all non-ASCII bytes.
fn symbol_length(text: &[u8]) -> usize {
    let mut path = false;
    let ends = |&byte: &u8| {
        path |= byte == b':';
        !(is_name(byte) || byte >= 0x80 || byte == b':' || (path && byte == b'/'))
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// Appends the string at the start of `text` and returns its length. One char is an atom, more are a vector.
fn string(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
    let mut chars = Vec::new();
    let mut at = 1_usize;
    loop {
        let (byte, length) = match text.get(at..).unwrap_or_default() {
            [] | [b'\\'] => return Err(Error::new(0, ErrorKind::Unbalanced)),
            [b'"', ..] => break,
            [b'\\', escaped @ ..] => {
                let (byte, length) = escape(escaped).map_err(|kind| Error::new(at, kind))?;
                (byte, length + 1)
            }
            [byte, ..] => (*byte, 1),
        };
        chars.push(byte);
        at += length;
    }
    match *chars {
        [char] => Value::from(crate::atom::Atom::Char(char)).encode(out)?,
        _ => Value::chars(&chars).encode(out)?,
    }
    Ok(at + 1)
}

/// The byte of an escape sequence, and the length of the sequence without its backslash.
fn escape(text: &[u8]) -> Result<(u8, usize), ErrorKind> {
    match *text {
        [byte @ (b'"' | b'\\'), ..] => Ok((byte, 1)),
        [b'n', ..] => Ok((b'\n', 1)),
        [b'r', ..] => Ok((b'\r', 1)),
        [b't', ..] => Ok((b'\t', 1)),
        [a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            if a > b'3' {
                return Err(ErrorKind::Range);
            }
            Ok(((a & 3) << 6 | (b & 7) << 3 | (c & 7), 3))
        }
        _ => Err(ErrorKind::Literal),
    }
}

/// Appends the guids without quotes at the start of `text`, as q displays them, and returns their length; 0 if there
/// are none. q's own tokenizer does not accept them: it reads numbers and minuses.
pub(super) fn guids(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
    let mut guids = Vec::new();
    let mut end = 0;
    let mut rest = text;
    while let Some((guid, after)) = rest.split_first_chunk::<36>() {
        let Some(guid) = guid_alone(guid, after) else { break };
        guids.push(guid);
        end = text.len() - after.len();
        rest = after.trim_ascii_start();
    }
    match *guids {
        [] => {}
        [guid] => Value::from(guid).encode(out)?,
        _ => Value::Vector(Vector::Guid(Slice::new(&guids))).encode(out)?,
    }
    Ok(end)
}

/// The guid, unless `after` continues it as a name or number.
fn guid_alone(text: &[u8; 36], after: &[u8]) -> Option<Guid> {
    if after.first().is_some_and(|&byte| is_name(byte) || byte == b'-') { None } else { guid(text) }
}

/// The guid of a text in the form 8-4-4-4-12 of hexadecimal digits.
pub(super) fn guid(text: &[u8]) -> Option<Guid> {
    let dashes = [8, 13, 18, 23].iter().all(|&at| text.get(at) == Some(&b'-'));
    if dashes && text.len() == 36 { loose_guid(text) } else { None }
}

/// Reads 32 hexadecimal digits, with dashes anywhere.
///
/// ```
/// use kcodec::Guid;
///
/// assert_eq!("01020304-0506-0708-090a-0b0c0d0e0f10".parse::<Guid>()?.0[15], 16);
/// assert!("0102".parse::<Guid>().is_err());
/// # Ok::<(), kcodec::Error>(())
/// ```
impl FromStr for Guid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        loose_guid(text.as_bytes()).ok_or(Error { at: 0, kind: ErrorKind::Literal })
    }
}

fn loose_guid(text: &[u8]) -> Option<Guid> {
    let mut digits = text.iter().filter(|&&byte| byte != b'-');
    let mut guid = Guid::default();
    for byte in &mut guid.0 {
        *byte = hex(*digits.next()?)? << 4 | hex(*digits.next()?)?;
    }
    digits.next().is_none().then_some(guid)
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
