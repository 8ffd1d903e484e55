//! A load generator: many connections, requests or broadcasts, and latencies.
//!
//! Latency counts from a message's due time, not from when it could be sent: a server that stalls is charged for every
//! message due meanwhile (no coordinated omission). Without a rate, a message is due when the previous one is answered.

mod broadcast;
mod frames;
mod link;
mod open;
mod outcome;
mod pace;
mod plan;
mod requests;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

pub use frames::Frames;
pub use open::{allow_descriptors, open};
pub use outcome::{Outcome, Tally};
pub use plan::{Messages, Mode, Plan};

use link::Link;
use pace::Pace;

/// The progress of a run.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Time since the first message was due.
    pub elapsed: Duration,
    /// Messages answered or delivered.
    pub messages: u64,
}

/// Interval of progress reports.
const REPORT: Duration = Duration::from_secs(1);

/// Runs a plan to its end. `progress` is called once a second.
///
/// # Errors
///
/// The OS error of connecting or polling. [`io::ErrorKind::ConnectionRefused`] for a connection that the server refuses
/// or closes before the run. Connections that end later are counted.
///
/// # Panics
/// If a worker thread panics.
pub fn run(plan: &Plan, mut progress: impl FnMut(Progress)) -> io::Result<Outcome> {
    let links = open::links(plan)?;
    let done = AtomicU64::new(0);
    let (finished, results) = mpsc::channel();
    let start = Instant::now();
    let shares = share(links, plan.threads);
    let mut tally = Tally::new();
    std::thread::scope(|scope| {
        let workers = shares.len();
        for share in shares {
            let (finished, done) = (finished.clone(), &done);
            scope.spawn(move || {
                // Fails if another worker has failed and the receiver is gone.
                let _ = finished.send(work(plan, share, start, workers, done));
            });
        }
        drop(finished);
        loop {
            match results.recv_timeout(REPORT) {
                Ok(result) => tally.add(&result?),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    progress(Progress { elapsed: start.elapsed(), messages: done.load(Ordering::Relaxed) });
                }
            }
        }
    })
    .map(|()| Outcome { seconds: plan.time.as_secs_f64(), tally })
}

fn work(plan: &Plan, links: Vec<Link>, start: Instant, workers: usize, done: &AtomicU64) -> io::Result<Tally> {
    let pace = Pace::new(plan, start, workers);
    match plan.mode {
        Mode::Sync | Mode::Async => requests::Requests::new(plan, links, pace, done)?.run(),
        Mode::Broadcast => broadcast::Broadcast::new(plan, links, pace, done)?.run(),
    }
}

/// Distributes the connections to at most `threads` workers.
fn share(links: Vec<Link>, threads: usize) -> Vec<Vec<Link>> {
    let threads = threads.clamp(1, links.len().max(1));
    let mut shares: Vec<Vec<Link>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, link) in links.into_iter().enumerate() {
        shares[index % threads].push(link);
    }
    shares
}
