//! Arrow arrays as columns of a body.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ByteArrayType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, GenericByteArray, GenericListArray,
    OffsetSizeTrait, RecordBatch,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{DataType, Field};

use super::item::{self, Mapped};
use super::{Error, foreign, metadata};
use crate::capability::Capability;
use crate::counted::Counted;
use crate::encode::{BLOCK, Encoder};
use crate::kind::{Attribute, Kind};
use crate::simd;
use crate::temporal::{Date, Datetime, Minute, Month, Second, Time, Timespan, Timestamp};

type Out = Encoder<Vec<u8>>;

/// About as many bytes as the batch takes in a body, and no more than a few times its own. Saturates, since columns may
/// share memory.
pub(super) fn size(batch: &RecordBatch) -> usize {
    let size = |array: &ArrayRef| match array.data_type().primitive_width() {
        Some(width) => array.len().saturating_mul(width),
        None => array.len().saturating_mul(8).min(array.get_buffer_memory_size()),
    };
    batch.columns().iter().map(size).fold(256, usize::saturating_add)
}

/// Writes one column of a table.
pub(super) fn write(field: &Field, array: &ArrayRef, out: &mut Out) -> Result<(), Error> {
    let (attribute, items) = metadata::attributes(field);
    let column = Column { name: field.name(), kind: metadata::kind(field), attribute };
    match array.data_type() {
        DataType::Null if array.is_empty() => column.head(Kind::List, 0, out),
        DataType::List(item) => column.list::<i32>(item, items, array.as_list(), out),
        DataType::LargeList(item) => column.list::<i64>(item, items, array.as_list(), out),
        _ => column.vector(array, items, out),
    }
}

/// Takes memory for texts, which a short batch can name any number of times: by a dictionary's keys, or by views.
fn reserve(texts: usize, out: &mut Out) -> Result<(), Error> {
    out.out.try_reserve(texts).map_err(|_| Error::Memory(texts))
}

/// What a field tells of its array.
struct Column<'a> {
    name: &'a str,
    kind: Option<Kind>,
    attribute: Attribute,
}

