//! Performance claims of kcodec as a table of paired benchmarks, a load generator, and minimal servers as a baseline
//! for kserve.
//!
//! A [`Case`] times two closures, ours and a yardstick, alternately in one run, so that drift of the machine affects
//! both. Their answers are asserted when the case is constructed. A claim is a bound on the time or on the ratio of
//! both; a missed bound is reported in the table.

use std::hint::black_box;
use std::time::{Duration, Instant};

mod cases;
pub mod load;
mod plain;
mod record;
mod small;
mod workload;
pub mod yardstick;

pub use cases::CASES;
pub use record::Record;
pub use small::{SMALL, Small, Step};

/// Runs the given number of iterations and returns the time they took.
pub type Timed = Box<dyn FnMut(u64) -> Duration>;

/// A row of the table: a claim and the case that tests it.
#[derive(Debug)]
pub struct Named {
    /// Operation and workload: `decode/trade`.
    pub name: &'static str,
    /// The yardstick: `memcpy`.
    pub yardstick: &'static str,
    /// The claim.
    pub claim: Claim,
    /// Constructs the case and asserts its answers.
    pub make: fn() -> Case,
}

/// Our code and a yardstick.
pub struct Case {
    /// The measured code.
    pub ours: Timed,
    /// The yardstick.
    pub yard: Timed,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").finish_non_exhaustive()
    }
}

/// A claimed bound.
#[derive(Debug, Clone, Copy)]
pub enum Claim {
    /// At most this many nanoseconds.
    Nanoseconds(f64),
    /// At most this many nanoseconds per item, for this many items.
    NanosecondsEach(f64, usize),
    /// The yardstick takes at least this multiple of our time.
    Faster(f64),
    /// No claim: the figure is informational.
    None,
}

/// The result of a duel: medians of the times per iteration, and of the ratios per pair.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Our nanoseconds per iteration.
    pub ours: f64,
    /// The yardstick's nanoseconds per iteration.
    pub yard: f64,
    /// The yardstick's time divided by ours.
    pub ratio: f64,
}

impl Outcome {
    /// Whether the claim holds.
    #[must_use]
    pub fn meets(&self, claim: Claim) -> bool {
        match claim {
            Claim::Nanoseconds(bound) => self.ours <= bound,
            Claim::NanosecondsEach(bound, items) => self.ours / items as f64 <= bound,
            Claim::Faster(bound) => self.ratio >= bound,
            Claim::None => true,
        }
    }
}

/// Number of pairs of runs; the median is reported.
const PAIRS: usize = 15;
/// Shortest time of a run, so that the cost of reading the clock is negligible.
const RUN: Duration = Duration::from_millis(4);

impl Case {
    /// Times both alternately.
    pub fn duel(&mut self) -> Outcome {
        let (ours, yard) = (enough(&mut self.ours), enough(&mut self.yard));
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..PAIRS {
            let a = nanoseconds(&mut self.ours, ours);
            let b = nanoseconds(&mut self.yard, yard);
            times[0].push(a);
            times[1].push(b);
            times[2].push(b / a);
        }
        let [ours, yard, ratio] = times.map(median);
        Outcome { ours, yard, ratio }
    }
}

/// The number of iterations that take at least [`RUN`].
fn enough(timed: &mut Timed) -> u64 {
    let mut runs = 1;
    while timed(runs) < RUN && runs < 1 << 24 {
        runs *= 2;
    }
    runs
}

fn nanoseconds(timed: &mut Timed, runs: u64) -> f64 {
    timed(runs).as_nanos() as f64 / runs as f64
}

/// The median.
///
/// # Panics
/// If `figures` is empty.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Wraps a closure in a timed loop.
pub fn timed<T>(mut run: impl FnMut() -> T + 'static) -> Timed {
    Box::new(move |runs| {
        let start = Instant::now();
        for _ in 0..runs {
            black_box(run());
        }
        start.elapsed()
    })
}
