//! The binary `kserve`: command line, logging and signals around the server.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kserve::{Server, Users};
use tracing::{info, warn};

mod console;
mod default;
mod demo;
mod heap;
mod log;
mod options;
mod record;
mod signals;

use options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    start_log(options.verbose);
    match serve(&options) {
        Ok(code) => ExitCode::from(code),
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

fn serve(options: &Options) -> Result<u8, Box<dyn std::error::Error>> {
    let users = options.users.as_ref().map(Users::read).transpose()?;
    let mut handler = default::Q::new(options);
    if options.demo {
        demo::define(&mut handler.interpreter)?;
    }
    if let Some(path) = &options.script {
        let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        handler.interpreter.add_script(&path.display().to_string(), &text);
    }
    let bytes = |args: &mut dyn Iterator<Item = String>| args.map(String::into_bytes).collect();
    let script_args = bytes(&mut options.script_args.iter().cloned());
    handler.interpreter.set_command_line(bytes(&mut std::env::args()), script_args);
    let mut server = bind(options)?
        .with_limits(options.limits())
        .with_memory(heap::memory(options.memory))
        .with_drain(Duration::from_secs(options.drain));
    if let Some(users) = users {
        server = server.with_users(users);
    }
    if let Some(tls) = options.tls() {
        let config = kwire::tls::Options::from_env().and_then(|settings| settings.server());
        server = server.with_tls(config.map_err(|error| format!("-E {}: {error}", options.tls))?, tls);
    }
    let recorder = options.record.as_deref().map(record::start).transpose()?;
    if let Some(recorder) = &recorder {
        server = server.with_tap(record::taps(recorder));
    }
    if let Err(error) = server.listen_unix() {
        warn!("no unix socket beside the port: {error}");
    }
    let reload = signals::Reload { users: options.users.clone(), tls: options.tls().is_some() };
    signals::listen(server.interrupt(), server.sender(), reload)?;
    if let Some(address) = server.local_addr() {
        announce(address, options.demo)?;
    }
    if options.has_console() {
        console::read(server.sender(), server.interrupt())?;
    }
    let outcome = server.run(&mut handler);
    if let (Some(recorder), Some(path)) = (recorder, &options.record) {
        record::finish(&recorder, path)?;
    }
    outcome?;
    info!("stopped");
    Ok(u8::try_from(handler.interpreter.exit()).unwrap_or(1))
}

/// Binds the port of the options. Without one: no port for a console or a script, which may set one with `\p`;
/// otherwise 127.0.0.1:5001.
fn bind(options: &Options) -> io::Result<Server> {
    match &options.port {
        Some(port) => Server::bind_port(port),
        None if options.has_console() || options.script.is_some() => Server::unbound(),
        None => Server::bind("127.0.0.1:5001"),
    }
}

/// Prints the address to standard output. Scripts parse the first line.
fn announce(address: SocketAddr, demo: bool) -> io::Result<()> {
    use io::Write;
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {address}")?;
    if demo {
        demo::explain(address, &mut out)?;
    }
    out.flush()
}
