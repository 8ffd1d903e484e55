//! A plain walk over a body, one item at a time: predicts the reason and the offset of the library's error.
//!
//! Uses only the error types of the library.

use kcodec::{Error, ErrorKind, Limits, Value};

type Walked<T> = Result<T, Error>;

struct Plain<'a> {
    body: &'a [u8],
    at: usize,
}

/// Bytes of an item of the type; `None` if they vary.
fn width(code: u8) -> Option<usize> {
    match code {
        1 | 4 | 10 => Some(1),
        2 => Some(16),
        5 => Some(2),
        6 | 8 | 13 | 14 | 17..=19 => Some(4),
        7 | 9 | 12 | 15 | 16 => Some(8),
        _ => None,
    }
}

fn fail<T>(at: usize, kind: ErrorKind) -> Walked<T> {
    Err(Error { at, kind })
}

impl Plain<'_> {
    fn bytes(&mut self, count: usize) -> Walked<&[u8]> {
        let Some(bytes) = self.body[self.at..].get(..count) else { return fail(self.at, ErrorKind::Truncated) };
        self.at += count;
        Ok(bytes)
    }

    fn byte(&mut self) -> Walked<u8> {
        Ok(self.bytes(1)?[0])
    }

    fn number(&mut self, size: usize) -> Walked<u64> {
        Ok(self.bytes(size)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Skips texts. The offset of the error is that of the first text, even if a later one is unterminated.
    fn texts(&mut self, count: u64) -> Walked<()> {
        let start = self.at;
        for _ in 0..count {
            let Some(length) = self.body[self.at..].iter().position(|&byte| byte == 0) else {
                return fail(start, ErrorKind::Truncated);
            };
            self.at += length + 1;
        }
        Ok(())
    }

    fn attribute(&mut self) -> Walked<bool> {
        let byte = self.byte()?;
        if byte & 0x7f > 4 { fail(self.at - 1, ErrorKind::Attribute(byte)) } else { Ok(byte & 0x80 != 0) }
    }

    fn head(&mut self, least: u64) -> Walked<u64> {
        let size = if self.attribute()? { 8 } else { 4 };
        let at = self.at;
        let count = self.number(size)?;
        let left = (self.body.len() - self.at) as u64;
        if count.checked_mul(least).is_none_or(|bytes| bytes > left) {
            return fail(at, ErrorKind::Count(count));
        }
        Ok(count)
    }

    fn one_of(&mut self, codes: &[u8], otherwise: ErrorKind) -> Walked<u8> {
        let code = self.byte()?;
        if codes.contains(&code) { Ok(code) } else { fail(self.at - 1, otherwise) }
    }

    fn item(&mut self, code: u8) -> Walked<()> {
        let at = self.at;
        match (code, self.bytes(width(code).unwrap())?) {
            (1, &[byte]) if byte > 1 => fail(at, ErrorKind::Boolean(byte)),
            _ => Ok(()),
        }
    }

    fn object(&mut self, depth: u8) -> Walked<Option<u64>> {
        let start = self.at;
        let code = self.byte()?;
        let nested = matches!(code, 0 | 98..=100 | 104..=111 | 127);
        if nested && depth == 0 {
            return fail(start, ErrorKind::Depth);
        }
        let depth = depth.wrapping_sub(u8::from(nested));
        match code {
            0 => {
                let count = self.head(2)?;
                (0..count).try_for_each(|_| self.object(depth).map(drop))?;
                Ok(Some(count))
            }
            11 => {
                let count = self.head(1)?;
                self.texts(count)?;
                Ok(Some(count))
            }
            1..=19 if code != 3 => {
                let count = self.head(width(code).unwrap() as u64)?;
                (0..count).try_for_each(|_| self.item(code))?;
                Ok(Some(count))
            }
            245 => self.texts(1).map(|()| None),
            237..=255 if code != 253 => self.item(code.wrapping_neg()).map(|()| None),
            98 => self.table(depth),
            99 | 127 => match (self.object(depth)?, self.object(depth)?) {
                (Some(keys), Some(values)) if keys == values => Ok(Some(keys)),
                (Some(keys), Some(values)) => fail(start, ErrorKind::DictCount { keys, values }),
                _ => fail(start, ErrorKind::DictItem),
            },
            100 => {
                self.texts(1)?;
                self.object(depth).map(|_| None)
            }
            101..=103 => {
                let id = self.byte()?;
                let last = [44, 36, 5][usize::from(code) - 101];
                let known = id <= last || (code == 101 && id == 255);
                if known { Ok(None) } else { fail(self.at - 1, ErrorKind::Primitive(id)) }
            }
            104 | 105 => {
                let count = self.number(4)?;
                (0..count).try_for_each(|_| self.object(depth).map(drop))?;
                Ok(None)
            }
            106..=111 => self.object(depth).map(|_| None),
            128 => fail(start, ErrorKind::NestedError),
            _ => fail(start, ErrorKind::Type(code.cast_signed())),
        }
    }

    fn table(&mut self, depth: u8) -> Walked<Option<u64>> {
        self.attribute()?;
        self.one_of(&[99, 127], ErrorKind::TableDict)?;
        self.one_of(&[11], ErrorKind::TableNames)?;
        let names = self.head(1)?;
        self.texts(names)?;
        let at = self.at;
        if self.one_of(&[0, 245], ErrorKind::TableColumns)? == 245 {
            return self.texts(1).map(|()| None);
        }
        let columns = self.head(2)?;
        if names != columns {
            return fail(at, ErrorKind::TableWidth { names, columns });
        }
        let mut rows = None;
        for _ in 0..columns {
            let at = self.at;
            let code = self.body.get(at).copied();
            match self.object(depth)? {
                Some(found) if code.is_some_and(|code| code <= 98) => {
                    let expected = *rows.get_or_insert(found);
                    if found != expected {
                        return fail(at, ErrorKind::Ragged { expected, found });
                    }
                }
                _ => return fail(at, ErrorKind::TableColumns),
            }
        }
        Ok(Some(rows.unwrap_or(0)))
    }
}

fn plain(body: &[u8], depth: u8) -> Walked<()> {
    let mut walk = Plain { body, at: 0 };
    if body.first() == Some(&128) {
        walk.at = 1;
        walk.texts(1)?;
    } else {
        walk.object(depth)?;
    }
    if walk.at == body.len() { Ok(()) } else { fail(walk.at, ErrorKind::Trailing) }
}

/// Compares the library's decoder with the plain walk. A value that is accepted must round-trip.
pub fn compare(body: &[u8], depth: u8) {
    let limits = Limits::default().with_depth(depth);
    let decoded = Value::decode_with(body, limits);
    assert_eq!(decoded.map(drop), plain(body, depth), "{body:?}");
    // Encoding and comparing read all items of the value.
    if let Ok(value) = decoded {
        let mut again = Vec::new();
        value.encode(&mut again).unwrap();
        assert_eq!(Value::decode_with(&again, limits), Ok(value));
    }
}

/// Body of the fuzz target `refuse`; the input is a depth limit, then a body.
pub fn fuzz(bytes: &[u8]) {
    let [depth, body @ ..] = bytes else { return };
    compare(body, *depth);
}
