//! Writes values to standard output in the chosen form.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::rc::Rc;

use clap::Args;
use kcodec::{Console, Value};
use kwire::{Header, Message};
use rustix::termios::tcgetwinsize;

use crate::arrow::Files;
use crate::fault::Fault;
use crate::progress::{Counted, Progress};
use crate::{csv, json};

/// The output form of results.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Form {
    /// Print one JSON object per result: {"t":type,"a":attribute,"v":value}
    #[arg(long, group = "form")]
    pub(crate) json: bool,
    /// Print tables, keyed tables, dicts and vectors as CSV.
    #[arg(long, group = "form")]
    pub(crate) csv: bool,
    /// Write the message as bytes, plain and little-endian.
    #[arg(long, group = "form")]
    pub(crate) ipc: bool,
    /// Significant digits of floats, as q's \P: 7 by default, 0 for 17. CSV has as many as needed by default.
    #[arg(short = 'P', value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(0..=17))]
    pub(crate) precision: Option<u8>,
}

/// The text form of a value, if no other form is chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text {
    /// One line, like q's `-3!`.
    Line,
    /// Like q's console with the given rows and columns; `None` is the terminal's size.
    Console(Option<(usize, usize)>),
}

/// Writes values to standard output.
pub(crate) struct Output {
    pub(crate) out: Out,
    form: Form,
    text: Text,
    /// The last heading written by `--csv`. A heading is written only when it changes.
    heading: Vec<u8>,
    /// Where tables go instead of standard output.
    files: Files,
}

impl Output {
    /// # Errors
    ///
    /// The OS error, or `--ipc` on a terminal.
    pub(crate) fn new(form: Form, text: Text, progress: &Rc<Progress>) -> Result<Self, Fault> {
        if form.ipc && io::stdout().is_terminal() {
            return Err(Fault::End("--ipc writes binary data: redirect standard output to a file or pipe".into()));
        }
        Ok(Self { out: Out::new(progress)?, form, text, heading: Vec::new(), files: Files::default() })
    }

    /// The same, but tables go into files, if there are any.
    pub(crate) fn with_files(self, files: Files) -> Self {
        Self { files, ..self }
    }

    /// Writes a message's value. Flushes unless standard output is a file.
    pub(crate) fn write(&mut self, message: &Message) -> Result<(), Fault> {
        if self.files.is_some() {
            return self.files.write(message.body());
        }
        let (value, digits) = (message.value(), self.form.precision.map(usize::from));
        match self.form {
            Form { json: true, .. } => {
                json::write(value, &mut self.out)?;
                writeln!(self.out)?;
            }
            Form { ipc: true, .. } => self.write_message(message)?,
            Form { csv: true, .. } if value == Value::NULL => {}
            Form { csv: true, .. } => csv::write(value, digits, &mut self.heading, &mut self.out)?,
            _ => match self.text {
                Text::Line => writeln!(self.out, "{value:.*}", digits.unwrap_or(7))?,
                Text::Console(_) => self.out.write_all(kcodec::console(value, self.console()).as_bytes())?,
            },
        }
        Ok(self.out.end()?)
    }

    /// The console size that values are truncated to.
    pub(crate) fn console(&self) -> Console {
        let given = match self.text {
            Text::Console(size) => size,
            Text::Line => None,
        };
        let (rows, columns) = given.or_else(terminal).unwrap_or((25, 80));
        Console::new(rows, columns).with_digits(self.form.precision.map_or(7, usize::from))
    }

    /// Writes a line of text.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Fault> {
        writeln!(self.out, "{line}")?;
        Ok(self.out.end()?)
    }

    /// Sets the console size, like q's `\c`.
    pub(crate) const fn set_console(&mut self, rows: usize, columns: usize) {
        self.text = Text::Console(Some((rows, columns)));
    }

    /// Sets the digits of floats, like q's `\P`.
    pub(crate) fn set_precision(&mut self, digits: usize) {
        self.form.precision = u8::try_from(digits).ok();
    }

    /// Writes a message: a new plain header and the checked body.
    fn write_message(&mut self, message: &Message) -> io::Result<()> {
        let body = message.body().as_bytes();
        let length = (Header::LEN + body.len()) as u64;
        let header = Header { order: kwire::ByteOrder::Little, kind: message.kind(), compression: None, length };
        self.out.write_all(&header.to_bytes())?;
        self.out.write_all(body)
    }
}

/// Rows and columns of the terminal on standard output; `None` if it is not a terminal.
fn terminal() -> Option<(usize, usize)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then(|| (size.ws_row.into(), size.ws_col.into()))
}

/// Buffered standard output. Flushed after each message unless it is a file.
pub(crate) struct Out {
    file: BufWriter<Counted<File>>,
    is_file: bool,
    /// Whether it is a terminal: control characters are then replaced.
    screened: bool,
}

impl Out {
    pub(crate) fn new(progress: &Rc<Progress>) -> io::Result<Self> {
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (is_file, screened) = (file.metadata()?.is_file(), file.is_terminal());
        Ok(Self { file: BufWriter::with_capacity(1 << 16, Counted::new(file, progress)), is_file, screened })
    }

    /// Ends a message: flushes unless standard output is a file.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.is_file { Ok(()) } else { self.flush() }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.screened { write_screened(bytes, &mut self.file) } else { self.file.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes text with control characters other than newline and tab replaced by `?`. q text shows symbols raw, so a
/// terminal would execute an escape sequence in a symbol.
fn write_screened(bytes: &[u8], out: &mut impl Write) -> io::Result<usize> {
    for chunk in bytes.utf8_chunks() {
        out.write_all(screened(chunk.valid()).as_bytes())?;
        out.write_all(chunk.invalid())?;
    }
    Ok(bytes.len())
}

/// Replaces control characters other than newline and tab by `?`.
pub(crate) fn screened(text: &str) -> Cow<'_, str> {
    let is_control = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    if text.contains(is_control) { text.replace(is_control, "?").into() } else { text.into() }
}
