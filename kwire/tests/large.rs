//! Messages of more than 4 GiB must pass in both directions and be in memory once. The tests that move that much are
//! ignored by default: `make slow` runs them, and needs 6 GiB of memory.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use kcodec::{Capability, Threshold, Value, Vector};
use kwire::blocking::{Handle, Stream};
use kwire::{Error, Login, Options};

/// Over 2^32 items, so that lengths and counts take more than 32 bits.
const ITEMS: usize = (1 << 32) + (1 << 28);
const GIB: f64 = (1_u64 << 30) as f64;

/// A handle to a server that has accepted the login with this capability, and the server's socket.
fn opened(capability: u8) -> (Handle, UnixStream) {
    let (client, mut server) = UnixStream::pair().unwrap();
    client.set_nonblocking(true).unwrap();
    let login = Login { user: "u".into(), password: "".into(), capability: Capability::MAX };
    server.write_all(&[capability]).unwrap();
    let h = Handle::over(Stream::Unix(client), &login, &Options::default()).unwrap();
    server.read_exact(&mut [0; 4]).unwrap();
    (h, server)
}

/// Resets the process's peak resident memory.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Peak resident memory in GiB since [`reset_peak`].
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024.0 / GIB
}

/// The header, type, attribute and count of a response that is a vector of [`ITEMS`] bytes.
fn head() -> Vec<u8> {
    let length = (8 + 10 + ITEMS as u64).to_le_bytes();
    let mut head = vec![1, 2, 0, length[4], length[0], length[1], length[2], length[3], 4, 0x80];
    head.extend_from_slice(&(ITEMS as u64).to_le_bytes());
    head
}

fn assert_zeros(value: Value<'_>) {
    let Value::Vector(Vector::Byte(items)) = value else { panic!("no bytes") };
    let items = items.as_slice().unwrap();
    assert_eq!(items.len(), ITEMS);
    assert!(items.iter().step_by(4096).all(|&item| item == 0) && items.last() == Some(&0));
}

#[test]
#[ignore = "moves 4.25 GiB: make slow"]
fn receiving_over_4_gib_holds_it_in_memory_once() {
    reset_peak();
    let (mut h, mut server) = opened(6);
    let sender = thread::spawn(move || {
        server.read_exact(&mut [0; 15]).unwrap();
        server.write_all(&head()).unwrap();
        let zeros = vec![0; 1 << 20];
        (0..ITEMS >> 20).for_each(|_| server.write_all(&zeros).unwrap());
    });
    let response = h.sync("x").unwrap();
    sender.join().unwrap();
    assert_zeros(response.value());
    assert!(peak() < 1.3 * ITEMS as f64 / GIB, "{} GiB at most", peak());
}

#[test]
#[ignore = "moves 4.25 GiB: make slow"]
fn sending_over_4_gib_does_not_copy() {
    reset_peak();
    let (mut h, mut server) = opened(6);
    let receiver = thread::spawn(move || {
        let mut bytes = vec![0; head().len()];
        server.read_exact(&mut bytes).unwrap();
        let copied = std::io::copy(&mut (&server).take(ITEMS as u64), &mut std::io::sink()).unwrap();
        server.write_all(&[1, 2, 0, 0, 10, 0, 0, 0, 0xff, 1]).unwrap();
        (bytes, copied)
    });
    // Zeroed pages that are never touched are not resident.
    let zeros = vec![0_u8; ITEMS];
    assert_eq!(h.sync(&zeros).unwrap().value(), true.into());
    let (bytes, copied) = receiver.join().unwrap();
    assert_eq!((bytes[1], &bytes[2..], copied), (1, &head()[2..], ITEMS as u64));
    assert!(peak() < 0.1, "{} GiB at most", peak());
}

#[test]
#[ignore = "inflates 4.25 GiB: make slow"]
fn inflating_over_4_gib_is_incremental() {
    reset_peak();
    let (mut h, mut server) = opened(6);
    let sender = thread::spawn(move || {
        server.read_exact(&mut [0; 15]).unwrap();
        let mut message = head()[8..].to_vec();
        message.resize(message.len() + ITEMS, 0);
        let mut out = vec![1, 2, 2, 0, 0, 0, 0, 0];
        assert_eq!(kcodec::compress(&message, Threshold::Body, &mut out), Some(kcodec::Compression::Long));
        drop(message);
        let length = out.len() as u32;
        out[4..8].copy_from_slice(&length.to_le_bytes());
        server.write_all(&out).unwrap();
    });
    assert_zeros(h.sync("x").unwrap().value());
    sender.join().unwrap();
    assert!(peak() < 1.3 * ITEMS as f64 / GIB, "{} GiB at most", peak());
}

#[test]
fn unsendable_values_fail_before_a_byte_is_written() {
    // Capability 3 reads messages up to 2 GiB; 5 reads longer messages, but no vector of 2^31 items; 6 reads both.
    let zeros = vec![0_u8; 1 << 31];
    for (capability, items, sendable) in [(3, 1 << 31, false), (5, 1 << 31, false), (5, (1 << 31) - 2, true)] {
        let gathered = Value::from(&zeros[..items]).gather(Capability::new(capability));
        assert_eq!(gathered.is_ok(), sendable, "{capability} {items}");
        if !sendable {
            let (mut h, server) = opened(capability);
            assert!(matches!(h.sync(&zeros[..items]), Err(Error::Unsendable(_))));
            assert!(matches!(h.send(&zeros[..items]), Err(Error::Unsendable(_))));
            drop(h);
            assert_eq!(std::io::copy(&mut &server, &mut std::io::sink()).unwrap(), 0);
        }
    }
}
