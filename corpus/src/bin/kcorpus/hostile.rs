//! `kcorpus hostile`: a server that answers with mutated messages.

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

/// Arguments of `kcorpus hostile`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    messages: Messages,
    /// Address to listen on: PORT or HOST:PORT. Port 0 is any free port.
    #[arg(long, value_name = "ADDRESS")]
    listen: String,
    #[command(flatten)]
    cases: Cases,
    /// Exit after M answers. Default: run until Ctrl-C or SIGTERM.
    #[arg(long, value_name = "M")]
    count: Option<u64>,
    #[command(flatten)]
    reach: Reach,
}

const HELP: &str = "\
Every login is accepted. The answer to each sync request is the next case, which is printed on standard output \
before it is sent. After a case that is not one whole message the connection is closed, so that a client that waits \
for the rest sees the end of input.";

/// Most connections at a time; further ones are closed.
const CONNECTIONS: usize = 64;
/// Most bytes of a request, as sent and inflated.
const REQUEST: u64 = 64 << 20;

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let messages = retyped(options.messages.load()?, |_| MessageType::Response as u8);
    let (address, _) = options.reach.resolve(&options.listen)?;
    // Register handlers before the address is printed, so that no signal is missed.
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
    /// The case after the last.
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
            // An error ends only this client's connection.
            let _ = server.serve(stream);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl Server {
    /// Serves a client until it closes or is sent a case that is not one whole message.
    fn serve(&self, mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
        let client = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        let limits = Limits::default().with_message(REQUEST).with_inflated(REQUEST);
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

    /// Signals the end once the last case is sent.
    fn end_after_last(&self) {
        if self.last.is_some_and(|last| self.next.load(Ordering::Relaxed) >= last) {
            let ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Fails only if the process is ending already.
            let _ = ended.send(());
        }
    }

    /// Generates and prints the next case; `None` after the last.
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

/// Whether the header's length matches, so that a client reads all bytes and waits for no more.
fn is_whole(bytes: &[u8]) -> bool {
    let header = bytes.first_chunk().and_then(|&head| Header::parse(head).ok());
    header.is_some_and(|header| header.length == bytes.len() as u64)
}
