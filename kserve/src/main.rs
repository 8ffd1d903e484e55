//! The server `kserve`: q's command line, q's default handlers.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use kserve::{Context, Handler, Interpreter, Interrupt, Limits, Peer, Reply, Users};
use kwire::{Error, Message};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{debug, error, info, warn};

mod demo;
mod port;

use port::Port;

/// A server of kdb+ IPC. Evaluates what clients send, as a q process does.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Options {
    /// Where to listen: [HOST:]PORT, where PORT is a number, a service, 0 or 0W (any free port) or
    /// a range LOW/HIGH (any free port in it). Without a host: all interfaces.
    #[arg(short, long, value_name = "[HOST:]PORT", default_value = "127.0.0.1:5001", allow_hyphen_values = true)]
    port: Port,

    /// Password file: one user:password a line, plain, MD5 or SHA-1 in hex.
    #[arg(short, long, visible_short_alias = 'U', value_name = "FILE")]
    users: Option<PathBuf>,

    /// Refuse messages over so many bytes, as sent and as inflated.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().wire.message)]
    max_message: u64,

    /// Close peers that let more than so many bytes queue up.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().queued)]
    max_queue: usize,

    /// Define the table trade: 10,000 rows to try things on.
    #[arg(long)]
    demo: bool,

    /// Log connections too, and with -vv messages. RUST_LOG overrides.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

fn main() -> ExitCode {
    let options = Options::parse();
    start_log(options.verbose);
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kserve: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn,kserve=info",
        1 => "debug",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| level.into()))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}

fn serve(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let users = options.users.as_ref().map(Users::read).transpose()?;
    let mut limits = Limits { queued: options.max_queue, ..Limits::default() };
    limits.wire.message = options.max_message;
    limits.wire.inflated = options.max_message;
    let mut handler = Q::default();
    if options.demo {
        demo::define(&mut handler.interpreter)?;
    }

    let mut server = options.port.bind()?.with_limits(limits);
    if let Some(users) = users {
        server = server.with_users(users);
    }
    let address = server.local_addr().ok_or("no address to listen on")?;
    if let Err(error) = server.listen_unix() {
        warn!("no unix socket for port {}: {error}", address.port());
    }
    stop_on_signals(server.interrupt())?;
    announce(address, options.demo)?;
    server.run(&mut handler)?;
    info!("stopped");
    Ok(())
}

/// Says where the server listens, on standard output: the first line is there for scripts.
fn announce(address: SocketAddr, demo: bool) -> io::Result<()> {
    use io::Write;
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {address}")?;
    if demo {
        demo::explain(address, &mut out)?;
    }
    out.flush()
}

/// Stops the server at the first SIGINT or SIGTERM.
fn stop_on_signals(interrupt: Interrupt) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            info!(signal, "stopping");
            interrupt.stop();
        }
    });
    Ok(())
}

/// q's own handlers: `value` for both kinds of message, and a log.
#[derive(Debug, Default)]
struct Q {
    interpreter: Interpreter,
}

impl Handler for Q {
    fn on_open(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        let user = String::from_utf8_lossy(peer.user());
        debug!(handle = %peer.id(), address = %shown(peer), %user, capability = peer.capability().byte(), "open");
    }

    fn on_sync(&mut self, _cx: &mut Context<'_>, peer: &Peer, query: &Message, reply: Reply<'_>) {
        match self.interpreter.evaluate(query.value()) {
            Ok(body) => reply.body(&body),
            Err(fault) => {
                debug!(handle = %peer.id(), "'{fault}");
                reply.error(&fault.to_string());
            }
        }
    }

    fn on_async(&mut self, _cx: &mut Context<'_>, peer: &Peer, update: &Message) {
        if let Err(fault) = self.interpreter.evaluate(update.value()) {
            error!(handle = %peer.id(), "async: '{fault}");
        }
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        debug!(handle = %peer.id(), "close");
    }

    fn on_bad_message(&mut self, _cx: &mut Context<'_>, peer: &Peer, message: &[u8], error: &Error) {
        warn!(handle = %peer.id(), address = %shown(peer), bytes = message.len(), "badmsg: {error}");
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        warn!(handle = %peer.id(), address = %shown(peer), "closing: {error}");
    }
}

fn shown(peer: &Peer) -> impl Display + use<> {
    peer.address().map_or_else(|| "unix".to_owned(), |address| address.to_string())
}
