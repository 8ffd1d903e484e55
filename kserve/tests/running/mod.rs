//! A server on a thread of the test process, and helpers for raw sockets.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kcodec::{Capability, Value};
use kserve::{Handler, Interrupt, Sender, Server};
use kwire::blocking::Handle;
use kwire::{Message, MessageType};

/// A running server; stopped and joined on drop.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) interrupt: Interrupt,
    pub(crate) sender: Sender,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(handler: impl Handler + Send + 'static) -> Self {
        Self::with(handler, |server| server)
    }

    pub(crate) fn with(mut handler: impl Handler + Send + 'static, set_up: impl FnOnce(Server) -> Server) -> Self {
        let server = set_up(Server::bind("127.0.0.1:0").unwrap());
        let (address, interrupt, sender) = (server.local_addr().unwrap(), server.interrupt(), server.sender());
        let thread = Some(thread::spawn(move || server.run(&mut handler).unwrap()));
        Self { address, interrupt, sender, thread }
    }

    pub(crate) fn open(&self) -> Handle {
        Handle::open(&format!("{}:ann:secret", self.address)).unwrap()
    }

    /// A socket after the login.
    pub(crate) fn raw(&self) -> TcpStream {
        let mut stream = self.socket();
        stream.write_all(b"ann:\x06\0").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream
    }

    /// A socket on which nothing is sent yet.
    pub(crate) fn socket(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Waits until the server ends by itself.
    pub(crate) fn join(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.interrupt.stop();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || !matches!(ended, Some(Err(_))));
    }
}

pub(crate) fn message<'a>(kind: MessageType, value: impl Into<Value<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    kwire::encode(kind, value.into(), Capability::MAX, &mut out).unwrap();
    out
}

/// Reads one whole message.
pub(crate) fn read(stream: &mut impl Read) -> Message {
    let mut whole = vec![0; 8];
    stream.read_exact(&mut whole).unwrap();
    let length = u32::from_le_bytes(whole[4..].try_into().unwrap()) as usize;
    whole.resize(length, 0);
    stream.read_exact(&mut whole[8..]).unwrap();
    Message::decode(&whole[..], &kwire::Limits::default()).unwrap()
}

/// Reads until the end; a reset counts as end.
pub(crate) fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}
