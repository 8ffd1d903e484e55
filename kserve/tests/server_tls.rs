//! TLS in the server: certificates, data in both directions, closing, and isolation of peers.

#![cfg(feature = "tls")]

mod certs;
mod running;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use kserve::{Context, Handler, Limits, Peer, Reply, Tls};
use kwire::tls::{ClientConfig, Options, Protocol, VerifyClient, VerifyServer};
use kwire::{Error, Message, MessageType};

use certs::{Ca, connect};
use running::{Running, message, read, rest};

const SOON: Duration = Duration::from_secs(20);

/// Echoes, answers with a large vector, refuses the user mallory.
struct Script {
    log: Sender<String>,
}

impl Script {
    fn say(&self, what: String) {
        // Fails after the test has dropped the receiver.
        let _ = self.log.send(what);
    }
}

impl Handler for Script {
    fn on_login(&mut self, _cx: &mut Context<'_>, peer: &Peer, _password: &[u8]) -> bool {
        peer.user() != b"mallory"
    }

    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
        match message.value().as_text() {
            Some(b"large") => reply.value(&vec![7_u8; 8_000_000]),
            _ => reply.body(message.body()),
        }
    }

    fn on_http(&mut self, _cx: &mut Context<'_>, _peer: &Peer, _request: &[u8]) -> Vec<u8> {
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, _peer: &Peer) {
        self.say("close".to_owned());
    }

    fn on_error(&mut self, _cx: &mut Context<'_>, _peer: &Peer, error: &Error) {
        self.say(error.to_string());
    }
}

fn serve(options: &Options, tls: Tls, limits: Limits) -> (Running, Receiver<String>) {
    let config = options.server().unwrap();
    let (log, said) = mpsc::channel();
    (Running::with(Script { log }, |server| server.with_limits(limits).with_tls(config, tls)), said)
}

fn heard(said: &Receiver<String>, what: &str) {
    let line = said.recv_timeout(SOON).unwrap();
    assert!(line.contains(what), "{line}");
}

/// Logs in and makes a request.
fn open(server: &Running, config: &Arc<ClientConfig>, host: &str) -> std::io::Result<certs::Tls> {
    let mut stream = connect(server.address, config, host);
    stream.write_all(b"ann:secret\x06\0")?;
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    assert_eq!(byte, [6]);
    stream.write_all(&message(MessageType::Sync, "2+2"))?;
    assert_eq!(read(&mut stream).value(), "2+2".into());
    Ok(stream)
}