impl Column<'_> {
    fn no_type(&self, array: &dyn Array) -> Error {
        Error::DataType { column: self.name.to_owned(), found: array.data_type().clone() }
    }

    fn range(&self, kind: Kind) -> Error {
        Error::Range { column: self.name.to_owned(), kind }
    }

    fn head(&self, kind: Kind, count: usize, out: &mut Out) -> Result<(), Error> {
        Ok(out.head(kind.code(), self.attribute, count)?)
    }

    /// A vector, or a list of char or byte vectors of attribute `items`.
    fn vector(&self, array: &ArrayRef, items: Attribute, out: &mut Out) -> Result<(), Error> {
        if let DataType::Dictionary(key, _) = array.data_type() {
            return self.dictionary(key, array, items, out);
        }
        if let DataType::Utf8View | DataType::BinaryView = array.data_type() {
            reserve(with_texts(array, Size).unwrap_or_default(), out)?;
        }
        if let Some(done) = with_texts(array, Texts { column: self, items, out }) {
            return done;
        }
        let is_done = match self.kind {
            Some(kind) => self.fixed(kind, array, out)?,
            None => false,
        };
        if is_done {
            return Ok(());
        }
        let Some(kind) = foreign::kind(array.data_type()) else { return Err(self.no_type(array)) };
        let array = foreign::standard(array).map_err(|_| self.range(kind))?;
        if self.fixed(kind, &array, out)? { Ok(()) } else { Err(self.no_type(&array)) }
    }

    fn booleans(&self, array: &BooleanArray, out: &mut Out) -> Result<(), Error> {
        self.head(Kind::Boolean, array.len(), out)?;
        out.out.extend(array.values().iter().map(u8::from));
        Ok(())
    }

    fn guids(&self, array: &FixedSizeBinaryArray, out: &mut Out) -> Result<(), Error> {
        self.head(Kind::Guid, array.len(), out)?;
        array.iter().for_each(|guid| out.out.extend_from_slice(guid.unwrap_or(&[0; 16])));
        Ok(())
    }

    fn dictionary(&self, key: &DataType, array: &ArrayRef, items: Attribute, out: &mut Out) -> Result<(), Error> {
        macro_rules! by_key {
            ($($key:ident $ty:ty,)*) => {
                match key {
                    $(DataType::$key => self.keyed::<$ty>(array.as_dictionary(), items, out),)*
                    _ => Err(self.no_type(array)),
                }
            };
        }
        by_key! {
            Int8 Int8Type, Int16 Int16Type, Int32 Int32Type, Int64 Int64Type,
            UInt8 UInt8Type, UInt16 UInt16Type, UInt32 UInt32Type, UInt64 UInt64Type,
        }
    }

    fn keyed<K: ArrowDictionaryKeyType>(
        &self,
        array: &DictionaryArray<K>,
        items: Attribute,
        out: &mut Out,
    ) -> Result<(), Error> {
        let Some(values) = with_texts(array.values(), Collect) else { return Err(self.no_type(array)) };
        let text = |key: Option<K::Native>| key.and_then(|key| *values.get(key.as_usize())?);
        let texts = array.keys().iter().map(text);
        reserve(Size.run(texts.clone(), false), out)?;
        self.texts(texts, false, items, out)
    }

    /// Texts as what the field says: symbols, chars or a list of char vectors; of bytes as a list of byte vectors.
    fn texts<'t>(
        &self,
        texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>,
        is_binary: bool,
        items: Attribute,
        out: &mut Out,
    ) -> Result<(), Error> {
        let item = match self.kind {
            Some(Kind::Char) => return self.chars(texts, out),
            Some(Kind::List) => Kind::Char,
            Some(Kind::Symbol) => return self.symbols(texts, out),
            _ if is_binary => Kind::Byte,
            _ => return self.symbols(texts, out),
        };
        self.head(Kind::List, texts.len(), out)?;
        for text in texts {
            let text = text.unwrap_or_default();
            out.head(item.code(), items, text.len())?;
            out.out.extend_from_slice(text);
        }
        Ok(())
    }

    fn symbols<'t>(
        &self,
        mut texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>,
        out: &mut Out,
    ) -> Result<(), Error> {
        self.head(Kind::Symbol, texts.len(), out)?;
        let mut block = [&[][..]; BLOCK];
        while texts.len() > 0 {
            let mut filled = 0;
            for (place, text) in block.iter_mut().zip(texts.by_ref()) {
                *place = text.unwrap_or_default();
                filled += 1;
            }
            out.terminated(block.get(..filled).unwrap_or_default(), |text| text)?;
        }
        Ok(())
    }

    fn chars<'t>(
        &self,
        mut texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>,
        out: &mut Out,
    ) -> Result<(), Error> {
        let kind = Kind::Char;
        self.head(kind, texts.len(), out)?;
        texts.try_for_each(|text| match text {
            Some(&[char]) => {
                out.out.push(char);
                Ok(())
            }
            Some(_) => Err(self.range(kind)),
            None => Err(Error::Null { column: self.name.to_owned(), kind }),
        })
    }

    /// A list of vectors, of attribute `attribute`.
    fn list<O: OffsetSizeTrait>(
        &self,
        item: &Field,
        attribute: Attribute,
        list: &GenericListArray<O>,
        out: &mut Out,
    ) -> Result<(), Error> {
        let ends = list.offsets();
        let (start, end) = (ends.first().as_usize(), ends.last().as_usize());
        let values = list.values().slice(start, end - start);
        let mut all = Encoder { capability: Capability::MAX, out: Vec::new() };
        let items = Column { name: self.name, kind: metadata::kind(item), attribute: Attribute::None };
        items.vector(&values, Attribute::None, &mut all)?;
        // All items as one vector: each row takes its part.
        let Some((&code, vector)) = all.out.split_first() else { return Err(self.no_type(list)) };
        let kind = Kind::from_code(code).filter(|kind| *kind != Kind::List).ok_or_else(|| self.no_type(list))?;
        let mut rest = Counted::new(vector).rest();
        self.head(Kind::List, list.len(), out)?;
        for (row, count) in ends.lengths().enumerate() {
            let length = match kind.width() {
                Some(width) => count * width,
                None => simd::skip_texts(rest, count).unwrap_or_default(),
            };
            let (part, others) = rest.split_at_checked(length).unwrap_or_default();
            rest = others;
            let (count, part) = if list.is_null(row) { (0, &[][..]) } else { (count, part) };
            out.head(code, attribute, count)?;
            out.out.extend_from_slice(part);
        }
        Ok(())
    }
}

