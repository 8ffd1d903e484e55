//! Nouns without structure: numbers, symbols, strings, guids.

use super::number;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::slice::Slice;
use crate::symbol::Symbol;
use crate::temporal::Guid;
use crate::value::Value;
use crate::vector::Vector;

/// The longest noun at the start of `text` that q's own reader takes for one, and its length in bytes.
///
/// A number or a run of numbers with blanks between, symbols without any, or a string. `None` if the
/// text starts with none of these; a blank is none. A minus belongs to the digit right after it:
/// whether it is a verb there, as in `x-1`, only the caller can know.
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
/// [`ErrorKind::Literal`] for what starts as a noun and is none, [`ErrorKind::Range`] for a number
/// or date that its type cannot hold, [`ErrorKind::Unbalanced`] for a string without its end.
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

/// The name at the start of `text`.
pub(super) fn name(text: &[u8]) -> Option<&[u8]> {
    let first = text.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'.');
    let length = text.iter().position(|&byte| !is_name(byte)).unwrap_or(text.len());
    text.get(..length).filter(|_| first)
}

pub(super) const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

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
    Ok(text.len().saturating_sub(rest.len()))
}

/// Names, and from a colon on the slashes of a path. Bytes past ASCII are letters of some language.
fn symbol_length(text: &[u8]) -> usize {
    let mut path = false;
    let ends = |&byte: &u8| {
        path |= byte == b':';
        !(is_name(byte) || byte >= 0x80 || byte == b':' || (path && byte == b'/'))
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// One char between quotes is an atom.
fn string(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
    let mut chars = Vec::new();
    let mut at = 1_usize;
    loop {
        let (byte, length) = match text.get(at..).unwrap_or_default() {
            [] | [b'\\'] => return Err(Error::new(0, ErrorKind::Unbalanced)),
            [b'"', ..] => break,
            [b'\\', escaped @ ..] => {
                let (byte, length) = escape(escaped).map_err(|kind| Error::new(at, kind))?;
                (byte, length.saturating_add(1))
            }
            [byte, ..] => (*byte, 1),
        };
        chars.push(byte);
        at = at.saturating_add(length);
    }
    match *chars {
        [char] => Value::from(crate::atom::Atom::Char(char)).encode(out)?,
        _ => Value::chars(&chars).encode(out)?,
    }
    Ok(at.saturating_add(1))
}

/// What stands after a backslash: the byte that is meant, and how many say so.
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

/// Appends the bare guids at the start of `text`, as q shows them, and returns their length; 0 if
/// there are none. q itself would read numbers and minuses here.
pub(super) fn guids(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
    let mut guids = Vec::new();
    let mut end = 0;
    let mut rest = text;
    while let Some((guid, after)) = rest.split_first_chunk::<36>() {
        let Some(guid) = guid_alone(guid, after) else { break };
        guids.push(guid);
        end = text.len().saturating_sub(after.len());
        rest = after.trim_ascii_start();
    }
    match *guids {
        [] => {}
        [guid] => Value::from(guid).encode(out)?,
        _ => Value::Vector(Vector::Guid(Slice::new(&guids))).encode(out)?,
    }
    Ok(end)
}

fn guid_alone(text: &[u8; 36], after: &[u8]) -> Option<Guid> {
    if after.first().is_some_and(|&byte| is_name(byte) || byte == b'-') { None } else { guid(text) }
}

/// The guid that `text` spells in the form 8-4-4-4-12.
pub(super) fn guid(text: &[u8]) -> Option<Guid> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let mut guid = Guid::default();
    let mut digits = text.iter().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
    if [8, 13, 18, 23].iter().any(|&at| text.get(at) != Some(&b'-')) {
        return None;
    }
    for byte in &mut guid.0 {
        *byte = hex(*digits.next()?.1)? << 4 | hex(*digits.next()?.1)?;
    }
    Some(guid)
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
