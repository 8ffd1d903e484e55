//! `kcorpus fuzz`: feeds mutated messages to a decoder and classifies the outcomes.

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

/// Arguments of `kcorpus fuzz`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    messages: Messages,
    #[command(flatten)]
    cases: Cases,
    /// Number of cases.
    #[arg(long, default_value_t = 2_000, value_name = "M")]
    count: u64,
    /// Stop after this time.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Run one process for all cases: it reads one message per line in hex and answers each with one line.
    #[arg(long, group = "feed")]
    lines: bool,
    /// Write each message into a file; {} in the command is replaced by the file's name.
    #[arg(long = "file", group = "feed")]
    by_file: bool,
    /// Time limit of a case; exceeding it is a hang.
    #[arg(long, default_value_t = 2_000, value_name = "MILLISECONDS")]
    timeout: u64,
    /// Memory limit of the decoder (RLIMIT_DATA; enforced on Linux only).
    #[arg(long, default_value_t = 1024, value_name = "MIB")]
    memory: u64,
    /// Differences from the verdict that also count as failures.
    #[arg(long, value_enum, value_name = "DIFFERENCE")]
    fail: Vec<Difference>,
    /// Folder for failing inputs, created if there are any.
    #[arg(long, default_value = "kcorpus-failures", value_name = "FOLDER")]
    out: PathBuf,
    /// Time limit for minimizing one failing input; 0 disables it.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    shrink: u64,
    /// Print the summary as one JSON object.
    #[arg(long)]
    json: bool,
    /// The decoder and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

const HELP: &str = "\
The decoder reads one message from standard input, or from a file with --file, and exits with 0 to accept and 1 to \
refuse it. With --lines it reads one message per line in hex and answers each with one line: a line that starts \
with `error` refuses, any other accepts. Failures: a signal or another exit code is a crash, no answer within \
--timeout is a hang, a failed allocation is out of memory.

Examples:
  kcorpus fuzz -- kq decode
  kcorpus fuzz --lines -- kq decode --hex --inline-errors
  kcorpus fuzz --lines -- python3 decoder.py
  kcorpus fuzz own.hex --file -- ./decoder {}

Exit code 1 if a case crashed, hung or ran out of memory, or differed in a way given by --fail.";

/// A difference between a decoder and the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Difference {
    /// It accepted a malformed message.
    Accepted,
    /// It refused a valid message.
    Refused,
}

/// Most inputs written per outcome and mutation. The first is minimized and shown in the table.
const KEPT: u32 = 3;
/// Interval of progress updates.
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

/// The state of a run.
struct Fuzz<'a> {
    options: &'a Options,
    decoder: Decoder,
    summary: Summary,
    /// Number of failures so far, by outcome and mutation.
    kept: HashMap<(&'static str, &'static str), u32>,
    /// Deadline of the run.
    end: Option<Instant>,
    /// Time of the next progress update; `None` if progress is not shown.
    progress: Option<Instant>,
}

impl Fuzz<'_> {
    /// Warns if the decoder fails on an unchanged valid message, because its command line may be wrong.
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
        // An empty line is not sent, because most line readers skip it.
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

    /// Writes a failing input and a minimized one.
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
