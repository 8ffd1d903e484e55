//! `kcorpus serve`: a server that answers from a recording, a test double for clients.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use kcodec::{Capability, Value};
use kcorpus::recording::{self, Direction, Framed, Framer, Kind, Recording, What};
use kwire::MessageType;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::local::Reach;
use crate::{complain, filter};

/// Arguments of `kcorpus serve`.
///
/// Each client is assigned a recorded connection, in order of login, preferably one of its own user. A request is
/// answered like the first recorded request with the same bytes: first after the last answered one on the assigned
/// connection, then anywhere on it, then anywhere in the recording. If there is none, it is answered like the next
/// request of the connection. Messages that the server pushed are sent with the answers that they preceded.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    /// Address to listen on: PORT or HOST:PORT. Port 0 is any free port, which is printed.
    #[arg(long, value_name = "ADDRESS")]
    listen: String,
    /// Print how each request is answered.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Most clients at a time: each takes a thread.
const CLIENTS: usize = 1024;
const CHUNK: usize = 64 * 1024;

/// The index of a recording: entry numbers, and hashes of the clients' messages.
struct Book {
    recording: Recording,
    hasher: RandomState,
    scripts: Vec<Script>,
    /// The first occurrence of each request: script and turn.
    anywhere: HashMap<u64, (usize, usize)>,
    /// Scripts not yet assigned to a client.
    unused: Mutex<VecDeque<usize>>,
    is_verbose: bool,
}

/// A recorded connection.
#[derive(Default)]
struct Script {
    user: Option<Bytes>,
    /// Entries that the server sent before the client's first message.
    greeting: Vec<u64>,
    turns: Vec<Turn>,
    by_hash: HashMap<u64, Vec<usize>>,
}

/// A message of the client and the entries that the server sent in reply.
struct Turn {
    hash: u64,
    is_sync: bool,
    /// The entries to send, including the response if there was one.
    says: Vec<u64>,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (listen, _) = options.reach.resolve(&options.listen)?;
    let (recording, _) = filter::open(&options.file)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let listener = TcpListener::bind(listen).map_err(|error| format!("{listen}: {error}"))?;
    let book = Arc::new(Book::read(recording, options.verbose)?);
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()?;
    thread::Builder::new().name("accept".to_owned()).spawn(move || accept(&listener, &book))?;
    signals.forever().next();
    Ok(true)
}

