//! Fairness: no peer's messages make a turn much longer than its limit.

mod running;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kcodec::{Body, Threshold};
use kserve::{Context, Handler, Peer, Reply};
use kwire::MessageType::{Async, Sync};
use kwire::{Header, Message};

use running::{Running, message};

/// Spins for a while on every async message; answers sync messages with their count.
struct Works(Duration);

impl Handler for Works {
    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        reply.value(i64::try_from(message.value().count()).unwrap());
    }

    fn on_async(&mut self, _cx: &mut Context<'_>, _peer: &Peer, _message: &Message) {
        let until = Instant::now() + self.0;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
    }
}

/// The 90th percentile of an innocent peer's waiting time while `attack` runs. The slowest tenth is ignored: other
/// tests share the machine.
fn wait_beside(server: &Running, attack: impl FnOnce(&AtomicBool) + Send + 'static) -> Duration {
    let over = Arc::new(AtomicBool::new(false));
    let attacker = thread::spawn({
        let over = Arc::clone(&over);
        move || attack(&over)
    });
    let mut h = server.open();
    let mut waits = Vec::new();
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        let start = Instant::now();
        h.sync("2+2").unwrap();
        waits.push(start.elapsed());
    }
    over.store(true, Ordering::Release);
    attacker.join().unwrap();
    waits.sort();
    waits[waits.len() * 9 / 10]
}

#[test]
fn messages_of_one_write_are_handled_in_several_turns() {
    let server = Running::start(Works(Duration::from_millis(20)));
    let mut raw = server.raw();
    // All of them arrive in one read. Together they take 4 seconds.
    raw.write_all(&message(Async, 1_i64).repeat(200)).unwrap();
    let mut h = server.open();
    let start = Instant::now();
    h.sync("2+2").unwrap();
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}

#[test]
fn a_flooding_sender_does_not_starve_others() {
    let server = Running::start(Works(Duration::from_micros(200)));
    let mut raw = server.raw();
    let wait = wait_beside(&server, move |over| {
        let flood = message(Async, 1_i64).repeat(1000);
        raw.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        while !over.load(Ordering::Acquire) {
            // Most writes are partial or time out, because the server is busy.
            if raw.write_all(&flood).is_err() {
                thread::yield_now();
            }
        }
    });
    assert!(wait < Duration::from_millis(50), "{wait:?}");
}

#[test]
fn large_bodies_are_checked_by_the_worker() {
    let server = Running::start(Works(Duration::ZERO));
    let plain = message(Sync, &vec![0_u8; 50_000_000]);
    let small = kwire::compress(&plain, Threshold::default()).unwrap().unwrap();
    let mut raws: Vec<_> = (0..5).map(|_| server.raw()).collect();
    let wait = wait_beside(&server, move |_| {
        for raw in &mut raws {
            raw.write_all(&small).unwrap();
        }
        for raw in &mut raws {
            assert_eq!(running::read(raw).value(), 50_000_000_i64.into());
        }
    });
    assert!(wait < Duration::from_millis(50), "{wait:?}");
}

#[test]
fn a_large_message_is_read_in_turns() {
    let server = Running::start(Works(Duration::ZERO));
    let mut raw = server.raw();
    let wait = wait_beside(&server, move |_| {
        let floats = vec![1.5; 20_000_000];
        raw.write_all(&message(Sync, &floats)).unwrap();
        assert_eq!(running::read(&mut raw).value(), 20_000_000_i64.into());
    });
    assert!(wait < Duration::from_millis(50), "{wait:?}");
}

/// Answers `large` with a large body, everything else with itself.
struct Large(Body);

impl Handler for Large {
    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        let large = message.value().as_text() == Some(b"large");
        reply.body(if large { &self.0 } else { message.body() });
    }
}

#[test]
fn a_large_answer_is_written_in_turns() {
    let server = Running::start(Large(Body::encode(&vec![7_u8; 80_000_000]).unwrap()));
    let mut raw = server.raw();
    let wait = wait_beside(&server, move |over| {
        while !over.load(Ordering::Acquire) {
            raw.write_all(&message(Sync, "large")).unwrap();
            assert_eq!(running::read(&mut raw).value().count(), 80_000_000);
        }
    });
    assert!(wait < Duration::from_millis(50), "{wait:?}");
}

#[test]
fn a_claimed_length_takes_no_memory() {
    let server = Running::start(Works(Duration::ZERO));
    let mut raws: Vec<_> = (0..100).map(|_| server.raw()).collect();
    for raw in &mut raws {
        let header = Header { length: 1 << 31, ..Header::parse([1, 1, 0, 0, 10, 0, 0, 0]).unwrap() };
        raw.write_all(&header.to_bytes()).unwrap();
    }
    assert_eq!(server.open().sync("here").unwrap().value(), 4_i64.into());
}
