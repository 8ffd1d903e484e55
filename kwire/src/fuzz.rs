//! The bodies of the fuzz targets: what any bytes may be put through.

use std::time::Instant;

use kcodec::{Capability, Compression, Decompressor, Log, Threshold, Update, log};

use crate::{Connection, Error, Event, Inbound, Limits, Message, MessageType, compress, decompress, encode};

/// Bounds that keep one run of a fuzzer quick.
fn limits() -> Limits {
    Limits { message: 1 << 20, inflated: 1 << 20, ..Limits::default() }
}

/// Any bytes are one message, or an error; a message survives every way it can be written.
///
/// # Panics
///
/// If it does not.
pub fn message(bytes: &[u8]) {
    let Ok(message) = Message::decode(bytes, &limits()) else { return };
    let mut plain = Vec::new();
    if let Err(error) = encode(message.kind(), message.value(), Capability::MAX, &mut plain) {
        panic!("decoded but not encoded: {error}");
    }
    assert_eq!(again(&plain).as_ref(), Some(&message));
    if let Ok(Some(compressed)) = compress(&plain, Threshold::default()) {
        assert!(compressed.len() < plain.len() / 2 + 1);
        assert_eq!(decompress(&compressed, &limits()).ok(), Some(plain));
    }
    let shown = message.value().to_string();
    if let Ok(parsed) = kcodec::parse(&shown) {
        // What reads back need not be the same object, but it must be a sound one.
        assert!(kcodec::Body::encode(parsed.value()).is_ok());
    }
    let _ = kcodec::console(message.value(), kcodec::Console::default());
}

fn again(bytes: &[u8]) -> Option<Message> {
    Message::decode(bytes, &limits()).ok()
}

/// Any bytes after a login are a conversation, or an error that stays; how they are cut changes
/// nothing.
///
/// # Panics
///
/// If it does.
pub fn conversation(bytes: &[u8]) {
    let (cut, bytes) = bytes.split_first().map_or((1, bytes), |(cut, bytes)| (usize::from(*cut).max(1), bytes));
    let whole = hear(bytes, bytes.len().max(1));
    assert_eq!(hear(bytes, cut), whole);
}

/// What a server hears, and the error that ends it.
fn hear(bytes: &[u8], cut: usize) -> (Vec<(MessageType, String)>, Option<String>) {
    let mut connection = Connection::server(limits(), Instant::now());
    let mut inbound = Inbound::default();
    let mut heard = Vec::new();
    for piece in bytes.chunks(cut) {
        inbound.extend(piece);
        loop {
            match connection.receive(&mut inbound) {
                Ok(Some(Event::Message(message))) => heard.push((message.kind(), format!("{message:?}"))),
                Ok(Some(_)) => assert!(connection.accept(&mut Vec::new()).is_ok()),
                Ok(None) => break,
                Err(error) => {
                    assert!(matches!(connection.receive(&mut inbound), Err(Error::Failed)));
                    // How much of a login came before its end was missed depends on the cut.
                    let login = matches!(error, Error::TooLarge { what: "login", .. });
                    return (heard, Some(if login { "login".to_owned() } else { error.to_string() }));
                }
            }
        }
    }
    (heard, None)
}

/// Any bytes inflate in pieces as they do at once and into memory that is there, to the same body or the same error.
///
/// # Panics
///
/// If they do not.
pub fn inflate(bytes: &[u8]) {
    let [cut, flags, bytes @ ..] = bytes else { return };
    let kind = if flags & 1 == 0 { Compression::Short } else { Compression::Long };
    let (big_endian, limit) = (flags & 2 != 0, 1 << 20);
    let whole = kcodec::decompress(bytes, kind, big_endian, limit);
    let mut pieces = Decompressor::new(kind, big_endian, bytes.len(), limit);
    let pushed = bytes.chunks(usize::from(*cut).max(1)).try_for_each(|piece| pieces.push(piece));
    assert_eq!(pushed.and_then(|()| pieces.finish()), whole);
    let mut dirty = vec![7; 100];
    let appended = kcodec::decompress_into(bytes, kind, big_endian, limit, &mut dirty);
    assert_eq!(appended.map(|()| dirty.split_off(100)), whole);
    assert_eq!(dirty, [7; 100]);
    let mut room = [7; 4096];
    let whole = kcodec::decompress(bytes, kind, big_endian, room.len());
    let length = kcodec::decompress_to_slice(bytes, kind, big_endian, &mut room);
    assert_eq!(length.map(|length| room.split_at(length).0.to_vec()), whole);
}

/// Any bytes behind the head of a log are records and a bad tail, and each record reads as it does alone; the rows of
/// an update can be selected.
///
/// # Panics
///
/// If they are not.
pub fn log(bytes: &[u8]) {
    let bytes = [&log::HEAD, bytes].concat();
    let Ok(mut log) = Log::new(&bytes) else { panic!("no log") };
    loop {
        let start = log.at();
        let (next, alone) = (log.next(), [&log::HEAD, bytes.get(start..).unwrap_or_default()].concat());
        let mut alone = Log::new(&alone).into_iter().flatten();
        match (next, alone.next()) {
            (None, None) => return,
            (Some(Ok(record)), Some(Ok(same))) => {
                let text = record.to_string();
                assert_eq!(text, same.to_string());
                if let Some(update) = Update::new(record) {
                    assert!(update.columns().count() == update.columns().len());
                    let all = update.select(|_| true);
                    assert!(all.is_err() || update.rows() == 0 || all.is_ok_and(|all| all.is_some()));
                    let _ = update.select(|row| row % 2 == 1);
                }
            }
            (Some(Err(bad)), Some(Err(same))) => {
                assert_eq!((bad.valid, bad.at, bad.reason), (start, same.at + start - log::HEAD.len(), same.reason));
                assert!(log.next().is_none());
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}
