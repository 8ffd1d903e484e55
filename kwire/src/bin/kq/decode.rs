//! The commands that process messages in files: decode, recode, compress, decompress.

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

/// Input options.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// Read one message in hex per line, instead of concatenated binary messages. Blank lines, blanks between bytes and
    /// 0x are ignored.
    #[arg(long)]
    hex: bool,
    /// Reject messages larger than BYTES, as sent or inflated. Suffixes K, M, G are powers of 1024.
    #[arg(long, value_name = "BYTES", value_parser = crate::size)]
    max_message: Option<u64>,
    /// Files to read; - or no file is standard input
    files: Vec<PathBuf>,
}

/// Error options.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Errors {
    /// Write `error: OFFSET: REASON` to standard output in the place of a malformed message, so that each input message
    /// has one line. Default: errors go to standard error, with file and message number.
    #[arg(long)]
    inline_errors: bool,
}

impl Input {
    /// The limits of a message.
    fn limits(&self) -> Limits {
        crate::limits(self.max_message)
    }

    const fn format(&self) -> Format {
        if self.hex { Format::Hex } else { Format::Binary }
    }

    /// Writes a message in the input's format.
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

    /// Applies `act` to each message. Continues after a malformed message and after an unreadable file. Returns whether
    /// everything succeeded.
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

/// Prints each message in the given form.
pub(crate) fn decode(input: &Input, form: Form, errors: Errors) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(form, errors, |message, output| {
        // The message takes ownership of the bytes, so that a large one is in memory once.
        output.write(&Message::decode(Bytes::from(message), &limits)?)
    })
}

/// Re-encodes each message, plain and little-endian, as hex.
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

/// Compresses each message that kdb+ would compress.
pub(crate) fn compress(input: &Input, threshold: Threshold) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(Form::default(), Errors::default(), |message, output| {
        let plain = kwire::decompress(&message, &limits)?;
        let compressed = kwire::compress(&plain, threshold)?;
        input.write(&compressed.unwrap_or(plain), &mut output.out)
    })
}

/// Decompresses each compressed message.
pub(crate) fn decompress(input: &Input) -> Result<bool, Fault> {
    let limits = input.limits();
    input.each(Form::default(), Errors::default(), |message, output| {
        input.write(&kwire::decompress(&message, &limits)?, &mut output.out)
    })
}
