//! TLS in the blocking and the tokio client: conversations, and refused certificates.

#![cfg(feature = "tls")]

mod certs;
mod running;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kserve::{Context, Handler, Peer, Reply, Tls};
use kwire::blocking::Handle;
use kwire::tls::rustls::{ServerConnection, StreamOwned};
use kwire::tls::{self, VerifyClient, rustls};
use kwire::{Error, Message, MessageType, Options};

use certs::Ca;
use running::{Running, message};

struct Echo;

impl Handler for Echo {
    fn on_login(&mut self, _cx: &mut Context<'_>, peer: &Peer, _password: &[u8]) -> bool {
        peer.user() != b"mallory"
    }

    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        reply.body(message.body());
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        cx.send_body(peer.id(), message.body()).unwrap();
    }
}

fn serve(options: &tls::Options) -> Running {
    let config = options.server().unwrap();
    Running::with(Echo, |server| server.with_tls(config, Tls::Required))
}

fn options(tls: &tls::Options) -> Options {
    Options::default().with_tls(Some(tls.client().unwrap())).with_timeout(Some(Duration::from_secs(20)))
}

fn address(server: &Running, user: &str) -> String {
    format!("tcps://localhost:{}:{user}:secret", server.address.port())
}

fn bytes() -> Vec<u8> {
    (0..10_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_conversation_over_tls() {
    let ca = Ca::new();
    let server = serve(&ca.options("localhost"));
    let mut h = Handle::open_with(&address(&server, "ann"), &options(&ca.trust())).unwrap();
    assert_eq!(h.sync("2+2").unwrap().value(), "2+2".into());
    let bytes = bytes();
    assert_eq!(h.sync(&bytes).unwrap().value(), (&bytes).into());
    for i in 0..1000_i64 {
        h.send(i).unwrap();
    }
    for i in 0..1000_i64 {
        assert_eq!(h.receive().unwrap().value(), i.into());
    }
    // Both sides write before either reads.
    for _ in 0..3 {
        h.send(&bytes).unwrap();
    }
    h.flush().unwrap();
    for _ in 0..3 {
        assert_eq!(h.receive().unwrap().value(), (&bytes).into());
    }
    assert!(h.receive_until(Instant::now() + Duration::from_millis(20)).unwrap().is_none());
    h.close().unwrap();
}

#[test]
fn the_async_client_over_tls() {
    let ca = Ca::new();
    let server = serve(&ca.options("localhost"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (h, driver) = kwire::tokio::connect(&address(&server, "ann"), &options(&ca.trust())).await.unwrap();
        let driver = tokio::spawn(driver);
        let bytes = bytes();
        let large = h.sync(&bytes).unwrap();
        let small: Vec<_> = (0..1000_i64).map(|i| h.sync(i).unwrap()).collect();
        assert_eq!(large.await.unwrap().value(), (&bytes).into());
        for (i, response) in (0..1000_i64).zip(small) {
            assert_eq!(response.await.unwrap().value(), i.into());
        }
        h.send(&bytes).unwrap();
        h.flush().await.unwrap();
        assert_eq!(h.receive().await.unwrap().value(), (&bytes).into());
        drop(h);
        driver.await.unwrap().unwrap();
        for (user, trust) in [("mallory", ca.trust()), ("ann", Ca::new().trust())] {
            let refused = kwire::tokio::connect(&address(&server, user), &options(&trust)).await;
            match refused {
                Err(Error::Refused) => assert_eq!(user, "mallory"),
                Err(Error::Tls(error)) => assert!(error.to_string().contains("UnknownIssuer"), "{error}"),
                other => panic!("{:?}", other.map(|_| ())),
            }
        }
    });
}

#[test]
fn invalid_certificates_are_refused() {
    let (ca, other) = (Ca::new(), Ca::new());
    let refused =
        |server: &Running, client: &tls::Options| match Handle::open_with(&address(server, "ann"), &options(client)) {
            Err(Error::Tls(error)) => error.to_string(),
            other => panic!("{other:?}"),
        };
    assert!(refused(&serve(&ca.options("db.example.com")), &ca.trust()).contains("not valid for name"));
    let server = serve(&ca.options("localhost"));
    assert!(refused(&server, &other.trust()).contains("UnknownIssuer"));
    assert!(matches!(Handle::open_with(&address(&server, "mallory"), &options(&ca.trust())), Err(Error::Refused)));
    let (certificate, key) = ca.sign_expired("localhost");
    let expired = ca.trust().with_certificate(Some(certificate)).with_key(Some(key));
    assert!(refused(&serve(&expired), &ca.trust()).contains("expired"));
    let server = serve(&ca.options("localhost").with_verify_client(VerifyClient::Yes));
    assert!(refused(&server, &ca.trust()).contains("CertificateRequired"));
    Handle::open_with(&address(&server, "ann"), &options(&ca.options("ann"))).unwrap();
}

#[test]
fn tls_over_the_unix_socket() {
    let ca = Ca::new();
    let config = ca.options("localhost").server().unwrap();
    let server = Running::with(Echo, |server| {
        let mut server = server.with_tls(config, Tls::Optional);
        server.listen_unix().unwrap();
        server
    });
    for scheme in ["unix", "unixs"] {
        let address = format!("{scheme}://{}:ann:secret", server.address.port());
        let mut h = Handle::open_with(&address, &options(&ca.trust())).unwrap();
        assert_eq!(h.sync("2+2").unwrap().value(), "2+2".into());
    }
}

#[test]
fn a_server_connects_over_tls() {
    struct Asks(String);

    impl Handler for Asks {
        fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, _message: &Message, reply: Reply<'_>) {
            let opened = cx.connect(&self.0, Duration::from_secs(20));
            reply.value(&*opened.map_or_else(|error| error.to_string(), |_| "connected".to_owned()));
        }
    }
    // Without a CA of its own, the connecting server refuses our certificate.
    let ca = Ca::new();
    let server = serve(&ca.options("localhost"));
    let asks = Running::start(Asks(address(&server, "ann")));
    let answer = asks.open().sync("go").unwrap();
    let text = String::from_utf8_lossy(answer.value().as_text().unwrap()).into_owned();
    assert!(text.contains("certificate"), "{text}");
}

/// A TLS server for one connection, which runs `serve` after the login.
fn one(ca: &Ca, serve: impl FnOnce(StreamOwned<ServerConnection, std::net::TcpStream>) + Send + 'static) -> String {
    let config = ca.options("localhost").server().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
        let mut login = [0; 6];
        stream.read_exact(&mut login).unwrap();
        stream.write_all(&[6]).unwrap();
        serve(stream);
    });
    format!("tcps://localhost:{port}:ann:")
}

