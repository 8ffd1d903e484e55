//! Cancelling a running request, by signals and by its own peer.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::innocent::promptly;
use crate::process::{Kserve, TIMEOUT};
use crate::raw::Raw;

/// A time limit longer than any test.
const NEVER: &str = "1000";
/// Bound on the time from a cancel to the end of the request.
const SOON: Duration = Duration::from_secs(1);

/// A server with a peer whose request never ends.
fn busy() -> (Kserve, Raw) {
    let server = Kserve::start(&["-T", NEVER]);
    let mut raw = server.raw();
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    raw.sync("while[1;1]");
    // The request is running once the server uses processor time.
    let used = server.processor();
    assert!(crate::process::until(TIMEOUT, || (server.processor() > used + 0.05).then_some(())).is_some());
    (server, raw)
}

#[test]
fn sigint_cancels_the_request_only() {
    let (mut server, mut raw) = busy();
    server.signal(Signal::INT);
    let start = Instant::now();
    assert_eq!(raw.answer().unwrap(), "'stop");
    assert!(start.elapsed() < SOON);
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    server.still_answers();
    // Without a running request it stops the server.
    server.signal(Signal::INT);
    assert!(server.end(TIMEOUT).success());
}

#[test]
fn sigterm_cancels_the_request_and_stops() {
    let (mut server, mut raw) = busy();
    server.signal(Signal::TERM);
    let start = Instant::now();
    assert!(server.end(TIMEOUT).success());
    assert!(start.elapsed() < SOON, "took {:?}", start.elapsed());
    assert_eq!(raw.answer().unwrap(), "'stop");
}

/// A close or a reset of the peer cancels its request.
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

/// A half-closed peer waits for its answer, so its requests continue for a second.
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

/// The default limit is ten seconds.
#[test]
fn the_default_time_limit_is_ten_seconds() {
    let mut server = Kserve::start(&[]);
    let start = Instant::now();
    assert_eq!(server.ask("while[1;1]"), "'stop");
    let took = start.elapsed().as_secs_f64();
    assert!((9.0..13.0).contains(&took), "took {took} s");
    server.still_answers();
}

/// A limit of zero means no limit, as in q.
#[test]
fn a_time_limit_of_zero_is_none() {
    let (mut server, raw) = {
        let server = Kserve::start(&["-T", "0"]);
        let mut raw = server.raw();
        raw.sync("while[1;1]");
        (server, raw)
    };
    drop(raw);
    server.still_answers();
}
