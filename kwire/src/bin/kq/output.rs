//! Values on standard output, in the form that was asked for.

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

/// The form of results.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Form {
    /// One JSON object a result: {"t":type,"a":attribute,"v":value}
    #[arg(long, group = "form")]
    pub(crate) json: bool,
    /// Comma-separated values of tables, keyed tables, dicts and vectors.
    #[arg(long, group = "form")]
    pub(crate) csv: bool,
    /// The message's own bytes, plain and little-endian.
    #[arg(long, group = "form")]
    pub(crate) ipc: bool,
    /// Significant digits of floats, as q's \P: 7 unless given, 0 for all 17. CSV has as many as needed.
    #[arg(short = 'P', value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(0..=17))]
    pub(crate) precision: Option<u8>,
}

/// How a value is shown where no other form was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text {
    /// As q's `-3!`.
    Line,
    /// As q's console, on a screen of so many rows and columns: the terminal's, unless given.
    Console(Option<(usize, usize)>),
}

/// Writes values.
pub(crate) struct Output {
    pub(crate) out: Out,
    form: Form,
    text: Text,
    /// The last heading of `--csv`: written again only when it changes.
    heading: Vec<u8>,
    /// Where tables go instead of standard output.
    files: Files,
}

impl Output {
    /// # Errors
    ///
    /// The OS error, and bytes on a terminal.
    pub(crate) fn new(form: Form, text: Text, progress: &Rc<Progress>) -> Result<Self, Fault> {
        if form.ipc && io::stdout().is_terminal() {
            return Err(Fault::End(
                "--ipc writes bytes, which a terminal cannot show: send them to a file or pipe".into(),
            ));
        }
        Ok(Self { out: Out::new(progress)?, form, text, heading: Vec::new(), files: Files::default() })
    }

    /// The same, but tables go into files, if there are any.
    pub(crate) fn with_files(self, files: Files) -> Self {
        Self { files, ..self }
    }

    /// Writes a value, and flushes it unless standard output is a file.
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

    /// The screen that values are cut to.
    pub(crate) fn console(&self) -> Console {
        let given = match self.text {
            Text::Console(size) => size,
            Text::Line => None,
        };
        let (rows, columns) = given.or_else(terminal).unwrap_or((25, 80));
        Console::new(rows, columns).with_digits(self.form.precision.map_or(7, usize::from))
    }

    /// Writes a line that is not a result.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Fault> {
        writeln!(self.out, "{line}")?;
        Ok(self.out.end()?)
    }

    /// Sets the size of the screen, as q's `\c`.
    pub(crate) const fn set_console(&mut self, rows: usize, columns: usize) {
        self.text = Text::Console(Some((rows, columns)));
    }

    /// Sets the digits of floats, as q's `\P`.
    pub(crate) fn set_precision(&mut self, digits: usize) {
        self.form.precision = u8::try_from(digits).ok();
    }

    /// The body is the message's own; only the header is new.
    fn write_message(&mut self, message: &Message) -> io::Result<()> {
        let body = message.body().as_bytes();
        let length = (Header::LEN + body.len()) as u64;
        let header = Header { order: kwire::ByteOrder::Little, kind: message.kind(), compression: None, length };
        self.out.write_all(&header.to_bytes())?;
        self.out.write_all(body)
    }
}

/// Rows and columns of the terminal that shows standard output.
fn terminal() -> Option<(usize, usize)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then(|| (size.ws_row.into(), size.ws_col.into()))
}

/// Standard output: flushed after each message unless it is a file.
pub(crate) struct Out {
    file: BufWriter<Counted<File>>,
    is_file: bool,
    /// Whether it is a terminal, which must not get control characters.
    screened: bool,
}

impl Out {
    pub(crate) fn new(progress: &Rc<Progress>) -> io::Result<Self> {
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (is_file, screened) = (file.metadata()?.is_file(), file.is_terminal());
        Ok(Self { file: BufWriter::with_capacity(1 << 16, Counted::new(file, progress)), is_file, screened })
    }

    /// Ends a message.
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

/// Writes with a `?` for each control character but newlines and tabs: q text shows
/// symbols raw, and an escape sequence in one would be executed.
fn write_screened(bytes: &[u8], out: &mut impl Write) -> io::Result<usize> {
    for chunk in bytes.utf8_chunks() {
        out.write_all(screened(chunk.valid()).as_bytes())?;
        out.write_all(chunk.invalid())?;
    }
    Ok(bytes.len())
}

/// The text as a terminal may show it.
pub(crate) fn screened(text: &str) -> Cow<'_, str> {
    let is_control = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    if text.contains(is_control) { text.replace(is_control, "?").into() } else { text.into() }
}
