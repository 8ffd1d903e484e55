//! `kcorpus attack`: sends mutated messages to a server, and checks after each that it still answers.

use std::error::Error;
use std::io::{self, IsTerminal, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use kcodec::Capability;
use kcorpus::mutate::Mutation;
use serde_json::json;

use crate::cases::{Cases, Messages, merged, retyped, verdict};
use crate::local::{Reach, send};

/// Arguments of `kcorpus attack`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    /// The server: PORT, HOST:PORT or HOST:PORT:USER:PASSWORD.
    address: String,
    #[command(flatten)]
    messages: Messages,
    #[command(flatten)]
    cases: Cases,
    /// Number of cases.
    #[arg(long, default_value_t = 2_000, value_name = "M")]
    count: u64,
    /// Send all cases on one connection, reopened when the server closes it. Default: one connection per case.
    #[arg(long)]
    one_connection: bool,
    /// Time limit for the answer to 2+2.
    #[arg(long, default_value_t = 2_000, value_name = "MILLISECONDS")]
    deadline: u64,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

const HELP: &str = "\
Every eighth case is a login; the others are messages, alternately async and sync. After each case 2+2 is requested \
on a new connection; an error is an answer, too. The run stops with exit code 1 at the first case without an answer \
after it.";

/// Every eighth case is a login.
const LOGIN_EVERY: u64 = 8;
/// How long to wait for the server to close a half-closed connection.
const LINGER: Duration = Duration::from_millis(100);
/// Interval of progress updates.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let messages = retyped(options.messages.load()?, |index| u8::from(index % 2 == 1));
    let (socket, address) = options.reach.resolve(&options.address)?;
    let deadline = Duration::from_millis(options.deadline);
    let login = address.login(Capability::MAX).to_bytes();
    let mut attack = Attack { address: &options.address, socket, login, deadline, kept: None, answered: 0, closed: 0 };
    attack.ask().map_err(|error| format!("no answer to 2+2 before any case: {error}"))?;
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&interrupted))?;
    let shown = io::stderr().is_terminal() && !options.json;
    let (start, mut due, mut cases, mut failure) = (Instant::now(), Instant::now(), 0_u64, None);
    for case in options.cases.numbers(options.count) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        let is_login = case % LOGIN_EVERY == LOGIN_EVERY - 1;
        let made = if is_login { options.cases.make_login(case) } else { options.cases.make(case, &messages) };
        let Some(mutation) = made else { continue };
        // Errors on this connection are expected. The check is whether the server answers on another one.
        let _ = if is_login { attack.login(&mutation) } else { attack.message(&mutation, options.one_connection) };
        cases += 1;
        if let Err(error) = attack.ask() {
            failure = Some((case, mutation, error));
            break;
        }
        if shown && Instant::now() >= due {
            due = Instant::now() + INTERVAL;
            write!(io::stderr(), "\rcase {case} of {}\x1b[K", options.count)?;
        }
    }
    if shown {
        write!(io::stderr(), "\r\x1b[K")?;
    }
    let (seed, seconds) = (options.cases.seed, start.elapsed().as_secs_f64());
    let Attack { answered, closed, .. } = attack;
    let mut out = io::stdout().lock();
    if options.json {
        let run = json!({"seed": seed, "cases": cases, "seconds": seconds, "answered": answered, "closed": closed});
        let failure = failure.as_ref().map(|(case, mutation, error)| {
            let case = json!({"case": case, "name": mutation.name, "error": error.to_string()});
            merged(case, verdict(&mutation.verdict))
        });
        writeln!(out, "{}", merged(run, json!({"fell": failure})))?;
    } else {
        writeln!(
            out,
            "{cases} cases of seed {seed} in {seconds:.1} s: {answered} answered, {closed} closed by the server"
        )?;
        match &failure {
            None => writeln!(out, "the server answered 2+2 after each")?,
            Some((case, Mutation { name, verdict, .. }, error)) => {
                writeln!(out, "no answer to 2+2 after seed {seed} case {case} {name} ({verdict}): {error}")?;
            }
        }
    }
    Ok(failure.is_none())
}

struct Attack<'a> {
    address: &'a str,
    socket: SocketAddr,
    login: Vec<u8>,
    deadline: Duration,
    /// The shared connection of `--one-connection`, while it is open.
    kept: Option<TcpStream>,
    /// Cases after which the server sent data.
    answered: u64,
    /// Cases after which the server closed the connection first, or while this end was half-closed.
    closed: u64,
}

impl Attack<'_> {
    /// Requests `2+2` on a new connection.
    fn ask(&self) -> Result<(), kwire::Error> {
        let time = Some(self.deadline);
        let options = kwire::Options::default().with_timeout(time).with_read_timeout(time).with_write_timeout(time);
        match kwire::ask_with(self.address, "2+2", &options) {
            Ok(_) | Err(kwire::Error::Remote(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.socket, self.deadline)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.deadline))?;
        stream.set_read_timeout(Some(self.deadline))?;
        Ok(stream)
    }

    /// A connection with an accepted login.
    fn open(&self) -> io::Result<TcpStream> {
        let mut stream = self.connect()?;
        stream.write_all(&self.login)?;
        stream.read_exact(&mut [0])?;
        Ok(stream)
    }

    fn login(&mut self, mutation: &Mutation) -> io::Result<()> {
        let mut stream = self.connect()?;
        send(&mut stream, mutation)?;
        self.leave(stream)
    }

    fn message(&mut self, mutation: &Mutation, keep: bool) -> io::Result<()> {
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => self.open()?,
        };
        send(&mut stream, mutation)?;
        if !keep {
            return self.leave(stream);
        }
        stream.set_read_timeout(Some(Duration::from_millis(1)))?;
        match stream.read(&mut [0; 1 << 16]) {
            Ok(0) => self.closed += 1,
            Ok(_) => {
                self.answered += 1;
                self.kept = Some(stream);
            }
            Err(error) if is_timeout(&error) => self.kept = Some(stream),
            Err(_) => self.closed += 1,
        }
        Ok(())
    }

    /// Shuts down the write side and waits until the server closes. A connection closed at once may never be read by
    /// the server.
    fn leave(&mut self, mut stream: TcpStream) -> io::Result<()> {
        stream.shutdown(Shutdown::Write)?;
        let end = Instant::now() + LINGER;
        let mut is_answered = false;
        loop {
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            stream.set_read_timeout(Some(left))?;
            match stream.read(&mut [0; 1 << 16]) {
                Ok(1..) => is_answered = true,
                Err(error) if is_timeout(&error) => break,
                _ => {
                    self.closed += 1;
                    break;
                }
            }
            if Instant::now() >= end {
                break;
            }
        }
        self.answered += u64::from(is_answered);
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
