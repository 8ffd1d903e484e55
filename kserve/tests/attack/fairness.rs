//! Fairness: what one peer sends or receives does not delay others.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kwire::MessageType;

use crate::innocent::{Innocent, promptly};
use crate::process::Kserve;
use crate::raw::{Raw, compressed, head_of_bytes, message, whole};

/// Duration of an attack.
const ATTACK: Duration = Duration::from_secs(3);

/// Runs attackers on threads, and measures an innocent peer meanwhile.
fn beside_an_innocent(server: &Kserve, attackers: usize, attack: impl Fn(Raw, &AtomicBool) + Sync) {
    promptly(server, || {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..attackers {
                scope.spawn(|| attack(Raw::open(server.address), &over));
            }
            thread::sleep(ATTACK);
            over.store(true, Ordering::Relaxed);
        });
    });
}

/// Writes the same bytes repeatedly, as fast as the server accepts them.
fn pour(mut raw: Raw, bytes: &[u8], over: &AtomicBool) {
    raw.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut at = 0;
    while !over.load(Ordering::Relaxed) {
        match raw.stream.write(&bytes[at..]) {
            Ok(written) => at = (at + written) % bytes.len(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// An endless stream of updates, each of which takes a while to evaluate.
#[test]
fn a_flood_of_slow_updates() {
    let mut server = Kserve::start(&[]);
    let updates = message(MessageType::Async, "a:sum til 1000").repeat(100);
    beside_an_innocent(&server, 1, |raw, over| pour(raw, &updates, over));
    server.still_answers();
}

/// A short request in between must not reset the penalty for long requests.
#[test]
fn twenty_peers_alternate_long_and_short_requests() {
    const LONG: Duration = Duration::from_millis(100);
    let mut server = Kserve::start(&[]);
    let over = AtomicBool::new(false);
    let innocent = thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut raw = server.raw();
                while !over.load(Ordering::Relaxed) {
                    for text in ["t:.z.p;while[.z.p<t+0D00:00:00.1;0]", "1"] {
                        raw.sync(text);
                        raw.body().unwrap();
                    }
                }
            });
        }
        // Each peer gets one long request before it is penalized.
        thread::sleep(25 * LONG);
        let innocent = Innocent::beside(&server);
        thread::sleep(ATTACK);
        over.store(true, Ordering::Relaxed);
        innocent
    });
    innocent.waited_at_most(LONG);
    server.still_answers();
}

#[test]
fn floods_of_small_updates() {
    let mut server = Kserve::start(&[]);
    let updates = message(MessageType::Async, "a:1").repeat(1000);
    beside_an_innocent(&server, 4, |raw, over| pour(raw, &updates, over));
    server.still_answers();
}

/// As many requests as the socket holds, without reading any answer.
#[test]
fn a_requester_that_never_reads() {
    let mut server = Kserve::start(&[]);
    let requests = message(MessageType::Sync, "til 1000").repeat(1000);
    beside_an_innocent(&server, 1, |raw, over| pour(raw, &requests, over));
    server.still_answers();
    server.peaked_within(600 << 10);
}

#[test]
fn messages_sent_byte_by_byte() {
    let mut server = Kserve::start(&[]);
    let update = message(MessageType::Async, "a:1");
    beside_an_innocent(&server, 1, |mut raw, over| {
        while !over.load(Ordering::Relaxed) {
            update.chunks(1).for_each(|byte| raw.write(byte).unwrap());
        }
    });
    server.still_answers();
}

#[test]
fn fifty_compression_bombs() {
    let mut server = Kserve::start(&[]);
    let bomb = compressed(&whole(MessageType::Async, (&vec![0_u8; 100_000_000]).into()));
    assert!(bomb.len() < 1_000_000);
    beside_an_innocent(&server, 50, |mut raw, _| {
        raw.write(&bomb).unwrap();
        thread::sleep(ATTACK);
    });
    server.still_answers();
    server.peaked_within(2 << 20);
}

#[test]
fn one_message_of_a_gigabyte() {
    const CHUNK: usize = 1 << 20;
    let mut server = Kserve::start(&[]);
    let zeros = vec![0; CHUNK];
    promptly(&server, || {
        let mut raw = server.raw();
        raw.write(&head_of_bytes(MessageType::Sync, 1 << 30)).unwrap();
        (0..(1 << 30) / CHUNK).for_each(|_| raw.write(&zeros).unwrap());
        raw.body().unwrap();
    });
    server.still_answers();
    // One copy of the message, plus what growing by doubling takes.
    server.peaked_within((5 << 20) / 2);
}

#[test]
fn an_answer_of_eighty_megabytes() {
    let mut server = Kserve::start(&[]);
    assert_eq!(server.ask("a:10000000#0;count a"), "10000000");
    beside_an_innocent(&server, 1, |mut raw, over| {
        while !over.load(Ordering::Relaxed) {
            raw.sync("a");
            assert_eq!(raw.body().unwrap().len(), 80_000_006);
        }
    });
    server.still_answers();
}

/// The queue limit is checked only after a write was tried.
#[test]
fn a_fast_reader_is_not_closed_as_slow() {
    let mut server = Kserve::start(&["--max-queue", "1000000"]);
    let mut raw = server.raw();
    raw.write(&[message(MessageType::Sync, "1b"), message(MessageType::Sync, "2000000#0x00")].concat()).unwrap();
    assert_eq!(raw.answer().unwrap(), "1b");
    assert_eq!(raw.body().unwrap().len(), 2_000_006);
    server.still_answers();
}

/// Peers that stop in the middle of a message do not delay others.
#[test]
fn five_hundred_peers_in_the_middle_of_a_message() {
    let mut server = Kserve::start(&[]);
    let update = message(MessageType::Async, "a:1");
    let mut halves = Vec::new();
    promptly(&server, || {
        halves = (0..500).map(|_| server.raw()).collect();
        for (at, raw) in halves.iter_mut().enumerate() {
            raw.write(&update[..1 + at % (update.len() - 1)]).unwrap();
        }
    });
    drop(halves);
    server.still_answers();
}

/// A peer's answers keep the order of its requests under load from others.
#[test]
fn answers_keep_their_order_under_load() {
    let mut server = Kserve::start(&[]);
    let updates = message(MessageType::Async, "a:1").repeat(1000);
    let over = Arc::new(AtomicBool::new(false));
    let attacker = thread::spawn({
        let (raw, over) = (server.raw(), over.clone());
        move || pour(raw, &updates, &over)
    });
    let mut raw = server.raw();
    let requests: Vec<u8> = (0..2000).flat_map(|number| message(MessageType::Sync, &number.to_string())).collect();
    raw.write(&requests).unwrap();
    for number in 0..2000 {
        assert_eq!(raw.answer().unwrap(), number.to_string());
    }
    raw.half_close();
    assert_eq!(raw.stream.read(&mut [0]).unwrap(), 0);
    over.store(true, Ordering::Relaxed);
    attacker.join().unwrap();
    server.still_answers();
}
