//! `kq`: kdb+ messages for people and scripts.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kcodec::{Capability, Console, Threshold};
use kwire::blocking::{Handle, Options};
use kwire::{Error, Limits, Message, MessageType};

mod input;
mod json;
mod log;

use input::{Format, Messages};

/// Asks q processes, and decodes, encodes and compresses their messages.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    ask: Ask,
}

/// What `kq HOST:PORT 'EXPR'` takes.
#[derive(Debug, Args)]
struct Ask {
    /// Any address that hopen takes: PORT, HOST:PORT, HOST:PORT:USER:PASSWORD, unix://PORT
    #[arg(required = true)]
    address: Option<String>,
    /// What to evaluate there; without it a console reads lines from standard input.
    #[arg(allow_hyphen_values = true)]
    expression: Option<String>,
    /// Console size, as q's own -c.
    #[arg(short = 'c', num_args = 2, value_names = ["ROWS", "COLUMNS"], default_values_t = [25, 80])]
    console: Vec<usize>,
    /// Give up connecting after so many milliseconds.
    #[arg(long, value_name = "MS")]
    timeout: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print each message as one line of q text, or of JSON.
    Decode {
        #[command(flatten)]
        input: Input,
        /// Print JSON instead: {"t":type,"a":attribute,"v":value}
        #[arg(long)]
        json: bool,
    },
    /// Decode and encode again, uncompressed and little-endian: hex.
    Recode {
        #[command(flatten)]
        input: Input,
    },
    /// Encode a q literal as a message: hex.
    Encode {
        #[command(flatten)]
        kind: Kind,
        /// For example "`a`b!1 2"
        #[arg(allow_hyphen_values = true)]
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

#[derive(Debug, Args)]
struct Input {
    /// One message per line of hex, not messages end to end.
    #[arg(long)]
    hex: bool,
    /// Files to read; standard input without any.
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
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

/// Whether every message was good.
type Outcome = Result<bool, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => ask(&cli.ask),
        Some(command) => run(command, &mut io::BufWriter::new(io::stdout().lock())),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            if !is_broken_pipe(error.as_ref()) {
                eprintln!("kq: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Whether whoever reads our output has seen enough.
fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(command: Command, out: &mut impl Write) -> Outcome {
    let limits = Limits::default();
    match command {
        Command::Decode { input, json } => each(&input, out, |message, out| {
            let message = Message::decode(message.as_slice(), &limits)?;
            if json {
                json::write(message.value(), out)?
            } else {
                write!(out, "{}", message.value())?
            }
            Ok(writeln!(out)?)
        }),
        Command::Recode { input } => each(&input, out, |message, out| {
            let message = Message::decode(message.as_slice(), &limits)?;
            let mut plain = Vec::new();
            kwire::encode(message.kind(), message.value(), Capability::MAX, &mut plain)?;
            Ok(input::write_hex(&plain, out)?)
        }),
        Command::Encode { kind, text } => {
            let body = kcodec::parse(&text).map_err(|error| format!("{text}: {error}"))?;
            let mut message = Vec::new();
            kwire::encode(kind.into(), body.value(), Capability::MAX, &mut message)?;
            input::write_hex(&message, out)?;
            Ok(true)
        }
        Command::Compress { input, threshold } => each(&input, out, |message, out| {
            let plain = kwire::decompress(&message, &limits)?;
            let compressed = kwire::compress(&plain, threshold.into())?;
            Ok(input.write(&compressed.unwrap_or(plain), out)?)
        }),
        Command::Log(options) => log::run(&options, out),
        Command::Decompress { input } => {
            each(&input, out, |message, out| Ok(input.write(&kwire::decompress(&message, &limits)?, out)?))
        }
    }
}

/// Does something with each message; what is wrong with one takes its place in the output.
fn each<W: Write>(input: &Input, out: &mut W, mut act: impl FnMut(Vec<u8>, &mut W) -> Result<(), Error>) -> Outcome {
    let mut good = true;
    for message in Messages::open(&input.files, input.format())? {
        let done = match message? {
            Ok(message) => act(message, out).map_err(input::sort),
            Err(bad) => Err(Ok(bad)),
        };
        if let Err(error) = done {
            good = false;
            writeln!(out, "error: {}", error?.0)?;
        }
    }
    out.flush()?;
    Ok(good)
}

impl Input {
    const fn format(&self) -> Format {
        if self.hex { Format::Hex } else { Format::Binary }
    }

    /// Writes a message as messages are read.
    fn write(&self, message: &[u8], out: &mut impl Write) -> io::Result<()> {
        match self.format() {
            Format::Hex => input::write_hex(message, out),
            Format::Binary => out.write_all(message),
        }
    }
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

fn ask(ask: &Ask) -> Outcome {
    let address = ask.address.as_deref().unwrap_or_default();
    let options = Options { timeout: ask.timeout.map(Duration::from_millis), ..Options::default() };
    let named = |error: Error| format!("{}: {error}", without_password(address));
    let mut handle = Handle::open_with(address, &options).map_err(named)?;
    let size = match *ask.console.as_slice() {
        [rows, columns] => Console::new(rows, columns),
        _ => Console::default(),
    };
    match &ask.expression {
        Some(expression) => answer(&mut handle, expression, size),
        None => converse(&mut handle, size, &without_password(address)),
    }
}

/// Asks one thing and prints what q would.
fn answer(handle: &mut Handle, expression: &str, size: Console) -> Outcome {
    match handle.sync(expression) {
        Ok(message) if message.value() == kcodec::Value::NULL => Ok(true),
        Ok(message) => {
            let mut out = io::stdout().lock();
            out.write_all(kcodec::console(message.value(), size).as_bytes())?;
            out.flush()?;
            Ok(true)
        }
        Err(error @ Error::Remote(_)) => {
            eprintln!("{error}");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks line by line until the input ends or says `\\`.
fn converse(handle: &mut Handle, size: Console, address: &str) -> Outcome {
    let prompt = io::stdin().is_terminal().then(|| format!("{address}> "));
    let mut good = true;
    loop {
        if let Some(prompt) = &prompt {
            eprint!("{prompt}");
        }
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 || line.trim() == r"\\" {
            return Ok(good || prompt.is_some());
        }
        if !line.trim().is_empty() {
            good &= answer(handle, line.trim_end_matches(['\r', '\n']), size)?;
        }
    }
}

/// An address as it may be shown.
fn without_password(address: &str) -> String {
    let shown = kwire::Address::parse(address).ok().and_then(|parsed| {
        let (_, password) = parsed.credentials?;
        address.strip_suffix(&password)?.strip_suffix(':').map(str::to_owned)
    });
    shown.unwrap_or_else(|| address.to_owned())
}
