//! The command line, and the plan that it asks for.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use kbench::load::{Messages, Mode, Plan};
use kcodec::Value;
use kwire::{Address, Header, MessageType, Transport};

/// Puts load on a server of kdb+ IPC and says how long its answers took.
///
/// Latency counts from when a message was due. Exit codes: 0 all is well; 1 the server cannot be
/// reached, answers an error, ends a connection or owes an answer; 2 usage.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Options {
    /// The server, over TCP, as hopen takes it: `HOST:PORT`, `HOST:PORT:USER:PASSWORD`.
    address: String,

    /// What is sent: q text, which the server evaluates.
    #[arg(default_value = "2+2")]
    message: String,

    /// MESSAGE is a q literal, sent as the value that it denotes.
    #[arg(long)]
    literal: bool,

    /// Send the whole messages of this file in turn, one behind the other as on the wire.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["message", "literal", "numbered"])]
    file: Option<PathBuf>,

    /// Send the numbers from 0 on and check that none is lost or out of order: text in requests, whose
    /// answer must be that long, long atoms in broadcasts.
    #[arg(long, conflicts_with_all = ["message", "literal"])]
    numbered: bool,

    /// What kind of message: requests; batches of --depth async messages and a sync "" after them,
    /// timed as one; or messages published by one more connection and timed at each subscriber.
    #[arg(short, long, value_enum, default_value = "sync")]
    mode: Kind,

    /// Connections; for broadcast, subscribers.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: u32,

    /// Worker threads that share the connections.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,

    /// Messages under way on each connection at most; for async, messages in a batch.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    depth: u32,

    /// Messages due in a second, over all connections. Without it each is due when one before it is
    /// answered.
    #[arg(short, long, value_name = "PER_SECOND", value_parser = rate)]
    rate: Option<f64>,

    /// Send what is due at once, whatever is under way (open loop). Needs --rate.
    #[arg(long, requires = "rate", conflicts_with = "depth")]
    open: bool,

    /// For how many seconds messages are due.
    #[arg(short, long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    duration: Duration,

    /// Q text sent sync once before the run, on the first connection.
    #[arg(long, value_name = "TEXT")]
    before: Option<String>,

    /// Q text by which each subscriber of a broadcast subscribes, sent sync before the run.
    #[arg(long, value_name = "TEXT", default_value = "subscribe")]
    subscribe: String,

    /// Allow a server that is not on this machine.
    #[arg(long)]
    remote: bool,

    /// One line of JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,

    /// No progress on standard error.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Sync,
    Async,
    Broadcast,
}

/// A mistake in the command line that clap cannot see.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl<E: std::error::Error> From<E> for Usage {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A day: what a run may last at most.
const LONGEST: f64 = 86_400.0;
/// The rate whose due times are a nanosecond apart.
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
            return Err(Usage("async messages have no answers to be numbered".to_owned()));
        }
        if mode == Mode::Broadcast && self.threads > 1 {
            return Err(Usage("a broadcast takes one thread".to_owned()));
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
        // A server that listens on all interfaces has IPv4 at least.
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

/// The messages of a file. Bodies are not looked at: whatever a header frames may be sent.
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
