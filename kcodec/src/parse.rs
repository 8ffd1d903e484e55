//! q literals: text into bodies.

use crate::body::Body;
use crate::error::{Error, ErrorKind};

/// Parses.
///
/// # Errors
///
/// todo
pub fn parse(_text: &str) -> Result<Body, Error> {
    Err(Error::new(0, ErrorKind::Literal))
}

/// Parses.
///
/// # Errors
///
/// todo
pub fn literal(_text: &[u8]) -> Result<Option<(Body, usize)>, Error> {
    Err(Error::new(0, ErrorKind::Literal))
}
