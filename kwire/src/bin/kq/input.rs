//! Reads messages from files: concatenated binary messages, or one message in hex per line.
//!
//! Memory grows with the bytes read, never by the length that a header claims. Hex is decoded incrementally, so a line
//! is never held as text.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::rc::Rc;

use kwire::{Header, Malformed, Reason};

use crate::fault::Fault;
use crate::progress::{Counted, Progress};

/// The format of an input file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Binary,
    Hex,
}

/// A file, or standard input, read message by message.
pub(crate) struct Source {
    file: Box<dyn BufRead>,
    format: Format,
    /// Most bytes of a message.
    limit: u64,
    /// The number of the last message read, from 1.
    pub(crate) number: u64,
    /// Whether the message boundaries of a binary file are lost, after a malformed header. Reading stops then.
    lost: bool,
}

/// Bytes per read.
const CHUNK: usize = 1 << 16;

/// A message's bytes or its fault; `None` at the end of the file.
type Found = Option<Result<Vec<u8>, Fault>>;

impl Source {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(path: &Path, format: Format, limit: u64, progress: &Rc<Progress>) -> io::Result<Self> {
        let file: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            let file = File::open(path)?;
            progress.expect(file.metadata()?.len());
            Box::new(file)
        };
        let file = Box::new(BufReader::with_capacity(CHUNK, Counted::new(file, progress)));
        Ok(Self { file, format, limit, number: 0, lost: false })
    }

    /// Reads the next message. The outer error is one of reading the file.
    pub(crate) fn next(&mut self) -> io::Result<Found> {
        let found = match self.format {
            Format::Hex => self.read_hex()?,
            Format::Binary if self.lost => None,
            Format::Binary => self.read_binary()?,
        };
        self.number += u64::from(found.is_some());
        self.lost = matches!(found, Some(Err(_)));
        Ok(found)
    }

    fn read_binary(&mut self) -> io::Result<Found> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut message = Vec::new();
        self.file.by_ref().take(Header::LEN as u64).read_to_end(&mut message)?;
        let Some(&bytes) = message.first_chunk() else { return Ok(Some(Err(truncated(&message)))) };
        let header = match Header::parse(bytes) {
            Ok(header) => header,
            Err(error) => return Ok(Some(Err(error.into()))),
        };
        if header.length > self.limit {
            return Ok(Some(Err(self.too_large(header.length))));
        }
        self.file.by_ref().take(header.length - Header::LEN as u64).read_to_end(&mut message)?;
        let whole = message.len() as u64 == header.length;
        Ok(Some(if whole { Ok(message) } else { Err(truncated(&message)) }))
    }

    /// Reads the next line that is not blank. Blanks are allowed between bytes, and `0x` before each word.
    fn read_hex(&mut self) -> io::Result<Found> {
        let mut line = HexLine::default();
        loop {
            let chunk = self.file.fill_buf()?;
            let end = memchr::memchr(b'\n', chunk);
            let is_last = chunk.is_empty();
            line.extend(&chunk[..end.unwrap_or(chunk.len())]);
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.file.consume(used);
            if line.bytes.len() as u64 > self.limit {
                let fault = self.too_large(line.bytes.len() as u64);
                line.fault.get_or_insert(fault);
            }
            if line.fault.is_some() {
                line.bytes = Vec::new();
            }
            if end.is_none() && !is_last {
                continue;
            }
            match std::mem::take(&mut line).finish() {
                None if is_last => return Ok(None),
                None => {}
                found => return Ok(found),
            }
        }
    }

    fn too_large(&self, bytes: u64) -> Fault {
        Fault::Message(format!("4: message of {bytes} bytes is over the limit of {}", self.limit))
    }
}

fn truncated(message: &[u8]) -> Fault {
    Malformed { at: message.len() as u64, reason: Reason::Body(kcodec::ErrorKind::Truncated) }.into()
}

/// An incremental parser of one line of hex.
#[derive(Debug, Default)]
struct HexLine {
    bytes: Vec<u8>,
    /// The first digit of a byte whose second digit has not been read.
    high: Option<u8>,
    /// Whether anything was read since the last blank.
    inside: bool,
    /// Whether anything but blanks was read.
    any: bool,
    fault: Option<Fault>,
}

impl HexLine {
    fn extend(&mut self, text: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        for &byte in text {
            self.any |= !byte.is_ascii_whitespace();
            match (self.high, digit(byte)) {
                (None, _) if byte.is_ascii_whitespace() => self.inside = false,
                (None, Some(high)) => self.high = Some(high),
                (Some(high), Some(low)) => {
                    self.bytes.push(high << 4 | low);
                    (self.high, self.inside) = (None, true);
                }
                (Some(0), None) if matches!(byte, b'x' | b'X') && !self.inside => {
                    (self.high, self.inside) = (None, true);
                }
                _ => return self.fail(),
            }
        }
    }

    fn fail(&mut self) {
        self.fault = Some(Fault::Message(format!("{}: not hex", self.bytes.len())));
    }

    fn finish(mut self) -> Found {
        if self.high.is_some() && self.fault.is_none() {
            self.fail();
        }
        match self.fault {
            Some(fault) => Some(Err(fault)),
            None => self.any.then_some(Ok(self.bytes)),
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Writes a line of hex.
pub(crate) fn write_hex(message: &[u8], out: &mut impl Write) -> io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 1 << 12];
    for part in message.chunks(text.len() / 2) {
        for (pair, byte) in text.chunks_exact_mut(2).zip(part) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        out.write_all(&text[..2 * part.len()])?;
    }
    writeln!(out)
}
