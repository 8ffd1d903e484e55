//! Every case of [`kbench::CASES`], by criterion and as a table of ratios.
//!
//! `cargo bench` measures; `cargo test --benches` builds each case, which asserts its answer, and
//! runs it once.

use criterion::Criterion;
use kbench::{CASES, Record};

fn main() -> std::io::Result<()> {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let mut criterion = Criterion::default().configure_from_args();
    let mut record = measuring.then(Record::start).transpose()?;
    for make in CASES {
        let mut case = make();
        let mut group = criterion.benchmark_group(case.name);
        group.bench_function("kcodec", |bencher| bencher.iter_custom(&mut case.ours));
        group.bench_function(case.yardstick, |bencher| bencher.iter_custom(&mut case.yard));
        group.finish();
        if let Some(record) = &mut record {
            let outcome = case.duel();
            record.row(&case, outcome)?;
        }
    }
    criterion.final_summary();
    Ok(())
}
