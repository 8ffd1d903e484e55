//! `kload`: a load generator for kdb+ IPC servers; latencies without coordinated omission.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use kbench::load::{Outcome, Plan, Progress, run};

mod options;

use options::{Options, Usage};

fn main() -> ExitCode {
    let options = Options::parse();
    let plan = match options.plan() {
        Ok(plan) => plan,
        Err(Usage(message)) => usage(&message),
    };
    match load(&plan, &options) {
        Ok(outcome) if outcome.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kload: {}: {error}", plan.address);
            ExitCode::FAILURE
        }
    }
}

fn usage(message: &str) -> ! {
    use clap::CommandFactory;
    Options::command().error(ErrorKind::ValueValidation, message).exit()
}

fn load(plan: &Plan, options: &Options) -> std::io::Result<Outcome> {
    let mut last = Progress { elapsed: std::time::Duration::ZERO, messages: 0 };
    let outcome = run(plan, |progress| {
        let rate = (progress.messages - last.messages) as f64 / (progress.elapsed - last.elapsed).as_secs_f64();
        if !options.quiet {
            eprintln!("{:.0} s: {} messages, {rate:.0}/s", progress.elapsed.as_secs_f64(), progress.messages);
        }
        last = progress;
    })?;
    let report = if options.json { outcome.json() } else { outcome.to_string() };
    writeln!(std::io::stdout(), "{report}")?;
    Ok(outcome)
}
