//! Errors of evaluation, with q's texts.

use std::borrow::Cow;
use std::fmt;

use kcodec::ErrorKind;

/// The result of an evaluation.
pub(crate) type R<T = super::noun::Noun> = Result<T, Fault>;

/// A q error: the text sent to the client, and details for the log.
///
/// ```
/// use kserve::{Fault, Interpreter};
///
/// let mut q = Interpreter::new();
/// q.register("half", |arguments| match arguments.first().map(|body| body.value().as_f64()) {
///     Some(Ok(whole)) => Ok(kcodec::Body::encode(whole / 2.0)?),
///     Some(Err(_)) => Err(Fault::new("type")),
///     None => Err(Fault::nyi("half[]")),
/// });
/// assert_eq!(q.evaluate("half 3f".into()), Ok(kcodec::Body::encode(1.5)?));
/// assert_eq!(q.evaluate("half 3".into()).unwrap_err().text(), "type");
/// assert_eq!(Fault::nyi("half[]").construct(), Some("half[]")); // for the log
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    text: Cow<'static, str>,
    /// For `nyi`: the unsupported construct.
    construct: Option<Cow<'static, str>>,
}

impl Fault {
    pub(crate) const ACCESS: Self = Self::new("access");
    pub(crate) const ASSIGN: Self = Self::new("assign");
    pub(crate) const DOMAIN: Self = Self::new("domain");
    pub(crate) const INDEX: Self = Self::new("index");
    pub(crate) const LENGTH: Self = Self::new("length");
    pub(crate) const MISMATCH: Self = Self::new("mismatch");
    pub(crate) const PARSE: Self = Self::new("parse");
    pub(crate) const RANK: Self = Self::new("rank");
    pub(crate) const STACK: Self = Self::new("stack");
    pub(crate) const STOP: Self = Self::new("stop");
    pub(crate) const TYPE: Self = Self::new("type");
    pub(crate) const WSFULL: Self = Self::new("wsfull");

    /// An error with a fixed text.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), construct: None }
    }

    /// `nyi` for a construct that this evaluator does not support.
    #[must_use]
    pub const fn nyi(construct: &'static str) -> Self {
        Self { text: Cow::Borrowed("nyi"), construct: Some(Cow::Borrowed(construct)) }
    }

    /// `nyi` for a construct that is quoted from the query.
    pub(crate) fn nyi_of(construct: &[u8]) -> Self {
        Self { text: Cow::Borrowed("nyi"), construct: Some(String::from_utf8_lossy(construct).into_owned().into()) }
    }

    /// An error whose text is a name or token of the query. The text ends at the first NUL.
    pub(crate) fn named(text: &[u8]) -> Self {
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned().into()
    }

    /// An OS error in q's form, without its number.
    pub(crate) fn reported(what: &str, error: &std::io::Error) -> Self {
        let text = error.to_string();
        format!("{what}. OS reports: {}", text.split(" (os error").next().unwrap_or_default()).into()
    }

    /// The text, without a leading quote.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// For `nyi`: the unsupported construct.
    #[must_use]
    pub fn construct(&self) -> Option<&str> {
        self.construct.as_deref()
    }
}

impl From<&'static str> for Fault {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self { text: text.into(), construct: None }
    }
}

/// Maps errors of the codec to q's error texts.
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
        f.pad(&self.text)
    }
}

impl std::error::Error for Fault {}
