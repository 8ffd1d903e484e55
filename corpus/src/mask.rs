//! Masking: messages whose values are replaced by others of the same type and length, equal ones by equal ones, so that
//! they can be given away.
//!
//! | what | becomes |
//! |---|---|
//! | symbols, char vectors, q code, errors, users | letters and digits replaced word by word, each by one of its class; letters outside ASCII by ones of as many bytes of UTF-8; all else stays |
//! | numbers, guids | any other of the type; nulls and infinities stay |
//! | temporals | the same; a time of day stays one, and a date between 1970 and 2100 |
//! | byte vectors | replaced 16 bytes at a time |
//! | booleans | all turned or none: a vector of them shows where they change |
//! | functions that are no lambdas | stay |
//! | the attribute `` `s `` | dropped, as is any of chars and bytes; a sorted dict becomes a dict. `` `u ``, `` `p `` and `` `g `` stay true |
//! | names of functions, tables and columns | replaced, unless [`Names::Keep`] |
//!
//! What replaces a value depends on the value, its type and a key. A random key is forgotten, and the replacements cannot
//! be undone; who has the key can undo them. Lengths, counts, repetition, the order of messages and their times stay, and
//! tell what they tell. Values of few possibilities, such as single letters, are hidden no better than by a
//! substitution cipher.
//!
//! A compressed message is compressed again, unless its masked values no longer halve. A message that does not decode is
//! not let through.
//!
//! ```
//! use kcorpus::mask::{Mask, Names};
//!
//! let sync = kcorpus::unhex("01010000140000000a00060000006c6f67203432").expect("hex"); // "log 42"
//! let mask = Mask::random(Names::Replace)?;
//! let masked = mask.message(&sync).expect("a message that decodes");
//! assert_eq!((masked.len(), &masked[..14]), (sync.len(), &sync[..14]));
//! assert_ne!(masked[14..17], *b"log"); // three other letters, a blank, two other digits
//! assert_eq!(mask.message(&sync), Some(masked));
//! # Ok::<(), std::io::Error>(())
//! ```

mod object;
mod permutation;
mod text;

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use kcodec::{Threshold, Timestamp};
use kwire::{ByteOrder, Header, Limits, Message, MessageType};

use crate::recording::{Direction, Error, LARGEST, Recorder, Recording, What};
use permutation::Permutation;

/// What happens to the names of functions, tables and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// They are replaced as all symbols are.
    #[default]
    Replace,
    /// They stay: the columns of tables, the function that a message calls, the table of an update, and the names in q
    /// code, of which strings, symbols, numbers and comments are replaced.
    Keep,
}

/// Replaces values.
#[derive(Clone)]
pub struct Mask {
    permutation: Permutation,
    names: Names,
}

/// Without the key.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Mask {
    /// Bytes of a key.
    pub const KEY: usize = 16;

    /// A mask with a random key, which nothing keeps.
    ///
    /// # Errors
    ///
    /// The OS has no randomness.
    pub fn random(names: Names) -> io::Result<Self> {
        let mut key = [0; Self::KEY];
        getrandom::fill(&mut key)?;
        Ok(Self::with_key(key, names))
    }

    /// A mask with a key: the same key replaces the same values by the same ones.
    #[must_use]
    pub fn with_key(key: [u8; Self::KEY], names: Names) -> Self {
        Self { permutation: Permutation::new(key), names }
    }

    /// A user's replacement.
    #[must_use]
    pub fn user(&self, user: &[u8]) -> Vec<u8> {
        let mut user = user.to_vec();
        text::mask(&self.permutation, &mut user);
        user
    }

    /// The replacement of a whole message of either byte order, compressed or not. `None` if it does not decode, or
    /// inflates to more than [`LARGEST`].
    #[must_use]
    pub fn message(&self, message: &[u8]) -> Option<Vec<u8>> {
        let limits = Limits { inflated: (LARGEST - Header::LEN) as u64, ..Limits::default() };
        let header = Header::parse(*message.first_chunk()?).ok()?;
        let mut plain = kwire::decompress(message, &limits).ok()?;
        Message::decode(&plain[..], &limits).ok()?;
        let is_code = header.kind != MessageType::Response;
        let is_big = header.order == ByteOrder::Big;
        object::mask(self, plain.get_mut(Header::LEN..)?, is_big, is_code)?;
        debug_assert!(Message::decode(&plain[..], &limits).is_ok(), "of the same shape");
        match header.compression {
            Some(_) => Some(kwire::compress(&plain, Threshold::default()).ok()?.unwrap_or(plain)),
            None => Some(plain),
        }
    }
}

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Masked {
    /// Messages that were masked.
    pub messages: u64,
    /// Messages that cannot be, and are recorded as missing.
    pub refused: u64,
}

/// Copies a recording through a mask. `failed` is told of what cannot be read, which is left out.
///
/// # Errors
///
/// What the recorder meets.
pub fn copy(
    recording: &Recording,
    mask: &Mask,
    recorder: &mut Recorder,
    mut failed: impl FnMut(Error),
) -> Result<Masked, Error> {
    let mut masked = Masked::default();
    let mut numbers = HashMap::new();
    for entry in recording.entries() {
        let entry = match entry {
            Ok((_, entry)) => entry,
            Err(error) => {
                failed(error);
                continue;
            }
        };
        if let What::Open { user, capability } = &entry.what {
            let number = recorder.open(entry.time, &mask.user(user), *capability)?;
            numbers.insert(entry.connection, number);
            continue;
        }
        let number = *numbers.entry(entry.connection).or_insert_with(|| recorder.connection());
        let (time, direction) = (entry.time, entry.direction);
        match entry.what {
            What::Message if message(mask, recorder, time, number, direction, &entry.bytes)? => masked.messages += 1,
            What::Message => masked.refused += 1,
            What::Missing(messages) => recorder.missing(time, number, direction, messages)?,
            What::Foreign(what) => recorder.foreign(time, number, direction, &what)?,
            What::Close => recorder.close(time, number)?,
            What::Open { .. } => {}
        }
    }
    Ok(masked)
}

/// Records a masked message; if there is none, notes that it is missing and returns false.
fn message(
    mask: &Mask,
    recorder: &mut Recorder,
    time: Timestamp,
    number: u32,
    direction: Direction,
    bytes: &Bytes,
) -> Result<bool, Error> {
    let masked = mask.message(bytes);
    match &masked {
        Some(masked) => recorder.message(time, number, direction, masked)?,
        None => recorder.missing(time, number, direction, 1)?,
    }
    Ok(masked.is_some())
}
