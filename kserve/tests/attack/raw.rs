//! A raw socket, on which a test can send arbitrary bytes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use kcodec::{Capability, Value};
use kwire::{Header, MessageType};

/// Read and write timeout.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

impl Raw {
    /// Connects without sending anything.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        Self { stream }
    }

    /// Connects and logs in.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::log_in(address, b"attack:").unwrap_or_else(|error| panic!("login: {error}"))
    }

    /// Connects and logs in with these credentials.
    pub(crate) fn log_in(address: SocketAddr, credentials: &[u8]) -> io::Result<Self> {
        let mut raw = Self::connect(address);
        raw.stream.write_all(&[credentials, &[6, 0]].concat())?;
        raw.stream.read_exact(&mut [0])?;
        Ok(raw)
    }

    /// Writes. Fails if the server has closed the connection.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub(crate) fn sync(&mut self, query: &str) {
        self.write(&message(MessageType::Sync, query)).unwrap();
    }

    pub(crate) fn send(&mut self, update: &str) {
        self.write(&message(MessageType::Async, update)).unwrap();
    }

    /// Reads the body of the next message.
    pub(crate) fn body(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; Header::LEN];
        self.stream.read_exact(&mut head)?;
        let header = Header::parse(head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let length = header.length - Header::LEN as u64;
        let mut body = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut body)?;
        if body.len() as u64 == length { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads the next message. Returns its one-line form.
    pub(crate) fn answer(&mut self) -> io::Result<String> {
        let body = self.body()?;
        let value = Value::decode(&body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(value.to_string())
    }

    /// Reads only the head of the next message. Returns its text if it is an error; otherwise leaves the rest
    /// unread.
    pub(crate) fn answer_is_error(&mut self) -> Option<String> {
        let mut head = [0; Header::LEN + 1];
        self.stream.read_exact(&mut head).unwrap();
        if head[Header::LEN] != 0x80 {
            return None;
        }
        let length = u32::from_le_bytes(head[4..8].try_into().unwrap()) as usize;
        let mut text = vec![0; length - head.len()];
        self.stream.read_exact(&mut text).unwrap();
        text.pop();
        Some(String::from_utf8(text).unwrap())
    }

    /// Reads everything until the server closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => {
                panic!("the server does not close: {error}")
            }
            _ => rest,
        }
    }

    pub(crate) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Resets the connection instead of closing it.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }
}

/// A text message.
pub(crate) fn message(kind: MessageType, text: &str) -> Vec<u8> {
    whole(kind, text.into())
}

/// A whole message.
pub(crate) fn whole(kind: MessageType, value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    kwire::encode(kind, value, Capability::MAX, &mut out).unwrap();
    out
}

/// The header and the first bytes of a byte vector of `count` items; the items must follow.
pub(crate) fn head_of_bytes(kind: MessageType, count: u32) -> Vec<u8> {
    let length = (Header::LEN + 6) as u64 + u64::from(count);
    let header = Header { order: kwire::ByteOrder::Little, kind, compression: None, length };
    [&header.to_bytes()[..], &[4, 0], &count.to_le_bytes()].concat()
}

/// Compresses a message. Panics if it does not shrink to half.
pub(crate) fn compressed(message: &[u8]) -> Vec<u8> {
    kwire::compress(message, kcodec::Threshold::default()).unwrap().expect("it halves")
}
