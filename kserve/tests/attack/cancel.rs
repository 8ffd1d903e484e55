//! Can a request that runs be ended, by signals and by its own peer?

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::innocent::promptly;
use crate::process::{Kserve, PATIENCE};
use crate::raw::Raw;

/// Longer than any test waits.
const NEVER: &str = "1000";
/// How soon a request must be over that is cancelled.
const SOON: Duration = Duration::from_secs(1);

/// A server that evaluates without end for a peer.
fn busy() -> (Kserve, Raw) {
    let server = Kserve::start(&["-T", NEVER]);
    let mut raw = server.raw();
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    raw.sync("while[1;1]");
    // It has begun when the server is at work.
    let used = server.processor();
    assert!(crate::process::until(PATIENCE, || (server.processor() > used + 0.05).then_some(())).is_some());
    (server, raw)
}

#[test]
fn an_interrupt_cancels_the_request_and_not_the_server() {
    let (mut server, mut raw) = busy();
    server.signal(Signal::INT);
    let start = Instant::now();
    assert_eq!(raw.answer().unwrap(), "'stop");
    assert!(start.elapsed() < SOON);
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    server.still_answers();
    // With none under way it stops the server.
    server.signal(Signal::INT);
    assert!(server.end(PATIENCE).success());
}

#[test]
fn a_termination_cancels_and_stops() {
    let (mut server, mut raw) = busy();
    server.signal(Signal::TERM);
    let start = Instant::now();
    assert!(server.end(PATIENCE).success());
    assert!(start.elapsed() < SOON, "took {:?}", start.elapsed());
    assert_eq!(raw.answer().unwrap(), "'stop");
}

/// However the peer goes, what it asked for is not worth going on with.
#[test]
fn a_peer_that_hangs_up_cancels_its_request() {
    for reset in [true, false] {
        let (mut server, raw) = busy();
        if reset {
            raw.reset()
        } else {
            drop(raw)
        }
        let start = Instant::now();
        server.still_answers();
        assert!(start.elapsed() < 3 * SOON, "took {:?}", start.elapsed());
        promptly(&server, || {});
    }
}

/// A half-closed peer waits for its answer: its requests go on, for a second more.
#[test]
fn a_half_closed_peer_still_gets_its_answer() {
    let mut server = Kserve::start(&["-T", NEVER]);
    let mut raw = server.raw();
    raw.sync("a:0;do[100000;a:a+1];a");
    raw.half_close();
    assert_eq!(raw.answer().unwrap(), "100000");
    assert_eq!(raw.rest(), b"");
    server.still_answers();
}

/// The default is ten seconds, so that nobody needs to be there.
#[test]
fn without_an_option_a_request_ends_after_ten_seconds() {
    let mut server = Kserve::start(&[]);
    let start = Instant::now();
    assert_eq!(server.ask("while[1;1]"), "'stop");
    let took = start.elapsed().as_secs_f64();
    assert!((9.0..13.0).contains(&took), "took {took} s");
    server.still_answers();
}

/// A timeout of nothing is none, as in q.
#[test]
fn zero_is_no_deadline() {
    let (mut server, raw) = {
        let server = Kserve::start(&["-T", "0"]);
        let mut raw = server.raw();
        raw.sync("while[1;1]");
        (server, raw)
    };
    drop(raw);
    server.still_answers();
}
