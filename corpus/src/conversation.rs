//! Scripted conversations, starting with the login: parses `conversations/*.txt`.

use crate::unhex;

/// The writes of client and server on one connection.
///
/// ```
/// use kcorpus::{Conversation, Side, Turn, conversations};
///
/// let all: Vec<Conversation> = conversations();
/// let turns: &[Turn] = &all[0].turns;
/// assert_eq!((all[0].name, turns[0].side), ("login-sync", Side::Client));
/// assert!(turns[0].bytes.ends_with(&[0])); // a login
/// ```
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The file's name without suffix.
    pub name: &'static str,
    /// The writes, in order.
    pub turns: Vec<Turn>,
}

/// One write. A message may span several writes, and a write may hold several messages.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The end that wrote.
    pub side: Side,
    /// The bytes written.
    pub bytes: Vec<u8>,
}

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that connects and sends the login.
    Client,
    /// The end that listens and answers the login with one byte.
    Server,
}

const FILES: [(&str, &str); 6] = [
    ("login-sync", include_str!("../conversations/login-sync.txt")),
    ("async-chaser", include_str!("../conversations/async-chaser.txt")),
    ("big-endian", include_str!("../conversations/big-endian.txt")),
    ("compressed", include_str!("../conversations/compressed.txt")),
    ("pipelined", include_str!("../conversations/pipelined.txt")),
    ("push-while-waiting", include_str!("../conversations/push-while-waiting.txt")),
];

/// All conversations.
///
/// # Panics
///
/// If a line of the compiled-in files is malformed.
pub fn conversations() -> Vec<Conversation> {
    FILES.iter().map(|&(name, text)| Conversation { name, turns: turns(text) }).collect()
}

fn turns(text: &str) -> Vec<Turn> {
    text.lines().filter(|line| !line.starts_with('#')).map(turn).collect()
}

fn turn(line: &str) -> Turn {
    let (side, digits) = match line.split_once(' ') {
        Some(("client", digits)) => (Side::Client, digits),
        Some(("server", digits)) => (Side::Server, digits),
        _ => panic!("neither side: {line}"),
    };
    Turn { side, bytes: unhex(digits).unwrap_or_else(|| panic!("not hex: {line}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(conversation: &Conversation, side: Side) -> Vec<u8> {
        conversation.turns.iter().filter(|turn| turn.side == side).flat_map(|turn| turn.bytes.clone()).collect()
    }

    /// Message types of a stream of whole messages.
    fn types(mut stream: &[u8]) -> Vec<u8> {
        let mut types = Vec::new();
        while !stream.is_empty() {
            let length = stream[4..8].try_into().unwrap();
            let length = if stream[0] == 1 { u32::from_le_bytes(length) } else { u32::from_be_bytes(length) };
            types.push(stream[1]);
            stream = &stream[length as usize..];
        }
        types
    }

    #[test]
    fn every_sync_message_is_answered() {
        for conversation in conversations() {
            let client = said(&conversation, Side::Client);
            let login = client.iter().position(|&byte| byte == 0).unwrap() + 1;
            let requests = types(&client[login..]).iter().filter(|&&kind| kind == 1).count();
            let answers = types(&said(&conversation, Side::Server)[1..]).iter().filter(|&&kind| kind == 2).count();
            assert_eq!(requests, answers, "{}", conversation.name);
            assert!(requests > 0, "{}", conversation.name);
        }
    }

    #[test]
    fn logins_are_answered_with_the_common_capability() {
        for Conversation { name, turns } in conversations() {
            assert_eq!((turns[0].side, turns[1].side), (Side::Client, Side::Server), "{name}");
            let [.., capability, 0] = turns[0].bytes[..] else { panic!("{name}") };
            assert!(turns[1].bytes[0] <= capability, "{name}");
        }
    }
}
