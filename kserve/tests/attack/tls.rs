//! TLS: what handshakes and invalid records cost other peers.

use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;

use kwire::tls::rustls::ClientConnection;
use kwire::tls::{ClientConfig, server_name};

use crate::certs::{self, Ca};
use crate::innocent::promptly;
use crate::process::{Kserve, TIMEOUT, until};
use crate::raw::Raw;

fn start(ca: &Ca, options: &[&str]) -> Kserve {
    let (certificate, key) = ca.sign("localhost");
    let set = format!("export KX_SSL_CERT_FILE={} KX_SSL_KEY_FILE={}", certificate.display(), key.display());
    Kserve::start_under(&set, &[&["-E", "1"], options].concat())
}

/// The first flight of a handshake: ClientHello.
fn hello(config: &Arc<ClientConfig>) -> Vec<u8> {
    let mut client = ClientConnection::new(Arc::clone(config), server_name("localhost").unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

#[test]
fn stalled_handshakes_take_little_memory_and_time_out() {
    const COUNT: u64 = 500;
    let ca = Ca::new();
    let mut server = start(&ca, &["--login-time", "2"]);
    let config = ca.trust().client().unwrap();
    let (before, (resident, _)) = (server.descriptors(), server.resident());
    let hello = hello(&config);
    promptly(&server, || {
        let stalled: Vec<Raw> = (0..COUNT)
            .map(|number| {
                let mut raw = Raw::connect(server.address);
                // Half a flight, or a whole one whose answer is never read.
                let some = if number % 2 == 0 { hello.len() / 2 } else { hello.len() };
                raw.write(&hello[..some]).unwrap();
                raw
            })
            .collect();
        for mut raw in stalled {
            raw.rest();
        }
    });
    server.peaked_within(resident + COUNT * 32);
    assert!(until(TIMEOUT, || (server.descriptors() <= before).then_some(())).is_some(), "connections stay");
    server.still_answers();
}

#[test]
fn a_flood_of_handshakes_does_not_delay_others() {
    let ca = Ca::new();
    let mut server = start(&ca, &[]);
    let config = ca.trust().client().unwrap();
    promptly(&server, || {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut stream = certs::connect(server.address, &config, "localhost");
                        stream.write_all(b"storm:\x06\0").unwrap();
                        stream.read_exact(&mut [0]).unwrap();
                    }
                });
            }
        });
    });
    server.still_answers();
}

#[test]
fn invalid_records_close_only_their_connection() {
    let ca = Ca::new();
    let mut server = start(&ca, &["--login-time", "2"]);
    let config = ca.trust().client().unwrap();
    let hello = hello(&config);
    promptly(&server, || {
        for length in [1, 2, 3, 5, 6, 50, hello.len() - 1] {
            for byte in [0, 0x16, 0xff] {
                let mut raw = Raw::connect(server.address);
                let noise = [&hello[..length], &[byte; 40_000]].concat();
                // Fails if the server has closed already.
                let _ = raw.write(&noise);
                raw.rest();
            }
        }
    });
    server.still_answers();
}
