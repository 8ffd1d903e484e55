//! Names of kdb+'s primitives by their ids on the wire (WIRE.md, functions).

use crate::function::Function;

const UNARY: [&str; 45] = [
    "::", "+:", "-:", "*:", "%:", "&:", "|:", "^:", "=:", "<:", ">:", "$:", ",:", "#:", "_:", "~:", "!:", "?:", "@:",
    ".:", "0::", "1::", "2::", "avg", "last", "sum", "prd", "min", "max", "exit", "getenv", "abs", "sqrt", "log",
    "exp", "sin", "asin", "cos", "acos", "tan", "atan", "enlist", "var", "dev", "hopen",
];

const BINARY: [&str; 37] = [
    ":", "+", "-", "*", "%", "&", "|", "^", "=", "<", ">", "$", ",", "#", "_", "~", "!", "?", "@", ".", "0:", "1:",
    "2:", "in", "within", "like", "bin", "ss", "insert", "wsum", "wavg", "div", "xexp", "setenv", "binr", "cov", "cor",
];

const ITERATOR: [&str; 6] = ["'", "/", "\\", "':", "/:", "\\:"];

/// The name of a unary primitive, such as `::`, `#:` or `max`; `None` for the elided argument, 255, and unknown ids.
///
/// ```
/// use kcodec::primitive;
///
/// assert_eq!((primitive::unary(0), primitive::unary(255)), (Some("::"), None));
/// assert_eq!((primitive::binary(1), primitive::iterator(1)), (Some("+"), Some("/")));
/// ```
#[must_use]
pub fn unary(id: u8) -> Option<&'static str> {
    UNARY.get(usize::from(id)).copied()
}

/// The name of a binary primitive, such as `+` or `within`; `None` for unknown ids.
#[must_use]
pub fn binary(id: u8) -> Option<&'static str> {
    BINARY.get(usize::from(id)).copied()
}

/// The name of an iterator, such as `'` or `/:`; `None` for unknown ids.
#[must_use]
pub fn iterator(id: u8) -> Option<&'static str> {
    ITERATOR.get(usize::from(id)).copied()
}

/// The primitive or iterator with the name: binary primitives first, then unary ones, then iterators.
///
/// ```
/// use kcodec::{Function, primitive};
///
/// assert_eq!(primitive::named("+"), Some(Function::Binary(1)));
/// assert_eq!(primitive::named("#:"), Some(Function::Unary(13)));
/// ```
#[must_use]
pub fn named(name: &str) -> Option<Function<'static>> {
    let find = |names: &[&str]| u8::try_from(names.iter().position(|&found| found == name)?).ok();
    find(&BINARY)
        .map(Function::Binary)
        .or_else(|| find(&UNARY).map(Function::Unary))
        .or_else(|| find(&ITERATOR).map(Function::Iterator))
}
