//! The commands over messages of files: decode, recode, compress, decompress.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use kcodec::{Capability, Threshold};
use kwire::{Limits, Message};

use crate::fault::Fault;
use crate::input::{Format, Source, write_hex};
use crate::output::{Form, Out, Output, Text};
use crate::progress::Progress;

/// Where messages come from.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// One message per line of hex, not messages end to end. Blank lines, blanks between bytes and 0x
    /// are passed over.
    #[arg(long)]
    hex: bool,
    /// Refuse messages of more bytes, as sent or inflated; K, M, G for powers of 1024.
    #[arg(long, value_name = "BYTES", value_parser = crate::size)]
    max_message: Option<u64>,
    /// Files to read; standard input without any, or for -
    files: Vec<PathBuf>,
}

/// Where errors go.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Errors {
    /// Write `error: OFFSET: REASON` in the place of a bad message, so that output keeps the order and
    /// number of messages; otherwise errors go to standard error, with file and message.
    #[arg(long)]
    inline_errors: bool,
}

impl Input {
    /// What a message may cost.
    fn limits(&self) -> Limits {
        crate::limits(self.max_message)
    }

    const fn format(&self) -> Format {
        if self.hex { Format::Hex } else { Format::Binary }
    }

    /// Writes a message as messages are read.
    fn write(&self, message: &[u8], out: &mut Out) -> Result<(), Fault> {
        match self.format() {
            Format::Hex => write_hex(message, out)?,
            Format::Binary => out.write_all(message)?,
        }
        Ok(out.end()?)
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let stdin = self.files.is_empty().then_some(Path::new("-"));
        stdin.into_iter().chain(self.files.iter().map(PathBuf::as_path))
    }

    /// Does something with each message. What is wrong with one does not keep the next from being
    /// done, nor a file that cannot be read the next file; the result is whether all was well.
    fn each(
        &self,
        form: Form,
        errors: Errors,
        mut act: impl FnMut(Vec<u8>, &mut Output) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        let progress = Progress::new();
        let mut output = Output::new(form, Text::Line, &progress)?;
        let mut good = true;
        for path in self.paths() {
            let name = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
            let read = Source::open(path, self.format(), self.limits().message, &progress).and_then(|mut source| {
                while let Some(message) = source.next()? {
                    let Err(fault) = message.and_then(|message| act(message, &mut output)) else { continue };
                    progress.clear();
                    good = false;
                    match fault {
                        Fault::Message(reason) if errors.inline_errors => {
                            writeln!(output.out, "error: {reason}")?;
                            output.out.end()?;
                        }
                        Fault::Message(reason) => {
                            crate::complain(format_args!("{name}: message {}: {reason}", source.number));
                        }
                        fault => return Ok(Err(fault)),
                    }
                }
                Ok(Ok(()))
            });
            match read {
                Ok(done) => done?,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(Fault::Closed),
                Err(error) => {
                    progress.clear();
                    good = false;
                    crate::complain(format_args!("{name}: {error}"));
                }
            }
        }
        output.out.flush()?;
        progress.clear();
        Ok(good)
    }
}

/// Prints each message.
pub(crate) fn decode(input: &Input, form: Form, errors: Errors) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(form, errors, |message, output| {
        // The bytes become the message's, so that a large one is in memory once.
        output.write(&Message::decode(Bytes::from(message), &limits)?)
    })
}

/// Decodes and encodes again.
pub(crate) fn recode(input: &Input, errors: Errors) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(Form::default(), errors, |message, output| {
        let message = Message::decode(Bytes::from(message), &limits)?;
        let mut plain = Vec::new();
        kwire::encode(message.kind(), message.value(), Capability::MAX, &mut plain)?;
        write_hex(&plain, &mut output.out)?;
        Ok(output.out.end()?)
    })
}

/// Compresses what kdb+ would.
pub(crate) fn compress(input: &Input, threshold: Threshold) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(Form::default(), Errors::default(), |message, output| {
        let plain = kwire::decompress(&message, &limits)?;
        let compressed = kwire::compress(&plain, threshold)?;
        input.write(&compressed.unwrap_or(plain), &mut output.out)
    })
}

/// Inflates what is compressed.
pub(crate) fn decompress(input: &Input) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(Form::default(), Errors::default(), |message, output| {
        input.write(&kwire::decompress(&message, &limits)?, &mut output.out)
    })
}
