//! `kq`: kdb+ messages for people and scripts. This file is the command line.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kcodec::{Capability, Threshold};
use kwire::{Limits, MessageType};

mod arrow;
mod console;
mod csv;
mod decode;
mod fault;
mod input;
mod json;
mod listen;
mod log;
mod names;
mod output;
mod password;
mod progress;
mod session;

use arrow::Files;
use decode::{Errors, Input};
use fault::Fault;
use output::{Form, Out, Output, Text};
use progress::Progress;
use session::{Connection, Session};

/// Asks q processes, and decodes, encodes and compresses their messages.
#[derive(Parser)]
#[command(
    name = "kq",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    ask: Ask,
}

const EXAMPLES: &str = r#"Examples:
  kq localhost:5001                            a console; \\ ends it
  kq localhost:5001 "select from trade"        one request, shown as q shows it
  kq localhost:5001 --csv trade > trade.csv
  kq localhost:5001 --parquet trade.parquet trade
  kq localhost:5001 < queries.txt              one request a line
  kq -U users.txt host:5001:bob "2+2"          bob's password out of a file
  kq listen localhost:5010 ".u.sub[`;`]"       pushes as they come
  kq decode --hex captured.txt                 messages as q text

Exit codes: 0 done, 1 the input or the server was wrong, 2 usage."#;

