//! Messages out of files: end to end as they went over the wire, or one per line of hex.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;

use kwire::{Error, Header, Limits};

/// How messages stand in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Binary,
    Hex,
}

/// What is wrong with one message: `offset: reason`.
#[derive(Debug)]
pub(crate) struct Bad(pub(crate) String);

/// An error in a message is the message's, any other is ours.
pub(crate) fn sort(error: Error) -> Result<Bad, Error> {
    match error {
        Error::Malformed(error) => Ok(Bad(error.to_string())),
        Error::TooLarge { .. } => Ok(Bad(format!("0: {error}"))),
        _ => Err(error),
    }
}

/// The messages of some files, or of standard input. The outer error is the file's, the inner one
/// the message's; after a header that says nothing of a length, a binary file has no more messages.
pub(crate) struct Messages {
    files: Vec<Box<dyn BufRead>>,
    format: Format,
}

impl Messages {
    pub(crate) fn open(files: &[PathBuf], format: Format) -> io::Result<Self> {
        if files.is_empty() {
            return Ok(Self { files: vec![Box::new(io::stdin().lock())], format });
        }
        let open = |path: &PathBuf| -> io::Result<Box<dyn BufRead>> {
            let file = File::open(path);
            let file = file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
            Ok(Box::new(BufReader::new(file)))
        };
        let mut files: Vec<_> = files.iter().map(open).collect::<io::Result<_>>()?;
        files.reverse();
        Ok(Self { files, format })
    }
}

type Found = Option<Result<Vec<u8>, Bad>>;

impl Iterator for Messages {
    type Item = io::Result<Result<Vec<u8>, Bad>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let file = self.files.last_mut()?;
            let found = match self.format {
                Format::Binary => read_binary(file),
                Format::Hex => read_hex(file),
            };
            let lost = matches!((self.format, &found), (Format::Binary, Ok(Some(Err(_)))));
            if lost || matches!(found, Ok(None)) {
                self.files.pop();
            }
            if let Some(found) = found.transpose() {
                return Some(found);
            }
        }
    }
}

fn read_binary(file: &mut impl BufRead) -> io::Result<Found> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut message = Vec::new();
    file.take(Header::LEN as u64).read_to_end(&mut message)?;
    let Some(&bytes) = message.first_chunk() else { return Ok(Some(Err(truncated(&message)))) };
    let header = match Header::parse(bytes) {
        Ok(header) => header,
        Err(error) => return Ok(Some(Err(Bad(error.to_string())))),
    };
    let limit = Limits::default().message;
    if header.length > limit {
        return Ok(Some(Err(Bad(format!("4: message of {} bytes is over the limit of {limit}", header.length)))));
    }
    file.take(header.length - Header::LEN as u64).read_to_end(&mut message)?;
    let whole = message.len() as u64 == header.length;
    Ok(Some(if whole { Ok(message) } else { Err(truncated(&message)) }))
}

fn read_hex(file: &mut impl BufRead) -> io::Result<Found> {
    let mut line = Vec::new();
    if file.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let digits = line.trim_ascii();
    let digits = digits.strip_prefix(b"0x").unwrap_or(digits);
    Ok(Some(unhex(digits).map_err(|at| Bad(format!("{at}: not hex")))))
}

fn truncated(message: &[u8]) -> Bad {
    Bad(format!("{}: {}", message.len(), kcodec::ErrorKind::Truncated))
}

/// The bytes, or the offset of the first that its two digits do not give.
fn unhex(digits: &[u8]) -> Result<Vec<u8>, usize> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |(at, pair): (usize, &[u8])| match *pair {
        [high, low] => digit(high).zip(digit(low)).and_then(|(high, low)| u8::try_from(high << 4 | low).ok()).ok_or(at),
        _ => Err(at),
    };
    digits.chunks(2).enumerate().map(pair).collect()
}

/// Writes a line of hex.
pub(crate) fn write_hex(message: &[u8], out: &mut impl Write) -> io::Result<()> {
    for byte in message {
        write!(out, "{byte:02x}")?;
    }
    writeln!(out)
}
