//! `kcorpus record`: a recording proxy. It forwards bytes unchanged; the tap frames and records them.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;
use kcorpus::recording::{Line, Recorder, Tap};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::complain;
use crate::local::Reach;

/// Arguments of `kcorpus record`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Address to listen on: PORT or HOST:PORT. Port 0 is any free port, which is printed.
    #[arg(long, value_name = "ADDRESS")]
    listen: String,
    /// The server: PORT or HOST:PORT.
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// The recording; must not exist unless --append is given. Passwords are never written.
    file: PathBuf,
    /// Append to an existing recording.
    #[arg(long)]
    append: bool,
    /// Most data in MiB waiting to be recorded. Messages beyond that are forwarded but not recorded; the recording
    /// notes how many are missing.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    buffer: u32,
    #[command(flatten)]
    reach: Reach,
}

/// Bytes per read.
const CHUNK: usize = 64 * 1024;
/// Most connections at a time: each takes two threads and two buffers.
const CONNECTIONS: usize = 1024;
/// Time limit for connecting to the server.
const CONNECT: Duration = Duration::from_secs(5);

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (listen, _) = options.reach.resolve(&options.listen)?;
    let (server, _) = options.reach.resolve(&options.to)?;
    let named = |error| format!("{}: {error}", options.file.display());
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let listener = TcpListener::bind(listen).map_err(|error| format!("{listen}: {error}"))?;
    let recorder = if options.append { Recorder::append(&options.file) } else { Recorder::create(&options.file) };
    let limit = usize::try_from(options.buffer).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    let failed = |error: &_| complain(format_args!("recording stopped, connections continue: {error}"));
    let tap = Arc::new(Tap::start(recorder.map_err(named)?, limit, failed)?);
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()?;
    let accepting = Arc::clone(&tap);
    thread::Builder::new().name("accept".to_owned()).spawn(move || accept(&listener, server, &accepting))?;
    signals.forever().next();
    let totals = tap.finish().map_err(named)?;
    complain(format_args!(
        "{} connections, {} messages, {} bytes; {} messages missing, {} connections of other protocols",
        totals.connections, totals.messages, totals.bytes, totals.missing, totals.foreign
    ));
    Ok(true)
}

fn accept(listener: &TcpListener, server: SocketAddr, tap: &Tap) {
    let connections = Arc::new(AtomicUsize::new(0));
    for client in listener.incoming() {
        let slot = Slot::take(&connections);
        let passing = client.and_then(|client| match slot {
            Some(slot) => pass(client, server, tap, slot),
            None => Err(io::Error::other(format!("over {CONNECTIONS} connections: one was closed"))),
        });
        if let Err(error) = passing {
            complain(error);
            // Out of descriptors or threads: pause instead of spinning.
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A slot among the allowed connections.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(connections: &Arc<AtomicUsize>) -> Option<Self> {
        let before = connections.fetch_add(1, Ordering::Relaxed);
        // Dropped at once, which undoes the increment, if the limit is reached.
        let slot = Self(Arc::clone(connections));
        (before < CONNECTIONS).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Starts the threads of a connection.
fn pass(client: TcpStream, server: SocketAddr, tap: &Tap, slot: Slot) -> io::Result<()> {
    let (to_server, to_client) = tap.connect();
    let run = move || {
        let server = match TcpStream::connect_timeout(&server, CONNECT) {
            Ok(stream) => stream,
            Err(error) => return complain(format_args!("{server}: {error}")),
        };
        if let Err(error) = both(&client, &server, to_server, to_client) {
            complain(error);
        }
        drop(slot);
    };
    thread::Builder::new().name("to-server".to_owned()).spawn(run).map(drop)
}

fn both(client: &TcpStream, server: &TcpStream, to_server: Line, to_client: Line) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        thread::Builder::new().name("to-client".to_owned()).spawn_scoped(scope, || pump(server, client, to_client))?;
        pump(client, server, to_server);
        Ok(())
    })
}

/// Forwards bytes until the end of input, then shuts down the other side.
fn pump(mut from: &TcpStream, mut to: &TcpStream, mut line: Line) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return give_up(from, to),
        };
        let bytes = chunk.get(..read).unwrap_or_default();
        line.tell(bytes);
        if to.write_all(bytes).is_err() {
            return give_up(from, to);
        }
    }
    // Fails if the peer is gone, which does not matter.
    let _ = to.shutdown(Shutdown::Write);
}

/// Closes both ends after one has failed.
fn give_up(from: &TcpStream, to: &TcpStream) {
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
