//! Masking: anonymizes messages by replacing their values by others of the same type and length, equal values by equal
//! ones.
//!
//! | value | replacement |
//! |---|---|
//! | symbols, char vectors, q code, errors, users | letters and digits are replaced word by word, each by one of its class; non-ASCII characters by ones of the same UTF-8 length; all other bytes are unchanged |
//! | numbers, guids | any other value of the type; nulls and infinities are unchanged |
//! | temporals | as numbers; a time of day remains one, and a date between 1970 and 2100 remains in that range |
//! | byte vectors | replaced 16 bytes at a time |
//! | booleans | all inverted or none, depending on the key: a vector still shows where values change |
//! | functions except lambdas | unchanged |
//! | the attribute `` `s `` | removed, like every attribute of char and byte vectors; a sorted dict becomes a dict. `` `u ``, `` `p `` and `` `g `` are kept, because they remain true |
//! | names of functions, tables and columns | replaced, unless [`Names::Keep`] |
//!
//! A replacement depends on the value, its type and a key. A random key is discarded, so the replacements cannot be
//! reverted; with the key they can. Not hidden: lengths, counts, repetition, the order of messages and their times.
//! Values with few possibilities, such as single letters, are protected no better than by a substitution cipher.
//!
//! A compressed message is compressed again, unless it no longer halves. A message that does not decode is dropped.
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

/// How names of functions, tables and columns are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// Names are replaced like all symbols.
    #[default]
    Replace,
    /// Names are kept: columns of tables, the function that a message calls, the table of an update, and names in q
    /// code. In code, strings, symbols, numbers and comments are still replaced.
    Keep,
}

/// A keyed mask that replaces values.
#[derive(Clone)]
pub struct Mask {
    permutation: Permutation,
    names: Names,
}

/// Omits the key.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Mask {
    /// Length of a key in bytes.
    pub const KEY: usize = 16;

    /// A mask with a random key, which is not stored anywhere else.
    ///
    /// # Errors
    ///
    /// The OS error, if there is no randomness.
    pub fn random(names: Names) -> io::Result<Self> {
        let mut key = [0; Self::KEY];
        getrandom::fill(&mut key)?;
        Ok(Self::with_key(key, names))
    }

    /// A mask with the given key. The same key gives the same replacements.
    #[must_use]
    pub fn with_key(key: [u8; Self::KEY], names: Names) -> Self {
        Self { permutation: Permutation::new(key), names }
    }

    /// Masks a user name.
    #[must_use]
    pub fn user(&self, user: &[u8]) -> Vec<u8> {
        let mut user = user.to_vec();
        text::mask(&self.permutation, &mut user);
        user
    }

    /// Masks a whole message of either byte order, compressed or plain. `None` if it does not decode, or inflates to
    /// more than [`LARGEST`].
    #[must_use]
    pub fn message(&self, message: &[u8]) -> Option<Vec<u8>> {
        let limits = Limits::default().with_inflated((LARGEST - Header::LEN) as u64);
        let header = Header::parse(*message.first_chunk()?).ok()?;
        let mut plain = kwire::decompress(message, &limits).ok()?;
        Message::decode(&plain[..], &limits).ok()?;
        let is_code = header.kind != MessageType::Response;
        let is_big = header.order == ByteOrder::Big;
        object::mask(self, plain.get_mut(Header::LEN..)?, is_big, is_code)?;
        debug_assert!(Message::decode(&plain[..], &limits).is_ok(), "masking keeps the shape of the body");
        match header.compression {
            Some(_) => Some(kwire::compress(&plain, Threshold::default()).ok()?.unwrap_or(plain)),
            None => Some(plain),
        }
    }
}

/// Counts of [`copy`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Masked {
    /// Messages masked.
    pub messages: u64,
    /// Messages that could not be masked, and are recorded as missing.
    pub refused: u64,
}

/// Copies a recording through a mask. Calls `failed` for each damaged block, which is skipped.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use kcodec::{Capability, Timestamp};
/// use kcorpus::mask::{Mask, Masked, Names, copy};
/// use kcorpus::recording::{Direction, Recorder, Recording};
///
/// let (day, masked) = (folder.path().join("day.krec"), folder.path().join("masked.krec"));
/// let mut recorder = Recorder::create(&day)?;
/// let connection = recorder.open(Timestamp(0), b"bob", Capability::MAX)?;
/// let two = kcorpus::unhex("01010000110000000a0003000000322b32").expect("hex"); // "2+2", sync
/// recorder.message(Timestamp(1), connection, Direction::ToServer, &two)?;
/// recorder.finish()?;
///
/// let mask = Mask::with_key([7; Mask::KEY], Names::Keep); // the same key, the same replacements
/// let mut recorder = Recorder::create(&masked)?;
/// let counts = copy(&Recording::open(&day)?, &mask, &mut recorder, |error| eprintln!("{error}"))?;
/// recorder.finish()?;
/// assert_eq!(counts, Masked { messages: 1, refused: 0 });
/// assert_eq!(mask.user(b"bob").len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The error of the recorder.
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

/// Records a masked message. If it cannot be masked, records it as missing and returns `false`.
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
