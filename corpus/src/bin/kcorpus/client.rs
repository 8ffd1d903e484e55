//! A client that sends raw messages and collects the responses.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kcorpus::recording::{Direction, Framed, Framer};
use kwire::{Login, MessageType};

/// A server's address and the time limit of its answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) timeout: Duration,
}

/// One connection. A thread reads continuously, so that the server never blocks on writing.
pub(crate) struct Client {
    stream: TcpStream,
    out: Vec<u8>,
    /// Number of requests in `out`.
    asking: usize,
    /// Write times of requests whose responses have not arrived.
    asked: VecDeque<Instant>,
    inbox: Arc<Inbox>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Inbox {
    received: Mutex<Received>,
    changed: Condvar,
}

#[derive(Default)]
struct Received {
    is_accepted: bool,
    responses: VecDeque<(Instant, Bytes)>,
    /// Number of responses expected.
    awaited: usize,
    pushes: u64,
    /// Why the input has ended.
    end: Option<&'static str>,
}

/// Queued bytes at which the queue is written.
const FULL: usize = 64 * 1024;
const CHUNK: usize = 64 * 1024;
/// How long to wait for the server to close.
const CLOSING: Duration = Duration::from_secs(2);

impl Client {
    /// Connects and logs in.
    pub(crate) fn open(target: &Target, login: &Login) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&target.address, target.timeout.max(Duration::from_millis(1)))?;
        stream.set_nodelay(true)?;
        stream.write_all(&login.to_bytes())?;
        let inbox = Arc::<Inbox>::default();
        let (reading, shared) = (stream.try_clone()?, Arc::clone(&inbox));
        let reader = thread::Builder::new().name("responses".to_owned()).spawn(move || shared.read(reading))?;
        let client = Self { stream, out: Vec::new(), asking: 0, asked: VecDeque::new(), inbox, reader };
        let came = client.inbox.wait(target.timeout, |came| came.is_accepted);
        if came.is_accepted {
            drop(came);
            return Ok(client);
        }
        Err(io::Error::other(came.end.map_or("the login was not answered", |_| "the login was refused")))
    }

    /// Queues a message. Returns whether the queue was empty.
    pub(crate) fn queue(&mut self, message: &[u8]) -> bool {
        let was_empty = self.out.is_empty();
        self.out.extend_from_slice(message);
        self.asking += usize::from(message.get(1) == Some(&(MessageType::Sync as u8)));
        was_empty
    }

    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= FULL
    }

    /// Writes the queue.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        if self.asking > 0 {
            self.inbox.lock().awaited += self.asking;
            let now = Instant::now();
            self.asked.extend((0..std::mem::take(&mut self.asking)).map(|_| now));
        }
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Waits for the next response. Returns its latency, too.
    pub(crate) fn response(&mut self, timeout: Duration) -> io::Result<(Duration, Bytes)> {
        let mut came = self.inbox.wait(timeout, |came| !came.responses.is_empty());
        match came.responses.pop_front() {
            Some((at, response)) => {
                let asked = self.asked.pop_front().unwrap_or(at);
                Ok((at.saturating_duration_since(asked), response))
            }
            None => Err(io::Error::new(ErrorKind::TimedOut, came.end.unwrap_or("no response in time"))),
        }
    }

    /// Shuts down the write side and waits for the server to close. Returns the number of messages received that were
    /// not responses.
    pub(crate) fn close(self) -> u64 {
        // Fails if the server is gone, which does not matter.
        let _ = self.stream.shutdown(Shutdown::Write);
        drop(self.inbox.wait(CLOSING, |_| false));
        let _ = self.stream.shutdown(Shutdown::Both);
        // The shutdown ends the thread.
        let _ = self.reader.join();
        self.inbox.lock().pushes
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `is_here` holds, the input ends, or the timeout passes.
    fn wait(&self, timeout: Duration, is_here: impl Fn(&Received) -> bool) -> MutexGuard<'_, Received> {
        let missing = |came: &mut Received| came.end.is_none() && !is_here(came);
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, missing);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn read(&self, mut stream: TcpStream) {
        let mut framer = Framer::new(Direction::ToClient);
        let mut chunk = vec![0; CHUNK];
        let end = loop {
            let read = match stream.read(&mut chunk) {
                Ok(0) => break "the server has closed the connection",
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break "the connection has broken",
            };
            let mut bytes = Bytes::copy_from_slice(chunk.get(..read).unwrap_or_default());
            let framed = std::iter::from_fn(|| framer.next(&mut bytes));
            let now = Instant::now();
            if let Err(end) = self.lock().take(framed, now) {
                break end;
            }
            self.changed.notify_one();
        };
        // Nothing is read any more, so the server must not block on writing.
        let _ = stream.shutdown(Shutdown::Both);
        self.lock().end = Some(end);
        self.changed.notify_one();
    }
}

impl Received {
    fn take(&mut self, framed: impl Iterator<Item = Framed>, now: Instant) -> Result<(), &'static str> {
        for framed in framed {
            match framed {
                Framed::Accepted(_) => self.is_accepted = true,
                Framed::Message(message) if message.get(1) == Some(&(MessageType::Response as u8)) => {
                    self.awaited = self.awaited.checked_sub(1).ok_or("the server sent a response to no request")?;
                    self.responses.push_back((now, message));
                }
                Framed::Message(_) => self.pushes += 1,
                Framed::TooLarge(_) => return Err("the server sent a message over 1 GiB"),
                Framed::Login { .. } | Framed::Foreign(_) => {
                    return Err("the server sent bytes that are not a message");
                }
            }
        }
        Ok(())
    }
}
