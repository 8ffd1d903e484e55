//! What can be wrong with a body, and where.

/// A body that could not be read, written or parsed: the offset and the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct Error {
    /// Offset of the offending byte: in the body when decoding, in the text when parsing, in the
    /// output when encoding.
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
    /// A type byte that kdb+ never sends.
    #[error("no such type: {0}")]
    Type(i8),
    /// An attribute byte over 4.
    #[error("no such attribute: {0}")]
    Attribute(u8),
    /// A boolean other than 0 and 1.
    #[error("not a boolean: {0}")]
    Boolean(u8),
    /// A primitive or iterator whose id no kdb+ release knows.
    #[error("no such primitive: {0}")]
    Primitive(u8),
    /// A count that the remaining bytes cannot hold.
    #[error("count {0} is more than the bytes that follow")]
    Count(u64),
    /// An error object anywhere but at the top.
    #[error("error object inside another object")]
    NestedError,
    /// Objects nested past [`Limits::depth`](crate::Limits::depth).
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
    /// A table that does not hold a dict.
    #[error("table without a dict")]
    TableDict,
    /// A table whose column names are not a symbol vector.
    #[error("table with names that are not symbols")]
    TableNames,
    /// A table whose columns are not a general list of lists.
    #[error("table with columns that are not lists")]
    TableColumns,
    /// A table with another number of names than of columns.
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
    /// A symbol or error text that holds a NUL byte.
    #[error("NUL byte in a symbol")]
    Nul,
    /// The peer's release has no such type: q's `'type`.
    #[error("type")]
    Unsupported,
    /// The message is larger than the peer's release can take: q's `'limit`.
    #[error("limit")]
    Limit,
    /// A compressed body claims a raw length that its stream cannot have.
    #[error("compressed body claims {0} raw bytes")]
    RawLength(u64),
    /// A compressed body claims more raw bytes than the caller allows. The number is that of the
    /// message, the 8 bytes of its header included; limits are those of the body.
    #[error("inflates to {0} bytes, over the limit")]
    Inflated(u64),
    /// A match in a compressed stream refers to a pair that was never seen.
    #[error("match without antecedent")]
    Match,
    /// A match in a compressed stream runs past the raw length.
    #[error("match past the end")]
    Overrun,
    /// Text that is no literal of q.
    #[error("not a literal")]
    Literal,
    /// A number or date that its type cannot hold.
    #[error("out of range")]
    Range,
    /// A bracket or quote without its partner.
    #[error("unbalanced")]
    Unbalanced,
}
