//! Columns of q as Arrow arrays.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, GenericBinaryArray, GenericListArray,
    GenericStringArray, NullArray, OffsetSizeTrait, PrimitiveArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, Field};
use bytes::Bytes;

use super::item::{self, Validity, share};
use super::{Error, metadata};
use crate::kind::{Attribute, Kind};
use crate::list::List;
use crate::slice::Slice;
use crate::symbol::{Symbol, Symbols};
use crate::temporal::Guid;
use crate::value::Value;
use crate::vector::Vector;
use crate::view::fixed;

/// The column and its field.
pub(super) fn column(name: &str, column: Value<'_>, owner: Option<&Bytes>) -> Result<(Field, ArrayRef), Error> {
    let fail = |found: String| Error::Kind { column: name.to_owned(), found };
    let (kind, array, attribute, items) = match column {
        Value::Vector(vector) => (vector.kind(), of_vector(name, vector, owner)?, vector.attribute(), Attribute::None),
        Value::List(list) => {
            let items = uniform(list).map_err(fail)?;
            let array = of_list(name, list, items.map(Vector::kind))?;
            (Kind::List, array, list.attribute(), items.map_or(Attribute::None, Vector::attribute))
        }
        _ => return Err(fail(column.kind().name().to_owned())),
    };
    Ok((metadata::field(name, kind, array.data_type().clone(), attribute, items), array))
}

fn of_vector(name: &str, vector: Vector<'_>, owner: Option<&Bytes>) -> Result<ArrayRef, Error> {
    let range = |_| Error::Range { column: name.to_owned(), kind: vector.kind() };
    macro_rules! by_kind {
        ($($kind:ident)*) => {
            match vector {
                $(Vector::$kind(items) => Arc::new(item::array(items, owner).map_err(range)?) as ArrayRef,)*
                Vector::Boolean(items) => Arc::new(booleans(items)),
                Vector::Guid(items) => Arc::new(guids(items, owner)?),
                Vector::Char(items) => {
                    let lengths = std::iter::repeat_n(1, items.len());
                    texts(buffer(items.as_bytes(), owner), lengths, items.len())?
                }
                Vector::Symbol(symbols) => Arc::new(dictionary(symbols)?),
            }
        };
    }
    Ok(by_kind! {
        Byte Short Int Long Real Float Timestamp Month Date Datetime Timespan Minute Second Time
    })
}

/// The bytes as they stand in the body, or a copy.
fn buffer(bytes: &[u8], owner: Option<&Bytes>) -> Buffer {
    owner.and_then(|owner| share(owner, bytes, 1)).unwrap_or_else(|| Buffer::from(bytes))
}

/// Bits, eight at a time: a product that moves bit 8i to bit 56+i.
fn booleans(items: Slice<'_, bool>) -> BooleanArray {
    let gather = |word: u64| word.wrapping_mul(0x0102_0408_1020_4080).to_be_bytes()[0];
    let (words, rest) = items.as_bytes().as_chunks::<8>();
    let mut bits: Vec<u8> = words.iter().map(|word| gather(u64::from_le_bytes(*word))).collect();
    bits.push(rest.iter().rev().fold(0, |bits, item| bits << 1 | item));
    BooleanArray::new(BooleanBuffer::new(Buffer::from_vec(bits), 0, items.len()), None)
}

fn guids(items: Slice<'_, Guid>, owner: Option<&Bytes>) -> Result<FixedSizeBinaryArray, ArrowError> {
    let mut validity = Validity::default();
    items.raw().chunks(1024).for_each(|block| validity.push::<Guid>(block));
    FixedSizeBinaryArray::try_new_with_len(16, buffer(items.as_bytes(), owner), validity.finish(), items.len())
}

/// Texts of these lengths that stand one after the other: as UTF-8 if all are.
fn texts(bytes: Buffer, lengths: impl Iterator<Item = usize> + Clone, count: usize) -> Result<ArrayRef, ArrowError> {
    fn of<O: OffsetSizeTrait>(offsets: OffsetBuffer<O>, bytes: Buffer) -> Result<ArrayRef, ArrowError> {
        match GenericStringArray::try_new(offsets.clone(), bytes.clone(), None) {
            Ok(texts) => Ok(Arc::new(texts)),
            Err(_) => Ok(Arc::new(GenericBinaryArray::try_new(offsets, bytes, None)?)),
        }
    }
    match offsets(lengths.clone(), count, bytes.len()) {
        Some(narrow) => of::<i32>(narrow, bytes),
        None => of(wide(lengths)?, bytes),
    }
}

