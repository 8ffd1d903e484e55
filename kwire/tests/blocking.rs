//! The blocking client against a scripted server: it must behave like q's handles.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kcodec::{Capability, Value};
use kwire::blocking::{Handle, Options};
use kwire::{Connection, Error, Event, Inbound, Limits, Message, MessageType, OutOfTurn, Pending, ask};

/// The server's end of one connection, driven by a test.
struct Peer {
    stream: TcpStream,
    connection: Connection,
    inbound: Inbound,
}

impl Peer {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        let connection = Connection::server(Limits::default(), Instant::now());
        let mut peer = Self { stream, connection, inbound: Inbound::default() };
        assert!(matches!(peer.event(), Some(Event::Login(_))));
        let mut out = Vec::new();
        peer.connection.accept(&mut out).unwrap();
        peer.stream.write_all(&out).unwrap();
        peer
    }

    fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.connection.receive(&mut self.inbound).unwrap() {
                return Some(event);
            }
            if self.inbound.read_from(&mut self.stream).unwrap() == 0 {
                return None;
            }
        }
    }

    fn message(&mut self) -> Message {
        match self.event() {
            Some(Event::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    fn send(&mut self, kind: MessageType, value: Value<'_>) {
        let mut out = Vec::new();
        self.connection.send(kind, value, &mut out).unwrap();
        // Byte by byte, because a reply may arrive in any number of reads.
        out.iter().for_each(|byte| self.stream.write_all(&[*byte]).unwrap());
    }
}

/// Starts a server of one connection; the address is `127.0.0.1:PORT`.
fn serve<T: Send + 'static>(script: impl FnOnce(Peer) -> T + Send + 'static) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, thread::spawn(move || script(Peer::accept(&listener))))
}

#[test]
fn a_sync_call_returns_the_response() {
    let (address, server) = serve(|mut peer| {
        let query = peer.message();
        peer.send(MessageType::Response, 4_i64.into());
        (query.kind(), query.value().to_string())
    });
    let mut h = Handle::open(&format!(":{address}:user:pass")).unwrap();
    assert_eq!(h.capability(), Capability::MAX);
    assert_eq!(h.sync("2+2").unwrap().value(), 4_i64.into());
    assert_eq!(server.join().unwrap(), (MessageType::Sync, "\"2+2\"".to_owned()));
}

#[test]
fn a_remote_error_leaves_the_handle_usable() {
    let (address, server) = serve(|mut peer| {
        peer.message();
        peer.send(MessageType::Response, Value::error("type"));
        peer.message();
        peer.send(MessageType::Response, Value::NULL);
    });
    let mut h = Handle::open(&address).unwrap();
    assert!(matches!(h.sync("1+`a"), Err(Error::Remote(text)) if text == "type"));
    assert!(matches!(h.sync(Value::symbol("a\0b")), Err(Error::Unsendable(_))));
    assert_eq!(h.sync("").unwrap().value(), Value::NULL);
    server.join().unwrap();
}

#[test]
fn queued_async_messages_are_sent_before_the_next_sync() {
    let (address, server) = serve(|mut peer| {
        let seen: Vec<_> = (0..3).map(|_| peer.message()).map(|m| (m.kind(), m.value().to_string())).collect();
        peer.send(MessageType::Response, 10_i64.into());
        seen
    });
    let mut h = Handle::open(&address).unwrap();
    h.send("a:10").unwrap();
    h.send("b:20").unwrap();
    assert_eq!(h.pending(), Pending { messages: 2, bytes: 2 * (8 + 6 + 4) });
    assert_eq!(h.sync("a").unwrap().value(), 10_i64.into());
    assert_eq!(h.pending(), Pending::default());
    let kinds: Vec<_> = server.join().unwrap().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [MessageType::Async, MessageType::Async, MessageType::Sync]);
}

#[test]
fn messages_before_the_response_are_kept_in_order() {
    let (address, server) = serve(|mut peer| {
        peer.message();
        peer.send(MessageType::Async, 1_i64.into());
        peer.send(MessageType::Sync, 2_i64.into());
        peer.send(MessageType::Response, 3_i64.into());
        peer.send(MessageType::Async, 4_i64.into());
        peer.message().value().to_string()
    });
    let mut h = Handle::open(&address).unwrap();
    assert_eq!(h.sync("q").unwrap().value(), 3_i64.into());
    let seen: Vec<_> = (0..3).map(|_| h.receive().unwrap()).collect();
    assert_eq!(
        seen.iter().map(Message::kind).collect::<Vec<_>>(),
        [MessageType::Async, MessageType::Sync, MessageType::Async]
    );
    assert_eq!(seen.iter().map(|message| message.value().to_string()).collect::<Vec<_>>(), ["1", "2", "4"]);
    h.respond("two").unwrap();
    assert!(matches!(h.respond("again"), Err(Error::OutOfTurn(_))));
    assert_eq!(server.join().unwrap(), "\"two\"");
}

