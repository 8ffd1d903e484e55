//! The operations of `Context` behave like q's.

mod running;

use std::io::Write;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use kcodec::{Atom, Body, Value};
use kserve::{Context, Deferred, Event, Handler, Limits, Peer, PeerId, Reply, Ticket};
use kwire::{Error, Message, MessageType};

use running::{Running, message, read};

const SOON: Duration = Duration::from_secs(5);

/// Runs the command in each message, and logs its calls.
struct Script {
    log: Sender<String>,
    deferred: Sender<Deferred>,
    kept: Vec<Deferred>,
    ticks: usize,
    last: Option<PeerId>,
}

impl Script {
    fn new() -> (Self, Receiver<String>, Receiver<Deferred>) {
        let ((log, said), (deferred, owed)) = (mpsc::channel(), mpsc::channel());
        (Self { log, deferred, kept: Vec::new(), ticks: 0, last: None }, said, owed)
    }

    fn say(&self, what: impl Into<String>) {
        // Fails after the test has dropped the receiver.
        let _ = self.log.send(what.into());
    }

    /// Sends a request to a peer and serves the peer's messages until it answers, as q does.
    fn ask(&self, cx: &mut Context<'_>, to: PeerId, what: &str) -> Result<Message, Error> {
        let asked = cx.request(to, what)?;
        loop {
            match cx.wait(to, SOON)? {
                Event::Response(ticket, message) if ticket == asked => return Ok(message),
                Event::Sync(message, owed) => cx.respond(owed, Ok(message.body())),
                Event::Async(message) => self.say(format!("meanwhile {message:?}")),
                _ => {}
            }
        }
    }
}

impl Handler for Script {
    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
        let value = message.value();
        let text = String::from_utf8_lossy(value.as_text().unwrap_or_default()).into_owned();
        match text.split_once(' ').unwrap_or((&text, "")) {
            ("defer", _) => {
                let deferred = reply.defer();
                self.kept.push(deferred);
                self.deferred.send(deferred).unwrap();
            }
            ("release", _) => {
                let newest = self.kept.pop().unwrap();
                let body = Body::encode("late").unwrap();
                assert!(cx.answer(newest, Ok(&body)));
                assert!(!cx.answer(newest, Ok(&body)));
                reply.value("released");
            }
            ("owed", _) => reply.value(cx.oldest_deferred(peer.id()).is_some()),
            ("timer", period) => {
                cx.set_timer(period.parse().ok().map(Duration::from_millis));
                reply.value(cx.timer().is_some());
            }
            ("connect", address) => match cx.connect(address, SOON) {
                Ok(id) => {
                    self.last = Some(id);
                    assert_eq!(cx.find(id.handle()), Some(id));
                    assert!(cx.peer(id).unwrap().is_outgoing());
                    reply.value(id.handle());
                }
                Err(error) => reply.error(&error.to_string()),
            },
            ("ask", what) => match self.ask(cx, self.last.unwrap(), what) {
                Ok(message) => reply.body(message.body()),
                Err(error) => reply.error(&error.to_string()),
            },
            ("ask-me", what) => match self.ask(cx, peer.id(), what) {
                Ok(message) => reply.body(message.body()),
                Err(error) => reply.error(&error.to_string()),
            },
            ("request", what) => {
                cx.request(self.last.unwrap(), what).unwrap();
            }
            ("hclose", _) => cx.close(self.last.unwrap()),
            ("closed", _) => reply.value(cx.send(self.last.unwrap(), "x").is_err()),
            ("flush", bytes) => {
                cx.send(peer.id(), &vec![7_u8; bytes.parse().unwrap()]).unwrap();
                let queue = cx.handles().find(|queue| queue.id == peer.id()).unwrap();
                assert_eq!(queue.messages, 1);
                cx.flush(peer.id(), SOON).unwrap();
                assert!(cx.handles().all(|queue| queue.bytes == 0 && queue.messages == 0));
            }
            ("port", _) => reply.value(i32::from(cx.port().unwrap())),
            ("parts", _) => {
                let whole = Body::encode(&vec![1_i64; 10_000]).unwrap();
                let bytes = whole.as_bytes();
                reply.parts(vec![bytes.slice(..6), bytes.slice(6..1000), bytes.slice(1000..)]);
            }
            ("bad-parts", _) => reply.parts(vec![bytes::Bytes::from_static(b"\x80x\0")]),
            _ => reply.body(message.body()),
        }
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        self.say(format!("async {message:?} {}", peer.is_outgoing()));
        let _ = cx;
    }

    fn on_response(&mut self, _cx: &mut Context<'_>, peer: &Peer, _: Ticket, response: Result<&Message, &Error>) {
        assert!(peer.is_outgoing());
        match response {
            Ok(message) => self.say(format!("response {}", message.value())),
            Err(error) => self.say(format!("no response: {error}")),
        }
    }

    fn on_timer(&mut self, cx: &mut Context<'_>) {
        self.ticks += 1;
        if self.ticks == 3 {
            cx.set_timer(None);
            self.say("three ticks");
        }
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        self.say(format!("close {}", peer.is_outgoing()));
    }
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(message.value().as_text().unwrap_or_default()).into_owned()
}

