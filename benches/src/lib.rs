//! What is claimed of kcodec's speed, as a table of duels; load on a server, and bare servers to hold
//! kserve against.
//!
//! A [`Case`] times two closures, ours and a yardstick, turn about in one run, so that a machine that
//! drifts drifts for both. It has asserted the answers of both before it exists. What it claims is a
//! bound on time or on the ratio of the two; a bound that is missed is printed, not hidden.

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

/// Runs so often and says how long that took.
pub type Timed = Box<dyn FnMut(u64) -> Duration>;

/// A row of the table: what is claimed, and how to make what proves it.
#[derive(Debug)]
pub struct Named {
    /// What is done, to what: `decode/trade`.
    pub name: &'static str,
    /// What it is held against: `memcpy`.
    pub yardstick: &'static str,
    /// What is claimed.
    pub claim: Claim,
    /// Makes the case; asserts its answers.
    pub make: fn() -> Case,
}

/// Ours against a yardstick.
pub struct Case {
    /// What is measured.
    pub ours: Timed,
    /// What it is measured against.
    pub yard: Timed,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").finish_non_exhaustive()
    }
}

/// A bound.
#[derive(Debug, Clone, Copy)]
pub enum Claim {
    /// At most so many nanoseconds.
    Nanoseconds(f64),
    /// At most so many nanoseconds for each of so many items.
    NanosecondsEach(f64, usize),
    /// The yardstick takes at least so many times as long.
    Faster(f64),
    /// Nothing: the figure stands for itself.
    None,
}

/// What a duel came to: medians of the time of one run, and of the ratios pair by pair.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Nanoseconds of ours.
    pub ours: f64,
    /// Nanoseconds of the yardstick.
    pub yard: f64,
    /// How many times as long the yardstick takes.
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

/// Pairs of runs, of which the median counts.
const PAIRS: usize = 15;
/// What one run should take at least, so that the clock's own cost is lost in it.
const RUN: Duration = Duration::from_millis(4);

impl Case {
    /// Times both, turn about.
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

/// How many runs take long enough.
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

/// The middle one of some figures.
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Makes a closure that can be timed.
pub fn timed<T>(mut run: impl FnMut() -> T + 'static) -> Timed {
    Box::new(move |runs| {
        let start = Instant::now();
        for _ in 0..runs {
            black_box(run());
        }
        start.elapsed()
    })
}