#[test]
fn the_backlog_is_bounded() {
    let (address, server) = serve(|mut peer| {
        peer.message();
        let push = vec![0_u8; 1000];
        for _ in 0..20 {
            peer.send(MessageType::Async, (&push).into());
        }
    });
    let limits = Limits::default().with_kept(10_000);
    let mut h = Handle::open_with(&address, &Options::default().with_limits(limits)).unwrap();
    assert!(matches!(h.sync("q"), Err(Error::TooLarge { limit: 10_000, .. })));
    assert!(matches!(h.sync("q"), Err(Error::Failed)), "the failed handle must not return a late response");
    drop(h);
    // The server may panic, because its socket is closed while it sends.
    let _ = server.join();
}

#[test]
fn one_shot_requests() {
    let (address, server) = serve(|mut peer| {
        peer.message();
        peer.send(MessageType::Response, 2_i64.into());
        peer.event().is_none()
    });
    assert_eq!(ask(&address, "1+1").unwrap().value(), 2_i64.into());
    assert!(server.join().unwrap(), "the connection is closed afterwards");
    let (address, server) = serve(|mut peer| {
        peer.message();
        peer.send(MessageType::Async, 2_i64.into());
    });
    assert!(matches!(ask(&address, "1+1"), Err(Error::OutOfTurn(OutOfTurn::NotAResponse))));
    server.join().unwrap();
}

#[test]
fn a_refused_login_is_access() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut login = [0; 12];
        stream.read_exact(&mut login).unwrap();
        login
    });
    assert!(matches!(Handle::open(&format!("{address}:user:wrong")), Err(Error::Refused)));
    assert_eq!(&server.join().unwrap(), b"user:wrong\x06\0");
}

#[test]
fn the_servers_answer_lowers_the_capability() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut login = [0; 4];
        stream.read_exact(&mut login).unwrap();
        stream.write_all(&[1]).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let mut h = Handle::open(&format!("{address}:u:")).unwrap();
    assert_eq!(h.capability().byte(), 1);
    assert!(matches!(h.sync(kcodec::Guid([1; 16])), Err(Error::Unsendable(_))));
    drop(h);
    server.join().unwrap();
}

#[test]
fn the_end_of_input_within_a_message_is_an_error() {
    for bytes in [&[1, 2, 0, 0, 20, 0, 0, 0, 7][..], &[1, 2], &[]] {
        let (address, server) = serve(move |mut peer| {
            peer.message();
            peer.stream.write_all(bytes).unwrap();
            peer.stream.shutdown(Shutdown::Both).unwrap();
        });
        let mut h = Handle::open(&address).unwrap();
        assert!(matches!(h.sync("q"), Err(Error::OutOfTurn(_) | Error::Io(_))));
        assert!(h.sync("q").is_err(), "a failed handle stays failed");
        server.join().unwrap();
    }
}

