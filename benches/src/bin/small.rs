//! Does one small thing many times: `small NAME RUNS`. What an instruction counter is held to.

use std::hint::black_box;
use std::process::ExitCode;

use small::SMALL;

// Compiled here once more: what else stands beside a function in a library changes what is inlined into it, and so the
// count.
#[expect(unreachable_pub, reason = "the library's tests use it")]
#[path = "../small.rs"]
mod small;
#[expect(dead_code, reason = "the benches need more of it")]
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
