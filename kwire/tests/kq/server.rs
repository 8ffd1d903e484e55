//! A scripted server on the loopback interface.

use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kcodec::Value;
use kwire::{Connection, Event, Inbound, Limits, Login, Message, MessageType};

/// The server's end of one connection.
pub(crate) struct Peer {
    pub(crate) login: Login,
    stream: TcpStream,
    connection: Connection,
    inbound: Inbound,
}

impl Peer {
    pub(crate) fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        // Bounds the test's time if something goes wrong.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let connection = Connection::server(Limits::default(), Instant::now());
        let login = Login { user: "".into(), password: "".into(), capability: kcodec::Capability::MAX };
        let mut peer = Self { login, stream, connection, inbound: Inbound::default() };
        let Some(Event::Login(login)) = peer.event() else { panic!("no login") };
        peer.login = login;
        let mut out = Vec::new();
        peer.connection.accept(&mut out).unwrap();
        peer.stream.write_all(&out).unwrap();
        peer
    }

    fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.connection.receive(&mut self.inbound).unwrap() {
                return Some(event);
            }
            match self.inbound.read_from(&mut self.stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The next message; `None` at the end of input.
    pub(crate) fn message(&mut self) -> Option<Message> {
        match self.event()? {
            Event::Message(message) => Some(message),
            other => panic!("{other:?}"),
        }
    }

    /// The text of the next request.
    pub(crate) fn query(&mut self) -> Option<Vec<u8>> {
        let message = self.message()?;
        assert_eq!(message.kind(), MessageType::Sync);
        Some(message.value().as_text().expect("a text").to_vec())
    }

    /// Sends a message. Returns `false` if the client has closed.
    pub(crate) fn send(&mut self, kind: MessageType, value: Value<'_>) -> bool {
        let mut out = Vec::new();
        self.connection.send(kind, value, &mut out).unwrap();
        self.stream.write_all(&out).is_ok()
    }

    pub(crate) fn respond(&mut self, q: &str) {
        self.send(MessageType::Response, kcodec::parse(q).unwrap().value());
    }

    pub(crate) fn push(&mut self, q: &str) -> bool {
        self.send(MessageType::Async, kcodec::parse(q).unwrap().value())
    }
}

/// Starts a server of one connection; the address is `127.0.0.1:PORT`.
pub(crate) fn serve<T: Send + 'static>(script: impl FnOnce(Peer) -> T + Send + 'static) -> (String, JoinHandle<T>) {
    listen(|listener| script(Peer::accept(&listener)))
}

/// Starts a server whose script accepts connections.
pub(crate) fn listen<T: Send + 'static>(
    script: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, thread::spawn(move || script(listener)))
}

/// Starts a server that answers each query with a q literal, or with an error if the answer starts with a quote. The
/// thread returns the queries once the client closes.
pub(crate) fn answering(mut answer: impl FnMut(&str) -> String + Send + 'static) -> (String, JoinHandle<Vec<String>>) {
    serve(move |mut peer| {
        let mut asked = Vec::new();
        while let Some(query) = peer.query() {
            let query = String::from_utf8_lossy(&query).into_owned();
            let answer = answer(&query);
            match answer.strip_prefix('\'') {
                Some(error) => _ = peer.send(MessageType::Response, Value::error(error)),
                None => peer.respond(&answer),
            }
            asked.push(query);
        }
        asked
    })
}
