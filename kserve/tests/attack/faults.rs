//! Does the server survive peers that break off, say nothing, or speak another protocol?

use std::io::ErrorKind;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use kwire::MessageType;

use crate::innocent::promptly;
use crate::process::{Kserve, PATIENCE, until};
use crate::raw::{Raw, head_of_bytes, message};

/// Descriptors come back to what they were, as soon as the server has noticed.
fn descriptors_return_to(server: &Kserve, before: usize) {
    let returned = until(PATIENCE, || (server.descriptors() <= before).then_some(()));
    assert!(returned.is_some(), "{} descriptors, {before} before", server.descriptors());
}

#[test]
fn peers_that_are_killed_in_mid_message() {
    let mut server = Kserve::start(&[]);
    let before = server.descriptors();
    let update = message(MessageType::Sync, "til 100000");
    promptly(&server, || {
        for at in 0..200 {
            let mut raw = server.raw();
            raw.write(&update[..at % update.len()]).unwrap();
            if at % 2 == 0 { raw.reset() } else { drop(raw) }
        }
        let mut raw = server.raw();
        raw.write(&head_of_bytes(MessageType::Async, 1 << 30)).unwrap();
        raw.write(&vec![0; 10 << 20]).unwrap();
        raw.reset();
    });
    descriptors_return_to(&server, before);
    server.still_answers();
    server.peaked_within(128 << 10);
}

/// Peers that are reset while their answers are on the way.
#[test]
fn peers_that_are_killed_in_mid_answer() {
    let mut server = Kserve::start(&[]);
    let before = server.descriptors();
    promptly(&server, || {
        for _ in 0..50 {
            let mut raw = server.raw();
            raw.write(&message(MessageType::Sync, "100000#0").repeat(5)).unwrap();
            raw.body().unwrap();
            raw.reset();
        }
    });
    descriptors_return_to(&server, before);
    server.still_answers();
}

/// A login of a byte at a time has as long as one in one piece.
#[test]
fn slow_logins_end_in_time() {
    let mut server = Kserve::start(&["--login-time", "1"]);
    let before = server.descriptors();
    promptly(&server, || {
        let mut slow: Vec<_> = (0..50).map(|_| Raw::connect(server.address)).collect();
        let silent: Vec<_> = (0..50).map(|_| Raw::connect(server.address)).collect();
        let start = Instant::now();
        let mut byte_at_a_time = || {
            slow.retain_mut(|raw| raw.write(b"x").is_ok());
            slow.is_empty().then_some(())
        };
        assert!(until(PATIENCE, &mut byte_at_a_time).is_some(), "slow logins were not ended");
        assert!(start.elapsed() < Duration::from_secs(3));
        for mut raw in silent {
            assert_eq!(raw.rest(), b"");
        }
    });
    descriptors_return_to(&server, before);
    server.still_answers();
}

/// What comes may be read and forgotten for a while, but not for ever.
#[test]
fn a_login_without_an_end_is_cut() {
    let mut server = Kserve::start(&["--drain", "1"]);
    let mut raw = Raw::connect(server.address);
    let piece = [b'x'; 1 << 16];
    let refused = until(PATIENCE, || raw.write(&piece).err());
    assert!(refused.is_some(), "a login goes on for ever");
    server.still_answers();
    server.peaked_within(64 << 10);
}

