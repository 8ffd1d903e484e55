//! The server calls handlers as q does, and isolates peers from each other.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kcodec::{Capability, Guid, Value};
use kserve::{Context, Handler, Interrupt, Limits, Peer, PeerId, Reply, Server, Users};
use kwire::blocking::{Handle, Options};
use kwire::{Error, Message, MessageType};

/// Answers a few commands, keeps subscribers, and logs its calls.
struct Script {
    calls: Sender<String>,
    subscribers: Vec<PeerId>,
}

impl Script {
    fn log(&self, what: impl Into<String>) {
        // Fails after the test has dropped the receiver.
        let _ = self.calls.send(what.into());
    }
}

impl Handler for Script {
    fn on_login(&mut self, _cx: &mut Context<'_>, peer: &Peer, password: &[u8]) -> bool {
        let user = peer.user();
        assert!(peer.address().is_some_and(|address| address.is_loopback()));
        self.log(format!("pw {} {}", String::from_utf8_lossy(user), String::from_utf8_lossy(password)));
        user != b"mallory"
    }

    fn on_open(&mut self, cx: &mut Context<'_>, peer: &Peer) {
        self.log(format!("po {}", String::from_utf8_lossy(peer.user())));
        if peer.user() == b"greet" {
            cx.send(peer.id(), "welcome").unwrap();
        }
    }

    fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
        let query = message.value();
        match query.as_text() {
            Some(b"silence") => {}
            Some(b"error") => reply.error("type"),
            Some(b"guid") => reply.value(Guid([7; 16])),
            Some(b"async first") => {
                cx.send(peer.id(), "async").unwrap();
                reply.value("sync");
            }
            Some(b"subscribe") => {
                self.subscribers.push(peer.id());
                reply.value(peer.id().handle());
            }
            Some(b"handles") => reply.value(i64::try_from(cx.handles().count()).unwrap()),
            _ => reply.value(query),
        }
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        let update = message.value();
        self.log(format!("ps {}", update.count()));
        if update.as_text() == Some(b"close me") {
            cx.close(peer.id());
        }
        cx.broadcast(&self.subscribers, update).unwrap();
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        self.log(format!("pc {}", String::from_utf8_lossy(peer.user())));
    }

    fn on_bad_message(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &[u8], error: &Error) {
        self.log(format!("bm {} {error}", message.len()));
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, _peer: &Peer, error: &Error) {
        self.log(format!("error {error}"));
    }
}

/// A server on a thread; stopped and joined on drop.
struct Running {
    address: SocketAddr,
    log: Receiver<String>,
    interrupt: Interrupt,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(set_up: impl FnOnce(Server) -> Server) -> Self {
        let server = set_up(Server::bind("127.0.0.1:0").unwrap());
        let (address, interrupt) = (server.local_addr().unwrap(), server.interrupt());
        let (calls, receiver) = mpsc::channel();
        let thread = thread::spawn(move || server.run(&mut Script { calls, subscribers: Vec::new() }).unwrap());
        Self { address, log: receiver, interrupt, thread: Some(thread) }
    }

    fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self::start(|server| server.with_limits(limits))
    }

    fn open(&self, user: &str) -> Handle {
        Handle::open(&format!("{}:{user}:secret", self.address)).unwrap()
    }

    /// A raw socket with the given login bytes sent.
    fn raw(&self, login: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(login).unwrap();
        stream
    }

    fn expect(&self, what: &str) {
        let said = self.log.recv_timeout(Duration::from_secs(10));
        assert_eq!(said.as_deref(), Ok(what));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.interrupt.stop();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

fn start() -> Running {
    Running::start(|server| server)
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset also means that the server has closed.
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn handlers_are_called_in_q_order() {
    let server = start();
    let mut h = server.open("ann");
    server.expect("pw ann secret");
    server.expect("po ann");
    assert_eq!(h.sync("hello").unwrap().value(), "hello".into());
    h.send("news").unwrap();
    h.flush().unwrap();
    server.expect("ps 4");
    drop(h);
    server.expect("pc ann");
}

#[test]
fn login_forms_and_capability_negotiation() {
    let server = start();
    for (login, answer, user) in [
        (&b"user:pass\x03\0"[..], 3, "user pass"),
        (b"user:pass\x06\0", 6, "user pass"),
        (b"user:pass\x1f\0", 6, "user pass"),
        (b"user:pass\0", 0, "user pass"),
        (b"c\x03\0", 3, "c "),
        (b"u:a:b\x01\0", 1, "u a:b"),
        (b"\x06\0", 6, " "),
    ] {
        let mut stream = server.raw(login);
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [answer]);
        server.expect(&format!("pw {user}"));
        server.expect(&format!("po {}", user.split(' ').next().unwrap()));
        drop(stream);
        server.expect(&format!("pc {}", user.split(' ').next().unwrap()));
    }
}

#[test]
fn a_refused_login_is_closed_without_an_answer() {
    let server = start();
    assert!(rest(server.raw(b"mallory:x\x06\0")).is_empty());
    server.expect("pw mallory x");
    server.expect("error access");
    assert!(rest(server.raw(b"\0")).is_empty());
    server.expect("error empty login");
    server.open("ann");
    server.expect("pw ann secret");
}

#[test]
fn the_password_file_is_checked_before_on_login() {
    let path = std::env::temp_dir().join(format!("kserve-users-{}", std::process::id()));
    std::fs::write(&path, "ann:secret\nmallory:secret\n").unwrap();
    let users = Users::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let server = Running::start(|server| server.with_users(users));
    assert!(matches!(Handle::open(&format!("{}:ann:wrong", server.address)), Err(Error::Refused)));
    server.expect("error access");
    assert!(matches!(Handle::open(&format!("{}:mallory:secret", server.address)), Err(Error::Refused)));
    server.expect("pw mallory secret");
    server.expect("error access");
    server.open("ann");
    server.expect("pw ann secret");
}

#[test]
fn a_sync_message_is_always_answered() {
    let server = start();
    let mut h = server.open("ann");
    assert_eq!(h.sync("silence").unwrap().value(), Value::NULL);
    assert!(matches!(h.sync("error"), Err(Error::Remote(text)) if text == "type"));
    assert_eq!(h.sync("async first").unwrap().value(), "sync".into());
    let pushed = h.receive().unwrap();
    assert_eq!((pushed.kind(), pushed.value()), (MessageType::Async, "async".into()));
    let mut greeted = server.open("greet");
    assert_eq!(greeted.receive().unwrap().value(), "welcome".into());
}

#[test]
fn unreadable_values_are_answered_with_an_error() {
    let server = start();
    let options = Options::default().with_capability(Capability::new(2));
    let mut old = Handle::open_with(&format!("{}:old:", server.address), &options).unwrap();
    assert!(matches!(old.sync("guid"), Err(Error::Remote(text)) if text == "type"));
    assert_eq!(server.open("new").sync("guid").unwrap().value(), Guid([7; 16]).into());
}

#[test]
fn a_bad_message_closes_only_its_connection() {
    let server = start();
    let mut good = server.open("ann");
    server.expect("pw ann secret");
    server.expect("po ann");
    for (bytes, what) in [
        (&[1, 1, 0, 0, 10, 0, 0, 0, 0xff, 2][..], "bm 10 malformed message: 9: not a boolean: 2"),
        (&[9, 1, 0, 0, 10, 0, 0, 0], "bm 8 malformed message: 0: no such byte order: 9"),
        (&[1, 1, 0, 0xff, 10, 0, 0, 0], "bm 8 message of 1095216660490 bytes is over the limit of 2147483648"),
    ] {
        let mut bad = server.raw(b"bad:\x06\0");
        server.expect("pw bad ");
        server.expect("po bad");
        bad.write_all(bytes).unwrap();
        server.expect(what);
        server.expect("pc bad");
        assert_eq!(rest(bad), [6]);
    }
    let mut eof = server.raw(b"bad:\x06\0");
    server.expect("pw bad ");
    server.expect("po bad");
    eof.write_all(&[1, 1, 0, 0, 99]).unwrap();
    eof.shutdown(std::net::Shutdown::Write).unwrap();
    server.expect("error closed in the middle of a message");
    server.expect("pc bad");
    assert_eq!(good.sync("still here").unwrap().value(), "still here".into());
}

#[test]
fn an_unexpected_response_closes_the_connection() {
    let server = start();
    let stream = server.raw(b"ann:\x06\0\x01\x02\0\0\x0a\0\0\0\xff\x01");
    server.expect("pw ann ");
    server.expect("po ann");
    server.expect("error response without a request");
    server.expect("pc ann");
    assert_eq!(rest(stream), [6]);
}

#[test]
fn logins_are_limited_in_time_and_size() {
    let server = Running::with_limits(|limits| limits.wire.login_time = Duration::from_millis(50));
    let stalled = server.raw(b"slow");
    server.expect("error timeout");
    assert!(rest(stalled).is_empty());
    let endless = server.raw(&[b'a'; 5000]);
    server.expect("error login of 5000 bytes is over the limit of 4096");
    assert!(rest(endless).is_empty());
    // The login timeout does not apply after login: it has passed for `quiet` when `_stalled` is cut off.
    let mut quiet = server.open("ann");
    server.expect("pw ann secret");
    server.expect("po ann");
    let _stalled = server.raw(b"slow");
    server.expect("error timeout");
    assert_eq!(quiet.sync("here").unwrap().value(), "here".into());
}

#[test]
fn a_broadcast_reaches_all_open_subscribers() {
    let server = start();
    let mut subscribers: Vec<_> = (0..20).map(|_| server.open("sub")).collect();
    for subscriber in &mut subscribers {
        subscriber.sync("subscribe").unwrap();
    }
    drop(subscribers.pop());
    let mut feed = server.open("feed");
    let rows: Vec<i64> = (0..1000).collect();
    feed.send(&rows).unwrap();
    feed.flush().unwrap();
    for subscriber in &mut subscribers {
        assert_eq!(subscriber.receive().unwrap().value(), (&rows).into());
    }
    assert_eq!(feed.sync("handles").unwrap().value(), 20_i64.into());
}

#[test]
fn a_slow_reader_is_closed_without_delaying_others() {
    let server = Running::with_limits(|limits| limits.queued = 1 << 20);
    let mut slow = server.open("slow");
    slow.sync("subscribe").unwrap();
    let mut quick = server.open("quick");
    quick.sync("subscribe").unwrap();
    let mut feed = server.open("feed");
    let update = vec![0_u8; 100_000];
    for _ in 0..200 {
        feed.send(&update).unwrap();
        feed.flush().unwrap();
        assert_eq!(quick.receive().unwrap().value().count(), update.len());
    }
    let closed = |said: &String| said.starts_with("error outbound queue of");
    assert!(server.log.try_iter().any(|said| closed(&said)), "the slow reader was not closed");
    assert_eq!(feed.sync("handles").unwrap().value(), 2_i64.into());
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = start();
    let mut stream = server.raw(b"ann:\x06\0");
    stream.read_exact(&mut [0]).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let count = 50_000_i64;
    let writer = thread::spawn(move || {
        let mut out = Vec::new();
        for index in 0..count {
            kwire::encode(MessageType::Sync, index.into(), Capability::MAX, &mut out).unwrap();
        }
        stream.write_all(&out).unwrap();
        stream
    });
    let mut answer = [0; 17];
    for index in 0..count {
        reader.read_exact(&mut answer).unwrap();
        assert_eq!(answer[..9], [1, 2, 0, 0, 17, 0, 0, 0, 0xf9]);
        assert_eq!(answer[9..], index.to_le_bytes());
    }
    writer.join().unwrap();
}

#[test]
fn a_flooding_sender_does_not_starve_others() {
    let server = start();
    let mut hose = server.raw(b"hose:\x06\0");
    hose.read_exact(&mut [0]).unwrap();
    let mut update = Vec::new();
    kwire::encode(MessageType::Async, 1_i64.into(), Capability::MAX, &mut update).unwrap();
    let flood = update.repeat(5_000);
    let until = Instant::now() + Duration::from_secs(1);
    let writer = thread::spawn(move || {
        while Instant::now() < until {
            hose.write_all(&flood).unwrap();
        }
    });
    let mut h = server.open("ann");
    let mut slowest = Duration::ZERO;
    while Instant::now() < until {
        let start = Instant::now();
        h.sync("me too").unwrap();
        slowest = slowest.max(start.elapsed());
    }
    writer.join().unwrap();
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[test]
fn large_messages_both_ways() {
    let server = start();
    let rows: Vec<i64> = (0..2_000_000).collect();
    let mut h = server.open("ann");
    assert_eq!(h.sync(&rows).unwrap().value(), (&rows).into());
}

#[test]
fn a_handler_can_close_a_connection() {
    let server = start();
    let mut h = server.open("ann");
    h.send("close me").unwrap();
    h.flush().unwrap();
    assert!(h.receive().is_err());
    // As in q, `on_close` is not called after the handler's own close.
    server.open("bob");
    for expected in ["pw ann secret", "po ann", "ps 8", "pw bob secret", "po bob"] {
        server.expect(expected);
    }
}

#[test]
fn connections_over_the_limit_are_closed() {
    let server = Running::with_limits(|limits| limits.peers = 2);
    let mut first = server.open("first");
    let _second = server.open("second");
    assert!(Handle::open(&format!("{}:third:", server.address)).is_err());
    assert_eq!(first.sync("fine").unwrap().value(), "fine".into());
}

#[test]
fn binding_a_port_in_use_is_an_error() {
    let server = start();
    let error = Server::bind(server.address).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn stopping_closes_every_connection() {
    let server = start();
    let mut h = server.open("ann");
    server.interrupt.stop();
    assert!(h.receive().is_err());
    server.expect("pw ann secret");
    server.expect("po ann");
    server.expect("pc ann");
}

#[cfg(target_os = "linux")]
#[test]
fn the_ports_unix_socket_is_served() {
    struct Echo;
    impl Handler for Echo {
        fn on_sync(&mut self, _cx: &mut Context<'_>, peer: &Peer, message: &Message, reply: Reply<'_>) {
            assert_eq!(peer.address(), None);
            reply.body(message.body());
        }
    }
    let mut server = Server::bind("127.0.0.1:0").unwrap();
    server.listen_unix().unwrap();
    let (port, interrupt) = (server.local_addr().unwrap().port(), server.interrupt());
    let thread = thread::spawn(move || server.run(&mut Echo).unwrap());
    let mut h = Handle::open(&format!(":unix://{port}:ann:")).unwrap();
    assert_eq!(h.sync("near").unwrap().value(), "near".into());
    interrupt.stop();
    thread.join().unwrap();
}