#[test]
fn deferred_answers_keep_request_order() {
    let (script, _said, _owed) = Script::new();
    let server = Running::start(script);
    let mut raw = server.raw();
    let words = ["defer", "defer", "direct"].map(|word| message(MessageType::Sync, word));
    raw.write_all(&words.concat()).unwrap();
    let mut other = server.open();
    // The newest is released first, but must wait for the oldest.
    assert_eq!(other.sync("release").unwrap().value(), "released".into());
    assert_eq!(other.sync("release").unwrap().value(), "released".into());
    assert_eq!([(); 3].map(|()| text(&read(&mut raw))), ["late", "late", "direct"]);
    assert_eq!(other.sync("owed").unwrap().value(), false.into());
}

#[test]
fn deferred_answers_from_another_thread_or_a_timeout() {
    let (script, _said, owed) = Script::new();
    let limits = Limits::default().with_deferred(Duration::from_millis(300));
    let server = Running::with(script, |server| server.with_limits(limits));
    let sender = server.sender.clone();
    let elsewhere = thread::spawn(move || {
        let first = owed.recv().unwrap();
        sender.answer(first, Ok(Body::encode("from a thread").unwrap())).unwrap();
        let second = owed.recv().unwrap();
        sender.answer(second, Err("thread".to_owned())).unwrap();
        owed
    });
    let mut h = server.open();
    assert_eq!(h.sync("defer").unwrap().value(), "from a thread".into());
    assert!(matches!(h.sync("defer"), Err(Error::Remote(text)) if text == "thread"));
    let _owed = elsewhere.join().unwrap();
    assert!(matches!(h.sync("defer"), Err(Error::Remote(text)) if text == "timeout"));
    assert_eq!(h.sync("goes on").unwrap().value(), "goes on".into());
}

