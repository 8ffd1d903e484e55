//! The server `kserve`: q's command line, q's default handlers.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kserve::Users;
use tracing::{info, warn};

mod default;
mod demo;
mod heap;
mod log;
mod options;
mod port;
mod signals;

use options::Options;

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
    let mut handler = default::Q::new(options);
    if options.demo {
        demo::define(&mut handler.interpreter)?;
    }
    let mut server = options
        .port
        .bind()?
        .with_limits(options.limits())
        .with_memory(heap::memory(options.memory))
        .with_drain(Duration::from_secs(options.drain));
    if let Some(users) = users {
        server = server.with_users(users);
    }
    let address = server.local_addr().ok_or("no address to listen on")?;
    if let Err(error) = server.listen_unix() {
        warn!("no unix socket for port {}: {error}", address.port());
    }
    signals::listen(server.interrupt(), server.sender(), options.users.clone())?;
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
