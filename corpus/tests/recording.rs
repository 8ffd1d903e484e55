//! Tests of the recording format: round trip, damaged files, appending, framing, no passwords.

mod readable;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use kcodec::{Capability, Timestamp};
use kcorpus::recording::{Direction, Entry, Error, Framed, Framer, Kind, Recorder, Recording, What};
use kcorpus::{Side, conversations, golden};
use proptest::prelude::*;
use tempfile::TempDir;

fn messages() -> Vec<Vec<u8>> {
    golden().into_iter().map(|golden| golden.message).collect()
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("traffic.krec")
}

/// Records the messages, with a new block every `block` messages.
fn record(path: &Path, messages: &[Vec<u8>], block: usize) -> Recorder {
    let mut recorder = Recorder::create(path).unwrap();
    let connection = recorder.open(Timestamp(-1), b"bob", Capability::MAX).unwrap();
    for (index, message) in messages.iter().enumerate() {
        let direction = if index % 2 == 0 { Direction::ToServer } else { Direction::ToClient };
        recorder.message(Timestamp(index as i64), connection, direction, message).unwrap();
        if index % block == block - 1 {
            recorder.flush().unwrap();
        }
    }
    recorder.close(Timestamp(messages.len() as i64), connection).unwrap();
    recorder
}

fn read(recording: &Recording) -> Vec<(u64, Entry)> {
    recording.entries().filter_map(Result::ok).collect()
}

/// Checks the messages of an intact recording made by [`record`].
fn check(recording: &Recording, messages: &[Vec<u8>]) {
    assert_eq!(recording.len(), messages.len() as u64 + 2);
    let entries = read(recording);
    assert_eq!(entries.len() as u64, recording.len());
    assert_eq!(entries[0].1.what, What::Open { user: Bytes::from("bob"), capability: Capability::MAX });
    for (index, message) in messages.iter().enumerate() {
        let (number, entry) = &entries[index + 1];
        assert_eq!((*number, &entry.what, &entry.bytes[..]), (index as u64 + 1, &What::Message, &message[..]));
        assert_eq!(entry.time, Timestamp(index as i64));
        assert_eq!(recording.get(*number).unwrap(), *entry);
        let meta = recording.meta(*number).unwrap();
        assert_eq!((meta.size, meta.direction), (message.len(), entry.direction));
        let Kind::Message(kind) = meta.kind else { panic!("{meta:?}") };
        assert_eq!(kind as u8, message[1]);
    }
    assert_eq!(entries.last().unwrap().1.what, What::Close);
    assert!(matches!(recording.get(recording.len()), Err(Error::NoEntry(_))));
}

#[test]
fn recordings_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let messages = messages();
    record(&file(&folder), &messages, 50).finish().unwrap();
    let recording = Recording::open(file(&folder)).unwrap();
    assert!(recording.is_finished());
    assert_eq!(recording.connections(), 1);
    check(&recording, &messages);
}

#[test]
fn a_missing_index_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let messages = messages();
    let mut recorder = record(&file(&folder), &messages, 50);
    recorder.flush().unwrap();
    drop(recorder);
    let recording = Recording::open(file(&folder)).unwrap();
    assert!(!recording.is_finished());
    assert_eq!(recording.lost(), 0);
    check(&recording, &messages);
}

#[test]
fn uncompressed_blocks_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let message = messages().remove(0);
    let mut recorder = Recorder::create(file(&folder)).unwrap();
    recorder.set_compression(false);
    // Sizes around those at which the encoded length takes another byte.
    let lengths = [0, 14, 15, 269, 270, 524, 525, 70_000];
    for length in lengths {
        let user = vec![b'u'; length];
        recorder.open(Timestamp(0), &user, Capability::MAX).unwrap();
        recorder.flush().unwrap();
    }
    recorder.message(Timestamp(1), 0, Direction::ToServer, &message).unwrap();
    recorder.finish().unwrap();
    let entries = read(&Recording::open(file(&folder)).unwrap());
    for (length, (_, entry)) in lengths.into_iter().zip(&entries) {
        let What::Open { user, capability } = &entry.what else { panic!("{entry:?}") };
        assert_eq!((user.len(), *capability), (length, Capability::MAX));
    }
    assert_eq!(entries[lengths.len()].1.bytes, message);
}

