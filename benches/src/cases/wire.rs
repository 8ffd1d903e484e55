//! Clients over loopback, against bare read and write loops on the same bytes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use kcodec::{Atom, Capability, Value};
use kcorpus::workload;
use kserve::{Context, Handler, Peer, Reply, Server};
use kwire::blocking::Handle;
use kwire::{Header, Message, MessageType, Options};

use crate::{Case, Timed, timed};

/// A login with an empty password; the length of a request of one char in bytes.
const LOGIN: &[u8] = b"u:\x06\0";
const REQUEST: usize = 15;

/// Accepts connections, one thread each, and calls `serve` until the client closes.
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

/// A raw logged-in socket.
fn bare(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a server");
    stream.set_nodelay(true).expect("a socket");
    stream.write_all(LOGIN).and_then(|()| stream.read_exact(&mut [0])).expect("an accepted login");
    stream
}

fn message(kind: MessageType, value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    kwire::encode(kind, value, Capability::MAX, &mut out).expect("sendable");
    out
}

/// Receiving 80 MB, against reads into one warm buffer.
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

/// A server that reads a request of `length` bytes into a small buffer and answers `1b`.
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

/// Sending 80 MB from a slice, against writes of the encoded message.
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

/// Number of requests on one connection, and of those in flight.
pub(super) const REQUESTS: usize = 20_000;
const DEPTH: usize = 64;

/// A server that counts [`REQUEST`] bytes per request and answers all complete requests of a read by one write.
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

/// kserve's loop with a handler that answers a constant.
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

/// Pipelined requests to kserve.
pub(super) fn pipelined() -> Case {
    pipelined_to(&constant())
}

/// Pipelined requests to a thread that does not decode: measures only the client, the kernel and the runtime, which
/// polls epoll twice per read.
pub(super) fn pipelined_to_answers() -> Case {
    pipelined_to(&answers())
}

/// The tokio client, against a loop with as many requests in flight.
fn pipelined_to(address: &str) -> Case {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (handle, driver) = runtime.block_on(kwire::tokio::connect(address, &Options::default())).expect("a server");
    let _driver = runtime.spawn(driver);
    // A spawned task, as in a service: the runtime's main future would cost one more system call per iteration.
    let run = move || runtime.block_on(runtime.spawn(requests(handle.clone()))).expect("no panic");
    assert_eq!(run(), 4 * REQUESTS as i64);
    let ours = timed(run);
    Case { ours, yard: pipelined_bare(address) }
}

/// Sums all answers. When half of the requests in flight are answered, sends as many new ones.
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
    // One write per response would be slower, so writes are batched.
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
