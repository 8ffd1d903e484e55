//! The command line, and its conversion to a plan.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use kbench::load::{Messages, Mode, Plan};
use kcodec::Value;
use kwire::{Address, Header, MessageType, Transport};

/// Puts load on a kdb+ IPC server and reports the latencies of its answers.
///
/// Latency counts from a message's due time. Exit codes: 0 success; 1 the server cannot be reached, answers with an
/// error, closes a connection or leaves a message unanswered; 2 usage error.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Options {
    /// Address of the server over TCP, as for hopen: `HOST:PORT`, `HOST:PORT:USER:PASSWORD`.
    address: String,

    /// The message: q text, which the server evaluates.
    #[arg(default_value = "2+2")]
    message: String,

    /// Parse MESSAGE as a q literal and send its value.
    #[arg(long)]
    literal: bool,

    /// Send the messages of this file in rotation. It must hold concatenated whole messages.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["message", "literal", "numbered"])]
    file: Option<PathBuf>,

    /// Send the numbers from 0 on and check that none is lost or out of order: as text in requests, whose answer must
    /// be the same long; as long atoms in broadcasts.
    #[arg(long, conflicts_with_all = ["message", "literal"])]
    numbered: bool,

    /// Kind of load: sync requests; batches of --depth async messages followed by a sync "", timed as one; or messages
    /// published by an additional connection and timed at each subscriber.
    #[arg(short, long, value_enum, default_value = "sync")]
    mode: Kind,

    /// Number of connections; for broadcast, of subscribers.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: u32,

    /// Number of worker threads.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,

    /// Most messages in flight per connection; for async, messages per batch.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    depth: u32,

    /// Messages due per second over all connections. Default: closed loop, a message is due when the previous one is
    /// answered.
    #[arg(short, long, value_name = "PER_SECOND", value_parser = rate)]
    rate: Option<f64>,

    /// Open loop: send messages when due, regardless of messages in flight. Requires --rate.
    #[arg(long, requires = "rate", conflicts_with = "depth")]
    open: bool,

    /// Duration of the run.
    #[arg(short, long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    duration: Duration,

    /// q text, sent sync once on the first connection before the run.
    #[arg(long, value_name = "TEXT")]
    before: Option<String>,

    /// q text that each subscriber of a broadcast sends sync before the run.
    #[arg(long, value_name = "TEXT", default_value = "subscribe")]
    subscribe: String,

    /// Allow a server on another machine.
    #[arg(long)]
    remote: bool,

    /// Print one line of JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,

    /// Do not print progress on standard error.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Sync,
    Async,
    Broadcast,
}

/// A usage error that clap does not detect.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl<E: std::error::Error> From<E> for Usage {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Longest duration of a run in seconds: a day.
const LONGEST: f64 = 86_400.0;
/// Highest rate: due times are a nanosecond apart.
const FASTEST: f64 = 1e9;

fn positive(text: &str, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number > 0.0 && number <= most { Ok(number) } else { Err(format!("must be over 0, at most {most}")) }
}

fn seconds(text: &str) -> Result<Duration, String> {
    positive(text, LONGEST).map(Duration::from_secs_f64)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = positive(text, FASTEST)?;
    if rate < 1.0 / LONGEST { Err("less than one message a day".to_owned()) } else { Ok(rate) }
}

impl Options {
    pub(crate) fn plan(&self) -> Result<Plan, Usage> {
        let address = Address::parse(&self.address)?;
        let (user, password) = address.credentials.clone().unwrap_or_default();
        let mode = match self.mode {
            Kind::Sync => Mode::Sync,
            Kind::Async => Mode::Async,
            Kind::Broadcast => Mode::Broadcast,
        };
        self.check(mode)?;
        Ok(Plan {
            address: self.resolve(&address)?,
            credentials: format!("{user}:{password}"),
            connections: self.connections as usize,
            threads: self.threads as usize,
            mode,
            depth: self.depth as usize,
            rate: self.rate,
            open: self.open,
            time: self.duration,
            messages: self.messages()?,
            before: self.before.as_deref().map(text).transpose()?,
            subscribe: text(&self.subscribe)?,
        })
    }

    fn check(&self, mode: Mode) -> Result<(), Usage> {
        if mode == Mode::Async && self.numbered {
            return Err(Usage("--numbered needs answers, which async messages do not have".to_owned()));
        }
        if mode == Mode::Broadcast && self.threads > 1 {
            return Err(Usage("a broadcast uses one thread".to_owned()));
        }
        Ok(())
    }

    fn resolve(&self, address: &Address) -> Result<SocketAddr, Usage> {
        let Transport::Tcp { host, port } = &address.transport else {
            return Err(Usage("the server must be reached over TCP".to_owned()));
        };
        let all: Vec<_> =
            (host.as_str(), *port).to_socket_addrs().map_err(|error| Usage(format!("{host}: {error}")))?.collect();
        let is_local = |address: &&SocketAddr| address.ip().to_canonical().is_loopback();
        if let Some(remote) = all.iter().find(|address| !is_local(address))
            && !self.remote
        {
            return Err(Usage(format!("{remote} is not on this machine: --remote allows it")));
        }
        // Prefer IPv4, because a server on all interfaces listens on it.
        let first = all.iter().find(|address| address.is_ipv4()).or_else(|| all.first());
        first.copied().ok_or_else(|| Usage(format!("{host}: no such host")))
    }

    fn messages(&self) -> Result<Messages, Usage> {
        if self.numbered {
            return Ok(Messages::Numbered);
        }
        if let Some(file) = &self.file {
            return whole_messages(file).map(Messages::Given);
        }
        if self.literal {
            let body = kcodec::parse(&self.message).map_err(|error| Usage(format!("{:?}: {error}", self.message)))?;
            return Ok(Messages::Given(vec![Plan::message(MessageType::Sync, body.value())?]));
        }
        Ok(Messages::Given(vec![text(&self.message)?]))
    }
}

fn text(text: &str) -> Result<Vec<u8>, Usage> {
    Ok(Plan::message(MessageType::Sync, Value::from(text))?)
}

/// Splits a file into messages by their headers. Bodies are not checked.
fn whole_messages(file: &Path) -> Result<Vec<Vec<u8>>, Usage> {
    let name = file.display();
    let bytes = std::fs::read(file).map_err(|error| Usage(format!("{name}: {error}")))?;
    let (mut rest, mut messages) = (bytes.as_slice(), Vec::new());
    while let Some(&head) = rest.first_chunk() {
        let at = bytes.len() - rest.len();
        let header = Header::parse(head).map_err(|error| Usage(format!("{name}: message at {at}: {error}")))?;
        let Some((message, more)) =
            usize::try_from(header.length).ok().and_then(|length| rest.split_at_checked(length))
        else {
            return Err(Usage(format!("{name}: message at {at}: truncated")));
        };
        messages.push(message.to_vec());
        rest = more;
    }
    if rest.is_empty() && !messages.is_empty() {
        Ok(messages)
    } else {
        Err(Usage(format!("{name}: no whole messages")))
    }
}
