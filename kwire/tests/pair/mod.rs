//! An in-memory connection of two bounded pipes, and a scripted server over it.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kcodec::{Capability, Value};
use kwire::blocking::{Duplex, Handle, Interest};
use kwire::{Connection, Error, Event, Inbound, Limits, Login, Message, MessageType, Options};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One end of the connection, non-blocking. The other end may be used by another thread.
#[derive(Debug)]
pub(crate) struct End {
    reads: Arc<Pipe>,
    writes: Arc<Pipe>,
}

#[derive(Debug, Default)]
struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    room: usize,
    closed: bool,
    wakers: Vec<Waker>,
}

/// Creates both ends. Each direction buffers at most `room` bytes.
pub(crate) fn pair(room: usize) -> (End, End) {
    let pipe = || {
        let state = State { room, ..State::default() };
        Arc::new(Pipe { state: Mutex::new(state), changed: Condvar::new() })
    };
    let (there, back) = (pipe(), pipe());
    (End { reads: back.clone(), writes: there.clone() }, End { reads: there, writes: back })
}

impl Pipe {
    fn changed(&self, mut state: MutexGuard<'_, State>) {
        state.wakers.drain(..).for_each(Waker::wake);
        self.changed.notify_all();
    }

    fn wait_until(&self, ready: impl Fn(&State) -> bool, timeout: Duration) -> bool {
        let state = self.state.lock().unwrap();
        let (state, _) = self.changed.wait_timeout_while(state, timeout, |state| !ready(state)).unwrap();
        ready(&state)
    }
}

impl End {
    /// Waits until the other end has read everything written here.
    pub(crate) fn wait_drained(&self) {
        assert!(self.writes.wait_until(|state| state.bytes.is_empty() || state.closed, TEST), "nobody reads");
    }
}

/// Time limit of a wait in a test.
pub(crate) const TEST: Duration = Duration::from_secs(20);

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.reads.state.lock().unwrap();
        if state.bytes.is_empty() {
            return if state.closed { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let read = state.bytes.read(buffer)?;
        self.reads.changed(state);
        Ok(read)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.writes.state.lock().unwrap();
        if state.closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(state.room - state.bytes.len());
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.bytes.extend(&bytes[..taken]);
        self.writes.changed(state);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Duplex for End {
    fn wait(&self, interest: Interest, timeout: Option<Duration>, _: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let timeout = timeout.unwrap_or(TEST);
        let readable = |state: &State| !state.bytes.is_empty() || state.closed;
        match interest {
            Interest::Readable => self.reads.wait_until(readable, timeout),
            // Two condition variables: polls them alternately.
            Interest::Either => {
                let end = Instant::now() + timeout;
                let writable = |state: &State| state.bytes.len() < state.room || state.closed;
                while !self.reads.wait_until(readable, Duration::from_millis(1))
                    && !self.writes.wait_until(writable, Duration::from_millis(1))
                    && Instant::now() < end
                {}
                true
            }
        };
        Ok(())
    }
}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.reads.state.lock().unwrap().wakers.push(cx.waker().clone());
        match self.read(buffer.initialize_unfilled()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            read => Poll::Ready(read.map(|read| buffer.advance(read))),
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.state.lock().unwrap().wakers.push(cx.waker().clone());
        match self.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for pipe in [&self.reads, &self.writes] {
            let mut state = pipe.state.lock().unwrap();
            state.closed = true;
            pipe.changed(state);
        }
    }
}

/// The server's end of one connection, driven by a test.
pub(crate) struct Peer {
    pub(crate) end: End,
    connection: Connection,
    inbound: Inbound,
}

impl Peer {
    /// Reads a login and accepts it.
    pub(crate) fn accept(end: End) -> Self {
        let connection = Connection::server(Limits::default(), Instant::now());
        let mut peer = Self { end, connection, inbound: Inbound::default() };
        assert!(matches!(peer.event(), Some(Event::Login(_))));
        let mut out = Vec::new();
        peer.connection.accept(&mut out).unwrap();
        peer.write(&out);
        peer
    }

    /// The next event; `None` at the end of input.
    pub(crate) fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.connection.receive(&mut self.inbound).unwrap() {
                return Some(event);
            }
            match self.inbound.read_from(&mut self.end) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.end.wait(Interest::Readable, Some(TEST), None).unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(crate) fn message(&mut self) -> Message {
        match self.event() {
            Some(Event::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    /// Writes a whole message, without reading meanwhile.
    pub(crate) fn send<'a>(&mut self, kind: MessageType, value: impl Into<Value<'a>>) {
        let mut out = Vec::new();
        self.connection.send(kind, value.into(), &mut out).unwrap();
        self.write(&out);
    }

    /// Writes all bytes, without reading meanwhile.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.end.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let room = |state: &State| state.bytes.len() < state.room || state.closed;
                    assert!(self.end.writes.wait_until(room, TEST), "nobody reads");
                }
                Err(_) => return,
            }
        }
    }
}

pub(crate) fn login() -> Login {
    Login { user: "u".into(), password: "p".into(), capability: Capability::MAX }
}

/// Starts a server of one connection over pipes of `room` bytes. Returns the client's end.
pub(crate) fn served<T: Send + 'static>(
    room: usize,
    script: impl FnOnce(Peer) -> T + Send + 'static,
) -> (End, JoinHandle<T>) {
    let (here, there) = pair(room);
    (here, thread::spawn(move || script(Peer::accept(there))))
}

/// Starts a server that reads the login; its script must write the answer.
pub(crate) fn served_raw<T: Send + 'static>(
    login: &Login,
    script: impl FnOnce(Peer) -> T + Send + 'static,
) -> (End, JoinHandle<T>) {
    let (here, there) = pair(1 << 16);
    let connection = Connection::server(Limits::default(), Instant::now());
    let mut peer = Peer { end: there, connection, inbound: Inbound::default() };
    let login = login.clone();
    let server = thread::spawn(move || {
        assert!(matches!(peer.event(), Some(Event::Login(seen)) if seen == login));
        peer.connection.accept(&mut Vec::new()).unwrap();
        script(peer)
    });
    (here, server)
}

/// Starts a server and opens a blocking handle to it.
pub(crate) fn opened<T: Send + 'static>(
    options: &Options,
    script: impl FnOnce(Peer) -> T + Send + 'static,
) -> (Handle<End>, JoinHandle<T>) {
    let (end, server) = served(1 << 16, script);
    (Handle::over(end, &login(), options).unwrap(), server)
}

pub(crate) fn text(message: Result<Message, Error>) -> String {
    message.unwrap().value().to_string()
}
