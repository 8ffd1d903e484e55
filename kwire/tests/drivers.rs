//! Both clients must read recorded conversations identically, wherever the server's bytes are split.

use kcorpus::{Conversation, Side, conversations};
use kwire::blocking::Handle;
use kwire::{Header, Limits, Login, Message, MessageType, Options};

mod pair;

use pair::{End, served_raw};

/// A conversation from the client's side.
struct Script {
    login: Login,
    /// The messages that the client sends.
    sent: Vec<Message>,
    /// The server's answer to the login, and its messages as bytes.
    accept: Vec<u8>,
    answers: Vec<Vec<u8>>,
}

impl Script {
    fn new(conversation: &Conversation) -> Self {
        let said = |side| {
            let turns = conversation.turns.iter().filter(move |turn| turn.side == side);
            turns.flat_map(|turn| turn.bytes.clone()).collect::<Vec<u8>>()
        };
        let (client, server) = (said(Side::Client), said(Side::Server));
        let end = client.iter().position(|&byte| byte == 0).unwrap();
        let (login, client) = client.split_at(end + 1);
        Self {
            login: Login::parse(login[..end].to_vec().into()),
            sent: messages(client).into_iter().map(decode).collect(),
            accept: server[..1].to_vec(),
            answers: messages(&server[1..]),
        }
    }

    /// The messages that a client must receive, in order: responses, or all others.
    fn expected(&self, responses: bool) -> Vec<String> {
        let heard = self.answers.iter().cloned().map(decode);
        let wanted = heard.filter(|message| (message.kind() == MessageType::Response) == responses);
        wanted.map(|message| message.value().to_string()).collect()
    }

    /// Starts the server. It sends a response once its request has arrived, everything else at once, and splits each
    /// message at `cut`.
    fn serve(&self, cut: usize) -> (End, std::thread::JoinHandle<()>) {
        let (accept, answers) = (self.accept.clone(), self.answers.clone());
        served_raw(&self.login, move |mut peer| {
            peer.write(&accept);
            for answer in answers {
                if answer[1] == MessageType::Response as u8 {
                    while peer.message().kind() != MessageType::Sync {}
                }
                let (first, second) = answer.split_at(cut.min(answer.len()));
                peer.write(first);
                peer.end.wait_drained();
                peer.write(second);
            }
            while peer.event().is_some() {}
        })
    }
}

fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some(&head) = bytes.first_chunk() {
        let (message, rest) = bytes.split_at(Header::parse(head).unwrap().length as usize);
        messages.push(message.to_vec());
        bytes = rest;
    }
    messages
}

fn decode(message: Vec<u8>) -> Message {
    Message::decode(message.as_slice(), &Limits::default()).unwrap()
}

fn shown(message: &Message) -> String {
    message.value().to_string()
}

fn blocking(script: &Script, cut: usize) -> (Vec<String>, Vec<String>) {
    let (end, server) = script.serve(cut);
    let mut h = Handle::over(end, &script.login, &Options::default()).unwrap();
    let mut responses = Vec::new();
    for message in &script.sent {
        match message.kind() {
            MessageType::Sync => responses.push(shown(&h.sync(message.value()).unwrap())),
            _ => h.send(message.value()).unwrap(),
        }
    }
    let pushes = (0..script.expected(false).len()).map(|_| shown(&h.receive().unwrap())).collect();
    h.close().unwrap();
    server.join().unwrap();
    (responses, pushes)
}

async fn pipelined(script: &Script, cut: usize) -> (Vec<String>, Vec<String>) {
    let (end, server) = script.serve(cut);
    let (h, driver) = kwire::tokio::over(end, &script.login, &Options::default()).await.unwrap();
    let driver = tokio::spawn(driver);
    let mut responses = Vec::new();
    for message in &script.sent {
        match message.kind() {
            MessageType::Sync => responses.push(h.sync(message.value()).unwrap()),
            _ => h.send(message.value()).unwrap(),
        }
    }
    let (mut heard, mut pushes) = (Vec::new(), Vec::new());
    for response in responses {
        heard.push(shown(&response.await.unwrap()));
    }
    for _ in script.expected(false) {
        pushes.push(shown(&h.receive().await.unwrap()));
    }
    drop(h);
    driver.await.unwrap().unwrap();
    server.join().unwrap();
    (heard, pushes)
}

#[tokio::test]
async fn every_split_reads_the_same() {
    let mut total = 0;
    for conversation in conversations() {
        let script = Script::new(&conversation);
        let expected = (script.expected(true), script.expected(false));
        let longest = script.answers.iter().map(Vec::len).max().unwrap();
        for cut in 0..=longest {
            assert_eq!(blocking(&script, cut), expected, "{} cut at {cut}, blocking", conversation.name);
            assert_eq!(pipelined(&script, cut).await, expected, "{} cut at {cut}, tokio", conversation.name);
        }
        total += expected.0.len() + expected.1.len();
    }
    assert!(total >= 15, "{total} messages");
}
