//! Answers of 80 MB to one client, against a bare write loop, while another client sends small requests.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use kbench::load::{Messages, Outcome, Plan, run as load};
use kbench::{Record, median};
use kwire::MessageType;

use crate::servers::Programs;
use crate::{Load, claim};

const NAME: &str = "80 MB to one client, 2+2 every 10 ms from another";
/// The large client's request.
const LARGE: &str = "a";
const MAKE: &str = "a:10000000#0";

/// Records the ratio of throughputs, and the other client's p99.
pub(crate) fn run(programs: &Programs, options: &Load, record: &mut Record) -> io::Result<()> {
    if !NAME.contains(&options.filter) {
        return Ok(());
    }
    let (bare, kserve) = (programs.yardstick("stream")?, programs.kserve(&[])?);
    // Created before the measurement, because allocating 80 MB is a slow request by itself.
    kwire::ask(&kserve.address.to_string(), MAKE).map_err(io::Error::other)?;
    let (mut ratios, mut waits) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let yard = clean(load(&large(bare.address, options.seconds), |_| {})?)?;
        let ours = large(kserve.address, options.seconds);
        let (ours, beside) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| load(&small(kserve.address, options.seconds), |_| {}));
            (load(&ours, |_| {}), beside.join())
        });
        let beside = beside.unwrap_or_else(|_| Err(io::Error::other("the other client failed")));
        ratios.push(clean(ours?)?.byte_rate() / yard.byte_rate());
        waits.push(clean(beside?)?.percentile(99.0) / 1e3);
    }
    record.cells(&claim(&format!("{NAME}: bytes/s of a bare write loop"), median(ratios), true, 0.85, " ×"))?;
    record.cells(&claim(&format!("{NAME}: p99 of the other"), median(waits), false, 5.0, " ms"))
}

fn text(text: &str) -> Vec<u8> {
    Plan::message(MessageType::Sync, text.into()).unwrap_or_default()
}

fn large(address: SocketAddr, seconds: f64) -> Plan {
    let time = Duration::from_secs_f64(seconds);
    Plan { time, messages: Messages::Given(vec![text(LARGE)]), ..Plan::new(address) }
}

fn small(address: SocketAddr, seconds: f64) -> Plan {
    Plan { time: Duration::from_secs_f64(seconds), rate: Some(100.0), open: true, ..Plan::new(address) }
}

fn clean(outcome: Outcome) -> io::Result<Outcome> {
    if outcome.is_clean() { Ok(outcome) } else { Err(io::Error::other(format!("{NAME}: {outcome}"))) }
}