/// The ends of blocks, as file offsets and entry numbers.
fn ends(path: &Path, messages: &[Vec<u8>], block: usize) -> Vec<(u64, u64)> {
    let mut recorder = Recorder::create(path).unwrap();
    let mut ends = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        recorder.message(Timestamp(0), 0, Direction::ToServer, message).unwrap();
        if index % block == block - 1 {
            recorder.flush().unwrap();
            ends.push((fs::metadata(path).unwrap().len(), recorder.len()));
        }
    }
    recorder.finish().unwrap();
    ends
}

#[test]
fn a_truncated_file_keeps_its_complete_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let messages = &messages()[..24];
    let ends = ends(&file(&folder), messages, 4);
    let bytes = fs::read(file(&folder)).unwrap();
    for cut in 0..bytes.len() {
        let opened = Recording::from_bytes(Bytes::copy_from_slice(&bytes[..cut]));
        if cut < 16 {
            assert!(matches!(opened, Err(Error::NotARecording)), "{cut}");
            continue;
        }
        let recording = opened.unwrap();
        // A block without its padding is complete.
        let whole = ends.iter().rev().find(|(end, _)| end - 15 <= cut as u64);
        let expected = whole.map_or(0, |(_, entries)| *entries);
        let read = read(&recording).len() as u64;
        let with_padding = ends.iter().rev().find(|(end, _)| *end <= cut as u64).map_or(0, |(_, entries)| *entries);
        assert!(read == expected || read == with_padding, "{cut}: {read}, {expected}");
        assert_eq!(read, recording.len());
        for (number, entry) in recording.entries().map(Result::unwrap) {
            assert_eq!(entry.bytes, messages[number as usize]);
        }
    }
}

#[test]
fn a_flipped_byte_loses_only_its_block() {
    let folder = tempfile::tempdir().unwrap();
    let messages = &messages()[..24];
    let ends = ends(&file(&folder), messages, 4);
    let bytes = fs::read(file(&folder)).unwrap();
    let first_index = ends.last().unwrap().0 as usize;
    for at in 0..bytes.len() {
        for finished in [true, false] {
            let mut flipped = bytes[..if finished { bytes.len() } else { first_index }].to_vec();
            let Some(byte) = flipped.get_mut(at) else { continue };
            *byte ^= 0x55;
            let recording = match Recording::from_bytes(flipped.into()) {
                Ok(recording) => recording,
                Err(Error::NotARecording | Error::Version(_)) if at < 16 => continue,
                Err(error) => panic!("{at}: {error}"),
            };
            let entries = read(&recording);
            let errors = recording.entries().filter(Result::is_err).count();
            let lost = messages.len() - entries.len();
            assert!(lost == 0 || lost == 4, "{at}, finished {finished}: {lost}");
            // Every loss is reported, except a last block without a trace.
            assert!(errors == 1 || lost == 0 || recording.lost() > 0, "{at}, finished {finished}");
            assert!(!finished || errors == usize::from(lost == 4), "{at}: {errors}");
            for (number, entry) in entries {
                assert_eq!(entry.bytes, messages[number as usize], "{at}");
            }
        }
    }
}

#[test]
fn other_files_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in
        [&b""[..], b"kcorpus", b"\xff\x01\0\0\0\0\0\0, a log's head", b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0"]
    {
        fs::write(file(&folder), bytes).unwrap();
        assert!(matches!(Recording::open(file(&folder)), Err(Error::NotARecording)), "{bytes:?}");
        assert!(matches!(Recorder::append(file(&folder)), Err(Error::NotARecording)), "{bytes:?}");
        assert_eq!(fs::read(file(&folder)).unwrap(), bytes);
    }
    fs::write(file(&folder), b"kcorpus\n\x02\0\0\0\0\0\0\0").unwrap();
    let error = Recording::open(file(&folder)).unwrap_err();
    assert_eq!(error.to_string(), "a recording of version 2; this reads version 1");
    assert!(matches!(Recording::open(folder.path()), Err(Error::Io(_))));
}

