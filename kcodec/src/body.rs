//! A checked message body that owns its bytes.

use std::fmt;

use bytes::Bytes;

use crate::capability::Capability;
use crate::decode::check;
use crate::error::Error;
use crate::limits::Limits;
use crate::value::Value;
use crate::view::view;

/// The checked bytes of one object, reference-counted: a clone shares them, and a view takes constant time.
///
/// ```
/// use kcodec::{Body, Limits};
///
/// let body = Body::encode(&[1_i64, 2, 3])?;
/// let same = Body::decode(body.as_bytes().clone())?; // checked, shared, not copied
/// assert_eq!((same.value(), same.to_string()), (body.value(), "1 2 3".into()));
/// assert_eq!("1 2 3".parse::<Body>()?, body); // as `kcodec::parse`
/// assert!(Body::decode_with(body.as_bytes().clone(), Limits::default().with_depth(1)).is_ok());
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Clone)]
pub struct Body {
    bytes: Bytes,
    canonical: bool,
}

impl Body {
    /// Checks `bytes` and takes ownership of them.
    ///
    /// # Errors
    ///
    /// As [`Value::decode`].
    pub fn decode(bytes: impl Into<Bytes>) -> Result<Self, Error> {
        Self::decode_with(bytes, Limits::default())
    }

    /// As [`decode`](Self::decode), with other limits.
    ///
    /// # Errors
    ///
    /// As [`Value::decode`].
    pub fn decode_with(bytes: impl Into<Bytes>, limits: Limits) -> Result<Self, Error> {
        let bytes = bytes.into();
        let canonical = check(&bytes, limits)?.canonical;
        Ok(Self { bytes, canonical })
    }

    /// Encodes a value into a new body.
    ///
    /// # Errors
    ///
    /// As [`Value::encode`].
    pub fn encode<'a>(value: impl Into<Value<'a>>) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        value.into().encode_for(Capability::MAX, &mut bytes)?;
        Ok(Self { bytes: bytes.into(), canonical: true })
    }

    /// The view of the object.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        view(&self.bytes, self.canonical)
    }

    /// The bytes of the object, little-endian.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl From<Body> for Bytes {
    fn from(body: Body) -> Self {
        body.bytes
    }
}

impl Default for Body {
    /// `::`
    fn default() -> Self {
        Self { bytes: Bytes::from_static(&[101, 0]), canonical: true }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

/// The one-line form, as [`Value`] displays it.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}