fn refused(server: &Running, options: &Options, host: &str) -> String {
    match open(server, &options.client().unwrap(), host) {
        Ok(_) => panic!("{host} was let in"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn certificates_are_verified() {
    let (ca, other) = (Ca::new(), Ca::new());
    let (server, _) = serve(&ca.options("db.example.com"), Tls::Required, Limits::default());
    for protocol in [Protocol::Tls12, Protocol::Tls13] {
        let options = ca.trust().with_min_protocol(protocol).with_max_protocol(Some(protocol));
        let stream = open(&server, &options.client().unwrap(), "db.example.com").unwrap();
        assert_eq!(
            stream.conn.protocol_version().unwrap().as_str().unwrap(),
            match protocol {
                Protocol::Tls12 => "TLSv1_2",
                Protocol::Tls13 => "TLSv1_3",
            }
        );
    }
    assert!(refused(&server, &ca.trust(), "db.example.org").contains("not valid for name"));
    assert!(refused(&server, &ca.trust(), "127.0.0.1").contains("not valid for name"));
    assert!(refused(&server, &other.trust(), "db.example.com").contains("UnknownIssuer"));
    let blind = other.trust().with_verify_server(VerifyServer::No);
    open(&server, &blind.client().unwrap(), "db.example.org").unwrap();
}

#[test]
fn an_expired_certificate_is_refused() {
    let ca = Ca::new();
    let (certificate, key) = ca.sign_expired("localhost");
    let expired = ca.trust().with_certificate(Some(certificate)).with_key(Some(key));
    let (server, _) = serve(&expired, Tls::Required, Limits::default());
    assert!(refused(&server, &ca.trust(), "localhost").contains("expired"));
}

#[test]
fn certificates_for_an_ip_address() {
    let ca = Ca::new();
    let (server, _) = serve(&ca.options("127.0.0.1"), Tls::Required, Limits::default());
    open(&server, &ca.trust().client().unwrap(), "127.0.0.1").unwrap();
}

#[test]
fn client_verification_modes() {
    let (ca, other) = (Ca::new(), Ca::new());
    let cases = [
        // The setting, and whether a client without a certificate, with a known one, and with an unknown one is
        // accepted.
        (VerifyClient::No, [true, true, true]),
        (VerifyClient::Yes, [false, true, false]),
        (VerifyClient::IfPresent, [true, true, false]),
        (VerifyClient::RequestOnly, [true, true, true]),
    ];
    let (certificate, key) = other.sign("ann");
    let stranger = ca.trust().with_certificate(Some(certificate)).with_key(Some(key));
    for (verify_client, expected) in cases {
        let options = ca.options("localhost").with_verify_client(verify_client);
        let (server, said) = serve(&options, Tls::Required, Limits::default());
        for (client, let_in) in [ca.trust(), ca.options("ann"), stranger.clone()].iter().zip(expected) {
            let opened = open(&server, &client.client().unwrap(), "localhost");
            assert_eq!(opened.is_ok(), let_in, "{verify_client:?}: {opened:?}");
            drop(opened);
            heard(
                &said,
                if let_in {
                    "close"
                } else if client.key.is_none() {
                    "no certificates"
                } else {
                    "UnknownIssuer"
                },
            );
        }
    }
}

#[test]
fn optional_tls_shares_the_port_with_plain() {
    let ca = Ca::new();
    let (server, _) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut plain = server.open();
    let mut tls = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    assert_eq!(plain.sync("plain").unwrap().value(), "plain".into());
    tls.write_all(&message(MessageType::Sync, "tls")).unwrap();
    assert_eq!(read(&mut tls).value(), "tls".into());
    // A login in two parts is recognized by its first byte.
    let mut slow = server.socket();
    slow.write_all(b"a").unwrap();
    slow.write_all(b"nn:\x06\0").unwrap();
    slow.read_exact(&mut [0]).unwrap();
    let mut web = connect(server.address, &ca.trust().client().unwrap(), "localhost");
    web.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut page = Vec::new();
    web.read_to_end(&mut page).unwrap();
    assert!(page.ends_with(b"ok"));
}

#[test]
fn required_tls_refuses_plain() {
    let ca = Ca::new();
    let (server, said) = serve(&ca.options("localhost"), Tls::Required, Limits::default());
    let mut plain = server.socket();
    plain.write_all(b"ann:\x06\0").unwrap();
    assert!(rest(plain).is_empty());
    heard(&said, "TLS is required");
    open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
}

#[test]
fn garbage_closes_only_its_connection() {
    let ca = Ca::new();
    let (server, said) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut innocent = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    let mut noise = vec![0x16, 3, 1, 0, 200];
    noise.extend((0..200_u8).map(|byte| byte.wrapping_mul(37)));
    for garbage in [&noise[..], b"\x16\x03\x01\xff\xff", b"\x16garbage", &[0x16; 100_000]] {
        let mut stream = server.socket();
        // Fails if the server has closed already.
        let _ = stream.write_all(garbage);
        rest(stream);
        let line = said.recv_timeout(SOON).unwrap();
        assert_ne!(line, "close");
        innocent.write_all(&message(MessageType::Sync, "still")).unwrap();
        assert_eq!(read(&mut innocent).value(), "still".into());
    }
}

#[test]
fn an_invalid_record_closes_the_connection() {
    let ca = Ca::new();
    let (server, said) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    stream.sock.write_all(b"\x17\x03\x03\0\x20 no such key has encrypted this..").unwrap();
    let mut byte = [0];
    assert!(stream.read(&mut byte).unwrap_err().to_string().contains("BadRecordMac"));
    heard(&said, "decrypt");
}

#[test]
fn the_login_timeout_covers_the_handshake() {
    let ca = Ca::new();
    let mut limits = Limits::default();
    limits.wire.login_time = Duration::from_millis(300);
    let (server, said) = serve(&ca.options("localhost"), Tls::Optional, limits);
    let begin = Instant::now();
    let silent = server.socket();
    let mut stalled = server.socket();
    stalled.write_all(&[0x16, 3, 1, 1, 0, 1]).unwrap();
    // Completes the handshake, but sends no login.
    let mut mute = connect(server.address, &ca.trust().client().unwrap(), "localhost");
    while mute.conn.is_handshaking() {
        mute.conn.complete_io(&mut mute.sock).unwrap();
    }
    // At most an alert is sent.
    assert!(matches!(rest(stalled)[..], [] | [0x15, ..]) && rest(silent).is_empty());
    assert_eq!(mute.read(&mut [0]).unwrap(), 0);
    for _ in 0..3 {
        heard(&said, "timeout");
    }
    assert!(begin.elapsed() > Duration::from_millis(250) && begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn large_messages_in_both_directions() {
    let ca = Ca::new();
    let (server, _) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    let bytes: Vec<u8> = (0..10_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for _ in 0..2 {
        stream.write_all(&message(MessageType::Sync, &bytes)).unwrap();
        assert_eq!(read(&mut stream).value(), (&bytes).into());
    }
}

#[test]
fn a_late_reader_receives_everything_in_order() {
    let ca = Ca::new();
    let (server, _) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    let mut requests = Vec::new();
    for i in 0..200_i64 {
        requests.extend(message(MessageType::Sync, i));
        if i % 50 == 49 {
            requests.extend(message(MessageType::Sync, "large"));
        }
    }
    stream.write_all(&requests).unwrap();
    // Another connection is served while all buffers of the first are full of answers.
    let mut other = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    other.write_all(&message(MessageType::Sync, "served")).unwrap();
    assert_eq!(read(&mut other).value(), "served".into());
    for i in 0..200_i64 {
        assert_eq!(read(&mut stream).value(), i.into());
        if i % 50 == 49 {
            assert_eq!(read(&mut stream).value().count(), 8_000_000);
        }
    }
}

#[test]
fn pipelined_small_messages_are_all_answered() {
    let ca = Ca::new();
    let (server, _) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    let requests: Vec<u8> = (0..5000_i64).flat_map(|i| message(MessageType::Sync, i)).collect();
    stream.write_all(&requests).unwrap();
    for i in 0..5000_i64 {
        assert_eq!(read(&mut stream).value(), i.into());
    }
}

#[test]
fn a_half_closed_client_receives_its_answers() {
    let ca = Ca::new();
    let (server, said) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    for shuts_socket in [false, true] {
        let mut stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
        stream.write_all(&message(MessageType::Sync, "large")).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        if shuts_socket {
            stream.sock.shutdown(Shutdown::Write).unwrap();
        }
        assert_eq!(read(&mut stream).value().count(), 8_000_000);
        // The server sends `close_notify`.
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        heard(&said, "close");
    }
}

#[test]
fn a_missing_close_notify_is_accepted_between_messages_only() {
    let ca = Ca::new();
    let (server, said) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    stream.sock.shutdown(Shutdown::Both).unwrap();
    heard(&said, "close");
    let mut stream = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    stream.write_all(&message(MessageType::Sync, "cut short")[..12]).unwrap();
    stream.sock.shutdown(Shutdown::Both).unwrap();
    assert_ne!(said.recv_timeout(SOON).unwrap(), "close");
}

#[test]
fn a_refused_login_sends_only_close_notify() {
    let ca = Ca::new();
    let (server, said) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut stream = connect(server.address, &ca.trust().client().unwrap(), "localhost");
    stream.write_all(b"mallory:\x06\0").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    heard(&said, "access");
}

#[test]
fn endless_key_updates_do_not_delay_others() {
    let ca = Ca::new();
    let (server, _) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut greedy = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    greedy.sock.set_nonblocking(true).unwrap();
    let mut innocent = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    for _ in 0..100 {
        for _ in 0..100 {
            greedy.conn.refresh_traffic_keys().unwrap();
            match greedy.conn.write_tls(&mut greedy.sock) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
        innocent.write_all(&message(MessageType::Sync, "served")).unwrap();
        assert_eq!(read(&mut innocent).value(), "served".into());
    }
}

#[test]
fn a_new_certificate_applies_to_new_connections() {
    let (ca, other) = (Ca::new(), Ca::new());
    let (server, _) = serve(&ca.options("localhost"), Tls::Optional, Limits::default());
    let mut before = open(&server, &ca.trust().client().unwrap(), "localhost").unwrap();
    server.sender.set_tls(other.options("localhost").server().unwrap());
    let until = Instant::now() + SOON;
    while open(&server, &other.trust().client().unwrap(), "localhost").is_err() {
        assert!(Instant::now() < until);
    }
    assert!(refused(&server, &ca.trust(), "localhost").contains("UnknownIssuer"));
    before.write_all(&message(MessageType::Sync, "as before")).unwrap();
    assert_eq!(read(&mut before).value(), "as before".into());
}

#[test]
fn setting_errors_name_the_variable_and_file() {
    let ca = Ca::new();
    let good = ca.options("localhost");
    let missing = Some(ca.path("missing.pem"));
    let no_pem = Some(ca.path("no.pem"));
    std::fs::write(no_pem.as_ref().unwrap(), "nothing").unwrap();
    let other_key = Some(ca.sign("other").1);
    let cases = [
        (good.clone().with_certificate(None), "KX_SSL_CERT_FILE or SSL_CERT_FILE must be set"),
        (good.clone().with_key(None), "KX_SSL_KEY_FILE or SSL_KEY_FILE must be set"),
        (good.clone().with_certificate(missing.clone()), "SSL_CERT_FILE="),
        (good.clone().with_certificate(no_pem.clone()), "no.pem: no certificate in PEM"),
        (good.clone().with_key(no_pem.clone()), "no.pem: no private key in PEM"),
        (good.clone().with_key(other_key), "SSL_KEY_FILE="),
        (good.clone().with_ca_file(None).with_verify_client(VerifyClient::Yes), "SSL_CA_CERT_FILE must be set"),
        (good.clone().with_ca_file(no_pem).with_verify_client(VerifyClient::Yes), "SSL_CA_CERT_FILE="),
        (good.clone().with_ca_path(missing).with_verify_client(VerifyClient::Yes), "SSL_CA_CERT_PATH="),
        (good.clone().with_min_protocol(Protocol::Tls13).with_max_protocol(Some(Protocol::Tls12)), "SSL_MINPROTOCOL"),
        (good.with_cipher_list(Some("DES-CBC3-SHA".to_owned())), "SSL_CIPHER_LIST="),
    ];
    for (options, expected) in cases {
        let error = options.server().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