#[test]
fn appending_leaves_existing_bytes_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let messages = messages();
    record(&file(&folder), &messages, 50).finish().unwrap();
    let before = fs::read(file(&folder)).unwrap();
    let mut recorder = Recorder::append(file(&folder)).unwrap();
    assert!(matches!(Recorder::append(file(&folder)), Err(Error::Locked)));
    assert_eq!(recorder.open(Timestamp(9), b"alice", Capability::BASE).unwrap(), 1);
    recorder.finish().unwrap();
    assert!(fs::read(file(&folder)).unwrap().starts_with(&before));
    for cut in [0, 20] {
        let bytes = fs::read(file(&folder)).unwrap();
        let recording = Recording::from_bytes(Bytes::copy_from_slice(&bytes[..bytes.len() - cut])).unwrap();
        assert_eq!((recording.is_finished(), recording.connections()), (cut == 0, 2));
        assert_eq!(recording.len(), messages.len() as u64 + 3);
        let last = recording.get(recording.len() - 1).unwrap();
        assert_eq!(last.what, What::Open { user: Bytes::from("alice"), capability: Capability::BASE });
    }
}

#[test]
fn appending_truncates_a_torn_block() {
    let folder = tempfile::tempdir().unwrap();
    let messages = &messages()[..24];
    let ends = ends(&file(&folder), messages, 4);
    let bytes = fs::read(file(&folder)).unwrap();
    // Cuts in the head of the last block, in its body, at its end with an unwritten body, and in the index.
    let last = ends[4].0 as usize;
    for cut in [last + 3, last + 70, last + 100, ends[5].0 as usize, bytes.len() - 1] {
        let mut torn = bytes[..cut].to_vec();
        if cut == ends[5].0 as usize {
            torn[last + 64..].fill(0);
        }
        fs::write(file(&folder), &torn).unwrap();
        let whole = Recording::open(file(&folder)).unwrap().len();
        assert_eq!(whole, if cut == bytes.len() - 1 { 24 } else { 20 });
        let mut recorder = Recorder::append(file(&folder)).unwrap();
        recorder.message(Timestamp(7), 0, Direction::ToServer, &messages[0]).unwrap();
        recorder.flush().unwrap();
        let walked = Recording::open(file(&folder)).unwrap();
        recorder.finish().unwrap();
        let indexed = Recording::open(file(&folder)).unwrap();
        assert_eq!((walked.is_finished(), indexed.is_finished()), (false, true));
        for recording in [walked, indexed] {
            assert_eq!(recording.len(), whole + 1, "{cut}");
            assert_eq!(read(&recording).len() as u64, whole + 1, "{cut}");
            assert_eq!(recording.get(whole).unwrap().bytes, messages[0]);
        }
    }
}

#[test]
fn a_recording_within_a_message_is_not_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let messages = &messages()[..8];
    ends(&file(&folder), messages, 4);
    let inner = fs::read(file(&folder)).unwrap();
    fs::remove_file(file(&folder)).unwrap();
    let length = (inner.len() + 14) as u32;
    let body = [&[4, 0][..], &(inner.len() as u32).to_le_bytes(), &inner].concat();
    let message = [&[1, 0, 0, 0][..], &length.to_le_bytes(), &body].concat();
    ends(&file(&folder), &[messages[0].clone(), message, messages[1].clone()], 1);
    let mut bytes = fs::read(file(&folder)).unwrap();
    let end = bytes.len() - 40;
    // Damage the head of the enclosing block: the search for the next block scans the nested recording.
    let second = bytes.windows(4).enumerate().filter(|(_, window)| window == b"\xb1kcb").nth(1).unwrap().0;
    bytes[second] = 0;
    let recording = Recording::from_bytes(Bytes::copy_from_slice(&bytes[..end])).unwrap();
    assert_eq!(recording.len(), 3);
    assert_eq!(read(&recording).iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 2]);
    assert!(matches!(recording.get(1), Err(Error::Damaged { at, .. }) if at == second as u64));
}

