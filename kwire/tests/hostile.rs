//! Hostile input must end in an error or a value, in time and memory linear in its size.

use std::io::Read;
use std::time::{Duration, Instant};

use kcodec::{Capability, ErrorKind, Value};
use kwire::{Bound, Connection, Error, Event, Inbound, Limits, Malformed, Message, MessageType, Reason};

fn decode(message: &[u8]) -> Result<Message, Error> {
    Message::decode(message, &Limits::default())
}

/// Frames a body with a header of the correct length.
fn framed(kind: u8, compression: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap();
    [&[1, kind, compression, 0][..], &length.to_le_bytes(), body].concat()
}

fn reason(message: &[u8]) -> ErrorKind {
    match decode(message) {
        Err(Error::Malformed(Malformed { reason: Reason::Body(kind), .. })) => kind,
        other => panic!("{other:?}"),
    }
}

/// Runs all operations of a reader on arbitrary bytes.
fn try_all(message: &[u8]) {
    if let Ok(message) = decode(message) {
        let mut out = Vec::new();
        kwire::encode(message.kind(), message.value(), Capability::MAX, &mut out).unwrap();
        assert_eq!(decode(&out).unwrap(), message);
        assert!(!message.value().to_string().contains('\0') || !out.is_empty());
        let _ = kcodec::console(message.value(), kcodec::Console::default());
    }
}

