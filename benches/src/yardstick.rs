//! Bare servers as a baseline for kserve: only framing and writing.
//!
//! They accept every login, decode nothing, and queue only what a socket does not take.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use kcodec::Value;
use kwire::{Header, MessageType};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::load::{Frames, Plan};

/// How a bare server handles a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Answers every message with a fixed long, by one write each.
    Echo,
    /// A sync message subscribes and is answered; an async message is forwarded to every subscriber.
    Fanout,
}

/// Bytes per read.
const BUFFER: usize = 64 << 10;
const LISTENER: Token = Token(usize::MAX - 1);

/// A bare server on one epoll loop.
#[derive(Debug)]
pub struct Bare {
    job: Job,
    poll: Poll,
    listener: TcpListener,
    peers: Slab<Peer>,
    subscribers: Vec<usize>,
    answer: Vec<u8>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Peer {
    stream: TcpStream,
    is_in: bool,
    frames: Frames,
    /// Fan-out: the received part of an incomplete message.
    partial: Vec<u8>,
    /// Bytes that the socket did not take.
    out: Vec<u8>,
}

impl Bare {
    /// Binds to a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn bind(job: Job) -> io::Result<Self> {
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let answer = Plan::message(MessageType::Response, Value::from(4_i64)).unwrap_or_default();
        let (peers, subscribers, buffer) = (Slab::new(), Vec::new(), vec![0; BUFFER]);
        Ok(Self { job, poll, listener, peers, subscribers, answer, buffer })
    }

    /// The listening address.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Runs the event loop.
    ///
    /// # Errors
    ///
    /// The OS error of polling or accepting.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            self.poll.poll(&mut events, None)?;
            for event in &events {
                let Token(slot) = event.token();
                if event.token() == LISTENER {
                    self.accept()?;
                } else if self.serve(slot, event.is_writable()).is_err() {
                    self.peers.try_remove(slot);
                    self.subscribers.retain(|&subscriber| subscriber != slot);
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    stream.set_nodelay(true)?;
                    let entry = self.peers.vacant_entry();
                    let both = Interest::READABLE | Interest::WRITABLE;
                    self.poll.registry().register(&mut stream, Token(entry.key()), both)?;
                    entry.insert(Peer::new(stream));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads until the socket is drained.
    fn serve(&mut self, slot: usize, writable: bool) -> io::Result<()> {
        let Some(peer) = self.peers.get_mut(slot) else { return Ok(()) };
        if writable {
            peer.flush()?;
        }
        loop {
            let Some(peer) = self.peers.get_mut(slot) else { return Ok(()) };
            let read = match peer.stream.read(&mut self.buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let mut bytes = &self.buffer[..read];
            if !peer.is_in {
                let Some(end) = bytes.iter().position(|&byte| byte == 0) else { continue };
                bytes = &bytes[end + 1..];
                peer.is_in = true;
                peer.send(&[kcodec::Capability::MAX.byte()])?;
            }
            match self.job {
                Job::Echo => peer.echo(bytes, &self.answer)?,
                Job::Fanout => {
                    peer.partial.extend_from_slice(bytes);
                    self.fan_out(slot)?;
                }
            }
            if read < BUFFER {
                return Ok(());
            }
        }
    }

    fn fan_out(&mut self, slot: usize) -> io::Result<()> {
        let mut partial = std::mem::take(&mut self.peers[slot].partial);
        let mut start = 0;
        while let Some(length) = length(&partial[start..])? {
            let message = &partial[start..start + length];
            start += length;
            if message[1] == MessageType::Sync as u8 {
                self.subscribers.push(slot);
                self.peers[slot].send(&self.answer)?;
                continue;
            }
            for &subscriber in &self.subscribers {
                // A failed subscriber is removed on its own event.
                let _ = self.peers[subscriber].send(message);
            }
        }
        partial.drain(..start);
        self.peers[slot].partial = partial;
        Ok(())
    }
}

/// The length of the message at the start of `bytes`; `None` if it is incomplete.
fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(&head) = bytes.first_chunk() else { return Ok(None) };
    let header = Header::parse(head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Some(header.length as usize).filter(|&length| length <= bytes.len()))
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        Self { stream, is_in: false, frames: Frames::default(), partial: Vec::new(), out: Vec::new() }
    }

    fn echo(&mut self, bytes: &[u8], answer: &[u8]) -> io::Result<()> {
        let mut count = 0;
        let fed = self.frames.feed(bytes, |_| count += 1);
        fed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        (0..count).try_for_each(|_| self.send(answer))
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.out.is_empty() {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        let sent = self.write(bytes)?;
        self.out.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        let sent = self.write(&out)?;
        self.out = out;
        self.out.drain(..sent);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(more) => sent += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }
}

/// Serves one client at a time by blocking I/O: answers every message with a vector of `longs` longs.
///
/// # Errors
///
/// The OS error of accepting. A client's errors end only its connection.
pub fn stream(listener: &std::net::TcpListener, longs: usize) -> io::Result<()> {
    let answer = Plan::message(MessageType::Response, (&vec![0_i64; longs]).into()).map_err(io::Error::other)?;
    loop {
        let (client, _) = listener.accept()?;
        let _ = stream_to(client, &answer);
    }
}

fn stream_to(mut client: std::net::TcpStream, answer: &[u8]) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (mut frames, mut buffer) = (Frames::default(), vec![0; BUFFER]);
    // The login arrives in one read, because the load generator sends it so.
    if client.read(&mut buffer)? == 0 {
        return Ok(());
    }
    client.write_all(&[kcodec::Capability::MAX.byte()])?;
    loop {
        let read = client.read(&mut buffer)?;
        let mut count = 0;
        let fed = frames.feed(&buffer[..read], |_| count += 1);
        if fed.is_err() || read == 0 {
            return Ok(());
        }
        (0..count).try_for_each(|_| client.write_all(answer))?;
    }
}