/// Defines what asks for the Arrow type of each kind's items.
macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        impl Column<'_> {
            /// Writes a vector of the kind, if the array is what the kind is in Arrow; else says `false`.
            fn fixed(&self, kind: Kind, array: &ArrayRef, out: &mut Out) -> Result<bool, Error> {
                if matches!(kind, Kind::Boolean | Kind::Byte) && array.null_count() > 0 {
                    return Err(Error::Null { column: self.name.to_owned(), kind });
                }
                match kind {
                    Kind::Boolean => match array.as_boolean_opt() {
                        Some(array) => self.booleans(array, out)?,
                        None => return Ok(false),
                    },
                    Kind::Guid => match array.as_fixed_size_binary_opt() {
                        Some(array) if array.value_length() == 16 => self.guids(array, out)?,
                        _ => return Ok(false),
                    },
                    $(Kind::$kind => match array.as_primitive_opt::<<$ty as Mapped>::Arrow>() {
                        Some(array) => {
                            self.head(kind, array.len(), out)?;
                            item::write::<$ty>(array, &mut out.out).map_err(|_| self.range(kind))?;
                        }
                        None => return Ok(false),
                    },)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}
define! {
    Byte u8, Short i16, Int i32, Long i64, Real f32, Float f64, Timestamp Timestamp, Month Month, Date Date,
    Datetime Datetime, Timespan Timespan, Minute Minute, Second Second, Time Time,
}

/// What is done with the texts of an array, whatever its offsets.
trait OnTexts<'t> {
    type Output;

    fn run(self, texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>, is_binary: bool) -> Self::Output;
}

/// `None` if the array holds no texts.
fn with_texts<'t, T: OnTexts<'t>>(array: &'t ArrayRef, run: T) -> Option<T::Output> {
    fn bytes<'t, B: ByteArrayType>(array: &'t GenericByteArray<B>) -> impl ExactSizeIterator<Item = Option<&'t [u8]>>
    where
        B::Native: 't,
    {
        array.iter().map(|text| text.map(AsRef::as_ref))
    }
    Some(match array.data_type() {
        DataType::Utf8 => run.run(bytes(array.as_string::<i32>()), false),
        DataType::LargeUtf8 => run.run(bytes(array.as_string::<i64>()), false),
        DataType::Utf8View => run.run(array.as_string_view().iter().map(|text| text.map(str::as_bytes)), false),
        DataType::Binary => run.run(bytes(array.as_binary::<i32>()), true),
        DataType::LargeBinary => run.run(bytes(array.as_binary::<i64>()), true),
        DataType::BinaryView => run.run(array.as_binary_view().iter(), true),
        _ => return None,
    })
}

/// Writes texts as a column.
struct Texts<'a> {
    column: &'a Column<'a>,
    items: Attribute,
    out: &'a mut Out,
}

impl<'t> OnTexts<'t> for Texts<'_> {
    type Output = Result<(), Error>;

    fn run(self, texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>, is_binary: bool) -> Self::Output {
        self.column.texts(texts, is_binary, self.items, self.out)
    }
}

/// Lists texts.
struct Collect;

impl<'t> OnTexts<'t> for Collect {
    type Output = Vec<Option<&'t [u8]>>;

    fn run(self, texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>, _: bool) -> Self::Output {
        texts.collect()
    }
}

/// Bytes of all texts with their terminators. Saturates, since texts may share memory.
struct Size;

impl<'t> OnTexts<'t> for Size {
    type Output = usize;

    fn run(self, texts: impl ExactSizeIterator<Item = Option<&'t [u8]>>, _: bool) -> Self::Output {
        texts.map(|text| text.unwrap_or_default().len() + 1).fold(0, usize::saturating_add)
    }
}
