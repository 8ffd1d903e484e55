//! `kq`: the command-line client for kdb+ IPC. This file parses the command line.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
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

/// Sends requests to q processes; decodes, encodes and compresses their messages.
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
  kq localhost:5001                            a console; \\ exits
  kq localhost:5001 "select from trade"        one request; the result as q displays it
  kq localhost:5001 --csv trade > trade.csv
  kq localhost:5001 --parquet trade.parquet trade
  kq localhost:5001 < queries.txt              one request per line
  kq -U users.txt host:5001:bob "2+2"          bob's password from a file
  kq listen localhost:5010 ".u.sub[`;`]"       print pushed messages
  kq decode --hex captured.txt                 messages as q text

Exit codes: 0 success, 1 invalid input or failed request, 2 usage error."#;

/// Arguments of `kq HOST:PORT 'EXPR'`.
#[derive(Args)]
struct Ask {
    /// Any address that hopen takes: PORT, HOST:PORT, HOST:PORT:USER:PASSWORD, tcps://HOST:PORT, unix://PORT
    #[arg(required = true)]
    address: Option<String>,
    /// Expression to evaluate on the server. Without it, kq opens a console on a terminal, and otherwise evaluates
    /// standard input line by line.
    expression: Option<String>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    files: Files,
    /// Console size that results are truncated to, as q's \c. Default: the terminal's size, or 25 80.
    #[arg(short = 'c', num_args = 2, value_names = ["ROWS", "COLUMNS"], help_heading = "Output")]
    console: Option<Vec<usize>>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Command {
    /// Print the messages that a server pushes, one line of q text per message.
    ///
    /// Ends with exit code 0 on Ctrl-C and SIGTERM, and with 1 when the server closes.
    Listen {
        /// Any address that hopen takes.
        address: String,
        /// Sync request to send first, such as .u.sub; its response is not printed.
        subscription: String,
        /// Exit after COUNT messages.
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
    /// Re-encode each message uncompressed and little-endian, as hex.
    Recode {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        errors: Errors,
    },
    /// Encode a q literal as a message, as hex.
    Encode {
        #[command(flatten)]
        kind: Kind,
        /// For example "`a`b!1 2"
        text: String,
    },
    /// Compress each message as kdb+ would. A message that would not shrink to half stays plain.
    Compress {
        #[command(flatten)]
        input: Input,
        /// What must exceed 2000 bytes: the body, as in kdb+'s C library, or the whole message, as in its Java and C#
        /// clients.
        #[arg(long, value_enum, default_value_t)]
        threshold: Over,
    },
    /// Decompress each message. A plain message is copied unchanged.
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
    /// An async message (default).
    #[arg(long = "async")]
    asynchronous: bool,
    /// A sync message.
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
        Err(error) => return usage(&unexpected(error)),
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

/// The command line, with expressions such as `-3!x` moved to the end after `--`. No option has this form.
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

/// Names an argument behind the expression as such. clap takes it for a subcommand.
fn unexpected(error: clap::Error) -> clap::Error {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(argument) if error.kind() == ErrorKind::ArgumentConflict => {
            Cli::command().error(ErrorKind::UnknownArgument, format!("unexpected argument '{argument}' found"))
        }
        _ => error,
    }
}

/// Help and version go to standard output, errors to standard error.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The error may quote an argument that is an address with a password.
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

/// Parses a size in bytes, or with the suffix K, M or G in units of 2^10, 2^20 or 2^30 bytes.
fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "not a size in bytes such as 1000000, 512K, 64M or 2G".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "size does not fit into 64 bits".to_owned())
}

/// The default limits, with `max_message` as the limit of a message as sent and inflated.
fn limits(max_message: Option<u64>) -> Limits {
    let default = Limits::default();
    match max_message {
        Some(bytes) => default.with_message(bytes).with_inflated(bytes),
        None => default,
    }
}

/// Prints an error to standard error.
fn complain(error: impl Display) {
    say(format_args!("kq: {error}"));
}

/// Prints a line to standard error, without the command line's passwords and without control characters.
fn say(line: impl Display) {
    let line = password::hide(line.to_string());
    // An error of standard error cannot be reported anywhere.
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
