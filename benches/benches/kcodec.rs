//! Runs every case of [`kbench::CASES`] with criterion and prints a table of ratios.
//!
//! `cargo bench` measures. `cargo test --benches` constructs each case, which asserts its answers, and runs it once.

use std::time::Duration;

use criterion::Criterion;
use kbench::{CASES, Record};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    let mut record = measuring.then(Record::start).transpose()?;
    for named in CASES.iter().filter(|named| wanted.is_none_or(|wanted| named.name.contains(wanted.as_str()))) {
        let mut case = (named.make)();
        let mut group = criterion.benchmark_group(named.name);
        group.bench_function("kcodec", |bencher| bencher.iter_custom(&mut case.ours));
        group.bench_function(named.yardstick, |bencher| bencher.iter_custom(&mut case.yard));
        group.finish();
        if let Some(record) = &mut record {
            let outcome = case.duel();
            record.row(named, outcome)?;
        }
    }
    criterion.final_summary();
    Ok(())
}
