//! `kcorpus fuzz`: feeds mutated messages to a decoder and sorts what happens.

mod decoder;
mod outcome;
mod program;
mod shrink;
mod summary;

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use kcorpus::mutate::{Mutation, Verdict};

use crate::cases::{Cases, Messages};
use crate::complain;
use decoder::Decoder;
use outcome::Outcome;
use summary::{Failure, Summary};

/// What `kcorpus fuzz` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    messages: Messages,
    #[command(flatten)]
    cases: Cases,
    /// How many cases.
    #[arg(long, default_value_t = 2_000, value_name = "M")]
    count: u64,
    /// End after so many seconds, whatever is left.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// One process for all cases: reads a line of hex a case, answers with one line each.
    #[arg(long, group = "feed")]
    lines: bool,
    /// Write each message into a file and put its name in place of {} in the command.
    #[arg(long = "file", group = "feed")]
    by_file: bool,
    /// A case that takes longer is a hang.
    #[arg(long, default_value_t = 2_000, value_name = "MILLISECONDS")]
    timeout: u64,
    /// Memory that the decoder may allocate (its data segment's limit; enforced on Linux only).
    #[arg(long, default_value_t = 1024, value_name = "MIB")]
    memory: u64,
    /// Verdict differences that count as failures, too.
    #[arg(long, value_enum, value_name = "DIFFERENCE")]
    fail: Vec<Difference>,
    /// Folder for failing inputs: made when there is one.
    #[arg(long, default_value = "kcorpus-failures", value_name = "FOLDER")]
    out: PathBuf,
    /// Seconds for making one failing input smaller; 0 for not at all.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    shrink: u64,
    /// The summary as one JSON object.
    #[arg(long)]
    json: bool,
    /// The decoder and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

const HELP: &str = "\
A decoder gets one message on standard input, or by --file, and ends with exit code 0 if it accepts it and with 1 if \
it refuses it. With --lines it gets a message a line in hex and answers with a line: one that starts with `error` \
refuses, any other accepts. Anything else is a failure: a signal or another exit code is a crash, no answer within \
--timeout a hang, an allocation that fails a lack of memory.

Examples:
  kcorpus fuzz -- kq decode
  kcorpus fuzz --lines -- kq decode --hex --inline-errors
  kcorpus fuzz --lines -- python3 decoder.py
  kcorpus fuzz own.hex --file -- ./decoder {}

Exit code 1 if a case crashed, hung or lacked memory, or differed as --fail says.";

/// How a decoder may differ from the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Difference {
    /// It accepted what must be refused.
    Accepted,
    /// It refused what is valid.
    Refused,
}

/// Inputs written for each outcome and mutation; the first is made smaller, and shown in the table.
const KEPT: u32 = 3;
/// Between two lines of progress.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let messages = options.messages.load()?;
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    let mut fuzz = Fuzz {
        options,
        decoder: Decoder::new(options)?,
        summary: Summary::new(options.cases.seed),
        kept: HashMap::new(),
        end: options.seconds.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds))),
        progress: (io::stderr().is_terminal() && !options.json).then(Instant::now),
    };
    fuzz.try_unchanged(&messages)?;
    for case in options.cases.numbers(options.count) {
        if interrupted.load(Ordering::Relaxed) || fuzz.end.is_some_and(|end| Instant::now() >= end) {
            break;
        }
        if let Some(mutation) = options.cases.make(case, &messages) {
            fuzz.case(case, &mutation)?;
        }
    }
    fuzz.show_progress("")?;
    let Fuzz { summary, .. } = fuzz;
    let mut out = io::stdout().lock();
    if options.json {
        writeln!(out, "{}", summary.json())?
    } else {
        write!(out, "{summary}")?
    }
    Ok(summary.failures.is_empty() && summary.failed == 0)
}

/// A run.
struct Fuzz<'a> {
    options: &'a Options,
    decoder: Decoder,
    summary: Summary,
    /// How many inputs were written, by outcome and mutation.
    kept: HashMap<(&'static str, &'static str), u32>,
    /// When to end.
    end: Option<Instant>,
    /// When the line of progress is due; `None` where nobody sees it.
    progress: Option<Instant>,
}

