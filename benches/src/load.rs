//! Load on a server: many connections, requests or broadcasts, and how long each message took.
//!
//! Latency counts from when a message was meant to be sent, not from when it could be: a server that
//! stalls is charged for every message that was due meanwhile (no coordinated omission). Without a
//! rate a message is meant to be sent when the one before it is answered.

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

/// What is done so far.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Time since the first message was due.
    pub elapsed: Duration,
    /// Messages answered or delivered.
    pub messages: u64,
}

/// How often progress is reported.
const REPORT: Duration = Duration::from_secs(1);

/// Runs a plan to its end. `progress` is called once a second.
///
/// # Errors
///
/// What the system says of connecting or polling; a connection that the server refuses or closes
/// before the run is [`io::ErrorKind::ConnectionRefused`]. One that ends later is counted.
///
/// # Panics
///
/// If a worker thread does.
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
                // Nobody listens any more if another worker has failed.
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

/// Deals the connections out to at most `threads` workers.
fn share(links: Vec<Link>, threads: usize) -> Vec<Vec<Link>> {
    let threads = threads.clamp(1, links.len().max(1));
    let mut shares: Vec<Vec<Link>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, link) in links.into_iter().enumerate() {
        shares[index % threads].push(link);
    }
    shares
}
