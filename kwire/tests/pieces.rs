//! The events of a conversation must not depend on how its bytes are split.

use std::time::Instant;

use kcorpus::{Conversation, Side, conversations};
use kwire::{Connection, Event, Inbound, Limits, Login, MessageType};
use proptest::prelude::*;

/// The events at both ends of a conversation, in order.
type Seen = Vec<(Side, String)>;

/// Plays a conversation between two connections. `cut` splits the bytes of each turn.
fn play(conversation: &Conversation, mut cut: impl FnMut(&[u8]) -> Vec<Vec<u8>>) -> Seen {
    let mut ends: Option<(Connection, Inbound, Connection, Inbound)> = None;
    let mut seen = Vec::new();
    for turn in &conversation.turns {
        let (client, client_in, server, server_in) = ends.get_or_insert_with(|| {
            let login = turn.bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
            let client = Connection::client(Limits::default(), &Login::parse(login.into()), &mut Vec::new());
            let server = Connection::server(Limits::default(), Instant::now());
            (client, Inbound::default(), server, Inbound::default())
        });
        for piece in cut(&turn.bytes) {
            // The bytes go to the other end. `note` tells the sender's connection what it has sent.
            match turn.side {
                Side::Client => {
                    server_in.extend(&piece);
                    while let Some(event) = server.receive(server_in).unwrap() {
                        note(&event, Side::Server, client, &mut seen);
                        if let Event::Login(_) = event {
                            server.accept(&mut Vec::new()).unwrap();
                        }
                    }
                }
                Side::Server => {
                    client_in.extend(&piece);
                    while let Some(event) = client.receive(client_in).unwrap() {
                        note(&event, Side::Client, server, &mut seen);
                    }
                }
            }
        }
    }
    let (_, client_in, _, server_in) = ends.unwrap();
    assert!(client_in.is_empty() && server_in.is_empty(), "{}: bytes were left over", conversation.name);
    seen
}

fn note(event: &Event, side: Side, sender: &mut Connection, seen: &mut Seen) {
    if let Event::Message(message) = event {
        seen.push((side, format!("{:?} {}", message.kind(), message.value())));
        // Records the message at the sender's end, so that requests and responses are counted.
        if message.kind() != MessageType::Async {
            sender.post(message.kind(), &[]).unwrap();
        }
    } else {
        seen.push((side, format!("{event:?}")));
    }
}

#[test]
fn whole_turns_decode() {
    for conversation in conversations() {
        let seen = play(&conversation, |bytes| vec![bytes.to_vec()]);
        assert!(seen.len() >= conversation.turns.len() / 2, "{}: {seen:?}", conversation.name);
    }
}

#[test]
fn a_split_at_any_byte_changes_nothing() {
    for conversation in conversations() {
        let whole = play(&conversation, |bytes| vec![bytes.to_vec()]);
        let longest = conversation.turns.iter().map(|turn| turn.bytes.len()).max().unwrap();
        for at in 0..=longest {
            let cut = play(&conversation, |bytes| {
                let (first, second) = bytes.split_at(at.min(bytes.len()));
                vec![first.to_vec(), second.to_vec()]
            });
            assert_eq!(cut, whole, "{} cut at {at}", conversation.name);
        }
        let bytes = play(&conversation, |bytes| bytes.iter().map(|&byte| vec![byte]).collect());
        assert_eq!(bytes, whole, "{} byte by byte", conversation.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_splits_change_nothing(sizes in prop::collection::vec(1..40_usize, 1..20)) {
        for conversation in conversations() {
            let whole = play(&conversation, |bytes| vec![bytes.to_vec()]);
            let mut sizes = sizes.iter().copied().cycle();
            let cut = play(&conversation, |mut bytes| {
                let mut pieces = Vec::new();
                while !bytes.is_empty() {
                    let (piece, rest) = bytes.split_at(sizes.next().unwrap().min(bytes.len()));
                    pieces.push(piece.to_vec());
                    bytes = rest;
                }
                pieces
            });
            prop_assert_eq!(cut, whole);
        }
    }
}