#[test]
fn a_silent_server_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let start = Instant::now();
    let options = Options::default().with_timeout(Some(Duration::from_millis(50)));
    assert!(matches!(Handle::open_with(&address, &options), Err(Error::TimedOut)));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn addresses_of_every_form() {
    use kwire::{Address, AddressError, Transport};
    let tcp = |text: &str, host: &str, port| {
        let address = Address::parse(text).unwrap();
        assert_eq!(address.transport, Transport::Tcp { host: host.to_owned(), port }, "{text}");
        address.credentials
    };
    let credentials = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
    assert_eq!(tcp("5010", "localhost", 5010), None);
    assert_eq!(tcp("::5010", "localhost", 5010), None);
    assert_eq!(tcp("`::5010", "localhost", 5010), None);
    assert_eq!(tcp(":host:5010", "host", 5010), None);
    assert_eq!(tcp("host:5010", "host", 5010), None);
    assert_eq!(tcp(":host:5010:u:p", "host", 5010), credentials("u", "p"));
    assert_eq!(tcp("host:5010:u:p:q", "host", 5010), credentials("u", "p:q"));
    assert_eq!(tcp("host:5010:u", "host", 5010), credentials("u", ""));
    assert_eq!(tcp("[::1]:5010", "::1", 5010), None);
    assert_eq!(tcp("tcp://host:5010", "host", 5010), None);
    let unix = Address::parse(":unix://5010:u:p").unwrap();
    assert_eq!((unix.transport, unix.credentials), (Transport::Unix { port: 5010 }, credentials("u", "p")));
    let secure = Address::parse(":tcps://host:5010:u:p").unwrap();
    assert_eq!((secure.transport.tls_host(), secure.credentials), (Some("host"), credentials("u", "p")));
    assert_eq!(Address::parse("tcps://[::1]:5010").unwrap().transport.tls_host(), Some("::1"));
    let secure = Address::parse(":unixs://5010").unwrap();
    assert_eq!(secure.transport.tls_host(), Some("localhost"));
    assert_eq!(secure.transport, Transport::Unixs { port: 5010 });
    let fifo = Address::parse("`:fifo://tmp/a:b").unwrap();
    assert_eq!((fifo.transport, fifo.credentials), (Transport::Fifo { path: "tmp/a:b".into() }, None));
    assert!(matches!(Handle::open("fifo://tmp/x"), Err(Error::Address(AddressError::Fifo))));
    let services = std::fs::read_to_string("/etc/services").unwrap_or_default();
    if services.lines().any(|line| line.starts_with("http\t")) {
        assert_eq!(tcp("host:http:u:p", "host", 80), credentials("u", "p"));
    }
    for text in [
        "",
        "host",
        "host:",
        "host:99999",
        "host:-1",
        "host: 1",
        "host:no such service",
        "host:\0a",
        "ftp://host:1",
        "host:1x",
    ] {
        assert!(Address::parse(text).is_err(), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn unix_sockets_under_all_three_names() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    // The number only names the socket. Derived from the process id, so that it is unique.
    let port = 1024 + std::process::id() % 60_000;
    let path = format!("/tmp/kx.{port}");
    let mut padded = path.clone().into_bytes();
    padded.resize(107, 0);
    let exact = SocketAddr::from_abstract_name(&path).unwrap();
    let padded = SocketAddr::from_abstract_name(padded).unwrap();
    let bound: [fn(&SocketAddr, &str) -> UnixListener; 2] =
        [|address, _| UnixListener::bind_addr(address).unwrap(), |_, path| UnixListener::bind(path).unwrap()];
    for (bind, address) in [(bound[0], &exact), (bound[0], &padded), (bound[1], &exact)] {
        let listener = bind(address, &path);
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut login = [0; 4];
            stream.read_exact(&mut login).unwrap();
            stream.write_all(&[3]).unwrap();
        });
        let h = Handle::open(&format!(":unix://{port}:u:")).unwrap();
        assert_eq!(h.capability(), Capability::GUID);
        server.join().unwrap();
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_kept_message_holds_only_its_own_size() {
    let (address, server) = serve(|mut peer| {
        (0..100_i64).for_each(|number| peer.send(MessageType::Async, number.into()));
        peer.message();
        peer.send(MessageType::Response, true.into());
        peer.event()
    });
    let mut h = Handle::open(&address).unwrap();
    h.sync("").unwrap();
    for number in 0..100_i64 {
        let message = h.receive().unwrap();
        assert_eq!(message.value(), number.into());
        let memory = bytes::Bytes::from(message.into_body()).try_into_mut().unwrap();
        assert!(memory.capacity() <= 32, "{} bytes for 9", memory.capacity());
    }
    drop(h);
    assert!(server.join().unwrap().is_none());
}

#[test]
fn a_failed_write_stays_failed() {
    let (address, server) = serve(drop);
    let mut h = Handle::open(&address).unwrap();
    server.join().unwrap();
    let update = vec![0_u8; 1 << 20];
    let failed = (0..100).find_map(|_| h.send(&update).and_then(|()| h.flush()).err());
    assert!(matches!(failed, Some(Error::Io(_))), "{failed:?}");
    assert_eq!(h.pending(), Pending::default());
    assert!(matches!(h.flush(), Err(Error::Failed)));
    assert!(matches!(h.send(true), Err(Error::Failed)));
    assert!(matches!(h.sync(true), Err(Error::Failed)));
}

#[test]
fn a_duration_that_overflows_is_no_deadline() {
    let limits = Limits::default().with_login_time(Duration::MAX);
    let mut connection = Connection::server(limits, Instant::now());
    assert_eq!(connection.deadline(), None);
    assert!(connection.handle_time(Instant::now()).is_ok());
    let (address, server) = serve(|mut peer| peer.event());
    let options = Options::default().with_timeout(Some(Duration::MAX));
    drop(Handle::open_with(&address, &options).unwrap());
    assert!(server.join().unwrap().is_none());
}
