//! Times rivals turn about in one run, so that a machine that drifts drifts for all.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Runs so often and says how long that took.
pub(crate) type Timed<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

/// The columns of a row, ours first; `None` for who has no such function.
pub(crate) type Lanes<'a> = [Option<Timed<'a>>; 5];

/// A median.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) nanoseconds: f64,
    /// How many times ours, round by round; none of ours itself.
    pub(crate) ratio: Option<f64>,
}

/// Rounds, of which the median counts.
const ROUNDS: usize = 15;
/// What one turn should take at least, so that the clock's own cost is lost in it.
const TURN: Duration = Duration::from_millis(4);
/// Runs on one reading of the clock: their inputs and results are held meanwhile.
const HELD: u64 = 64;

/// Makes a run that can be timed: neither what `prepare` does nor the freeing of results counts.
pub(crate) fn timed<'a, I: 'a, O: 'a>(
    mut prepare: impl FnMut() -> I + 'a,
    mut run: impl FnMut(I) -> O + 'a,
) -> Timed<'a> {
    let mut inputs = Vec::new();
    let mut results = Vec::new();
    Box::new(move |runs| {
        let mut spent = Duration::ZERO;
        let mut left = runs;
        while left > 0 {
            let held = left.min(HELD);
            left -= held;
            inputs.extend((0..held).map(|_| prepare()));
            results.reserve(inputs.len());
            let start = Instant::now();
            results.extend(inputs.drain(..).map(|input| run(black_box(input))));
            spent += start.elapsed();
            black_box(&results);
            results.clear();
        }
        spent
    })
}

/// Gives each lane its turn in each round.
pub(crate) fn race(lanes: &mut Lanes<'_>) -> [Option<Outcome>; 5] {
    let runs = lanes.each_mut().map(|lane| lane.as_mut().map(enough));
    let mut times = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        for ((lane, runs), times) in lanes.iter_mut().zip(runs).zip(&mut times) {
            if let (Some(lane), Some(runs)) = (lane, runs) {
                times.push(lane(runs).as_nanos() as f64 / runs as f64);
            }
        }
    }
    let ours = times[0].clone();
    let mut first = true;
    times.map(|times| {
        let ratios = times.iter().zip(&ours).map(|(rival, ours)| rival / ours).collect();
        let ratio = if std::mem::take(&mut first) { None } else { median(ratios) };
        median(times).map(|nanoseconds| Outcome { nanoseconds, ratio })
    })
}

/// How many runs take long enough.
fn enough(timed: &mut Timed<'_>) -> u64 {
    let mut runs = 1;
    while timed(runs) < TURN && runs < 1 << 24 {
        runs *= 2;
    }
    runs
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
