//! `kcorpus`: records, inspects and replays kdb+ traffic, and tests decoders, clients and servers with it. This file
//! parses the command line.

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

/// Records, inspects and replays kdb+ traffic; tests decoders, clients and servers with mutated messages.
#[derive(Parser)]
#[command(name = "kcorpus", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 success, 1 invalid input or a failed check, 2 usage error.";

#[derive(Subcommand)]
enum Command {
    /// Measure the codec's speed on messages: validate, visit, encode, compress, decompress, index.
    Bench(bench::Options),
    /// Print mutated messages, one per line in hex.
    Mutate(mutate::Options),
    /// Copy a recording with its values replaced, to anonymize it.
    ///
    /// Symbols, texts, numbers, guids, temporals, errors and users are replaced by others of the same type and length,
    /// equal values by equal ones. Not replaced: nulls, infinities, the punctuation of texts, and the times and sizes
    /// of messages. Boolean vectors still show where they change. Sorted data loses its attribute.
    Mask(mask::Options),
    /// Feed mutated messages to a decoder and classify the outcomes.
    Fuzz(fuzz::Options),
    /// Serve clients and answer their requests with mutated messages.
    Hostile(hostile::Options),
    /// Send mutated messages to a server and check that it still answers.
    Attack(attack::Options),
    /// Proxy connections to a server and record their messages.
    Record(record::Options),
    /// Convert captures of tcpdump or Wireshark, tickerplant logs, or lines of hex to a recording.
    Import(import::Options),
    /// List the connections of a recording.
    List(list::Options),
    /// Print the messages of a recording as q text, one per line.
    Show(show::Options),
    /// Write the messages of a recording as hex, as bytes, or as one file each.
    Export(export::Options),
    /// Replay the clients' messages to a server and compare its responses with the recorded ones.
    Replay(replay::Options),
    /// Serve clients with the recorded answers.
    Serve(serve::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
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
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error to standard error.
fn complain(error: impl std::fmt::Display) {
    // An error of standard error cannot be reported anywhere.
    let _ = writeln!(io::stderr(), "kcorpus: {error}");
}

/// Whether standard output was closed at the other end.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
