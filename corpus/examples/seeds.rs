//! Writes what a fuzzer may start from: golden messages, the streams of the compressed ones, the bodies
//! of the others, and what the clients of the conversations say.
//!
//! `cargo run -p kcorpus --example seeds FOLDER` fills a folder for each target in `FOLDER`.

use std::path::Path;
use std::{env, fs, io};

use kcorpus::{Side, conversations, golden};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("no folder was named"))?;
    let messages = golden().into_iter().map(|golden| (golden.name.replace('/', "-"), golden.message));
    write(&Path::new(&folder).join("message"), messages)?;
    let compressed = golden().into_iter().filter(|golden| golden.message.get(2).is_some_and(|&kind| kind > 0));
    let streams = compressed.map(|golden| {
        // Where to cut; the kind and the byte order; what follows the header.
        let flags = (golden.message[2] - 1) | (1 - golden.message[0]) << 1;
        (golden.name.replace('/', "-"), [&[7, flags], &golden.message[8..]].concat())
    });
    write(&Path::new(&folder).join("inflate"), streams)?;
    let plain = golden().into_iter().filter(|golden| golden.message.get(2) == Some(&0));
    // The first byte is the limit of depth.
    let bodies = plain.map(|golden| (golden.name.replace('/', "-"), [&[100], &golden.message[8..]].concat()));
    write(&Path::new(&folder).join("refuse"), bodies)?;
    // Records of a log: each body, and what is like it.
    let plain = golden().into_iter().filter(|golden| golden.message.get(2) == Some(&0));
    let records = plain.map(|golden| (golden.name.replace('/', "-"), golden.message[8..].repeat(3)));
    write(&Path::new(&folder).join("log"), records)?;
    let clients = conversations().into_iter().map(|conversation| {
        let said = conversation.turns.iter().filter(|turn| turn.side == Side::Client);
        // The first byte tells the target where to cut.
        let bytes = [7].into_iter().chain(said.flat_map(|turn| turn.bytes.clone())).collect();
        (conversation.name.to_owned(), bytes)
    });
    write(&Path::new(&folder).join("conversation"), clients)
}

fn write(folder: &Path, seeds: impl Iterator<Item = (String, Vec<u8>)>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
