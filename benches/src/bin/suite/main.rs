//! Runs kserve under load against bare servers (`suite load`), or for a long time (`suite soak`).

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod duel;
mod idle;
mod large;
mod servers;
mod soak;

/// Runs kserve under load. Needs release builds of kserve, its example `constant`, and `yardstick`.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    #[command(subcommand)]
    what: What,

    /// Folder of the programs kserve, yardstick and examples/constant. Default: this program's folder.
    #[arg(long, global = true, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the tables of BENCHMARKS.md: ratios to bare servers. KBENCH_RECORD names a file to record them in.
    Load(Load),
    /// Send numbered messages at half the maximum rate: none must be lost, memory and descriptors must not grow.
    Soak {
        /// Total duration in seconds.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(4..=86_400))]
        seconds: u64,
    },
}

#[derive(Debug, Args)]
struct Load {
    /// Duration of each run in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Number of alternating rounds; medians are printed.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Only rows whose name contains this text.
    #[arg(default_value = "")]
    filter: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    kbench::load::allow_descriptors(usize::MAX);
    let programs = servers::Programs::new(options.programs);
    let result = match options.what {
        What::Load(load) => run_load(&programs, &load).map(|()| true),
        What::Soak { seconds } => soak::run(&programs, seconds),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("suite: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_load(programs: &servers::Programs, load: &Load) -> std::io::Result<()> {
    let mut record = kbench::Record::titled("kserve under load")?;
    duel::run(programs, load, &mut record)?;
    record.head(&["what", "figure", "claim", ""])?;
    large::run(programs, load, &mut record)?;
    idle::run(programs, load, &mut record)
}

/// A row of the second table: a figure with its upper or lower bound.
fn claim(name: &str, figure: f64, at_least: bool, bound: f64, unit: &str) -> [String; 4] {
    let (sign, holds) = if at_least { ("≥", figure >= bound) } else { ("≤", figure <= bound) };
    let verdict = if holds { "" } else { "missed" };
    [name.to_owned(), format!("{figure:.2}{unit}"), format!("{sign} {bound}{unit}"), verdict.to_owned()]
}
