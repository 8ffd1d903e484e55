//! Limits of the server: queues, connections, HTTP, logins and memory.

mod running;

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use kcodec::{Threshold, Value};
use kserve::{Context, Handler, Limits, Memory, Peer, Reply};
use kwire::{Error, Message, MessageType};

use running::{Running, message, read, rest};

const SOON: Duration = Duration::from_secs(10);

struct Script {
    log: Sender<String>,
}

impl Script {
    fn new() -> (Self, Receiver<String>) {
        let (log, said) = mpsc::channel();
        (Self { log }, said)
    }
}

impl Handler for Script {
    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
        match message.value() {
            Value::Atom(kcodec::Atom::Long(bytes)) => {
                cx.send(peer.id(), true).unwrap();
                reply.value(&vec![7_u8; usize::try_from(bytes).unwrap()]);
            }
            _ => reply.body(message.body()),
        }
    }

    fn on_http(&mut self, _cx: &mut Context<'_>, peer: &Peer, request: &[u8]) -> Vec<u8> {
        assert_eq!(peer.protocol(), kserve::Protocol::Http);
        format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Request: {}\r\n\r\n", request.len()).into_bytes()
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, peer: &Peer, error: &Error) {
        // Fails after the test has dropped the receiver.
        let _ = self.log.send(format!("{} {error}", String::from_utf8_lossy(peer.user())));
    }
}

fn expect(said: &Receiver<String>, what: &str) {
    assert_eq!(said.recv_timeout(SOON).as_deref(), Ok(what));
}

#[test]
fn a_fast_reader_receives_answers_over_the_queue_limit() {
    let (script, _said) = Script::new();
    let server = Running::with(script, |server| server.with_limits(Limits::default().with_queued(1_000_000)));
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, 2_000_000_i64).repeat(3)).unwrap();
    for _ in 0..3 {
        assert_eq!(read(&mut raw).value(), true.into());
        assert_eq!(read(&mut raw).value().count(), 2_000_000);
    }
}

#[test]
fn a_very_large_answer_passes_under_default_limits() {
    let (script, _said) = Script::new();
    let server = Running::start(script);
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, 300_i64 << 20)).unwrap();
    assert_eq!(read(&mut raw).value(), true.into());
    let mut left = (300 << 20) + 14;
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        left -= raw.read(&mut buffer).unwrap();
    }
}

#[test]
fn a_connection_over_the_limit_is_reported_as_conn() {
    let (script, said) = Script::new();
    let server = Running::with(script, |server| server.with_limits(Limits::default().with_peers(1)));
    let mut only = server.open();
    assert!(rest(server.socket()).is_empty());
    expect(&said, " conn: too many connections");
    assert_eq!(only.sync("fine").unwrap().value(), "fine".into());
}

#[test]
fn http_requests_are_answered_by_the_handler() {
    let (script, _said) = Script::new();
    let server = Running::start(script);
    let mut raw = server.socket();
    raw.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    raw.write_all(b"\r\n").unwrap();
    let response = rest(raw);
    assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n") && response.ends_with(b"X-Request: 35\r\n\r\n"));
}

#[test]
fn http_requests_are_answered_by_default() {
    struct Quiet;
    impl Handler for Quiet {
        fn on_sync(&mut self, _: &mut Context<'_>, _: &Peer, _: &Message, _: Reply<'_>) {}
    }
    let server = Running::start(Quiet);
    let mut raw = server.socket();
    raw.write_all(b"POST /x HTTP/1.1\r\n\r\n").unwrap();
    let response = String::from_utf8(rest(raw)).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
}

#[test]
fn unfinished_requests_and_handshakes_time_out() {
    let (script, said) = Script::new();
    let mut limits = Limits::default();
    limits.wire.login_time = Duration::from_millis(200);
    let server = Running::with(script, |server| server.with_limits(limits));
    let mut tls = server.socket();
    tls.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
    expect(&said, " TLS handshake, and TLS is not served");
    assert!(rest(tls).is_empty());
    let mut slow = server.socket();
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    expect(&said, " timeout");
    assert!(rest(slow).is_empty());
    let mut large = server.socket();
    large.write_all(&[&b"GET / HTTP/1.1\r\nX: "[..], &[b'x'; 9000]].concat()).unwrap();
    assert!(rest(large).starts_with(b"HTTP/1.1 200"));
}

#[test]
fn a_refused_login_is_reported_with_its_user() {
    struct Strict(Sender<String>);
    impl Handler for Strict {
        fn on_login(&mut self, _: &mut Context<'_>, _: &Peer, password: &[u8]) -> bool {
            password == b"right"
        }
        fn on_sync(&mut self, _: &mut Context<'_>, _: &Peer, _: &Message, _: Reply<'_>) {}
        fn on_error(&mut self, _: &mut Context<'_>, peer: &Peer, error: &Error) {
            self.0.send(format!("{} {error}", String::from_utf8_lossy(peer.user()))).unwrap();
        }
    }
    let (log, said) = mpsc::channel();
    let server = Running::start(Strict(log));
    let mut raw = server.socket();
    raw.write_all(b"eve:wrong\x06\0").unwrap();
    assert!(rest(raw).is_empty());
    expect(&said, "eve access");
}

/// The bytes that the server believes to be allocated.
static HELD: AtomicUsize = AtomicUsize::new(0);

#[test]
fn requests_fail_when_memory_is_short_and_the_server_continues() {
    let (script, said) = Script::new();
    let memory = Memory::new(1 << 30, || HELD.load(Ordering::Relaxed));
    let server = Running::with(script, |server| server.with_memory(memory));
    let bytes = vec![0_u8; 1_000_000];
    let small = kwire::compress(&message(MessageType::Sync, &bytes), Threshold::default()).unwrap().unwrap();
    let mut raw = server.raw();
    raw.write_all(&small).unwrap();
    assert_eq!(read(&mut raw).value().count(), 1_000_000);
    HELD.store((1 << 30) - 100_000, Ordering::Relaxed);
    // Inflating the body and encoding the answer both fail.
    raw.write_all(&small).unwrap();
    assert_eq!(read(&mut raw).value(), Value::error("wsfull"));
    raw.write_all(&message(MessageType::Sync, 1_000_000_i64)).unwrap();
    assert_eq!(read(&mut raw).value(), true.into());
    assert_eq!(read(&mut raw).value(), Value::error("wsfull"));
    // Receiving the body fails.
    let mut large = server.raw();
    let _ = large.write_all(&message(MessageType::Sync, &bytes));
    assert!(rest(large).is_empty());
    assert!(said.recv_timeout(SOON).unwrap().starts_with("ann wsfull: no memory for"));
    assert_eq!(server.open().sync("small").unwrap().value(), "small".into());
}