impl Fuzz<'_> {
    /// Says so if the decoder fails on a sound message, too: then its command line may be the reason.
    fn try_unchanged(&mut self, messages: &[Vec<u8>]) -> io::Result<()> {
        let Some(message) = messages.iter().find(|message| Verdict::of(message) == Verdict::Valid) else {
            return Ok(());
        };
        let outcome = self.decoder.run(message)?;
        if outcome.is_failure() {
            let (name, detail) = (outcome.name(), outcome.detail());
            complain(format_args!("the decoder fails on an unchanged message already: {name}: {detail}"));
        }
        Ok(())
    }

    fn case(&mut self, case: u64, mutation: &Mutation) -> Result<(), Box<dyn Error>> {
        // An empty line is no case: most readers of lines pass over it.
        if self.options.lines && mutation.bytes.is_empty() {
            return Ok(());
        }
        let outcome = self.decoder.run(&mutation.bytes)?;
        let difference = difference(&outcome, &mutation.verdict);
        self.summary.add(case, mutation.name, &outcome, difference);
        let failed =
            outcome.is_failure() || difference.is_some_and(|difference| self.options.fail.contains(&difference));
        if failed {
            self.fail(case, mutation, outcome, difference)?;
        }
        if self.progress.is_some_and(|due| Instant::now() >= due) {
            self.progress = Some(Instant::now() + INTERVAL);
            self.show_progress(&self.summary.line(case - self.options.cases.case + 1, self.options.count))?;
        }
        Ok(())
    }

    fn show_progress(&self, line: &str) -> io::Result<()> {
        if self.progress.is_some() { write!(io::stderr(), "\r{line}\x1b[K") } else { Ok(()) }
    }

    /// Writes a failing input, and a smaller one.
    fn fail(
        &mut self,
        case: u64,
        mutation: &Mutation,
        outcome: Outcome,
        difference: Option<Difference>,
    ) -> Result<(), Box<dyn Error>> {
        self.summary.failed += 1;
        let what = difference.map_or_else(|| outcome.name(), summary::difference_name);
        let kept = self.kept.entry((what, mutation.name)).or_default();
        *kept += 1;
        if *kept > KEPT {
            return Ok(());
        }
        let is_first = *kept == 1;
        let name = format!("{what}-seed{}-case{case}-{}", self.options.cases.seed, mutation.name);
        fs::create_dir_all(&self.options.out)?;
        let file = self.options.out.join(format!("{name}.bin"));
        fs::write(&file, &mutation.bytes)?;
        let budget = Duration::from_secs(if is_first { self.options.shrink } else { 0 });
        let budget = self.end.map_or(budget, |end| budget.min(end.saturating_duration_since(Instant::now())));
        let smaller = shrink::shrink(&mutation.bytes, budget, |bytes| {
            let again = self.decoder.run(bytes)?;
            Ok(again.name() == outcome.name() && self::difference(&again, &Verdict::of(bytes)) == difference)
        })?;
        let smaller = smaller.map(|bytes| (self.options.out.join(format!("{name}.small.bin")), bytes));
        if let Some((file, bytes)) = &smaller {
            fs::write(file, bytes)?;
        }
        self.summary.failures.push(Failure {
            case,
            name: mutation.name,
            what,
            detail: outcome.detail().to_owned(),
            verdict: mutation.verdict.clone(),
            is_first,
            file,
            bytes: mutation.bytes.len(),
            smaller: smaller.map(|(file, bytes)| (file, bytes.len())),
        });
        Ok(())
    }
}

fn difference(outcome: &Outcome, verdict: &Verdict) -> Option<Difference> {
    match (outcome, verdict) {
        (Outcome::Accepted, Verdict::Refused { .. }) => Some(Difference::Accepted),
        (Outcome::Refused, Verdict::Valid) => Some(Difference::Refused),
        _ => None,
    }
}
