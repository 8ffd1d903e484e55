//! Writes the seed corpora of the fuzz targets: golden messages and those of a file, the streams of the compressed
//! ones, the bodies of the plain ones, recordings, and the client side of the conversations.
//!
//! `cargo run -p kcorpus --features traffic --example seeds FOLDER [FILE]` writes one folder per target in `FOLDER`.

use std::path::Path;
use std::{env, fs, io};

use kcodec::{Capability, Timestamp};
use kcorpus::recording::{Direction, Recorder};
use kcorpus::{Side, conversations, golden, traffic};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("no folder was named"))?;
    let own = env::args_os().nth(2).map(|file| traffic::load(Path::new(&file))).transpose();
    let own = own.map_err(io::Error::other)?.unwrap_or_default();
    let golden = golden().into_iter().map(|golden| (golden.name.replace('/', "-"), golden.message));
    let own = own.into_iter().enumerate().map(|(index, message)| (format!("own-{index}"), message));
    let messages: Vec<_> = golden.chain(own).filter(|(_, message)| message.len() > 8).collect();
    write(&Path::new(&folder).join("message"), messages.iter().cloned())?;
    let compressed = messages.iter().filter(|(_, message)| message[2] > 0);
    let streams = compressed.map(|(name, message)| {
        // The target's input: where to split, compression and byte order, then the body.
        let flags = (message[2] - 1) | (1 - message[0].min(1)) << 1;
        (name.clone(), [&[7, flags], &message[8..]].concat())
    });
    write(&Path::new(&folder).join("inflate"), streams)?;
    let plain = || messages.iter().filter(|(_, message)| message[2] == 0);
    // The first byte is the limit of depth.
    let bodies = plain().map(|(name, message)| (name.clone(), [&[100], &message[8..]].concat()));
    write(&Path::new(&folder).join("refuse"), bodies)?;
    // Each body repeated, so that consecutive records have the same shape.
    let records = plain().map(|(name, message)| (name.clone(), message[8..].repeat(3)));
    write(&Path::new(&folder).join("log"), records)?;
    write(&Path::new(&folder).join("recording"), recordings(&messages)?.into_iter())?;
    let clients = conversations().into_iter().map(|conversation| {
        let said = conversation.turns.iter().filter(|turn| turn.side == Side::Client);
        // The first byte tells the target where to split.
        let bytes = [7].into_iter().chain(said.flat_map(|turn| turn.bytes.clone())).collect();
        (conversation.name.to_owned(), bytes)
    });
    write(&Path::new(&folder).join("conversation"), clients)
}

/// Recordings of one block and of several, finished and not.
fn recordings(messages: &[(String, Vec<u8>)]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir()?;
    let mut found = Vec::new();
    for (name, count, block, finishes) in
        [("one", 10, 10, true), ("several", 60, 20, true), ("plain", 20, 20, false), ("torn", 60, 7, false)]
    {
        let path = folder.path().join(name);
        let mut recorder = Recorder::create(&path).map_err(io::Error::other)?;
        recorder.set_compression(name != "plain");
        let connection = recorder.open(Timestamp(0), b"ann", Capability::MAX).map_err(io::Error::other)?;
        for (number, (_, message)) in messages.iter().take(count).enumerate() {
            let direction = if number % 2 == 0 { Direction::ToServer } else { Direction::ToClient };
            let recorded = recorder.message(Timestamp(number as i64), connection, direction, message);
            // `recorder` rejects malformed messages; they are seeds of other targets.
            if recorded.is_ok() && number % block == 0 {
                recorder.flush().map_err(io::Error::other)?;
            }
        }
        if finishes {
            recorder.close(Timestamp(99), connection).and_then(|()| recorder.finish()).map_err(io::Error::other)?;
        } else {
            recorder.flush().map_err(io::Error::other)?;
        }
        found.push((name.to_owned(), fs::read(path)?));
    }
    Ok(found)
}

fn write(folder: &Path, seeds: impl Iterator<Item = (String, Vec<u8>)>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
