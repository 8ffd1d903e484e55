//! Peers that disconnect, stall, or speak another protocol.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use kwire::MessageType;

use crate::innocent::promptly;
use crate::process::{Kserve, TIMEOUT, until};
use crate::raw::{Raw, head_of_bytes, message};

/// Waits until the number of descriptors is back to `before`.
fn descriptors_return_to(server: &Kserve, before: usize) {
    let returned = until(TIMEOUT, || (server.descriptors() <= before).then_some(()));
    assert!(returned.is_some(), "{} descriptors, {before} before", server.descriptors());
}

#[test]
fn disconnects_in_the_middle_of_a_message() {
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

/// Connections reset while their answers are being written.
#[test]
fn resets_in_the_middle_of_an_answer() {
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

/// A login sent byte by byte has the same time limit as any other.
#[test]
fn slow_logins_time_out() {
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
        assert!(until(TIMEOUT, &mut byte_at_a_time).is_some(), "slow logins were not ended");
        assert!(start.elapsed() < Duration::from_secs(3));
        for mut raw in silent {
            assert_eq!(raw.rest(), b"");
        }
    });
    descriptors_return_to(&server, before);
    server.still_answers();
}

/// Input after a refused login is discarded for a limited time only.
#[test]
fn an_endless_login_is_cut_off() {
    let mut server = Kserve::start(&["--drain", "1"]);
    let mut raw = Raw::connect(server.address);
    let piece = [b'x'; 1 << 16];
    let refused = until(TIMEOUT, || raw.write(&piece).err());
    assert!(refused.is_some(), "a login goes on for ever");
    server.still_answers();
    server.peaked_within(64 << 10);
}

/// Pseudorandom bytes.
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
            // A valid header followed by garbage.
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
    // A request that contains a NUL is not a login either.
    let mut raw = Raw::connect(server.address);
    raw.write(b"GET /\x03\0 HTTP/1.1\r\n\r\n").unwrap();
    raw.half_close();
    assert!(raw.rest().starts_with(b"HTTP/1.1 "));
    server.still_answers();
}

/// A ClientHello contains NULs and must not be accepted as a login.
#[test]
fn tls_is_refused_if_not_offered() {
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

/// Out of descriptors, the server must not spin, must serve open connections, and must recover.
#[test]
fn out_of_descriptors() {
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
    let back = until(TIMEOUT, || Raw::log_in(server.address, b"late:").ok());
    assert!(back.is_some(), "no login succeeds after descriptors are free again");
    server.still_answers();
}

/// Connections that close leave no memory or descriptors behind.
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
            // A reset leaves no port in TIME_WAIT.
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

/// A backlog of 128 would drop connections that arrive while the server is busy.
#[test]
fn the_backlog_is_the_os_maximum() {
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

/// Connections over the limit are refused at once.
#[test]
fn connections_over_the_limit_are_refused() {
    let mut server = Kserve::start(&["--max-peers", "10"]);
    let crowd: Vec<_> = (0..10).map(|_| server.raw()).collect();
    let start = Instant::now();
    for _ in 0..100 {
        let refused = Raw::log_in(server.address, b"late:").err().map(|error| error.kind());
        let kinds = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(refused.is_some_and(|kind| kinds.contains(&kind)), "{refused:?}");
    }
    assert!(start.elapsed() < TIMEOUT);
    let log = server.log();
    assert!(log.contains("peers") || log.contains("conn"), "a connection over the limit is logged as such: {log}");
    assert!(log.len() < 16 << 10, "a hundred refusals take {} bytes of log", log.len());
    drop(crowd);
    assert!(until(TIMEOUT, || Raw::log_in(server.address, b"late:").ok()).is_some());
    thread::yield_now();
    server.still_answers();
}
