//! How requests, connections and the server end; pending answers are written first.

mod running;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use kserve::{Context, Handler, InterruptReason, Limits, Peer, Reply};
use kwire::blocking::Handle;
use kwire::{Error, Message, MessageType};

use running::{Running, message, read, rest};

const SOON: Duration = Duration::from_secs(10);

/// Runs until it is interrupted, answers with a large vector, or echoes.
struct Script {
    log: Sender<String>,
}

fn script() -> (Script, Receiver<String>) {
    let (log, said) = mpsc::channel();
    (Script { log }, said)
}

impl Script {
    fn say(&self, what: String) {
        // Fails after the test has dropped the receiver.
        let _ = self.log.send(what);
    }

    fn work(&self, cx: &Context<'_>) -> InterruptReason {
        self.say("begin".to_owned());
        let until = Instant::now() + SOON;
        while Instant::now() < until {
            if let Some(reason) = cx.interrupted() {
                self.say(format!("{reason:?}"));
                return reason;
            }
        }
        panic!("not interrupted");
    }
}

impl Handler for Script {
    fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        match message.value().as_text() {
            Some(b"work") => {
                self.work(cx);
                reply.error("stop");
            }
            Some(b"large") => reply.value(&vec![7_u8; 8_000_000]),
            Some(b"exit") => {
                cx.stop();
                reply.value("bye");
            }
            _ => reply.body(message.body()),
        }
    }

    fn on_async(&mut self, cx: &mut Context<'_>, _peer: &Peer, _message: &Message) {
        self.work(cx);
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, _peer: &Peer) {
        self.say("close".to_owned());
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, _peer: &Peer, error: &Error) {
        self.say(format!("error {error}"));
    }
}

fn expect(said: &Receiver<String>, what: &str) {
    assert_eq!(said.recv_timeout(SOON).as_deref(), Ok(what));
}

fn is_stop(answer: Result<Message, Error>) -> bool {
    matches!(answer, Err(Error::Remote(text)) if text == "stop")
}

#[test]
fn a_request_is_limited_in_time() {
    let (script, said) = script();
    let limits = Limits::default().with_request(Duration::from_millis(200));
    let server = Running::with(script, |server| server.with_limits(limits));
    let mut h = server.open();
    let start = Instant::now();
    assert!(is_stop(h.sync("work")));
    assert!((Duration::from_millis(200)..Duration::from_secs(1)).contains(&start.elapsed()));
    expect(&said, "begin");
    expect(&said, "Deadline");
    assert_eq!(h.sync("goes on").unwrap().value(), "goes on".into());
}

#[test]
fn cancelling_a_request_leaves_the_server_running() {
    let (script, said) = script();
    let server = Running::start(script);
    let interrupt = server.interrupt.clone();
    assert!(!interrupt.cancel());
    let mut h = server.open();
    let canceller = thread::spawn(move || {
        expect(&said, "begin");
        assert!(interrupt.cancel());
        expect(&said, "Cancelled");
    });
    assert!(is_stop(h.sync("work")));
    canceller.join().unwrap();
    assert_eq!(h.sync("goes on").unwrap().value(), "goes on".into());
}

#[test]
fn a_stop_cancels_the_request_and_sends_its_answer() {
    let (script, said) = script();
    let server = Running::start(script);
    let interrupt = server.interrupt.clone();
    let mut h = server.open();
    let stopper = thread::spawn(move || {
        expect(&said, "begin");
        interrupt.stop();
        expect(&said, "Stopping");
        expect(&said, "close");
    });
    assert!(is_stop(h.sync("work")));
    stopper.join().unwrap();
    server.join();
}

#[test]
fn a_request_ends_when_its_peer_is_reset() {
    let (script, said) = script();
    let server = Running::start(script);
    let mut raw = server.raw();
    raw.write_all(&[message(MessageType::Sync, "work"), message(MessageType::Sync, "unread")].concat()).unwrap();
    expect(&said, "begin");
    // Closing with a linger time of zero resets the connection.
    let socket = socket2::Socket::from(raw);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
    let start = Instant::now();
    expect(&said, "HungUp");
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}

#[test]
fn a_half_closed_peers_request_continues_for_a_second() {
    let (script, said) = script();
    let server = Running::start(script);
    let mut raw = server.raw();
    raw.write_all(&[message(MessageType::Sync, "echo"), message(MessageType::Sync, "work")].concat()).unwrap();
    expect(&said, "begin");
    raw.shutdown(Shutdown::Write).unwrap();
    let start = Instant::now();
    expect(&said, "HungUp");
    assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(read(&mut raw).value(), "echo".into());
    assert_eq!(read(&mut raw).value(), kcodec::Value::error("stop"));
    assert_eq!(raw.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_half_closed_peer_gets_all_its_answers() {
    let (script, said) = script();
    let server = Running::start(script);
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, "large").repeat(20)).unwrap();
    raw.shutdown(Shutdown::Write).unwrap();
    for _ in 0..20 {
        assert_eq!(read(&mut raw).value().count(), 8_000_000);
    }
    assert_eq!(raw.read(&mut [0]).unwrap(), 0);
    expect(&said, "close");
}

#[test]
fn a_stopping_server_writes_pending_answers() {
    let (script, _said) = script();
    let server = Running::start(script);
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, "large")).unwrap();
    let mut first = [0; 8];
    raw.read_exact(&mut first).unwrap();
    server.interrupt.stop();
    assert_eq!(rest(raw).len(), 8_000_006);
    server.join();
}

#[test]
fn the_drain_time_bounds_a_stalled_reader() {
    let (script, _said) = script();
    let server = Running::with(script, |server| server.with_drain(Duration::from_millis(300)));
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, "large")).unwrap();
    raw.read_exact(&mut [0; 8]).unwrap();
    let start = Instant::now();
    server.interrupt.stop();
    server.join();
    assert!((Duration::from_millis(250)..Duration::from_secs(2)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[test]
fn a_second_stop_skips_the_drain() {
    let (script, _said) = script();
    let server = Running::with(script, |server| server.with_drain(Duration::from_secs(60)));
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, "large")).unwrap();
    raw.read_exact(&mut [0; 8]).unwrap();
    let start = Instant::now();
    server.interrupt.stop();
    server.interrupt.stop();
    server.join();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_handler_can_stop_the_server() {
    let (script, _said) = script();
    let server = Running::start(script);
    let mut h: Handle = server.open();
    assert_eq!(h.sync("exit").unwrap().value(), "bye".into());
    server.join();
}

#[test]
fn answers_before_a_bad_message_are_delivered() {
    let (script, said) = script();
    let server = Running::start(script);
    let mut raw = server.raw();
    let bad = [1, 1, 0, 0, 10, 0, 0, 0, 0xff, 2];
    raw.write_all(&[message(MessageType::Sync, "large"), bad.to_vec(), vec![0; 100_000]].concat()).unwrap();
    assert_eq!(read(&mut raw).value().count(), 8_000_000);
    assert!(rest(raw).is_empty());
    expect(&said, "close");
}