#[test]
fn every_truncation_of_every_golden_message() {
    for golden in kcorpus::golden() {
        for end in 0..golden.message.len() {
            assert!(decode(&golden.message[..end]).is_err(), "{} cut at {end}", golden.name);
            // The same cut with the header's length adjusted.
            let mut cut = golden.message[..end].to_vec();
            if let Some(length) = cut.get_mut(4..8) {
                length.copy_from_slice(&match golden.message[0] {
                    0 => u32::try_from(end).unwrap().to_be_bytes(),
                    _ => u32::try_from(end).unwrap().to_le_bytes(),
                });
                assert!(decode(&cut).is_err(), "{} cut at {end}, length adjusted", golden.name);
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_every_golden_message() {
    for golden in kcorpus::golden() {
        for at in 0..golden.message.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut message = golden.message.clone();
                message[at] ^= flip;
                try_all(&message);
            }
        }
    }
}

#[test]
fn nesting_past_the_limit_is_rejected_immediately() {
    for levels in [101, 20_000, 200_000] {
        let lists = [0, 0, 1, 0, 0, 0].repeat(levels);
        assert_eq!(reason(&framed(0, 0, &[&lists[..], &[0xff, 1]].concat())), ErrorKind::Depth);
        for code in [104_u8, 105] {
            let nested = [code, 1, 0, 0, 0].repeat(levels);
            assert_eq!(reason(&framed(0, 0, &nested)), ErrorKind::Depth);
        }
        let dicts = [99, 0, 0, 1, 0, 0, 0].repeat(levels);
        assert_eq!(reason(&framed(0, 0, &dicts)), ErrorKind::Depth);
        assert_eq!(reason(&framed(0, 0, &[107].repeat(levels))), ErrorKind::Depth);
    }
}

#[test]
fn ambiguous_shapes_are_walked_once() {
    let start = Instant::now();
    let nested = [[105, 2, 0, 0, 0].repeat(90), vec![101, 1]].concat();
    assert_eq!(reason(&framed(0, 0, &nested)), ErrorKind::Truncated);
    let foreign = [112, 2, 0, 0, 0].repeat(90);
    assert_eq!(reason(&framed(0, 0, &foreign)), ErrorKind::Type(112));
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_wide_deeply_nested_list_prints_in_linear_time() {
    // Two items per level, the first of which holds all deeper levels: the worst case for a view that must find the end
    // of an item.
    let levels = 99;
    let mut body = [0, 0, 2, 0, 0, 0].repeat(levels);
    body.extend_from_slice(&[0, 0, 0xa0, 0x86, 1, 0]);
    body.extend([0xff, 1].repeat(100_000));
    body.extend([0xff, 0].repeat(levels));
    let start = Instant::now();
    let message = decode(&framed(0, 0, &body)).unwrap();
    assert_eq!(message.value().to_string().len(), 300_001 + levels * 5);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_small_message_that_claims_to_inflate_to_2_gib_is_rejected() {
    let claim = [&0x7fff_ffff_u32.to_le_bytes()[..], &[0; 20]].concat();
    assert_eq!(reason(&framed(0, 1, &claim)), ErrorKind::RawLength(0x7fff_ffff));
    for raw in [0_u32, 9, 0xffff_ffff] {
        let claim = [&raw.to_le_bytes()[..], &[0; 20]].concat();
        assert_eq!(reason(&framed(0, 1, &claim)), ErrorKind::RawLength(raw.into()));
    }
    let claim = [&u64::MAX.to_le_bytes()[..], &[0; 20]].concat();
    assert_eq!(reason(&framed(0, 2, &claim)), ErrorKind::RawLength(u64::MAX));
}

/// Compresses zeros: three literals, then matches of 257 bytes, then literals to the end.
fn zeros(body_head: &[u8], zeros: usize) -> Vec<u8> {
    let mut elements: Vec<(bool, Vec<u8>)> = body_head.iter().map(|&byte| (false, vec![byte])).collect();
    elements.push((false, vec![0]));
    elements.push((false, vec![0]));
    elements.push((false, vec![0]));
    let mut left = zeros - 3;
    while left > 0 {
        if left >= 257 {
            elements.push((true, vec![0, 255]));
            left -= 257;
        } else {
            elements.push((false, vec![0]));
            left -= 1;
        }
    }
    let raw = u32::try_from(8 + body_head.len() + zeros).unwrap();
    let mut out = raw.to_le_bytes().to_vec();
    for group in elements.chunks(8) {
        out.push(group.iter().enumerate().map(|(bit, (is_match, _))| u8::from(*is_match) << bit).sum());
        group.iter().for_each(|(_, bytes)| out.extend_from_slice(bytes));
    }
    out
}

#[test]
fn a_hundredfold_inflation_is_accepted_within_the_limit() {
    let count = if cfg!(debug_assertions) { 40_000_000_u32 } else { 400_000_000 };
    let head = [&[4, 0][..], &count.to_le_bytes()].concat();
    let message = framed(0, 1, &zeros(&head, count as usize));
    assert!(message.len() < 4_000_000);
    assert_eq!(decode(&message).unwrap().value().count(), count as usize);
    let limits = Limits::default().with_inflated(1 << 20);
    assert!(matches!(Message::decode(&message[..], &limits), Err(Error::TooLarge { limit: 0x10_0000, .. })));
}

#[test]
fn a_table_without_a_dict_is_rejected() {
    for inner in [&[0xff_u8, 1][..], &[7, 0, 0, 0, 0, 0], &[98, 0, 98, 0], &[101, 0]] {
        let body = [&[98, 0], inner].concat();
        assert_eq!(reason(&framed(0, 0, &body)), ErrorKind::TableDict);
    }
}

#[test]
fn text_that_is_not_utf8_is_accepted() {
    let body = [&[0, 0, 2, 0, 0, 0, 0xf5, 0xff, 0xfe, 0][..], &[10, 0, 2, 0, 0, 0, 0xc3, 0x28]].concat();
    let message = decode(&framed(0, 0, &body)).unwrap();
    let Value::List(items) = message.value() else { panic!() };
    assert_eq!(items.get(1).unwrap().as_text(), Some(&[0xc3, 0x28][..]));
    try_all(&framed(0, 0, &body));
}

#[test]
fn an_error_is_encoded_at_top_level_and_rejected_when_nested() {
    let mut out = Vec::new();
    kwire::encode(MessageType::Response, Value::error("type"), Capability::MAX, &mut out).unwrap();
    assert_eq!(out, framed(2, 0, b"\x80type\0"));
    let nested = [Value::error("type")];
    assert!(kwire::encode(MessageType::Response, (&nested).into(), Capability::MAX, &mut out).is_err());
}

/// A server's connection with an accepted login.
fn open(limits: Limits) -> (Connection, Inbound) {
    let mut connection = Connection::server(limits, Instant::now());
    let mut inbound = Inbound::default();
    inbound.extend(b"user:\x06\0");
    assert!(matches!(connection.receive(&mut inbound), Ok(Some(Event::Login(_)))));
    connection.accept(&mut Vec::new()).unwrap();
    (connection, inbound)
}

#[test]
fn a_length_over_the_limit_is_rejected_by_the_header() {
    let limits = Limits::default().with_message(1000);
    let (mut connection, mut inbound) = open(limits);
    inbound.extend(&[1, 0, 0, 0, 0xe9, 3, 0, 0]);
    assert!(matches!(connection.receive(&mut inbound), Err(Error::TooLarge { bytes: 1001, limit: 1000, .. })));
    assert_eq!(connection.rejected()[..], [1, 0, 0, 0, 0xe9, 3, 0, 0]);
    // A fatal error latches.
    assert!(matches!(connection.receive(&mut inbound), Err(Error::Failed)));
    let (mut connection, mut inbound) = open(Limits::default().with_message(1 << 31));
    inbound.extend(&[1, 0, 0, 1, 0, 0, 0, 0]);
    assert!(matches!(connection.receive(&mut inbound), Err(Error::TooLarge { bytes: 0x1_0000_0000, .. })));
}

/// Returns one byte per read and records the largest buffer passed to it.
struct Trickle {
    offered: usize,
    given: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.offered = self.offered.max(buffer.len());
        buffer[0] = 0;
        self.given += 1;
        Ok(1)
    }
}

#[test]
fn the_receive_buffer_grows_with_received_bytes_not_with_the_claimed_length() {
    let (mut connection, mut inbound) = open(Limits::default());
    inbound.extend(&[1, 0, 0, 0, 0, 0, 0, 0x7f]);
    let mut trickle = Trickle { offered: 0, given: 0 };
    for _ in 0..1000 {
        assert!(connection.receive(&mut inbound).unwrap().is_none());
        inbound.read_from(&mut trickle).unwrap();
    }
    assert_eq!(trickle.given, 1000);
    assert!(trickle.offered <= 64 * 1024, "offered {} bytes after one header", trickle.offered);
}

#[test]
fn an_endless_login_fails_by_size_and_by_time() {
    let limits = Limits::default();
    let now = Instant::now();
    let mut connection = Connection::server(limits, now);
    let mut inbound = Inbound::default();
    inbound.extend(&vec![b'a'; limits.login - 1]);
    assert!(connection.receive(&mut inbound).unwrap().is_none());
    inbound.extend(b"a");
    assert!(matches!(connection.receive(&mut inbound), Err(Error::TooLarge { what: Bound::Login, .. })));

    let mut connection = Connection::server(limits, now);
    assert!(connection.handle_time(now).is_ok());
    let deadline = connection.deadline().unwrap();
    assert_eq!(deadline, now + limits.login_time);
    assert!(matches!(connection.handle_time(deadline), Err(Error::TimedOut)));
    assert!(matches!(connection.receive(&mut inbound), Err(Error::Failed)));
}

#[test]
fn an_unsolicited_response_is_out_of_turn() {
    let (mut connection, mut inbound) = open(Limits::default());
    inbound.extend(&framed(2, 0, &[0xff, 1]));
    assert!(matches!(connection.receive(&mut inbound), Err(Error::OutOfTurn(_))));
    let (mut connection, _) = open(Limits::default());
    let mut out = Vec::new();
    assert!(matches!(connection.send(MessageType::Response, 1_i64.into(), &mut out), Err(Error::OutOfTurn(_))));
    assert!(out.is_empty() && connection.send(MessageType::Async, 1_i64.into(), &mut out).is_ok());
}

#[test]
fn a_corrupt_compressed_message_fails_while_it_arrives_and_latches() {
    // The header announces 100 kB; the first match refers to a pair that has not occurred.
    let stream = [1, 0, 1, 0, 0xa0, 0x86, 1, 0, 0, 0, 3, 0, 1, 7, 7];
    let (mut connection, mut inbound) = open(Limits::default());
    for (at, byte) in stream.iter().enumerate() {
        assert!(connection.receive(&mut inbound).unwrap().is_none(), "{at}");
        inbound.extend(&[*byte]);
    }
    assert!(matches!(connection.receive(&mut inbound), Err(Error::Malformed(_))));
    assert!(matches!(connection.receive(&mut inbound), Err(Error::Failed)));
    // The end of input within such a message is an error.
    let (mut connection, mut inbound) = open(Limits::default());
    inbound.extend(&stream[..12]);
    assert!(connection.receive(&mut inbound).unwrap().is_none());
    assert!(inbound.is_empty(), "it is inflated already");
    assert!(matches!(connection.handle_end(inbound.as_bytes()), Err(Error::OutOfTurn(_))));
}
