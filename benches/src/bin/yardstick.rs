//! Bare servers: `yardstick echo|fanout|stream`. Prints its address and serves until killed.

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kbench::load::allow_descriptors;
use kbench::yardstick::{Bare, Job, stream};

/// A bare server on a free port of 127.0.0.1, as a baseline for kserve.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    #[command(subcommand)]
    job: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// Answer every message with a fixed long; one epoll loop, no decoding.
    Echo,
    /// Subscribe and answer the sender of a sync message; forward async messages to all subscribers.
    Fanout,
    /// Answer every message of one client with a long vector, by blocking writes.
    Stream {
        /// Items of the vector, eight bytes each.
        #[arg(long, default_value_t = 10_000_000)]
        longs: usize,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    allow_descriptors(usize::MAX);
    match serve(&options.job) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yardstick: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(job: &Which) -> io::Result<()> {
    match job {
        Which::Echo => bare(Job::Echo),
        Which::Fanout => bare(Job::Fanout),
        Which::Stream { longs } => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            announce(listener.local_addr()?)?;
            stream(&listener, *longs)
        }
    }
}

fn bare(job: Job) -> io::Result<()> {
    let server = Bare::bind(job)?;
    announce(server.address()?)?;
    server.run()
}

fn announce(address: std::net::SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {address}")?;
    out.flush()
}
