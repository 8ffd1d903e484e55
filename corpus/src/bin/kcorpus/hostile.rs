//! `kcorpus hostile`: a q process that answers with mutated messages.

use std::error::Error;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use clap::Args;
use kcorpus::mutate::Mutation;
use kwire::{Connection, Event, Header, Inbound, Limits, MessageType};

use crate::cases::{Cases, Messages, retyped};
use crate::local::{Reach, send};

/// What `kcorpus hostile` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    messages: Messages,
    /// Where to listen: PORT or HOST:PORT. Port 0 is any free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: String,
    #[command(flatten)]
    cases: Cases,
    /// End after so many answers; without it, on Ctrl-C or SIGTERM.
    #[arg(long, value_name = "M")]
    count: Option<u64>,
    #[command(flatten)]
    reach: Reach,
}

const HELP: &str = "\
Any login is let in. The answer to each synchronous request is the next case; a line on standard output names it \
before it is sent. A case that is not one whole message ends the connection, so that a client that waits for the rest \
sees the end.";

/// Connections served at a time; more are closed at once.
const CONNECTIONS: usize = 64;
/// Bytes of a request, as sent and inflated.
const REQUEST: u64 = 64 << 20;

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let messages = retyped(options.messages.load()?, |_| MessageType::Response as u8);
    let (address, _) = options.reach.resolve(&options.listen)?;
    // Before anybody can know that it is there.
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM])?;
    let listener = TcpListener::bind(address)?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    let (ended, end) = channel();
    let next = AtomicU64::new(options.cases.case);
    let last = options.count.map(|count| options.cases.case.saturating_add(count));
    let server = Server { messages, cases: options.cases.clone(), next, last, ended: Mutex::new(ended.clone()) };
    let server = Arc::new(server);
    thread::spawn(move || signals.forever().next().map(|_| ended.send(())));
    thread::spawn(move || accept(&listener, &server));
    end.recv()?;
    Ok(true)
}

struct Server {
    messages: Vec<Vec<u8>>,
    cases: Cases,
    /// The next case.
    next: AtomicU64,
    /// The case at which to end.
    last: Option<u64>,
    ended: Mutex<Sender<()>>,
}

fn accept(listener: &TcpListener, server: &Arc<Server>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (server, open) = (Arc::clone(server), Arc::clone(&open));
        thread::spawn(move || {
            // Whatever ended it, the client is gone; the next may come.
            let _ = server.serve(stream);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl Server {
    /// Serves a client until it leaves or gets a case that is no whole message.
    fn serve(&self, mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
        let client = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        let limits = Limits { message: REQUEST, inflated: REQUEST, ..Limits::default() };
        let mut connection = Connection::server(limits, Instant::now());
        let mut inbound = Inbound::default();
        loop {
            match connection.receive(&mut inbound)? {
                Some(Event::Login(_)) => {
                    let mut byte = Vec::new();
                    connection.accept(&mut byte)?;
                    stream.write_all(&byte)?;
                }
                Some(Event::Message(message)) if message.kind() == MessageType::Sync => {
                    let Some(mutation) = self.answer(client)? else { return Ok(()) };
                    send(&mut stream, &mutation)?;
                    self.end_after_last();
                    if !is_whole(&mutation.bytes) {
                        return Ok(stream.shutdown(Shutdown::Write)?);
                    }
                }
                Some(_) => {}
                None if inbound.read_from(&mut stream)? == 0 => return Ok(()),
                None => {}
            }
        }
    }

    /// Ends the process once the last case was sent.
    fn end_after_last(&self) {
        if self.last.is_some_and(|last| self.next.load(Ordering::Relaxed) >= last) {
            let ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // The receiver is gone if the process is about to end.
            let _ = ended.send(());
        }
    }

    /// The next case, which a line has named; none after the last.
    fn answer(&self, client: SocketAddr) -> io::Result<Option<Mutation>> {
        loop {
            let case = self.next.fetch_add(1, Ordering::Relaxed);
            if self.last.is_some_and(|last| case >= last) {
                self.end_after_last();
                return Ok(None);
            }
            if let Some(mutation) = self.cases.make(case, &self.messages) {
                let (seed, name, verdict) = (self.cases.seed, mutation.name, &mutation.verdict);
                writeln!(io::stdout(), "{client} seed {seed} case {case} {name}: {verdict}")?;
                return Ok(Some(mutation));
            }
        }
    }
}

/// Whether a client that believes the header will read all of it and wait for nothing.
fn is_whole(bytes: &[u8]) -> bool {
    let header = bytes.first_chunk().and_then(|&head| Header::parse(head).ok());
    header.is_some_and(|header| header.length == bytes.len() as u64)
}
