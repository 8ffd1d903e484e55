//! Clients over loopback, held against bare loops of reads and writes on the same bytes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use kcodec::{Atom, Capability, Value};
use kcorpus::workload;
use kserve::{Context, Handler, Peer, Reply, Server};
use kwire::blocking::Handle;
use kwire::{Header, Message, MessageType, Options};

use crate::{Case, Timed, timed};

/// A login without credentials, and bytes of a request of one char.
const LOGIN: &[u8] = b"u:\x06\0";
const REQUEST: usize = 15;

/// Lets connections in, one thread for each, and has `serve` answer until the client has gone.
fn server(serve: impl Fn(&mut TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || {
                stream.set_nodelay(true)?;
                while read_byte(&mut stream)? != 0 {}
                stream.write_all(&[6])?;
                while serve(&mut stream).is_ok() {}
                std::io::Result::Ok(())
            });
        }
    });
    address
}

fn read_byte(stream: &mut TcpStream) -> std::io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// A connection without a client.
fn bare(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a server");
    stream.set_nodelay(true).expect("a socket");
    stream.write_all(LOGIN).and_then(|()| stream.read_exact(&mut [0])).expect("to be let in");
    stream
}

fn message(kind: MessageType, value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    kwire::encode(kind, value, Capability::MAX, &mut out).expect("sendable");
    out
}

/// 80 MB into a view, against reads into one warm buffer.
pub(super) fn receive() -> Case {
    let longs = workload::longs(workload::LONGS);
    let response = message(MessageType::Response, (&longs).into());
    let length = response.len();
    let address = server(move |stream| {
        stream.read_exact(&mut [0; REQUEST])?;
        stream.write_all(&response)
    });
    let mut handle = Handle::open(&address).expect("a server");
    let received = handle.sync("x").expect("an answer");
    assert!(received.value() == (&longs).into());
    drop(received);
    let ours = timed(move || handle.sync("x").map(|message| message.body().as_bytes().len()).unwrap_or_default());
    let (mut stream, request) = (bare(&address), message(MessageType::Sync, "x".into()));
    let mut buffer = vec![0; length];
    let yard = timed(move || {
        stream.write_all(&request).expect("written");
        let mut read = 0;
        while read < length {
            read += stream.read(&mut buffer[read..]).expect("bytes");
        }
        read
    });
    Case { ours, yard }
}

/// A server that reads a request of so many bytes into a small buffer and answers `1b`.
fn sink(length: usize) -> String {
    let answer = message(MessageType::Response, true.into());
    server(move |stream| {
        let mut buffer = vec![0; 256 * 1024];
        let mut missing = length;
        while missing > 0 {
            let part = missing.min(buffer.len());
            match stream.read(&mut buffer[..part])? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => missing -= read,
            }
        }
        stream.write_all(&answer)
    })
}

/// 80 MB out of a slice, against writes of the encoded message.
pub(super) fn send() -> Case {
    let longs = workload::longs(workload::LONGS);
    let request = message(MessageType::Sync, (&longs).into());
    let address = sink(request.len());
    let mut handle = Handle::open(&address).expect("a server");
    assert!(handle.sync(&longs).expect("an answer").value() == true.into());
    let ours = timed(move || handle.sync(&longs).is_ok());
    let mut stream = bare(&address);
    let yard = timed(move || {
        stream.write_all(&request).expect("written");
        stream.read_exact(&mut [0; Header::LEN + 2]).expect("an answer");
    });
    Case { ours, yard }
}

/// Requests on one connection, and how many of them are in flight.
pub(super) const REQUESTS: usize = 20_000;
const DEPTH: usize = 64;

/// A server that answers requests of [`REQUEST`] bytes as they come, as many at a time as are here.
fn answers() -> String {
    let answer = message(MessageType::Response, 4_i64.into());
    server(move |stream| {
        let mut buffer = vec![0; 64 * 1024];
        let (mut begun, mut out) = (0, Vec::new());
        loop {
            match stream.read(&mut buffer)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => begun += read,
            }
            out.clear();
            (0..begun / REQUEST).for_each(|_| out.extend_from_slice(&answer));
            begun %= REQUEST;
            stream.write_all(&out)?;
        }
    })
}

/// kserve's loop with a handler that does nothing.
fn constant() -> String {
    let server = Server::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address").to_string();
    std::thread::spawn(move || server.run(&mut Four));
    address
}

struct Four;

impl Handler for Four {
    fn on_sync(&mut self, _: &mut Context<'_>, _: &Peer, _: &Message, reply: Reply<'_>) {
        reply.value(4_i64);
    }
}

/// Requests to kserve: what a service sees.
pub(super) fn pipelined() -> Case {
    pipelined_to(&constant())
}

/// Requests to a thread that answers without looking: what is left is the client's, the kernel's and the
/// runtime's, which asks epoll twice for each read.
pub(super) fn pipelined_to_answers() -> Case {
    pipelined_to(&answers())
}

/// The client for tokio, against a loop that keeps as many requests in flight.
fn pipelined_to(address: &str) -> Case {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (handle, driver) = runtime.block_on(kwire::tokio::connect(address, &Options::default())).expect("a server");
    let _driver = runtime.spawn(driver);
    // A task beside the driver's, as in a service: a runtime's main future would cost one more system call a turn.
    let run = move || runtime.block_on(runtime.spawn(requests(handle.clone()))).expect("no panic");
    assert_eq!(run(), 4 * REQUESTS as i64);
    let ours = timed(run);
    Case { ours, yard: pipelined_bare(address) }
}

/// The sum of all answers. Whenever half of those in flight are answered, as many are asked.
async fn requests(handle: kwire::tokio::Handle) -> i64 {
    let mut flying = VecDeque::with_capacity(DEPTH);
    let (mut sent, mut sum) = (0, 0);
    while sent < REQUESTS || !flying.is_empty() {
        while sent < REQUESTS && flying.len() < DEPTH {
            flying.push_back(handle.sync("x").expect("queued"));
            sent += 1;
        }
        for response in flying.drain(..flying.len().min(DEPTH / 2)) {
            sum += answered(response).await;
        }
    }
    sum
}

async fn answered(response: kwire::tokio::Response) -> i64 {
    let message = response.await.expect("an answer");
    match message.value() {
        Value::Atom(Atom::Long(number)) => number,
        _ => 0,
    }
}

fn pipelined_bare(address: &str) -> Timed {
    let (mut stream, request) = (bare(address), message(MessageType::Sync, "x".into()));
    let response = message(MessageType::Response, 4_i64.into()).len();
    let mut buffer = vec![0; 64 * 1024];
    let burst = request.repeat(DEPTH);
    // A write for each response that was read would be slower.
    let run = move || {
        let (mut sent, mut received, mut bytes) = (DEPTH, 0, 0);
        stream.write_all(&burst).expect("written");
        while received < REQUESTS {
            bytes += stream.read(&mut buffer).expect("bytes");
            received += bytes / response;
            bytes %= response;
            let more = (received + DEPTH).min(REQUESTS) - sent;
            if more >= DEPTH / 2 || sent + more == REQUESTS {
                stream.write_all(&burst[..more * REQUEST]).expect("written");
                sent += more;
            }
        }
    };
    timed(run)
}
