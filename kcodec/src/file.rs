//! Files of one object, as q's `set` writes and `get` reads them.
//!
//! | first bytes | rest of the file | objects |
//! |---|---|---|
//! | `ff 01` | the object in wire form | atoms, symbol vectors, dicts, tables, lambdas, the empty list |
//! | `ff 01 00` | attribute, a count that appending does not update, items until the end of the file | logs |
//! | `fe 20` | type, attribute, four zeros, a count of eight bytes, the items | vectors of fixed width |
//!
//! Other formats (vectors with an index, nested lists, enumerations, compressed files) are neither written nor read.

use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::function::Function;
use crate::kind::{Attribute, Kind};
use crate::log::{self, Log};
use crate::reader::Reader;
use crate::value::Value;
use crate::vector::Vector;
use crate::wire::WIDE;

const OBJECT: [u8; 2] = [0xff, 0x01];
const VECTOR: [u8; 2] = [0xfe, 0x20];

/// The bytes of a file with the object; `None` for an object whose format on disk is not supported.
///
/// ```
/// use kcodec::{decode_file, encode_file, parse};
///
/// let prices = parse("1.5 2.5")?;
/// let file = encode_file(&prices).expect("a vector"); // what `:price set 1.5 2.5 writes
/// assert_eq!((&file[..2], decode_file(&file)?), (&[0xfe, 0x20][..], Some(prices)));
/// assert_eq!(encode_file(&parse("(1;`a)")?), None); // a nested list
/// # Ok::<(), kcodec::Error>(())
/// ```
#[must_use]
pub fn encode_file(body: &Body) -> Option<Vec<u8>> {
    let bytes = body.as_bytes();
    match body.value() {
        Value::Vector(vector) if has_index(vector) => None,
        Value::Vector(vector) if vector.kind() != Kind::Symbol => {
            let items = items(vector, bytes);
            let mut out = Vec::with_capacity(items.len() + 16);
            out.extend(VECTOR);
            out.extend([vector.kind().code(), vector.attribute().code(), 0, 0, 0, 0]);
            out.extend((vector.len() as u64).to_le_bytes());
            out.extend_from_slice(items);
            Some(out)
        }
        Value::List(list) if !list.is_empty() => None,
        Value::Dict(dict) if dict.is_sorted() => None,
        Value::Splayed(_) | Value::Error(_) => None,
        Value::Function(function) if !matches!(function, Function::Lambda(_)) => None,
        _ => Some([&OBJECT, bytes.as_ref()].concat()),
    }
}

/// The bytes of the items of a vector of fixed width, which end its body.
fn items<'a>(vector: Vector<'_>, body: &'a [u8]) -> &'a [u8] {
    let size = vector.kind().width().map(|width| vector.len() * width);
    size.and_then(|size| body.get(body.len() - size..))
        .unwrap_or_else(|| unreachable!("checked: the items of a vector"))
}

/// Whether q stores an index after the items of the vector.
fn has_index(vector: Vector<'_>) -> bool {
    !matches!(vector.attribute(), Attribute::None | Attribute::Sorted)
}

/// The object in a file; `None` for a format that is not supported.
///
/// # Errors
///
/// As [`Value::decode`]; [`ErrorKind::Truncated`] or [`ErrorKind::Count`] if the file ends within the object.
pub fn decode_file(bytes: &[u8]) -> Result<Option<Body>, Error> {
    let mut reader = Reader::new(bytes);
    match reader.array()? {
        OBJECT => match reader.left() {
            [0, ..] => list(bytes).map(Some),
            [11, ..] => symbols(bytes).map(Some),
            [] => Err(reader.error(ErrorKind::Truncated)),
            object => Body::decode(object.to_vec()).map(Some),
        },
        VECTOR => {
            let (code, attribute) = (reader.u8()?, reader.u8()?);
            let kind = Kind::from_code(code).filter(|&kind| kind != Kind::Symbol && code < 20);
            if reader.take(4)? != [0; 4] || attribute > Attribute::Sorted.code() {
                return Ok(None);
            }
            let count = reader.u64()?;
            let Some(width) = kind.and_then(Kind::width) else { return Ok(None) };
            if count.checked_mul(width as u64) != Some(reader.left().len() as u64) {
                return Err(reader.error(ErrorKind::Count(count)));
            }
            counted(code, attribute, count, reader.left()).map(Some)
        }
        _ => Ok(None),
    }
}

/// A log as a list of its records.
fn list(bytes: &[u8]) -> Result<Body, Error> {
    let Ok(log) = Log::new(bytes) else { return Err(Error::new(bytes.len(), ErrorKind::Truncated)) };
    let count = log.check().map_err(|bad| Error::new(bad.at, bad.reason))?;
    let Some(records) = bytes.get(log::HEAD.len()..) else { unreachable!("checked: the head of a log") };
    counted(Kind::List.code(), 0, count, records)
}

/// The symbols until the end of the file. Appending to an enumeration's domain does not update the count.
fn symbols(bytes: &[u8]) -> Result<Body, Error> {
    let mut reader = Reader::new(bytes);
    reader.take(OBJECT.len())?;
    let (code, attribute) = (reader.u8()?, reader.u8()?);
    reader.u32()?;
    let items = reader.left();
    counted(code, attribute, memchr::memchr_iter(0, items).count() as u64, items)
}

/// A list or vector with `count` items.
fn counted(code: u8, attribute: u8, count: u64, items: &[u8]) -> Result<Body, Error> {
    let mut body = Vec::with_capacity(items.len() + 10);
    match u32::try_from(count) {
        Ok(count) => {
            body.extend([code, attribute]);
            body.extend(count.to_le_bytes());
        }
        Err(_) => {
            body.extend([code, attribute | WIDE]);
            body.extend(count.to_le_bytes());
        }
    }
    body.extend_from_slice(items);
    Body::decode(body)
}