#[test]
fn other_threads_publish() {
    let (script, _said, owed) = Script::new();
    let server = Running::start(script);
    let mut h = server.raw();
    h.write_all(&message(MessageType::Sync, "defer")).unwrap();
    let id = owed.recv().unwrap().id();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let sender = server.sender.clone();
            thread::spawn(move || {
                (0..100_i64).for_each(|number| sender.publish(&[id], Body::encode(number).unwrap()).unwrap());
            })
        })
        .collect();
    let numbers: Vec<i64> = (0..400)
        .map(|_| match read(&mut h).value() {
            Value::Atom(Atom::Long(number)) => number,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(numbers.iter().sum::<i64>(), 4 * 99 * 50);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn the_timer_fires_until_it_is_stopped() {
    let (script, said, _owed) = Script::new();
    let server = Running::start(script);
    let mut h = server.open();
    assert_eq!(h.sync("timer 5").unwrap().value(), true.into());
    assert_eq!(said.recv_timeout(SOON).as_deref(), Ok("three ticks"));
    assert_eq!(h.sync("timer none").unwrap().value(), false.into());
}

#[test]
fn an_outgoing_connection_is_a_peer() {
    let ((script, said, _owed), (far, _far_said, _far_owed)) = (Script::new(), Script::new());
    let (near, far) = (Running::start(script), Running::start(far));
    let mut h = near.open();
    let opened = h.sync(format!("connect {}:near:", far.address).as_str()).unwrap();
    assert!(matches!(opened.value(), Value::Atom(Atom::Int(5))), "{opened:?}");
    assert_eq!(h.sync("ask hello").unwrap().value(), "hello".into());
    assert!(matches!(h.sync("ask bad-parts"), Err(Error::Remote(text)) if text == "type"));
    h.sync("request there").unwrap();
    assert_eq!(said.recv_timeout(SOON).as_deref(), Ok("response \"there\""));
    // An open request fails before the close is reported.
    h.sync("request defer").unwrap();
    drop(far);
    assert_eq!(said.recv_timeout(SOON).as_deref(), Ok("no response: connection has failed"));
    assert_eq!(said.recv_timeout(SOON).as_deref(), Ok("close true"));
    assert_eq!(h.sync("closed").unwrap().value(), true.into());
    assert!(matches!(h.sync("connect 127.0.0.1:1"), Err(Error::Remote(_))));
}

#[test]
fn sending_to_a_closed_peer_fails() {
    let ((script, _said, _owed), (far, _far_said, _far_owed)) = (Script::new(), Script::new());
    let (near, far) = (Running::start(script), Running::start(far));
    let mut h = near.open();
    h.sync(format!("connect {}:near:", far.address).as_str()).unwrap();
    assert_eq!(h.sync("closed").unwrap().value(), false.into());
    h.sync("hclose").unwrap();
    assert_eq!(h.sync("closed").unwrap().value(), true.into());
}

/// During a request the handler sends a request to the same peer. Messages that the peer sent before its response
/// are served first.
#[test]
fn a_request_to_the_peer_whose_request_is_running() {
    let (script, said, _owed) = Script::new();
    let server = Running::start(script);
    let mut raw = server.raw();
    let ahead = [
        message(MessageType::Sync, "ask-me who"),
        message(MessageType::Async, "news"),
        message(MessageType::Sync, "inner"),
        message(MessageType::Response, "it is me"),
        message(MessageType::Sync, "after"),
    ];
    // The response must not arrive before its request, so wait for that.
    raw.write_all(&ahead[..3].concat()).unwrap();
    let asked = read(&mut raw);
    assert_eq!((asked.kind(), asked.value()), (MessageType::Sync, "who".into()));
    raw.write_all(&ahead[3..].concat()).unwrap();
    assert_eq!(said.recv_timeout(SOON).map(|said| said.contains("meanwhile")), Ok(true));
    assert_eq!([(); 3].map(|()| text(&read(&mut raw))), ["inner", "it is me", "after"]);
}

#[test]
fn flush_blocks_until_everything_is_written() {
    let (script, _said, _owed) = Script::new();
    let server = Running::start(script);
    let mut h = server.open();
    assert_eq!(h.sync("flush 20000000").unwrap().value(), Value::NULL);
    assert_eq!(h.receive().unwrap().value().count(), 20_000_000);
}

#[test]
fn a_body_can_be_sent_in_parts() {
    let (script, _said, _owed) = Script::new();
    let server = Running::start(script);
    let mut h = server.open();
    assert_eq!(h.sync("parts").unwrap().value(), (&vec![1_i64; 10_000]).into());
    assert!(matches!(h.sync("bad-parts"), Err(Error::Remote(text)) if text == "type"));
    assert_eq!(h.sync("port").unwrap().value(), i32::from(server.address.port()).into());
}
