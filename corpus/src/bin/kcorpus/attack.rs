//! `kcorpus attack`: sends mutated messages to a server, and asks in between whether it still answers.

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

/// What `kcorpus attack` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    /// The server: PORT, HOST:PORT or HOST:PORT:USER:PASSWORD.
    address: String,
    #[command(flatten)]
    messages: Messages,
    #[command(flatten)]
    cases: Cases,
    /// How many cases.
    #[arg(long, default_value_t = 2_000, value_name = "M")]
    count: u64,
    /// One connection for all cases, opened again when the server closes it; otherwise each has its own.
    #[arg(long)]
    one_connection: bool,
    /// The server must answer 2+2 within this time.
    #[arg(long, default_value_t = 2_000, value_name = "MILLISECONDS")]
    deadline: u64,
    /// The result as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

const HELP: &str = "\
Each eighth case is a login, the others are messages, asynchronous and synchronous by turns. After each one a fresh \
connection asks 2+2; an error is an answer, too. Exit code 1 after the first case that is followed by none.";

/// One case in so many is a login.
const LOGIN_EVERY: u64 = 8;
/// How long the server may keep a connection whose other end is closed, before this end closes it, too.
const LINGER: Duration = Duration::from_millis(100);
/// Between two lines of progress.
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
    let (start, mut due, mut cases, mut fell) = (Instant::now(), Instant::now(), 0_u64, None);
    for case in options.cases.numbers(options.count) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        let is_login = case % LOGIN_EVERY == LOGIN_EVERY - 1;
        let made = if is_login { options.cases.make_login(case) } else { options.cases.make(case, &messages) };
        let Some(mutation) = made else { continue };
        // What the server does to this connection is its own business: the question is whether it answers others.
        let _ = if is_login { attack.login(&mutation) } else { attack.message(&mutation, options.one_connection) };
        cases += 1;
        if let Err(error) = attack.ask() {
            fell = Some((case, mutation, error));
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
        let fell = fell.as_ref().map(|(case, mutation, error)| {
            let case = json!({"case": case, "name": mutation.name, "error": error.to_string()});
            merged(case, verdict(&mutation.verdict))
        });
        writeln!(out, "{}", merged(run, json!({"fell": fell})))?;
    } else {
        writeln!(
            out,
            "{cases} cases of seed {seed} in {seconds:.1} s: {answered} answered, {closed} closed by the server"
        )?;
        match &fell {
            None => writeln!(out, "the server answered 2+2 after each")?,
            Some((case, Mutation { name, verdict, .. }, error)) => {
                writeln!(out, "no answer to 2+2 after seed {seed} case {case} {name} ({verdict}): {error}")?;
            }
        }
    }
    Ok(fell.is_none())
}

struct Attack<'a> {
    address: &'a str,
    socket: SocketAddr,
    login: Vec<u8>,
    deadline: Duration,
    /// The one connection, while it is open.
    kept: Option<TcpStream>,
    /// Cases to which the server wrote something.
    answered: u64,
    /// Cases after which it closed the connection, while this end was open or half open.
    closed: u64,
}

impl Attack<'_> {
    /// Whether the server answers.
    fn ask(&self) -> Result<(), kwire::Error> {
        let time = Some(self.deadline);
        let options = kwire::Options { timeout: time, read_timeout: time, write_timeout: time, ..Default::default() };
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

    /// A connection that is let in.
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

    /// Says that nothing follows, and waits until the server has closed its end, too: a connection that is closed at
    /// once may never be read.
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
