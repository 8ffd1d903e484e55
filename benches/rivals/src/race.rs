//! Times rivals alternately in one run, so that drift of the machine affects all.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Runs the given number of iterations and returns the time they took.
pub(crate) type Timed<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

/// The columns of a row, kcodec first; `None` without such a function.
pub(crate) type Lanes<'a> = [Option<Timed<'a>>; 5];

/// A median.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) nanoseconds: f64,
    /// Median ratio to kcodec per round; `None` for kcodec itself.
    pub(crate) ratio: Option<f64>,
}

/// Number of rounds; the median is reported.
const ROUNDS: usize = 15;
/// Shortest time of a measurement, so that the cost of reading the clock is negligible.
const TURN: Duration = Duration::from_millis(4);
/// Iterations per reading of the clock, whose inputs and results are held meanwhile.
const HELD: u64 = 64;

/// Wraps `run` in a timed loop. Excludes `prepare` and the freeing of results.
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

/// Measures each lane once per round.
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

/// The number of iterations that take at least [`TURN`].
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