/// What `kq HOST:PORT 'EXPR'` takes.
#[derive(Args)]
struct Ask {
    /// Any address that hopen takes: PORT, HOST:PORT, HOST:PORT:USER:PASSWORD, tcps://HOST:PORT, unix://PORT
    #[arg(required = true)]
    address: Option<String>,
    /// What to evaluate there. Without it a terminal becomes a console, and other input is evaluated
    /// line by line.
    expression: Option<String>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    files: Files,
    /// Size of the screen that results are cut to, as q's \c: the terminal's, or 25 80.
    #[arg(short = 'c', num_args = 2, value_names = ["ROWS", "COLUMNS"], help_heading = "Output")]
    console: Option<Vec<usize>>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Command {
    /// Print what a server pushes, one line of q text a message.
    ///
    /// Ends with exit code 0 on Ctrl-C and SIGTERM, and with 1 when the server closes.
    Listen {
        /// Any address that hopen takes.
        address: String,
        /// What to ask first, as .u.sub; its answer is not shown.
        subscription: String,
        /// End after so many messages.
        #[arg(short = 'n', value_name = "COUNT")]
        count: Option<u64>,
        #[command(flatten)]
        form: Form,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print each message as one line of q text.
    Decode {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        form: Form,
        #[command(flatten)]
        errors: Errors,
    },
    /// Decode and encode again, uncompressed and little-endian: hex.
    Recode {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        errors: Errors,
    },
    /// Encode a q literal as a message: hex.
    Encode {
        #[command(flatten)]
        kind: Kind,
        /// For example "`a`b!1 2"
        text: String,
    },
    /// Compress each message as kdb+ would; one that would not halve comes out plain.
    Compress {
        #[command(flatten)]
        input: Input,
        /// What has to be over 2000 bytes: the body, as for kdb+'s C library, or the whole message,
        /// as for its Java and C# clients.
        #[arg(long, value_enum, default_value_t)]
        threshold: Over,
    },
    /// Inflate each message; a plain one comes out as it is.
    Decompress {
        #[command(flatten)]
        input: Input,
    },
    /// List the messages of tickerplant logs as q text, count or check them, or repair a log.
    Log(log::Options),
}

#[derive(Args)]
#[group(multiple = false)]
struct Kind {
    /// A message that gets no answer (the default).
    #[arg(long = "async")]
    asynchronous: bool,
    /// A message that waits for a response.
    #[arg(long)]
    sync: bool,
    /// A response.
    #[arg(long)]
    response: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Over {
    #[default]
    Body,
    Message,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(arguments()) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = match cli.command {
        None => ask(cli.ask),
        Some(command) => run(command),
    };
    match outcome {
        Ok(true) | Err(Fault::Closed) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            complain(fault);
            ExitCode::FAILURE
        }
    }
}

/// The command line, with expressions such as `-3!x` at its end: no option looks like them.
fn arguments() -> Vec<OsString> {
    let is_expression = |argument: &OsString| match argument.as_encoded_bytes() {
        [b'-', next, ..] => !next.is_ascii_alphabetic() && *next != b'-',
        _ => false,
    };
    let given: Vec<OsString> = std::env::args_os().collect();
    if given.iter().any(|argument| argument == "--") {
        return given;
    }
    let (expressions, mut arguments): (Vec<_>, Vec<_>) = given.into_iter().partition(is_expression);
    if !expressions.is_empty() {
        arguments.push("--".into());
        arguments.extend(expressions);
    }
    arguments
}

/// Help and version go to standard output, errors to standard error.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // An argument that is not understood may be an address.
    let _ = write!(io::stderr(), "{}", password::hide(error.render().to_string()));
    ExitCode::from(2)
}

fn run(command: Command) -> Result<bool, Fault> {
    match command {
        Command::Listen { address, subscription, count, form, connection } => {
            let mut output = Output::new(form, Text::Line, &Progress::hidden())?;
            listen::listen(&address, &connection, &subscription, count, &mut output)
        }
        Command::Decode { input, form, errors } => decode::decode(&input, form, errors),
        Command::Recode { input, errors } => decode::recode(&input, errors),
        Command::Encode { kind, text } => encode(kind.into(), &text),
        Command::Compress { input, threshold } => decode::compress(&input, threshold.into()),
        Command::Decompress { input } => decode::decompress(&input),
        Command::Log(options) => log::run(&options),
    }
}

fn encode(kind: MessageType, text: &str) -> Result<bool, Fault> {
    let body = kcodec::parse(text).map_err(|error| Fault::Message(format!("{text}: {error}")))?;
    let mut message = Vec::new();
    kwire::encode(kind, body.value(), Capability::MAX, &mut message)?;
    let mut out = Out::new(&Progress::hidden())?;
    input::write_hex(&message, &mut out)?;
    out.flush()?;
    Ok(true)
}

fn ask(ask: Ask) -> Result<bool, Fault> {
    let address = ask.address.as_deref().unwrap_or_default();
    let size = match ask.console.as_deref() {
        Some(&[rows, columns]) => Some((rows, columns)),
        _ => None,
    };
    let mut output = Output::new(ask.form, Text::Console(size), &Progress::hidden())?.with_files(ask.files);
    let good = match &ask.expression {
        Some(expression) => {
            Session::open(address, &ask.connection, None)?.answer(expression.as_bytes(), &mut output)?
        }
        None if io::stdin().is_terminal() => console::run(address, &ask.connection, &mut output)?,
        None => Session::open(address, &ask.connection, None)?.answer_lines(&mut output)?,
    };
    output.out.flush()?;
    Ok(good)
}

/// Bytes, or units of 1024, 1024 * 1024 or 1024 * 1024 * 1024 of them.
fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "not a number of bytes, as 1000000, 512K, 64M or 2G".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "more bytes than can be counted".to_owned())
}

/// The default limits, but for the size of a message.
fn limits(max_message: Option<u64>) -> Limits {
    let default = Limits::default();
    match max_message {
        Some(bytes) => Limits { message: bytes, inflated: bytes, ..default },
        None => default,
    }
}

/// Says on standard error what went wrong.
fn complain(error: impl Display) {
    say(format_args!("kq: {error}"));
}

/// A line on standard error: without passwords of the command line and without control characters.
fn say(line: impl Display) {
    let line = password::hide(line.to_string());
    // An error of standard error has no place to be reported.
    let _ = writeln!(io::stderr(), "{}", output::screened(&line));
}

impl From<Kind> for MessageType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind { sync: true, .. } => Self::Sync,
            Kind { response: true, .. } => Self::Response,
            Kind { .. } => Self::Async,
        }
    }
}

impl From<Over> for Threshold {
    fn from(over: Over) -> Self {
        match over {
            Over::Body => Self::Body,
            Over::Message => Self::Message,
        }
    }
}