/// Where items of these lengths end, unless 4 bytes are too few for the end of the last.
fn offsets(lengths: impl Iterator<Item = usize>, count: usize, total: usize) -> Option<OffsetBuffer<i32>> {
    i32::try_from(total).ok()?;
    let mut offsets = Vec::with_capacity(count + 1);
    offsets.push(0_i32);
    let mut end = 0_i32;
    offsets.extend(lengths.map(|length| {
        // No offset is past the total.
        end += i32::try_from(length).unwrap_or_default();
        end
    }));
    Some(OffsetBuffer::new(offsets.into()))
}

fn wide(lengths: impl Iterator<Item = usize>) -> Result<OffsetBuffer<i64>, ArrowError> {
    OffsetBuffer::try_from_lengths(lengths).map_err(|error| ArrowError::InvalidArgumentError(error.to_string()))
}

/// The distinct symbols once, and for each item which it is.
fn dictionary(symbols: Symbols<'_>) -> Result<DictionaryArray<Int32Type>, ArrowError> {
    let (distinct, codes) = symbols.to_codes();
    if i32::try_from(distinct.len()).is_err() {
        return Err(ArrowError::DictionaryKeyOverflowError);
    }
    let mut validity = Validity::default();
    if let Some(empty) = distinct.iter().position(|symbol| symbol.is_empty()) {
        let empty = u32::try_from(empty).unwrap_or(u32::MAX);
        codes.chunks(1024).for_each(|block| validity.push_with(block, true, |&code| code != empty));
    }
    let bytes: Vec<u8> = distinct.iter().flat_map(|symbol| symbol.as_bytes()).copied().collect();
    let lengths = distinct.iter().map(|symbol| symbol.as_bytes().len());
    let texts = texts(bytes.into(), lengths, distinct.len())?;
    let keys = ScalarBuffer::new(Buffer::from_vec(codes), 0, symbols.len());
    DictionaryArray::try_new(PrimitiveArray::new(keys, validity.finish()), texts)
}

/// The first item, if all are vectors of its kind and attribute; what else there is otherwise.
fn uniform(list: List<'_>) -> Result<Option<Vector<'_>>, String> {
    let mut first = None;
    for item in list.iter() {
        let Value::Vector(vector) = item else {
            let form = if item.is_atom() { " atom" } else { "" };
            return Err(format!("list with {}{form} in it", item.kind().name()));
        };
        let first = *first.get_or_insert(vector);
        if first.kind() != vector.kind() {
            return Err(format!("list of {} and {} vectors", first.kind().name(), vector.kind().name()));
        }
        if first.attribute() != vector.attribute() {
            return Err(format!("list of {} vectors of different attributes", first.kind().name()));
        }
    }
    Ok(first)
}

/// A list of vectors of one kind.
fn of_list(name: &str, list: List<'_>, kind: Option<Kind>) -> Result<ArrayRef, Error> {
    let Some(kind) = kind else { return Ok(Arc::new(NullArray::new(0))) };
    let lengths = list.iter().map(Value::count);
    let vectors = || list.iter().filter_map(|item| if let Value::Vector(vector) = item { Some(vector) } else { None });
    if kind == Kind::Symbol {
        let symbols = |vector| if let Vector::Symbol(symbols) = vector { symbols } else { Symbols::new(&[]) };
        let all: Vec<Symbol<'_>> = vectors().flat_map(symbols).collect();
        return nested(name, lengths, Vector::Symbol(Symbols::from(&all)), None);
    }
    let mut bytes = Vec::with_capacity(list.wire().map_or(0, |(bytes, _)| bytes.len()));
    vectors().for_each(|vector| bytes.extend_from_slice(vector.as_bytes().unwrap_or_default()));
    let bytes = Bytes::from(bytes);
    if kind == Kind::Char {
        return Ok(texts(bytes.into(), lengths, list.len())?);
    }
    match fixed(kind.code(), &bytes, Attribute::None) {
        Value::Vector(all) => nested(name, lengths, all, Some(&bytes)),
        _ => unreachable!("fixed width: not a symbol, and a vector's kind"),
    }
}

/// Vectors of these lengths that stand one after the other.
fn nested(
    name: &str,
    lengths: impl ExactSizeIterator<Item = usize> + Clone,
    all: Vector<'_>,
    owner: Option<&Bytes>,
) -> Result<ArrayRef, Error> {
    let values = of_vector(name, all, owner)?;
    let item = metadata::field("item", all.kind(), values.data_type().clone(), Attribute::None, Attribute::None);
    Ok(match offsets(lengths.clone(), lengths.len(), all.len()) {
        Some(narrow) => Arc::new(GenericListArray::<i32>::try_new(Arc::new(item), narrow, values, None)?),
        None => Arc::new(GenericListArray::<i64>::try_new(Arc::new(item), wide(lengths)?, values, None)?),
    })
}
