//! `kcorpus replay`: sends the clients' recorded messages and compares the responses.
//!
//! Entries are processed in the order of the recording. A client's message is sent once it is due and every response
//! recorded before it, on any connection, has arrived. So a request never overtakes one whose answer it may depend on,
//! and requests that were in flight together are so again.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use kcodec::{Capability, Timestamp};
use kcorpus::recording::{Direction, Entry, What};
use kwire::{Limits, Login, Message, MessageType};
use serde_json::json;

use crate::client::{Client, Target};
use crate::complain;
use crate::filter::{self, Span};
use crate::local::Reach;

/// Arguments of `kcorpus replay`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    /// The server: PORT, HOST:PORT or HOST:PORT:USER:PASSWORD. Without a user, each connection logs in as its recorded
    /// user with an empty password.
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// Speed as a multiple of the recorded pace.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Send as fast as possible.
    #[arg(long, conflicts_with = "speed")]
    fast: bool,
    /// Time limit of a response.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    timeout: f64,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    reach: Reach,
}

/// Most different responses shown.
const SHOWN: u64 = 10;
/// Most characters shown of a response.
const WIDTH: usize = 200;

/// The state of a replay.
struct Replay {
    target: Target,
    login: Option<(String, String)>,
    clients: BTreeMap<u32, Client>,
    /// Connections with queued messages.
    unwritten: Vec<u32>,
    pace: Option<Pace>,
    totals: Totals,
}

/// Computes when messages are due.
struct Pace {
    speed: f64,
    start: Option<(Instant, Timestamp)>,
}

#[derive(Debug)]
struct Totals {
    sent: u64,
    bytes: u64,
    equal: u64,
    different: u64,
    unanswered: u64,
    failed: u64,
    /// Async and sync messages from the server: in the recording, and in the replay.
    pushes: (u64, u64),
    /// Latency of responses in nanoseconds.
    latency: Histogram<u64>,
    /// Delay of messages behind the recorded pace, in nanoseconds.
    late: Histogram<u64>,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (address, named) = options.reach.resolve(&options.to)?;
    let (recording, whole) = filter::open(&options.file)?;
    let timeout = Duration::from_secs_f64(options.timeout);
    let mut replay = Replay {
        target: Target { address, timeout },
        login: named.credentials,
        clients: BTreeMap::new(),
        unwritten: Vec::new(),
        pace: (!options.fast).then_some(Pace { speed: options.speed, start: None }),
        totals: Totals::new()?,
    };
    let begun = Instant::now();
    let good = options.span.run(&recording, |number, entry| replay.step(number, entry).map(|()| true))?;
    replay.write();
    let took = begun.elapsed();
    replay.end();
    let mut out = BufWriter::new(io::stdout().lock());
    if options.json {
        writeln!(out, "{}", replay.totals.json(took))?;
    } else {
        replay.totals.print(took, &mut out)?;
    }
    out.flush()?;
    Ok(good && whole && replay.totals.is_good())
}

impl Replay {
    fn step(&mut self, number: u64, entry: &Entry) -> Result<(), &'static str> {
        match (&entry.what, entry.direction) {
            (What::Open { user, capability }, _) => {
                self.wait(entry.time)?;
                self.open(entry.connection, user.to_vec(), *capability);
            }
            (What::Message, Direction::ToServer) => self.send(entry)?,
            (What::Message, Direction::ToClient) if entry.message_type() == Some(MessageType::Response) => {
                self.compare(number, entry);
            }
            (What::Message, Direction::ToClient) => self.totals.pushes.0 += 1,
            (What::Close, _) => {
                self.wait(entry.time)?;
                self.write();
                if let Some(client) = self.clients.remove(&entry.connection) {
                    self.totals.pushes.1 += client.close();
                }
            }
            (What::Missing(_) | What::Foreign(_), _) => {}
        }
        Ok(())
    }

    fn open(&mut self, connection: u32, user: Vec<u8>, capability: Capability) {
        let (user, password) = match &self.login {
            Some((user, password)) => (user.clone().into_bytes(), password.clone().into_bytes()),
            None => (user, Vec::new()),
        };
        let login = Login { user: user.into(), password: password.into(), capability };
        match Client::open(&self.target, &login) {
            Ok(client) => drop(self.clients.insert(connection, client)),
            Err(error) => self.fail(connection, &error),
        }
    }

    /// Closes a failed connection. The rest of its messages is not sent.
    fn fail(&mut self, connection: u32, error: &io::Error) {
        complain(format_args!("connection {connection}: {error}"));
        self.totals.failed += 1;
        if let Some(client) = self.clients.remove(&connection) {
            self.totals.pushes.1 += client.close();
        }
    }

    fn send(&mut self, entry: &Entry) -> Result<(), &'static str> {
        self.wait(entry.time)?;
        let Some(client) = self.clients.get_mut(&entry.connection) else { return Ok(()) };
        if client.queue(&entry.bytes) {
            self.unwritten.push(entry.connection);
        }
        self.totals.sent += 1;
        self.totals.bytes += entry.bytes.len() as u64;
        let is_sync = entry.message_type() == Some(MessageType::Sync);
        if (is_sync || client.is_full())
            && let Err(error) = client.write()
        {
            self.fail(entry.connection, &error);
        }
        Ok(())
    }

    /// Waits for the response to compare with a recorded one.
    fn compare(&mut self, number: u64, entry: &Entry) {
        self.write();
        let Some(client) = self.clients.get_mut(&entry.connection) else {
            self.totals.unanswered += 1;
            return;
        };
        match client.response(self.target.timeout) {
            Ok((took, response)) => {
                self.totals.latency.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
                if is_same(&entry.bytes, &response) {
                    self.totals.equal += 1;
                } else {
                    self.totals.different += 1;
                    if self.totals.different <= SHOWN {
                        let (recorded, came) = (text(&entry.bytes), text(&response));
                        complain(format_args!("entry {number}: recorded {recorded}, received {came}"));
                    }
                }
            }
            Err(error) => {
                self.totals.unanswered += 1;
                self.fail(entry.connection, &error);
            }
        }
    }

    /// Writes all queued messages.
    fn write(&mut self) {
        for connection in std::mem::take(&mut self.unwritten) {
            let written = self.clients.get_mut(&connection).map_or(Ok(()), Client::write);
            if let Err(error) = written {
                self.fail(connection, &error);
            }
        }
    }

    /// Waits until an entry is due, after writing queued messages.
    fn wait(&mut self, time: Timestamp) -> Result<(), &'static str> {
        let Some(pace) = &mut self.pace else { return Ok(()) };
        let (start, first) = *pace.start.get_or_insert_with(|| (Instant::now(), time));
        let nanoseconds = time.0.saturating_sub(first.0).max(0) as f64 / pace.speed;
        // The cast saturates at centuries, which is as good as infinite.
        let due = start.checked_add(Duration::from_nanos(nanoseconds as u64)).ok_or("an entry is never due")?;
        let now = Instant::now();
        if due > now {
            self.write();
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let late = u64::try_from(now.saturating_duration_since(due).as_nanos()).unwrap_or(u64::MAX);
        self.totals.late.saturating_record(late);
        Ok(())
    }

    /// Closes connections that the recording leaves open.
    fn end(&mut self) {
        for (_, client) in std::mem::take(&mut self.clients) {
            self.totals.pushes.1 += client.close();
        }
    }
}