fn accept(listener: &TcpListener, book: &Arc<Book>) {
    for stream in listener.incoming() {
        // Each client's thread holds a reference, and the listener holds one.
        let served = stream.and_then(|stream| {
            if Arc::strong_count(book) > CLIENTS {
                return Err(io::Error::other(format!("over {CLIENTS} clients: one was closed")));
            }
            let book = Arc::clone(book);
            let run = move || {
                if let Err(error) = book.serve(stream) {
                    complain(error);
                }
            };
            thread::Builder::new().name("client".to_owned()).spawn(run)
        });
        if let Err(error) = served {
            complain(error);
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Book {
    /// Indexes the clients' messages and the answers. Skips damaged blocks.
    fn read(recording: Recording, is_verbose: bool) -> Result<Self, recording::Error> {
        let hasher = RandomState::new();
        let mut scripts = BTreeMap::<u32, (Script, VecDeque<usize>)>::new();
        for meta in recording.metas() {
            let (number, meta) = match meta {
                Ok(found) => found,
                Err(error) => {
                    complain(error);
                    continue;
                }
            };
            let (script, unanswered) = scripts.entry(meta.connection).or_default();
            match (meta.kind, meta.direction) {
                (Kind::Open, _) => {
                    if let What::Open { user, .. } = recording.get(number)?.what {
                        script.user = Some(Bytes::copy_from_slice(&user));
                    }
                }
                (Kind::Message(kind), Direction::ToServer) => {
                    let is_sync = kind == MessageType::Sync;
                    let hash = hasher.hash_one(&recording.get(number)?.bytes[..]);
                    if is_sync {
                        unanswered.push_back(script.turns.len());
                    }
                    script.by_hash.entry(hash).or_default().push(script.turns.len());
                    script.turns.push(Turn { hash, is_sync, says: Vec::new() });
                }
                (Kind::Message(kind), Direction::ToClient) => {
                    let turn = match kind {
                        MessageType::Response => unanswered.pop_front(),
                        _ => unanswered.front().copied(),
                    };
                    let turn = turn.or_else(|| script.turns.len().checked_sub(1));
                    let turn = turn.and_then(|turn| script.turns.get_mut(turn));
                    turn.map_or(&mut script.greeting, |turn| &mut turn.says).push(number);
                }
                _ => {}
            }
        }
        let scripts: Vec<_> = scripts.into_values().map(|(script, _)| script).collect();
        let unused = (0..scripts.len()).filter(|&script| scripts.get(script).is_some_and(|it| it.user.is_some()));
        let unused = Mutex::new(unused.collect());
        let mut anywhere = HashMap::new();
        for (index, script) in scripts.iter().enumerate() {
            for (turn, Turn { hash, is_sync, .. }) in script.turns.iter().enumerate() {
                if *is_sync {
                    anywhere.entry(*hash).or_insert((index, turn));
                }
            }
        }
        Ok(Self { recording, hasher, scripts, anywhere, unused, is_verbose })
    }

    /// Serves one client until it closes.
    fn serve(&self, mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
        stream.set_nodelay(true)?;
        let mut framer = Framer::new(Direction::ToServer);
        let mut chunk = vec![0; CHUNK];
        let (mut script, mut next, mut out) = (None, 0, Vec::new());
        loop {
            let read = match stream.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let mut bytes = Bytes::copy_from_slice(chunk.get(..read).unwrap_or_default());
            while let Some(framed) = framer.next(&mut bytes) {
                match framed {
                    Framed::Login { user, capability } => {
                        script = self.choose(&user);
                        out.push(capability.min(Capability::MAX).byte());
                        if let Some(script) = script.and_then(|script| self.scripts.get(script)) {
                            self.say(&script.greeting, &mut out)?;
                        }
                    }
                    Framed::Message(message) => self.answer(&message, script, &mut next, &mut out)?,
                    Framed::Accepted(_) => {}
                    Framed::TooLarge(bytes) => return Err(format!("a client sent a message of {bytes} bytes").into()),
                    Framed::Foreign(what) => return Err(format!("a client sent {what}").into()),
                }
                if out.len() >= CHUNK {
                    stream.write_all(&out)?;
                    out.clear();
                }
            }
            stream.write_all(&out)?;
            out.clear();
        }
    }

    /// The first unused connection of the user, or the first unused one.
    fn choose(&self, user: &[u8]) -> Option<usize> {
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let of_user = |script: &usize| self.scripts.get(*script).is_some_and(|it| it.user.as_deref() == Some(user));
        let place = unused.iter().position(of_user).unwrap_or(0);
        // If all are used, reuse one.
        unused.remove(place).or_else(|| (0..self.scripts.len()).find(of_user)).or(Some(0))
    }

    fn answer(
        &self,
        message: &Bytes,
        script: Option<usize>,
        next: &mut usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Box<dyn Error>> {
        let hash = self.hasher.hash_one(&message[..]);
        let is_sync = message.get(1) == Some(&(MessageType::Sync as u8));
        let (turn, how) = self.find(hash, is_sync, script, next);
        if self.is_verbose && is_sync {
            complain(how);
        }
        match turn {
            Some(turn) => self.say(&turn.says, out)?,
            None if is_sync => {
                let error = Value::Error("kcorpus: no answer was recorded".into());
                kwire::encode(MessageType::Response, error, Capability::BASE, out)?;
            }
            None => {}
        }
        Ok(())
    }

    /// The turn that answers a message, and how it was found, for `--verbose`.
    fn find(&self, hash: u64, is_sync: bool, script: Option<usize>, next: &mut usize) -> (Option<&Turn>, &'static str) {
        let script = script.and_then(|script| self.scripts.get(script));
        if let Some(script) = script {
            let same = script.by_hash.get(&hash).map(Vec::as_slice).unwrap_or_default();
            let later = same.partition_point(|&turn| turn < *next);
            if let Some(&turn) = same.get(later).or_else(|| same.first()) {
                *next = turn + 1;
                return (script.turns.get(turn), "answered as recorded");
            }
        }
        if !is_sync {
            return (None, "not recorded");
        }
        if let Some(&(script, turn)) = self.anywhere.get(&hash) {
            let script = self.scripts.get(script);
            return (script.and_then(|script| script.turns.get(turn)), "answered as on another connection");
        }
        let after = script.map(|script| script.turns.iter().enumerate().skip(*next)).into_iter().flatten();
        match after.into_iter().find(|(_, turn)| turn.is_sync) {
            Some((index, turn)) => {
                *next = index + 1;
                (Some(turn), "not recorded: answered as the next request was")
            }
            None => (None, "not recorded: answered with an error"),
        }
    }

    fn say(&self, entries: &[u64], out: &mut Vec<u8>) -> Result<(), recording::Error> {
        for &entry in entries {
            out.extend_from_slice(&self.recording.get(entry)?.bytes);
        }
        Ok(())
    }
}
