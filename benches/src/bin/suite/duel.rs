//! Rates and latencies against a bare server, in alternating rounds, so that drift of the machine affects all.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use kbench::load::{Messages, Mode, Outcome, Plan, run as load};
use kbench::{Record, median};
use kwire::MessageType;

use crate::Load;
use crate::servers::Programs;

/// The shape of a load.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    connections: usize,
    depth: usize,
    /// Bytes of a broadcast message; 0 for requests.
    broadcast: usize,
    /// Bounds for the example `constant`, and for kserve evaluating `2+2`.
    constant: Bounds,
    evaluated: Bounds,
}

/// The least ratio of rates, and the greatest ratio of p99.
#[derive(Debug, Clone, Copy)]
struct Bounds(Option<f64>, Option<f64>);

const NONE: Bounds = Bounds(None, None);
const CONSTANT: Bounds = Bounds(Some(0.95), Some(1.2));
const EVALUATED: Bounds = Bounds(Some(0.9), Some(1.3));
const AHEAD: Bounds = Bounds(Some(1.1), None);

const fn requests(name: &'static str, connections: usize) -> Shape {
    Shape { name, connections, depth: 1, broadcast: 0, constant: CONSTANT, evaluated: EVALUATED }
}

const SHAPES: &[Shape] = &[
    requests("1 connection", 1),
    requests("64 connections", 64),
    requests("500 connections", 500),
    Shape { depth: 64, constant: AHEAD, evaluated: AHEAD, ..requests("1 connection, 64 in flight", 1) },
    Shape {
        name: "1 KiB to 1,000 subscribers",
        connections: 1000,
        depth: 1,
        broadcast: 1024,
        constant: Bounds(Some(0.8), None),
        evaluated: NONE,
    },
];

impl Shape {
    fn plan(&self, address: SocketAddr, seconds: f64) -> Plan {
        let mut plan = Plan::new(address);
        plan.time = Duration::from_secs_f64(seconds);
        plan.connections = self.connections;
        plan.depth = self.depth;
        if self.broadcast > 0 {
            plan.mode = Mode::Broadcast;
            // 14 bytes precede the items: header, type, attribute and count.
            let items = vec![0_u8; self.broadcast - 14];
            let message = Plan::message(MessageType::Async, (&items).into()).unwrap_or_default();
            plan.messages = Messages::Given(vec![message]);
        }
        plan
    }
}

/// Runs all shapes and records a row per server.
pub(crate) fn run(programs: &Programs, options: &Load, record: &mut Record) -> io::Result<()> {
    record.head(&["server", "load", "messages/s", "bare", "ratio", "claim", "p99", "bare", "ratio", "claim", ""])?;
    let (echo, fanout) = (programs.yardstick("echo")?, programs.yardstick("fanout")?);
    let (constant, kserve) = (programs.constant()?, programs.kserve(&[])?);
    [&echo, &fanout, &constant, &kserve].iter().for_each(|server| server.assert_answers("2+2", 4));
    for shape in SHAPES.iter().filter(|shape| shape.name.contains(&options.filter)) {
        let bare = if shape.broadcast > 0 { &fanout } else { &echo };
        let mut ours = vec![("constant", &constant, shape.constant)];
        if shape.broadcast == 0 {
            ours.push(("2+2", &kserve, shape.evaluated));
        }
        let mut results: Vec<Vec<[f64; 6]>> = vec![Vec::new(); ours.len()];
        for _ in 0..options.rounds {
            let yard = once(shape, bare.address, options.seconds)?;
            for ((_, server, _), results) in ours.iter().zip(&mut results) {
                results.push(figures(&once(shape, server.address, options.seconds)?, &yard));
            }
        }
        for ((name, _, bounds), results) in ours.iter().zip(results) {
            let column = |at: usize| median(results.iter().map(|figures| figures[at]).collect());
            record.cells(&cells(name, shape, *bounds, std::array::from_fn(column)))?;
        }
    }
    Ok(())
}

fn once(shape: &Shape, address: SocketAddr, seconds: f64) -> io::Result<Outcome> {
    let outcome = load(&shape.plan(address, seconds), |_| {})?;
    if outcome.is_clean() { Ok(outcome) } else { Err(io::Error::other(format!("{}: {outcome}", shape.name))) }
}

/// Rates and their ratio, p99 and their ratio.
fn figures(ours: &Outcome, yard: &Outcome) -> [f64; 6] {
    let (rate, bare, p99, bare_p99) = (ours.rate(), yard.rate(), ours.percentile(99.0), yard.percentile(99.0));
    [rate, bare, rate / bare, p99, bare_p99, p99 / bare_p99]
}

fn cells(name: &str, shape: &Shape, bounds: Bounds, figures: [f64; 6]) -> [String; 11] {
    let [rate, bare, ratio, p99, bare_p99, p99_ratio] = figures;
    let Bounds(least, most) = bounds;
    let holds = least.is_none_or(|least| ratio >= least) && most.is_none_or(|most| p99_ratio <= most);
    let bound = |sign: &str, bound: Option<f64>| bound.map(|bound| format!("{sign} {bound}")).unwrap_or_default();
    [
        name.to_owned(),
        shape.name.to_owned(),
        format!("{rate:.0}"),
        format!("{bare:.0}"),
        format!("{ratio:.2}"),
        bound("≥", least),
        format!("{p99:.0} µs"),
        format!("{bare_p99:.0} µs"),
        format!("{p99_ratio:.2}"),
        bound("≤", most),
        if holds { "" } else { "missed" }.to_owned(),
    ]
}
