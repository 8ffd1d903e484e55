//! Columns out of Rust data: lent where the bytes are the same, else collected as they go over the wire.

use crate::capability::LONGEST;
use crate::error::{Error, ErrorKind};
use crate::kind::Kind;
use crate::slice::Item;
use crate::value::Value;
use crate::view::view;
use crate::wire::WIDE;

mod item;

pub use item::{ToColumn, ToItem};

/// Type, attribute with the flag of an 8-byte count, and count.
const HEAD: usize = 10;

/// A column that is being collected: the items as they stand in a body. [`ToItem::append`] appends to it.
///
/// ```
/// use kcodec::{Column, ColumnBuf, Kind, Value};
///
/// let mut syms = ColumnBuf::new(Kind::Symbol);
/// syms.push_symbol(b"ibm")?;
/// let mut notes = ColumnBuf::new(Kind::List); // of objects of any kind
/// notes.push_chars(b"first")?;
/// notes.push_value(Value::from(2_i64))?;
/// assert_eq!((syms.kind(), notes.kind()), (Kind::Symbol, Kind::List));
/// assert_eq!(Column::from(notes).value().to_string(), "(\"first\";2)");
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ColumnBuf {
    kind: Kind,
    /// An 8-byte count in front, so that the whole is one object at any length.
    bytes: Vec<u8>,
    count: u64,
}

impl ColumnBuf {
    /// An empty column of atoms of `kind`; of [`Kind::List`] and kinds that have no atoms, one of objects of any kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let is_atomic = kind == Kind::Symbol || kind.width().is_some();
        let kind = if is_atomic { kind } else { Kind::List };
        let mut bytes = vec![0; HEAD];
        if let [code, attribute, ..] = &mut *bytes {
            (*code, *attribute) = (kind.code(), WIDE);
        }
        Self { kind, bytes, count: 0 }
    }

    /// The kind of the items.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Fails unless items of `kind` may be appended: the bytes are viewed unchecked.
    #[inline]
    fn accept(&self, kind: Kind) -> Result<(), Error> {
        if kind == self.kind { Ok(()) } else { Err(Error::new(0, ErrorKind::Unsupported)) }
    }

    /// Appends an item of fixed width, whose kind is `kind`.
    #[inline]
    fn push<T: Item>(&mut self, kind: Kind, item: T) -> Result<(), Error> {
        self.accept(kind)?;
        self.bytes.extend_from_slice(bytemuck::bytes_of(&item.to_bytes()));
        self.count += 1;
        Ok(())
    }

    /// Appends a symbol to a column of [`Kind::Symbol`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Nul`] for text that holds a NUL byte, [`ErrorKind::Unsupported`] for a column of another kind.
    #[inline]
    pub fn push_symbol(&mut self, text: &[u8]) -> Result<(), Error> {
        self.accept(Kind::Symbol)?;
        if let Some(at) = memchr::memchr(0, text) {
            return Err(Error::new(at, ErrorKind::Nul));
        }
        self.bytes.extend_from_slice(text);
        self.bytes.push(0);
        self.count += 1;
        Ok(())
    }

    /// Appends a char vector to a column of [`Kind::List`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] for text of 2 GiB or more, [`ErrorKind::Unsupported`] for a column of another kind.
    pub fn push_chars(&mut self, text: &[u8]) -> Result<(), Error> {
        self.accept(Kind::List)?;
        let length = u32::try_from(text.len()).ok().filter(|&length| length <= LONGEST);
        let length = length.ok_or(Error::new(0, ErrorKind::Limit))?;
        self.bytes.extend([Kind::Char.code(), 0]);
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend_from_slice(text);
        self.count += 1;
        Ok(())
    }

    /// Appends any value to a column of [`Kind::List`].
    ///
    /// # Errors
    ///
    /// As [`Value::encode`], [`ErrorKind::NestedError`] for an error object, [`ErrorKind::Unsupported`] for a column of
    /// another kind.
    pub fn push_value(&mut self, value: Value<'_>) -> Result<(), Error> {
        self.accept(Kind::List)?;
        if matches!(value, Value::Error(_)) {
            return Err(Error::new(0, ErrorKind::NestedError));
        }
        value.encode(&mut self.bytes)?;
        self.count += 1;
        Ok(())
    }

    /// Bytes, and the count of items, to go back to.
    pub(crate) const fn mark(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets the items past the first `count`, which take the bytes up to `mark`.
    pub(crate) fn reset(&mut self, mark: usize, count: u64) {
        self.bytes.truncate(mark);
        self.count = count;
    }

    /// Forgets the items and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.reset(HEAD, 0);
    }

    /// Writes the count where [`value`](Self::value) finds it.
    pub(crate) fn finish(&mut self) {
        if let Some(count) = self.bytes.get_mut(2..HEAD) {
            count.copy_from_slice(&self.count.to_le_bytes());
        }
    }

    /// The finished column. The items in it have no count that is wider than need be.
    pub(crate) fn value(&self) -> Value<'_> {
        view(&self.bytes, true)
    }
}

/// A column, lent or collected.
///
/// ```
/// use kcodec::{Column, ToColumn, ToItem};
///
/// assert_eq!(Column::symbols(["ibm", "msft"])?.value().to_string(), "`ibm`msft");
/// assert_eq!(Column::chars(["a", "bc"])?.value().to_string(), "(,\"a\";\"bc\")");
/// assert_eq!(i64::column(&[1, 2])?.value().to_string(), "1 2"); // lent
/// assert_eq!(vec![Some(1.5), None].to_column()?.value().to_string(), "1.5 0n");
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Column<'a>(Inner<'a>);

#[derive(Debug, Clone)]
enum Inner<'a> {
    Lent(Value<'a>),
    Collected(ColumnBuf),
}

impl Column<'_> {
    /// The column as a vector or list.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        match &self.0 {
            Inner::Lent(value) => *value,
            Inner::Collected(items) => items.value(),
        }
    }

    /// A column of symbols out of texts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Nul`] for a text that holds a NUL byte.
    pub fn symbols<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        Self::collect(Kind::Symbol, texts, |column, text| column.push_symbol(text.as_ref()))
    }

    /// A column of char vectors out of texts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] for a text of 2 GiB or more.
    pub fn chars<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        Self::collect(Kind::List, texts, |column, text| column.push_chars(text.as_ref()))
    }

    fn collect<T>(
        kind: Kind,
        items: impl IntoIterator<Item = T>,
        push: impl Fn(&mut ColumnBuf, T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut column = ColumnBuf::new(kind);
        items.into_iter().try_for_each(|item| push(&mut column, item))?;
        Ok(column.into())
    }
}

impl From<ColumnBuf> for Column<'_> {
    fn from(mut items: ColumnBuf) -> Self {
        items.finish();
        Self(Inner::Collected(items))
    }
}

impl<'a> From<Value<'a>> for Column<'a> {
    fn from(value: Value<'a>) -> Self {
        Self(Inner::Lent(value))
    }
}
