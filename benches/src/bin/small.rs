//! Runs one small step many times, for instruction counting: `small NAME RUNS`.

use std::hint::black_box;
use std::process::ExitCode;

use small::SMALL;

// Compiled into this program, because inlining, and so the count, depends on the rest of the crate.
#[expect(unreachable_pub, reason = "the library's tests use it")]
#[path = "../small.rs"]
mod small;
#[expect(dead_code, reason = "used by the benches")]
#[path = "../workload.rs"]
mod workload;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, name, runs] = arguments.as_slice() else { return usage() };
    let (Some(small), Ok(runs)) = (SMALL.iter().find(|small| small.name == name), runs.parse::<u64>()) else {
        return usage();
    };
    let mut run = (small.make)();
    for _ in 0..runs {
        black_box(run());
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let names: Vec<&str> = SMALL.iter().map(|small| small.name).collect();
    eprintln!("usage: small NAME RUNS, where NAME is one of {}", names.join(", "));
    ExitCode::from(2)
}
