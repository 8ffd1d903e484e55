//! Memory of idle connections, and its return after they close.

use crate::process::{Kserve, TIMEOUT, until};
use crate::raw::Raw;

const CONNECTIONS: u64 = 1000;
/// KiB allowed per connection.
const EACH: u64 = 4;
/// KiB allowed for the allocator's rounding, in total.
const SLACK: u64 = 1024;

/// A server after a first set of connections has closed, so that one-time allocations are done.
fn warm() -> (Kserve, u64) {
    let server = Kserve::start(&[]);
    let crowd: Vec<_> = (0..100).map(|_| server.raw()).collect();
    drop(crowd);
    assert_eq!(server.ask("2+2"), "4");
    let (resident, _) = server.resident();
    (server, resident)
}

#[test]
fn an_idle_connection_takes_at_most_four_kilobytes() {
    let (mut server, before) = warm();
    let crowd: Vec<_> = (0..CONNECTIONS).map(|_| server.raw()).collect();
    let (resident, _) = server.resident();
    assert!(resident <= before + EACH * CONNECTIONS + SLACK, "{before} KiB grew to {resident}");
    drop(crowd);
    server.still_answers();
}

/// A connection that was busy must not hold more than one that never was.
#[test]
fn a_connection_returns_its_buffers_when_idle() {
    let (mut server, before) = warm();
    let mut crowd: Vec<_> = (0..CONNECTIONS / 4).map(|_| server.raw()).collect();
    for raw in &mut crowd {
        raw.sync(&format!("count \"{}\"", "x".repeat(100_000)));
        assert_eq!(raw.answer().unwrap(), "100000");
        raw.sync("100000#0");
        raw.body().unwrap();
    }
    let (resident, _) = server.resident();
    let allowed = before + EACH * CONNECTIONS / 4 + 8 * SLACK;
    assert!(resident <= allowed, "{before} KiB grew to {resident}, {allowed} allowed");
    drop(crowd);
    server.still_answers();
}

/// Closed connections release descriptors and memory.
#[test]
fn closed_connections_leave_nothing() {
    let (mut server, before) = warm();
    let descriptors = server.descriptors();
    for _ in 0..3 {
        let crowd: Vec<Raw> = (0..CONNECTIONS).map(|_| server.raw()).collect();
        drop(crowd);
        assert!(until(TIMEOUT, || (server.descriptors() <= descriptors).then_some(())).is_some());
    }
    let (resident, _) = server.resident();
    assert!(resident <= before + 2 * SLACK, "{before} KiB grew to {resident}");
    server.still_answers();
}