/// Whether two messages have the same type and value, regardless of compression and byte order.
fn is_same(recorded: &[u8], came: &[u8]) -> bool {
    let decode = |bytes| Message::decode(bytes, &Limits::default()).ok();
    recorded == came || decode(recorded).zip(decode(came)).is_some_and(|(recorded, came)| recorded == came)
}

fn text(message: &[u8]) -> String {
    let text = match Message::decode(message, &Limits::default()) {
        Ok(message) => message.value().to_string(),
        Err(error) => format!("error: {error}"),
    };
    let cut: String = text.chars().take(WIDTH).map(|char| if char.is_control() { '?' } else { char }).collect();
    if cut.len() < text.len() { format!("{cut}..") } else { cut }
}

const HOUR: u64 = 3_600_000_000_000;
const PERCENTILES: [(&str, f64); 4] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];

impl Totals {
    fn new() -> Result<Self, Box<dyn Error>> {
        let histogram = || Histogram::new_with_bounds(1, HOUR, 3);
        Ok(Self {
            sent: 0,
            bytes: 0,
            equal: 0,
            different: 0,
            unanswered: 0,
            failed: 0,
            pushes: (0, 0),
            latency: histogram()?,
            late: histogram()?,
        })
    }

    const fn is_good(&self) -> bool {
        self.different == 0 && self.unanswered == 0 && self.failed == 0
    }

    fn print(&self, took: Duration, out: &mut impl Write) -> io::Result<()> {
        let seconds = took.as_secs_f64();
        let rate = self.sent as f64 / seconds;
        writeln!(
            out,
            "sent       {} messages, {} bytes in {seconds:.3} s: {rate:.0} messages/s",
            self.sent, self.bytes
        )?;
        let Self { equal, different, unanswered, .. } = self;
        writeln!(out, "responses  {equal} equal, {different} different, {unanswered} missing")?;
        writeln!(out, "pushes     {} recorded, {} received", self.pushes.0, self.pushes.1)?;
        for (name, histogram) in [("latency", &self.latency), ("late", &self.late)] {
            if !histogram.is_empty() {
                write!(out, "{name:10} us:")?;
                for (name, percentile) in PERCENTILES {
                    write!(out, " {name} {:.1}", histogram.value_at_percentile(percentile) as f64 / 1e3)?;
                }
                writeln!(out, " max {:.1}", histogram.max() as f64 / 1e3)?;
            }
        }
        Ok(())
    }

    fn json(&self, took: Duration) -> serde_json::Value {
        let microseconds = |histogram: &Histogram<u64>| {
            let mut shown = serde_json::Map::new();
            for (name, percentile) in PERCENTILES {
                shown.insert(name.to_owned(), json!(histogram.value_at_percentile(percentile) as f64 / 1e3));
            }
            shown.insert("max".to_owned(), json!(histogram.max() as f64 / 1e3));
            (!histogram.is_empty()).then_some(shown)
        };
        json!({
            "sent": self.sent,
            "bytes": self.bytes,
            "seconds": took.as_secs_f64(),
            "rate": self.sent as f64 / took.as_secs_f64(),
            "equal": self.equal,
            "different": self.different,
            "missing": self.unanswered,
            "failed": self.failed,
            "pushes": {"recorded": self.pushes.0, "came": self.pushes.1},
            "latency_us": microseconds(&self.latency),
            "late_us": microseconds(&self.late),
        })
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed: &f64| *speed > 0.0 && speed.is_finite());
    speed.ok_or_else(|| "not a number above 0".to_owned())
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "not a number of seconds from 0 to 86400".to_owned())
}
