//! The contract of a TLS session over sockets that read and write a few bytes per call.

#![cfg(feature = "tls")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use kwire::tls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use kwire::tls::rustls::{RootCertStore, crypto::ring};
use kwire::tls::{ClientConfig, ServerConfig, Session, server_name};

/// One direction of an in-memory connection, and whether its input has ended.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    ended: bool,
}

/// An end that reads and writes at most `grain` bytes per call, and buffers at most `room` bytes.
struct Socket {
    incoming: Rc<RefCell<Pipe>>,
    outgoing: Rc<RefCell<Pipe>>,
    grain: usize,
    room: usize,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut pipe = self.incoming.borrow_mut();
        if pipe.bytes.is_empty() {
            return if pipe.ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let some = buffer.len().min(self.grain);
        pipe.bytes.read(&mut buffer[..some])
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut pipe = self.outgoing.borrow_mut();
        let some = buffer.len().min(self.grain).min(self.room.saturating_sub(pipe.bytes.len()));
        if some == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        pipe.bytes.extend(&buffer[..some]);
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    (
        Arc::new(client.unwrap().with_root_certificates(roots).with_no_client_auth()),
        Arc::new(server.unwrap().with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap()),
    )
}

struct Pair {
    client: (Session, Socket),
    server: (Session, Socket),
}

impl Pair {
    fn new(grain: usize, room: usize) -> Self {
        let (client, server) = configs();
        let (up, down) = (Rc::<RefCell<Pipe>>::default(), Rc::<RefCell<Pipe>>::default());
        let near = Socket { incoming: Rc::clone(&down), outgoing: Rc::clone(&up), grain, room };
        let far = Socket { incoming: up, outgoing: down, grain, room };
        Self {
            client: (Session::client(client, server_name("localhost").unwrap()).unwrap(), near),
            server: (Session::server(server).unwrap(), far),
        }
    }

    fn shake(mut self) -> Self {
        for _ in 0..100_000 {
            let done = [&mut self.client, &mut self.server].map(|(session, socket)| match session.handshake(socket) {
                // Session tickets may remain in the pipe until the client reads.
                Err(error) if error.kind() == ErrorKind::WouldBlock => !session.is_handshaking(),
                done => done.map(|()| true).unwrap(),
            });
            if done == [true, true] {
                return self;
            }
        }
        panic!("the handshake does not complete");
    }
}

/// The result of a call; `None` on `WouldBlock` and `Interrupted`.
fn now(result: io::Result<usize>) -> Option<usize> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
        result => Some(result.unwrap()),
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| ((i * 31) >> 3) as u8).collect()
}

/// Sends in both directions at once until everything has arrived.
fn exchange(pair: Pair, length: usize) {
    let sent = pattern(length);
    let Pair { client, server } = pair;
    let mut ends = [(client, 0, Vec::new()), (server, 0, Vec::new())];
    for _ in 0..10_000_000 {
        for ((session, socket), written, read) in &mut ends {
            // Parts of arbitrary lengths that start at the first unreported byte.
            let rest = &sent[*written..];
            let (first, second) = rest.split_at(rest.len() / 3);
            if !rest.is_empty() {
                let parts = [IoSlice::new(first), IoSlice::new(&[]), IoSlice::new(second)];
                *written += now(session.write_vectored(socket, &parts)).unwrap_or(0);
                assert!(*written <= length);
            } else if session.wants_write() {
                // Everything is reported, so no record of this end's plaintext may be pending.
                assert_eq!(session.flush(socket).map_err(|error| error.kind()), Ok(()));
            }
            let mut buffer = [0; 1000];
            let some = now(session.read(socket, &mut buffer)).unwrap_or(0);
            read.extend_from_slice(&buffer[..some]);
        }
        if ends.iter().all(|(_, _, read)| read.len() == length) {
            assert!(ends.iter().all(|(_, written, read)| *written == length && *read == sent));
            return;
        }
    }
    panic!("{:?}", ends.map(|(_, written, read)| (written, read.len())));
}