#[test]
fn malformed_messages_are_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(file(&folder)).unwrap();
    for bytes in
        [&b""[..], b"GET / HTTP/1.1", &[1, 0, 0, 0, 12, 0, 0, 0, 250, 1, 0], &[1, 9, 0, 0, 10, 0, 0, 0, 250, 1]]
    {
        let refused = recorder.message(Timestamp(0), 0, Direction::ToServer, bytes);
        assert!(matches!(refused, Err(Error::NotAMessage)), "{bytes:?}");
    }
    recorder.missing(Timestamp(1), 0, Direction::ToClient, 7).unwrap();
    recorder.foreign(Timestamp(2), 0, Direction::ToServer, "HTTP").unwrap();
    recorder.finish().unwrap();
    let entries = read(&Recording::open(file(&folder)).unwrap());
    let what: Vec<_> = entries.into_iter().map(|(_, entry)| entry.what).collect();
    assert_eq!(what, [What::Missing(7), What::Foreign("HTTP".to_owned())]);
}

/// The items of a direction of a conversation, framed in pieces of `piece` bytes.
fn framed(direction: Direction, bytes: &[u8], piece: usize) -> Vec<Framed> {
    let mut framer = Framer::new(direction);
    let mut found = Vec::new();
    for piece in bytes.chunks(piece) {
        let mut piece = Bytes::copy_from_slice(piece);
        found.extend(std::iter::from_fn(|| framer.next(&mut piece)));
        assert!(piece.is_empty());
    }
    assert_eq!(framer.held(), 0);
    found
}

#[test]
fn framing_is_independent_of_splits() {
    for conversation in conversations() {
        for (side, direction) in [(Side::Client, Direction::ToServer), (Side::Server, Direction::ToClient)] {
            let turns = conversation.turns.iter().filter(|turn| turn.side == side);
            let bytes: Vec<u8> = turns.flat_map(|turn| turn.bytes.clone()).collect();
            let whole = framed(direction, &bytes, bytes.len());
            assert!(matches!(whole[0], Framed::Login { .. } | Framed::Accepted(_)));
            assert!(whole[1..].iter().all(|framed| matches!(framed, Framed::Message(_))));
            let length: usize =
                whole.iter().map(|framed| if let Framed::Message(m) = framed { m.len() } else { 0 }).sum();
            let login = bytes.iter().position(|&byte| byte == 0).unwrap() + 1;
            assert_eq!(length, bytes.len() - if side == Side::Client { login } else { 1 });
            for piece in 1..bytes.len() {
                assert_eq!(framed(direction, &bytes, piece), whole, "{} in pieces of {piece}", conversation.name);
            }
        }
    }
}

#[test]
fn foreign_bytes_are_named() {
    for (bytes, what) in [
        (&b"GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\n"[..], "HTTP"),
        (&[0x16, 3, 1, 2, 0, 1, 0], "TLS"),
        (&[b'a'; 5000], "bytes that are not a login"),
        (b"bob:secret\x06\0neither a header nor a message", "bytes that are not a message"),
    ] {
        for piece in [1, 7, 10_000] {
            let found = framed(Direction::ToServer, bytes, piece);
            assert_eq!(found.last(), Some(&Framed::Foreign(what)));
            assert!(!format!("{found:?}").contains("secret"));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_open_or_fail(
        seed in 0..100_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        ends(&file(&folder), &messages()[seed..seed + 12], 3);
        let mut bytes = fs::read(file(&folder)).unwrap();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        readable::check(&bytes);
    }
}
