//! What does a connection cost that does nothing, and is it given back?

use crate::process::{Kserve, PATIENCE, until};
use crate::raw::Raw;

const CONNECTIONS: u64 = 1000;
/// KiB that a connection may take.
const EACH: u64 = 4;
/// KiB that the allocator may round up to in all.
const SLACK: u64 = 1024;

/// The server after a first crowd has come and gone: what it keeps is kept once.
fn warm() -> (Kserve, u64) {
    let server = Kserve::start(&[]);
    let crowd: Vec<_> = (0..100).map(|_| server.raw()).collect();
    drop(crowd);
    assert_eq!(server.ask("2+2"), "4");
    let (resident, _) = server.resident();
    (server, resident)
}

#[test]
fn an_idle_connection_takes_four_kilobytes_at_most() {
    let (mut server, before) = warm();
    let crowd: Vec<_> = (0..CONNECTIONS).map(|_| server.raw()).collect();
    let (resident, _) = server.resident();
    assert!(resident <= before + EACH * CONNECTIONS + SLACK, "{before} KiB grew to {resident}");
    drop(crowd);
    server.still_answers();
}

/// A connection that has been busy is as small as one that has not, once it is idle.
#[test]
fn one_that_was_busy_gives_its_buffers_back() {
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

/// Closed connections are given back, and whoever comes next is let in.
#[test]
fn a_crowd_that_has_gone_leaves_nothing() {
    let (mut server, before) = warm();
    let descriptors = server.descriptors();
    for _ in 0..3 {
        let crowd: Vec<Raw> = (0..CONNECTIONS).map(|_| server.raw()).collect();
        drop(crowd);
        assert!(until(PATIENCE, || (server.descriptors() <= descriptors).then_some(())).is_some());
    }
    let (resident, _) = server.resident();
    assert!(resident <= before + 2 * SLACK, "{before} KiB grew to {resident}");
    server.still_answers();
}