/// Bytes of a fixed sequence without order.
fn garbage(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn garbage_before_and_after_the_login() {
    let mut server = Kserve::start(&[]);
    let before = server.descriptors();
    promptly(&server, || {
        for seed in 0..200 {
            let mut early = Raw::connect(server.address);
            let _ = early.write(&garbage(seed, 10_000));
            let mut late = server.raw();
            let _ = late.write(&garbage(seed, 10_000));
            // Headers that are right, and nothing after them.
            let mut body = server.raw();
            let _ = body.write(&[&[1, 1, 0, 0, 0, 1, 0, 0][..], &garbage(seed, 248)].concat());
            late.half_close();
            late.rest();
        }
    });
    descriptors_return_to(&server, before);
    server.still_answers();
    assert!(server.log().len() < 256 << 10, "{} bytes of log", server.log().len());
}

#[test]
fn http_is_answered_as_http() {
    let mut server = Kserve::start(&[]);
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"] {
        let mut raw = Raw::connect(server.address);
        raw.write(format!("{method} /?2+2 HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        raw.half_close();
        let answer = raw.rest();
        assert!(answer.starts_with(b"HTTP/1.1 "), "{method}: {}", answer.escape_ascii());
    }
    // A request with a NUL in it is no login either.
    let mut raw = Raw::connect(server.address);
    raw.write(b"GET /\x03\0 HTTP/1.1\r\n\r\n").unwrap();
    raw.half_close();
    assert!(raw.rest().starts_with(b"HTTP/1.1 "));
    server.still_answers();
}

/// A ClientHello has NULs in it and must not be let in as a user.
#[test]
fn tls_is_refused() {
    let mut server = Kserve::start(&[]);
    let mut hello = vec![0x16, 3, 1, 0, 0xf8, 1, 0, 0, 0xf4, 3, 3];
    hello.extend(garbage(1, 240));
    let mut raw = Raw::connect(server.address);
    raw.write(&hello).unwrap();
    assert_ne!(raw.rest().first(), Some(&3), "let in with a capability byte");
    let mut raw = Raw::connect(server.address);
    raw.write(&hello).unwrap();
    raw.half_close();
    assert!(raw.rest().len() <= 7, "at most an alert");
    server.still_answers();
}

/// Out of descriptors the server waits instead of spinning, serves those it has, and recovers.
#[test]
fn descriptors_run_out() {
    let mut server = Kserve::start_under("ulimit -n 40", &[]);
    let mut crowd = Vec::new();
    promptly(&server, || {
        crowd.clear();
        crowd.extend((0..100).map(|_| TcpStream::connect(server.address).unwrap()));
        let used = server.processor();
        thread::sleep(Duration::from_secs(2));
        assert!(server.processor() - used < 1.0, "the server spins");
    });
    assert!(server.log().len() < 16 << 10, "{}", server.log());
    assert!(server.log().contains("descriptors") || server.log().contains("open files"), "{}", server.log());
    drop(crowd);
    let back = until(PATIENCE, || Raw::log_in(server.address, b"late:").ok());
    assert!(back.is_some(), "nobody gets in after descriptors have come back");
    server.still_answers();
}

/// Connections come and go; nothing of them stays.
#[test]
fn twenty_thousand_connections_come_and_go() {
    const CONNECTIONS: usize = 20_000;
    let mut server = Kserve::start(&[]);
    let churn = |count: usize| {
        (0..count).for_each(|at| {
            let mut raw = server.raw();
            if at % 4 == 0 {
                raw.sync("2+2");
                assert_eq!(raw.answer().unwrap(), "4");
            }
            // A reset leaves no port behind in TIME_WAIT.
            if at % 2 == 0 { raw.reset() } else { drop(raw) }
        });
    };
    churn(CONNECTIONS / 10);
    let (before, (resident, _)) = (server.descriptors(), server.resident());
    promptly(&server, || churn(CONNECTIONS - CONNECTIONS / 10));
    descriptors_return_to(&server, before);
    let (after, _) = server.resident();
    assert!(after <= resident + 4096, "{resident} KiB grew to {after}");
    server.still_answers();
}

/// A backlog of 128 loses those who come while the server works.
#[test]
fn the_backlog_is_the_systems() {
    let most: usize = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
    let count = most.min(1000);
    let mut server = Kserve::start(&[]);
    server.signal(rustix::process::Signal::STOP);
    let crowd: Vec<_> = (0..count)
        .map_while(|_| TcpStream::connect_timeout(&server.address, Duration::from_millis(500)).ok())
        .collect();
    server.signal(rustix::process::Signal::CONT);
    assert_eq!(crowd.len(), count, "of {count} connections {} found room", crowd.len());
    server.still_answers();
}

/// Whoever is refused learns so at once, also while others crowd in.
#[test]
fn a_crowd_over_the_limit() {
    let mut server = Kserve::start(&["--max-peers", "10"]);
    let crowd: Vec<_> = (0..10).map(|_| server.raw()).collect();
    let start = Instant::now();
    for _ in 0..100 {
        let refused = Raw::log_in(server.address, b"late:").err().map(|error| error.kind());
        let kinds = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(refused.is_some_and(|kind| kinds.contains(&kind)), "{refused:?}");
    }
    assert!(start.elapsed() < PATIENCE);
    let log = server.log();
    assert!(log.contains("peers") || log.contains("conn"), "one too many is logged as such: {log}");
    assert!(log.len() < 16 << 10, "a hundred refusals take {} bytes of log", log.len());
    drop(crowd);
    assert!(until(PATIENCE, || Raw::log_in(server.address, b"late:").ok()).is_some());
    thread::yield_now();
    server.still_answers();
}
