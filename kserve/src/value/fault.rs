//! What goes wrong while evaluating, in q's words.

use std::borrow::Cow;
use std::fmt;

use kcodec::ErrorKind;

/// A q error: its text, as it goes back to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(Cow<'static, str>);

impl Fault {
    pub(crate) const ASSIGN: Self = Self::new("assign");
    pub(crate) const DOMAIN: Self = Self::new("domain");
    pub(crate) const LENGTH: Self = Self::new("length");
    pub(crate) const NYI: Self = Self::new("nyi");
    pub(crate) const PARSE: Self = Self::new("parse");
    pub(crate) const RANK: Self = Self::new("rank");
    pub(crate) const STACK: Self = Self::new("stack");
    pub(crate) const STOP: Self = Self::new("stop");
    pub(crate) const TYPE: Self = Self::new("type");
    pub(crate) const WSFULL: Self = Self::new("wsfull");

    /// An error of a fixed text.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The error whose text is a name or a token of the query's. A NUL ends it.
    pub(crate) fn named(text: &[u8]) -> Self {
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        Self(String::from_utf8_lossy(text).into_owned().into())
    }

    /// The text, without a leading quote.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Fault {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// The text that q has for what the codec refuses.
impl From<kcodec::Error> for Fault {
    fn from(error: kcodec::Error) -> Self {
        match error.kind {
            ErrorKind::DictCount { .. } | ErrorKind::TableWidth { .. } | ErrorKind::Ragged { .. } => Self::LENGTH,
            ErrorKind::Literal | ErrorKind::Range | ErrorKind::Unbalanced => Self::PARSE,
            ErrorKind::Limit | ErrorKind::Depth => Self::new("limit"),
            _ => Self::TYPE,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::error::Error for Fault {}
