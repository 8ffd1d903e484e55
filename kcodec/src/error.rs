//! The error of the codec: an offset and a reason.

/// An error of decoding, encoding or parsing: the offset and the reason.
///
/// ```
/// use kcodec::{ErrorKind, Value};
///
/// let error = Value::decode(&[0xf9, 1, 2]).unwrap_err(); // a long without its last bytes
/// assert_eq!((error.at, error.kind, error.to_string()), (1, ErrorKind::Truncated, "1: truncated".into()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct Error {
    /// Offset of the offending byte: in the body when decoding, in the text when parsing, in the output when encoding.
    pub at: usize,
    /// The reason.
    pub kind: ErrorKind,
}

impl Error {
    pub(crate) const fn new(at: usize, kind: ErrorKind) -> Self {
        Self { at, kind }
    }
}

/// The reason of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes end inside an object.
    #[error("truncated")]
    Truncated,
    /// Bytes follow the object.
    #[error("trailing bytes")]
    Trailing,
    /// A type byte that no object has.
    #[error("no such type: {0}")]
    Type(i8),
    /// An attribute byte over 4.
    #[error("no such attribute: {0}")]
    Attribute(u8),
    /// A boolean other than 0 and 1.
    #[error("not a boolean: {0}")]
    Boolean(u8),
    /// A primitive or iterator with an id that no kdb+ release has.
    #[error("no such primitive: {0}")]
    Primitive(u8),
    /// A count of more items than the remaining bytes can contain.
    #[error("count {0} is more than the bytes that follow")]
    Count(u64),
    /// An error object inside another object.
    #[error("error object inside another object")]
    NestedError,
    /// Objects nested more than [`Limits::depth`](crate::Limits::depth) levels.
    #[error("nested too deep")]
    Depth,
    /// The keys and values of a dict differ in count.
    #[error("dict of {keys} keys and {values} values")]
    DictCount {
        /// Count of the keys.
        keys: u64,
        /// Count of the values.
        values: u64,
    },
    /// The keys or values of a dict are an atom or a function.
    #[error("dict of something that is not a list")]
    DictItem,
    /// A table that does not contain a dict.
    #[error("table without a dict")]
    TableDict,
    /// A table whose column names are not a symbol vector.
    #[error("table with names that are not symbols")]
    TableNames,
    /// A table whose columns are not a general list of lists.
    #[error("table with columns that are not lists")]
    TableColumns,
    /// A table with unequal numbers of names and columns.
    #[error("table of {names} names and {columns} columns")]
    TableWidth {
        /// Number of names.
        names: u64,
        /// Number of columns.
        columns: u64,
    },
    /// A table whose columns differ in length.
    #[error("ragged table: column of {found} items where the first has {expected}")]
    Ragged {
        /// Length of the first column.
        expected: u64,
        /// Length of this column.
        found: u64,
    },
    /// A symbol or error text with a NUL byte.
    #[error("NUL byte in a symbol")]
    Nul,
    /// The peer's release does not have the type: q's `'type`.
    #[error("type")]
    Unsupported,
    /// The message is longer than the peer's release can read: q's `'limit`.
    #[error("limit")]
    Limit,
    /// The raw length of a compressed body is impossible for a stream of its length.
    #[error("compressed body claims {0} raw bytes")]
    RawLength(u64),
    /// The raw length of a compressed body exceeds the caller's limit. The number includes the 8 bytes of the header;
    /// the limit is that of the body.
    #[error("inflates to {0} bytes, over the limit")]
    Inflated(u64),
    /// A match in a compressed stream refers to a key without an earlier pair.
    #[error("match without antecedent")]
    Match,
    /// A match in a compressed stream exceeds the raw length.
    #[error("match past the end")]
    Overrun,
    /// Text that is not a q literal.
    #[error("not a literal")]
    Literal,
    /// A number or date that its type cannot hold.
    #[error("out of range")]
    Range,
    /// A bracket or quote without its partner.
    #[error("unbalanced")]
    Unbalanced,
}
