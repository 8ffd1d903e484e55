//! Shutdown: pending answers are written before a connection or the server ends.

use std::io::Read;
use std::time::{Duration, Instant};

use kwire::MessageType;
use rustix::process::Signal;

use crate::process::{Kserve, TIMEOUT};
use crate::raw::message;

/// Its answer of 8 MB does not fit into the socket's buffer.
const LONG: &str = "til 1000000";
const LONG_BODY: usize = 8_000_006;

#[test]
fn pending_answers_are_written_before_the_server_stops() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Kserve::start(&[]);
        let mut raw = server.raw();
        raw.sync(LONG);
        // Waits until the answer has begun.
        raw.stream.peek(&mut [0]).unwrap();
        server.signal(signal);
        assert_eq!(raw.body().unwrap().len(), LONG_BODY);
        assert_eq!(raw.rest(), b"");
        assert!(server.end(TIMEOUT).success());
    }
}

#[test]
fn drain_bounds_the_wait_for_a_stalled_reader() {
    let mut server = Kserve::start(&["--drain", "1"]);
    let mut raw = server.raw();
    raw.sync(LONG);
    raw.stream.peek(&mut [0]).unwrap();
    server.signal(Signal::TERM);
    let start = Instant::now();
    assert!(server.end(Duration::from_secs(3)).success());
    assert!(start.elapsed() > Duration::from_millis(500), "the server did not wait for the reader");
}

#[test]
fn an_idle_server_stops_at_once() {
    let mut server = Kserve::start(&["--drain", "60"]);
    let mut idle = server.raw();
    server.signal(Signal::TERM);
    assert!(server.end(Duration::from_secs(2)).success());
    assert_eq!(idle.rest(), b"");
}

#[test]
fn a_draining_server_accepts_no_connections() {
    let mut server = Kserve::start(&["--drain", "2"]);
    let mut raw = server.raw();
    raw.sync(LONG);
    raw.stream.peek(&mut [0]).unwrap();
    server.signal(Signal::TERM);
    server.signal(Signal::TERM);
    assert!(server.end(TIMEOUT).success());
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn a_half_closed_peer_gets_all_its_answers() {
    let mut server = Kserve::start(&[]);
    let mut raw = server.raw();
    raw.write(&message(MessageType::Sync, "til 100000").repeat(20)).unwrap();
    raw.half_close();
    for answer in 0..20 {
        let body = raw.body().unwrap_or_else(|error| panic!("answer {answer}: {error}"));
        assert_eq!(body.len(), 800_006);
    }
    assert_eq!(raw.rest(), b"");
    server.still_answers();
}

/// Reads only after all requests are sent, for answers below and above the size at which requests pause.
#[test]
fn a_half_closed_peer_can_read_late() {
    const REQUESTS: usize = 20;
    let mut server = Kserve::start(&[]);
    for longs in [10_000, 30_000, 60_000, 120_000, 500_000] {
        let mut raw = server.raw();
        raw.write(&message(MessageType::Sync, &format!("{longs}#0")).repeat(REQUESTS)).unwrap();
        raw.half_close();
        raw.stream.peek(&mut [0]).unwrap();
        // Gives the server time to serve this connection too.
        (0..REQUESTS).for_each(|_| server.still_answers());
        let mut all = Vec::new();
        raw.stream.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), REQUESTS * (8 * longs + 14), "{longs} longs an answer");
    }
}
