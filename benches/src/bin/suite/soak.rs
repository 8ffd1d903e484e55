//! Soak test: numbered messages for a long time, at half of the server's maximum rate.

use std::io;
use std::time::Duration;

use kbench::load::{Messages, Mode, Outcome, Plan, run as load};

use crate::servers::{Programs, Server};

/// Most bytes by which memory may grow from the first quarter to the last, besides 5 %.
const GROWTH: u64 = 4 << 20;
/// Duration of the run that determines the maximum rate.
const SEARCH: Duration = Duration::from_secs(2);

/// A sample of a server, taken once a second.
#[derive(Debug, Clone, Copy)]
struct Sample {
    resident: u64,
    descriptors: usize,
}

/// Runs requests to kserve for half of the time, and broadcasts by its loop for the other half. Returns whether there
/// were no faults.
pub(crate) fn run(programs: &Programs, seconds: u64) -> io::Result<bool> {
    let time = Duration::from_secs(seconds) / 2;
    let kserve = programs.kserve(&[])?;
    let requests = Plan { connections: 64, messages: Messages::Numbered, ..Plan::new(kserve.address) };
    let answered = soak("requests", &kserve, &requests, time)?;
    let constant = programs.constant()?;
    let broadcasts = Plan {
        connections: 100,
        depth: 4,
        mode: Mode::Broadcast,
        messages: Messages::Numbered,
        ..Plan::new(constant.address)
    };
    Ok(soak("broadcasts", &constant, &broadcasts, time)? && answered)
}

fn soak(name: &str, server: &Server, plan: &Plan, time: Duration) -> io::Result<bool> {
    let descriptors = server.descriptors()?;
    let most = load(&Plan { time: SEARCH, ..plan.clone() }, |_| {})?.rate();
    // A publication counts once per subscriber.
    let readers = if plan.mode == Mode::Broadcast { plan.connections as f64 } else { 1.0 };
    let rate = most / 2.0 / readers;
    println!("{name}: {:.0} messages/s at most, now {rate:.0}/s for {} s", most / readers, time.as_secs());
    let mut samples = Vec::new();
    let outcome = load(&Plan { time, rate: Some(rate), open: true, ..plan.clone() }, |progress| {
        samples.extend(sample(server));
        if progress.elapsed.as_secs() % 10 == 0 {
            eprintln!("{name}: {:.0} s, {} messages", progress.elapsed.as_secs_f64(), progress.messages);
        }
    })?;
    println!("{outcome}");
    let after = settled(server, descriptors)?;
    let faults = faults(&outcome, &samples, after.saturating_sub(descriptors));
    faults.iter().for_each(|fault| println!("{name}: {fault}"));
    Ok(faults.is_empty())
}

fn sample(server: &Server) -> Option<Sample> {
    Some(Sample { resident: server.resident().ok()?, descriptors: server.descriptors().ok()? })
}

/// Waits up to a second for the server to close its descriptors. Returns the number of open ones.
fn settled(server: &Server, before: usize) -> io::Result<usize> {
    for _ in 0..100 {
        if server.descriptors()? <= before {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    server.descriptors()
}

fn faults(outcome: &Outcome, samples: &[Sample], kept: usize) -> Vec<String> {
    let mut faults = Vec::new();
    if !outcome.is_clean() || outcome.tally.unsent > 0 {
        faults.push("messages were lost, late or out of order".to_owned());
    }
    if kept > 0 {
        faults.push(format!("{kept} descriptors were not closed"));
    }
    let part = samples.len().div_ceil(4);
    let most = |samples: &[Sample]| samples.iter().map(|sample| sample.resident).max().unwrap_or_default();
    let (first, last) = (most(&samples[..part]), most(&samples[samples.len() - part..]));
    println!("{} KiB resident at first, {} at last", first >> 10, last >> 10);
    if last > first + first / 20 + GROWTH {
        faults.push(format!("memory grew from {first} to {last} bytes"));
    }
    if samples.windows(2).any(|pair| pair[0].descriptors != pair[1].descriptors) {
        faults.push("the number of descriptors changed".to_owned());
    }
    faults
}
