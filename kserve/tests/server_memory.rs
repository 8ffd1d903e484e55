//! Allocations per message and per connection.

mod running;

use std::alloc::System;
use std::io::{Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cap::Cap;
use kserve::{Context, Handler, Peer, Reply};
use kwire::{Message, MessageType};

use running::{Running, message};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Serializes the tests, which share the allocator.
static ALONE: Mutex<()> = Mutex::new(());

struct Constant;

impl Handler for Constant {
    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        match message.value() {
            kcodec::Value::Atom(_) => reply.value(4_i64),
            _ => reply.body(message.body()),
        }
    }
}

/// Waits until at most `most` bytes are allocated.
fn settles_at(most: usize) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while ALLOCATOR.allocated() > most {
        if Instant::now() > until {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn small_round_trips_do_not_allocate() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Running::start(Constant);
    let (mut near, mut far) = (server.raw(), server.raw());
    let requests = [message(MessageType::Sync, 7_i64), message(MessageType::Sync, 7_i64).repeat(5)];
    let mut answers = vec![0; 6 * 17];
    let mut round = || {
        for raw in [&mut near, &mut far] {
            for request in &requests {
                raw.write_all(request).unwrap();
            }
            raw.read_exact(&mut answers).unwrap();
        }
    };
    (0..100).for_each(|_| round());
    let mut taken = || {
        let before = ALLOCATOR.total_allocated();
        (0..1000).for_each(|_| round());
        ALLOCATOR.total_allocated() - before
    };
    // A turn interrupted by the OS may leave an incomplete message, which is buffered, so one round of five without
    // allocation is enough.
    let taken: Vec<usize> = (0..5).map(|_| taken()).collect();
    assert!(taken.contains(&0), "bytes for 12,000 messages each: {taken:?}");
}

#[test]
fn idle_connections_take_at_most_a_kilobyte() {
    const CROWD: usize = 500;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Running::start(Constant);
    drop((0..50).map(|_| server.raw()).collect::<Vec<_>>());
    let mut first = server.open();
    first.sync(1_i64).unwrap();
    let before = ALLOCATOR.allocated();
    let mut crowd: Vec<_> = (0..CROWD).map(|_| server.raw()).collect();
    first.sync(1_i64).unwrap();
    let each = (ALLOCATOR.allocated() - before) / CROWD;
    assert!(each <= 1024, "{each} bytes for a connection that is idle");
    // After small and large messages, whole and in pieces, an idle connection must not hold more.
    let large = message(MessageType::Sync, &vec![1_i64; 50_000]);
    for raw in &mut crowd {
        let (head, rest) = large.split_at(100_000);
        raw.write_all(head).unwrap();
        raw.write_all(rest).unwrap();
        raw.read_exact(&mut vec![0; large.len()]).unwrap();
        raw.write_all(&message(MessageType::Sync, "small").repeat(10)).unwrap();
        raw.read_exact(&mut [0; 190]).unwrap();
    }
    assert!(settles_at(before + CROWD * 1024 + (1 << 20)), "{} bytes", ALLOCATOR.allocated() - before);
    drop(crowd);
    assert!(settles_at(before + (1 << 20)), "{} bytes after all connections closed", ALLOCATOR.allocated() - before);
}

/// Keeps every async message.
#[derive(Default)]
struct Keeps(Vec<kcodec::Body>);

impl Handler for Keeps {
    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, _message: &Message, _reply: Reply<'_>) {}

    fn on_async(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message) {
        self.0.push(message.body().clone());
    }
}

#[test]
fn a_kept_message_holds_about_its_own_size() {
    const KEPT: usize = 4000;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Running::start(Keeps::default());
    let mut h = server.open();
    h.sync(1_i64).unwrap();
    let before = ALLOCATOR.allocated();
    (0..KEPT).for_each(|_| h.send(true).unwrap());
    h.sync("all are there").unwrap();
    let each = (ALLOCATOR.allocated() - before) / KEPT;
    assert!(each <= 300, "{each} bytes for a message of two");
}
