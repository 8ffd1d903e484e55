//! `kcorpus`: one's own traffic, and what to try on those who read it. This file is the command line.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod attack;
mod bench;
mod cases;
mod client;
mod export;
mod filter;
mod fuzz;
mod hostile;
mod import;
mod list;
mod local;
mod mask;
mod mutate;
mod record;
mod replay;
mod serve;
mod show;

/// Keeps kdb+ traffic, and turns it against decoders, clients and servers.
#[derive(Parser)]
#[command(name = "kcorpus", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the input or the peer was wrong, 2 usage.";

#[derive(Subcommand)]
enum Command {
    /// Measure what messages cost: checking, reading, encoding, compressing, inflating, indexing them.
    Bench(bench::Options),
    /// Print mutated messages, a line of hex each.
    Mutate(mutate::Options),
    /// Copy a recording with its values replaced, so that it can be given away.
    ///
    /// Symbols, texts, numbers, guids, temporals, errors and users are replaced by others of the same type and length,
    /// equal ones by equal ones. Nulls and infinities stay, and so do the punctuation of texts, the times and sizes of
    /// messages, and where booleans change. Sorted data loses its attribute.
    Mask(mask::Options),
    /// Feed mutated messages to a decoder and sort what happens.
    Fuzz(fuzz::Options),
    /// Serve clients mutated messages as answers.
    Hostile(hostile::Options),
    /// Send mutated messages to a server and ask whether it still answers.
    Attack(attack::Options),
    /// Pass connections on to a server and record their messages.
    Record(record::Options),
    /// Make a recording of captures of tcpdump or Wireshark, of tickerplant logs, or of lines of hex.
    Import(import::Options),
    /// List the connections of a recording.
    List(list::Options),
    /// Print the messages of a recording as q text, one a line.
    Show(show::Options),
    /// Write the messages of a recording as hex, as bytes, or as a file each.
    Export(export::Options),
    /// Send what clients sent to a server again, and compare its responses with the recorded ones.
    Replay(replay::Options),
    /// Answer clients as was recorded.
    Serve(serve::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Bench(options) => bench::run(&options),
        Command::Mutate(options) => mutate::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Hostile(options) => hostile::run(&options),
        Command::Attack(options) => attack::run(&options),
        Command::Record(options) => record::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Mask(options) => mask::run(&options),
        Command::List(options) => list::run(&options),
        Command::Show(options) => show::run(&options),
        Command::Export(options) => export::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Serve(options) => serve::run(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what went wrong.
fn complain(error: impl std::fmt::Display) {
    // An error of standard error has no place to be reported.
    let _ = writeln!(io::stderr(), "kcorpus: {error}");
}

/// Whether standard output was closed at the other end.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