#[test]
fn closing_with_and_without_close_notify_is_an_error() {
    let ca = Ca::new();
    let cut = one(&ca, |stream| stream.sock.shutdown(std::net::Shutdown::Both).unwrap());
    let mut h = Handle::open_with(&cut, &options(&ca.trust())).unwrap();
    match h.receive() {
        Err(Error::Io(error)) => {
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            assert!(error.to_string().contains("close_notify"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let ended = one(&ca, |mut stream| {
        stream.conn.send_close_notify();
        stream.flush().unwrap();
    });
    let mut h = Handle::open_with(&ended, &options(&ca.trust())).unwrap();
    match h.receive() {
        Err(Error::Io(error)) => assert!(!error.to_string().contains("close_notify"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_corrupted_record_is_an_error() {
    let ca = Ca::new();
    let changed = one(&ca, |mut stream| {
        stream.read_exact(&mut [0]).unwrap();
        stream.conn.writer().write_all(&message(MessageType::Async, "hello")).unwrap();
        let mut record = Vec::new();
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut record).unwrap();
        }
        *record.last_mut().unwrap() ^= 1;
        stream.sock.write_all(&record).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap_err();
    });
    let mut h = Handle::open_with(&changed, &options(&ca.trust())).unwrap();
    h.send_now("go").unwrap();
    assert!(matches!(h.receive(), Err(Error::Tls(tls::Error::Rustls(rustls::Error::DecryptError)))));
    assert!(matches!(h.receive(), Err(Error::Failed)));
}

#[test]
fn the_connect_timeout_covers_the_handshake() {
    let ca = Ca::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcps://localhost:{}", listener.local_addr().unwrap().port());
    let options = options(&ca.trust()).with_timeout(Some(Duration::from_millis(200)));
    let begin = Instant::now();
    assert!(matches!(Handle::open_with(&address, &options), Err(Error::TimedOut)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connected = runtime.block_on(kwire::tokio::connect(&address, &options));
    assert!(matches!(connected, Err(Error::TimedOut)));
    assert!(begin.elapsed() > Duration::from_millis(350) && begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn connecting_with_tls_to_a_plain_server() {
    let ca = Ca::new();
    let plain = Running::start(Echo);
    match Handle::open_with(&address(&plain, "ann"), &options(&ca.trust())) {
        Err(Error::Io(error)) => assert!(error.to_string().contains("handshake"), "{error}"),
        other => panic!("{other:?}"),
    }
    // The reverse: a plain client of a TLS server.
    let server = serve(&ca.options("localhost"));
    let refused = Handle::open(&format!("{}:ann:secret", server.address));
    assert!(matches!(refused, Err(Error::Refused)));
}