#[test]
fn all_data_arrives_for_any_socket_granularity() {
    for (grain, room, length) in
        [(7, 100, 40_000), (1000, 5000, 300_000), (100_000, 16, 20_000), (1 << 20, 1 << 20, 3 << 20)]
    {
        exchange(Pair::new(grain, room).shake(), length);
    }
}

#[test]
fn bytes_are_reported_only_once_their_records_are_written() {
    let Pair { client: (mut client, mut near), server: (mut server, mut far) } = Pair::new(1 << 20, 1 << 20).shake();
    // Reads the server's session tickets.
    now(client.read(&mut near, &mut [0]));
    near.room = near.outgoing.borrow().bytes.len() + 1000;
    let sent = pattern(5000);
    // The first record does not fit, so repeated writes report nothing.
    for _ in 0..3 {
        assert_eq!(now(client.write_vectored(&mut near, &[IoSlice::new(&sent)])), None);
        assert!(client.wants_write());
    }
    near.room = 1 << 20;
    assert_eq!(now(client.write_vectored(&mut near, &[IoSlice::new(&sent)])), Some(5000));
    let mut read = vec![0; 10_000];
    assert_eq!(now(server.read(&mut far, &mut read)), Some(5000));
    assert_eq!(&read[..5000], sent);
    assert_eq!(now(server.read(&mut far, &mut read)), None);
}

#[test]
fn close_notify_is_distinguished_from_truncation() {
    let Pair { client: (mut client, mut near), server: (mut server, mut far) } = Pair::new(1 << 20, 1 << 20).shake();
    client.write_vectored(&mut near, &[IoSlice::new(b"last")]).unwrap();
    client.close(&mut near).unwrap();
    let mut buffer = [0; 10];
    assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 4);
    assert!(server.is_readable());
    assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 0);
    // The other direction stays open.
    server.write_vectored(&mut far, &[IoSlice::new(b"answer")]).unwrap();
    assert_eq!(client.read(&mut near, &mut buffer).unwrap(), 6);
    far.outgoing.borrow_mut().ended = true;
    assert_eq!(client.read(&mut near, &mut buffer).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn plaintext_before_a_broken_record_is_read_first() {
    let Pair { client: (mut client, mut near), server: (mut server, mut far) } = Pair::new(1 << 20, 1 << 20).shake();
    client.write_vectored(&mut near, &[IoSlice::new(b"good")]).unwrap();
    near.write_all(b"\x17\x03\x03\0\x20 no such key has encrypted this..").unwrap();
    let mut buffer = [0; 10];
    assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 4);
    for _ in 0..2 {
        assert!(server.is_readable());
        assert_eq!(server.read(&mut far, &mut buffer).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn reading_stops_at_a_broken_record() {
    let Pair { client: (mut client, mut near), server: (mut server, mut far) } = Pair::new(1 << 20, 1 << 24).shake();
    // The header of a record of 16 KiB, followed by 1 MiB of zeros.
    near.write_all(b"\x17\x03\x03\x40\x00").unwrap();
    far.grain = 4096;
    near.write_all(&[0; 1 << 20]).unwrap();
    let error = server.read(&mut far, &mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(far.incoming.borrow().bytes.len() > (1 << 20) - 20 * 1024);
    // The alert reaches the other end.
    assert_eq!(client.read(&mut near, &mut [0; 10]).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_truncated_handshake_is_reported() {
    let Pair { client: (mut client, mut near), server: (mut server, mut far) } = Pair::new(100, 1 << 20);
    assert_eq!(now(client.read(&mut near, &mut [0])), None);
    near.outgoing.borrow_mut().ended = true;
    let error = loop {
        match server.read(&mut far, &mut [0]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break error,
            Ok(read) => panic!("{read}"),
        }
    };
    assert_eq!((error.kind(), error.to_string().contains("handshake")), (ErrorKind::UnexpectedEof, true));
}
