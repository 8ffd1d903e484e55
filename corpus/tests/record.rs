//! Tests of the recording proxy, and of list, show, export, replay and serve.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kcodec::{Capability, Value};
use kcorpus::recording::{Direction, Entry, Recorder, Recording, Tap, What};
use kcorpus::{Side, conversations, golden};
use kwire::{Connection, Event, Inbound, Limits, MessageType, blocking};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// `kcorpus record` as a process.
struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Proxy {
    fn start(server: SocketAddr, file: &Path, options: &[&str]) -> Self {
        let server = server.to_string();
        Self::spawn(&["record", "--listen", "127.0.0.1:0", "--to", &server], options, file)
    }

    /// Starts a command of kcorpus that listens.
    fn spawn(command: &[&str], options: &[&str], file: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kcorpus"))
            .args(command)
            .args(options)
            .arg(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        Self { child, address }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it by a signal. Returns the exit status and standard error.
    fn stop(mut self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An echo server that pushes each request once before it answers.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    let mut connection = Connection::server(Limits::default(), Instant::now());
    let (mut inbound, mut out) = (Inbound::default(), Vec::new());
    while inbound.read_from(&mut stream).is_ok_and(|read| read > 0) {
        while let Ok(Some(event)) = connection.receive(&mut inbound) {
            match event {
                Event::Login(_) => connection.accept(&mut out).unwrap(),
                Event::Message(message) if message.kind() == MessageType::Sync => {
                    connection.send(MessageType::Async, message.value(), &mut out).unwrap();
                    connection.send(MessageType::Response, message.value(), &mut out).unwrap();
                }
                _ => {}
            }
        }
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
}

/// A server that accepts logins and discards all input.
fn sink() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut chunk = vec![0; 1 << 16];
                stream.write_all(&[6]).unwrap();
                while stream.read(&mut chunk).is_ok_and(|read| read > 0) {}
            });
        }
    });
    address
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("traffic.krec")
}

fn entries(path: &Path) -> Vec<Entry> {
    let recording = Recording::open(path).unwrap();
    recording.entries().map(|entry| entry.unwrap().1).collect()
}

#[test]
fn a_conversation_is_forwarded_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(echo(), &file(&folder), &[]);
    let mut handle = blocking::Handle::open(&format!("{}:bob:correct horse", proxy.address)).unwrap();
    let large = vec![7_i64; 100_000];
    let asked = [Value::from("2+2"), Value::from(&large), Value::symbol("IBM")];
    handle.send("a:10").unwrap();
    for value in asked {
        assert_eq!(handle.sync(value).unwrap().value(), value);
        assert_eq!(handle.receive().unwrap().value(), value);
    }
    handle.close().unwrap();
    let http = {
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nAuthorization: Basic correct horse\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    assert_eq!(http, b"");
    let (status, said) = proxy.stop(Signal::INT);
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("1 connections, 10 messages"), "{said}");

    let recording = Recording::open(file(&folder)).unwrap();
    assert!(recording.is_finished());
    let entries = entries(&file(&folder));
    assert_eq!(entries[0].what, What::Open { user: Bytes::from("bob"), capability: Capability::MAX });
    let messages: Vec<_> = entries.iter().filter(|entry| entry.what == What::Message).collect();
    let types: Vec<_> = messages.iter().map(|entry| (entry.direction, entry.bytes[1])).collect();
    let round = [(Direction::ToServer, 1), (Direction::ToClient, 0), (Direction::ToClient, 2)];
    assert_eq!(types, [&[(Direction::ToServer, 0)][..], &round, &round, &round].concat());
    for (round, value) in messages[1..].chunks(3).zip(asked) {
        for entry in round {
            let message = kwire::Message::decode(&entry.bytes[..], &Limits::default()).unwrap();
            assert_eq!(message.value(), value);
        }
    }
    assert!(entries.is_sorted_by_key(|entry| entry.time));
    assert_eq!(entries.iter().filter(|entry| entry.what == What::Close).count(), 2);
    assert!(entries.iter().any(|entry| entry.what == What::Foreign("HTTP".to_owned())));
    let secret = b"correct horse";
    assert!(!fs::read(file(&folder)).unwrap().windows(secret.len()).any(|window| window == secret));
    assert!(!format!("{entries:?}").contains("correct horse"));
}

#[test]
fn every_byte_is_forwarded_however_it_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap(), &file(&folder), &[]);
    let mut expected = 0;
    for conversation in conversations() {
        let bytes_of = |side| {
            let turns = conversation.turns.iter().filter(move |turn| turn.side == side);
            turns.flat_map(|turn| turn.bytes.clone()).collect::<Vec<u8>>()
        };
        let (from_client, from_server) = (bytes_of(Side::Client), bytes_of(Side::Server));
        let mut client = TcpStream::connect(proxy.address).unwrap();
        client.set_nodelay(true).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for byte in from_client.chunks(5) {
                    client.write_all(byte).unwrap();
                }
                client.shutdown(std::net::Shutdown::Write).unwrap();
                let mut received = Vec::new();
                client.read_to_end(&mut received).unwrap();
                assert_eq!(received, from_server);
            });
            let mut received = Vec::new();
            server.read_to_end(&mut received).unwrap();
            assert_eq!(received, from_client);
            // The client has closed its write side; the other direction must still work.
            server.write_all(&from_server).unwrap();
            drop(server);
        });
        expected += 1;
    }
    let (status, _) = proxy.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    let entries = entries(&file(&folder));
    for (number, conversation) in (0..expected).zip(conversations()) {
        let of_it = entries.iter().filter(|entry| entry.connection == number);
        let bytes: usize = of_it.map(|entry| entry.bytes.len()).sum();
        let said: usize = conversation.turns.iter().map(|turn| turn.bytes.len()).sum();
        let login = conversation.turns[0].bytes.iter().position(|&byte| byte == 0).unwrap() + 1;
        assert_eq!(bytes, said - login - 1, "{}", conversation.name);
    }
}

#[test]
fn dropped_messages_are_counted() {
    let message = golden().into_iter().find(|golden| golden.message.len() < 40).unwrap().message;
    for limit in [0, 1000, 20_000] {
        let folder = tempfile::tempdir().unwrap();
        let tap = Tap::start(Recorder::create(file(&folder)).unwrap(), limit, |_| {}).unwrap();
        let (mut to_server, to_client) = tap.connect();
        to_server.tell(b"bob:secret\x06\0");
        let stream = message.repeat(100_000);
        for piece in stream.chunks(501) {
            to_server.tell(piece);
        }
        drop((to_server, to_client));
        let totals = tap.finish().unwrap();
        assert_eq!(totals.messages + totals.missing, 100_000, "{totals:?}");
        assert!(totals.missing > 0);
        let (mut read, mut missing) = (0, 0);
        for entry in entries(&file(&folder)) {
            match entry.what {
                What::Message => {
                    assert_eq!(entry.bytes, message);
                    read += 1;
                }
                What::Missing(messages) => missing += messages,
                _ => {}
            }
        }
        assert_eq!((read, missing), (totals.messages, totals.missing));
    }
}

/// `KCORPUS_KILLS` sets the number of rounds; 50 take two minutes.
#[test]
fn a_killed_recorder_loses_only_its_last_block() {
    let kills = std::env::var("KCORPUS_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let server = sink();
    for kill in 0..kills {
        let _ = fs::remove_file(file(&folder));
        let mut proxy = Proxy::start(server, &file(&folder), &[]);
        let mut client = TcpStream::connect(proxy.address).unwrap();
        let passing = Instant::now();
        let sent = thread::spawn(move || {
            client.write_all(b"bob:secret\x06\0").unwrap();
            let mut sent = Vec::new();
            for number in 0_i64.. {
                // Longs do not compress well, so a block is full after a few hundred messages.
                let longs: Vec<i64> =
                    (0..500).map(|n| (number * 500 + n).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)).collect();
                let mut message = Vec::new();
                kwire::encode(MessageType::Async, Value::from(&longs), Capability::MAX, &mut message).unwrap();
                if client.write_all(&message).is_err() {
                    return sent;
                }
                sent.push((passing.elapsed(), message));
                // A few MB/s, so that unoptimized lz4 keeps up.
                thread::sleep(Duration::from_millis(1));
            }
            unreachable!("the proxy is killed")
        });
        // Late enough that the first messages must be written; the offset varies per round.
        let moment = Duration::from_millis(1800 + kill * 37 % 400);
        thread::sleep(moment.saturating_sub(passing.elapsed()));
        let killed = passing.elapsed();
        proxy.child.kill().unwrap();
        proxy.child.wait().unwrap();
        let sent = sent.join().unwrap();

        let recording = Recording::open(file(&folder)).unwrap();
        assert!(!recording.is_finished());
        let read: Vec<_> = recording.entries().map(|entry| entry.unwrap().1).collect();
        assert!(matches!(read[0].what, What::Open { .. }));
        for (entry, (_, message)) in read[1..].iter().zip(&sent) {
            assert_eq!(entry.bytes, message);
        }
        // A block is written within a second, after items were queued for at most 20 ms.
        let due = sent.iter().filter(|(at, _)| *at + Duration::from_millis(1600) < killed).count();
        assert!(read.len() > due, "{} of {due} messages that must be written", read.len());
        // Appending continues at the same number.
        let recorder = Recorder::append(file(&folder)).unwrap();
        assert_eq!(recorder.len(), read.len() as u64);
        recorder.finish().unwrap();
        assert!(Recording::open(file(&folder)).unwrap().is_finished());
    }
}

/// Runs `kcorpus`. Returns its output, and whether the exit code is 0.
fn kcorpus(arguments: &[&str]) -> (String, bool) {
    let done = Command::new(env!("CARGO_BIN_EXE_kcorpus")).args(arguments).output().unwrap();
    let text = [done.stdout, done.stderr].concat();
    (String::from_utf8(text).unwrap(), done.status.success())
}

#[test]
fn recordings_are_listed_shown_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let path = path.to_str().unwrap();
    let mut recorder = Recorder::create(path).unwrap();
    let time = |second: i64| kcodec::Timestamp(second * 1_000_000_000);
    let encode = |kind, text: &str| {
        let mut message = Vec::new();
        kwire::encode(kind, kcodec::parse(text).unwrap().value(), Capability::MAX, &mut message).unwrap();
        message
    };
    let bob = recorder.open(time(0), b"bob", Capability::MAX).unwrap();
    let eve = recorder.open(time(1), b"eve\x1b[2J", Capability::MAX).unwrap();
    let update = encode(MessageType::Async, "(`upd;`trade;(`IBM;101.5))");
    recorder.message(time(2), bob, Direction::ToClient, &update).unwrap();
    recorder.message(time(3), bob, Direction::ToServer, &encode(MessageType::Sync, "\"2+2\"")).unwrap();
    recorder.message(time(4), bob, Direction::ToClient, &encode(MessageType::Response, "4")).unwrap();
    recorder.close(time(5), bob).unwrap();
    recorder.missing(time(6), eve, Direction::ToServer, 9).unwrap();
    recorder.finish().unwrap();

    let (listed, good) = kcorpus(&["list", path]);
    assert!(good && listed.contains("bob") && listed.contains("9 missing, not closed"), "{listed}");
    assert!(!listed.contains('\x1b'));
    let (listed, _) = kcorpus(&["list", "--json", path]);
    let first: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!((&first["user"], &first["messages"], &first["rate"]), (&"bob".into(), &3.into(), &0.6.into()));
    assert_eq!(first["to_client"]["response"], 1);

    let (shown, good) = kcorpus(&["show", path]);
    assert!(good);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "0 2000.01.01D00:00:00.000000000 0 -> open bob capability 6");
    assert_eq!(lines[2], "2 2000.01.01D00:00:02.000000000 0 <- async (`upd;`trade;(`IBM;101.5))");
    assert_eq!(lines.len(), 7);
    assert!(!shown.contains('\x1b'));
    for (options, numbers) in [
        (&["--connection", "1"][..], &[1, 6][..]),
        (&["--direction", "to-client"], &[2, 4]),
        (&["--type", "sync,response"], &[3, 4]),
        (&["--table", "trade"], &[2]),
        (&["--table", "quote"], &[]),
        (&["--from", "2000.01.01D00:00:03", "--until", "2000.01.01D00:00:05"], &[3, 4]),
        (&["-n", "1"], &[0, 1, 2]),
    ] {
        let (shown, good) = kcorpus(&[&["show", path], options].concat());
        let found: Vec<u64> = shown.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
        assert!(good);
        assert_eq!(found, numbers, "{options:?}");
    }

    let (exported, _) = kcorpus(&["export", "--type", "async", path]);
    assert_eq!(exported.trim(), kcorpus::hex(&update));
    let seeds = folder.path().join("seeds");
    assert!(kcorpus(&["export", "--files", seeds.to_str().unwrap(), path]).1);
    assert_eq!(fs::read(seeds.join("00000002-0-client")).unwrap(), update);
    assert_eq!(fs::read_dir(&seeds).unwrap().count(), 3);
}

#[test]
fn errors_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    fs::write(&path, b"not a recording at all").unwrap();
    let path = path.to_str().unwrap();
    for command in ["list", "show", "export"] {
        let (said, good) = kcorpus(&[command, path]);
        assert_eq!((said, good), (format!("kcorpus: {path}: not a recording\n"), false));
    }
    let (said, good) = kcorpus(&["record", "--listen", "0", "--to", "5001", path]);
    assert!(!good && said.contains("File exists") && said.lines().count() == 1, "{said}");
    let (said, good) = kcorpus(&["record", "--listen", "0.0.0.0:0", "--to", "5001", path]);
    assert!(!good && said.contains("--beyond-loopback") && said.lines().count() == 1, "{said}");
}

/// `kcorpus serve` as a process.
fn served(path: &Path) -> Proxy {
    Proxy::spawn(&["serve", "--listen", "127.0.0.1:0"], &[], path)
}

/// A conversation with the echoing server, recorded.
fn recorded(folder: &TempDir) -> PathBuf {
    let proxy = Proxy::start(echo(), &file(folder), &[]);
    let mut bob = blocking::Handle::open(&format!("{}:bob:b", proxy.address)).unwrap();
    let mut eve = blocking::Handle::open(&format!("{}:eve:e", proxy.address)).unwrap();
    for number in 0..20_i64 {
        // Sent before a request, so that it has passed the proxy once the request is answered.
        bob.send("a:10").unwrap();
        assert_eq!(bob.sync(number).unwrap().value(), Value::from(number));
        assert_eq!(eve.sync(-number).unwrap().value(), Value::from(-number));
    }
    bob.close().unwrap();
    eve.close().unwrap();
    assert!(proxy.stop(Signal::INT).0.success());
    file(folder)
}

#[test]
fn a_recording_is_replayed_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(&folder);
    let path = path.to_str().unwrap();
    let server = echo().to_string();
    for options in [&["--fast"][..], &[], &["--speed", "0.5"]] {
        let begun = Instant::now();
        let (said, good) = kcorpus(&[&["replay", path, "--to", &server, "--json"], options].concat());
        let report: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert!(good, "{said}");
        let expected = serde_json::json!({"sent": 60, "equal": 40, "different": 0, "missing": 0, "failed": 0});
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&report[name], value, "{name}");
        }
        assert_eq!(report["pushes"], serde_json::json!({"recorded": 40, "came": 40}));
        assert!(report["latency_us"]["p50"].as_f64().unwrap() > 0.0);
        if options.contains(&"0.5") {
            let recording = Recording::open(path).unwrap();
            let times = [0, recording.len() - 1].map(|number| recording.get(number).unwrap().time.0);
            assert!(begun.elapsed().as_nanos() as i64 >= 2 * (times[1] - times[0]));
        }
    }
}

#[test]
fn different_and_missing_answers_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(&folder);
    // Serves a recording whose answers are modified.
    let other = folder.path().join("other.krec");
    let mut recorder = Recorder::create(&other).unwrap();
    for entry in entries(&path) {
        match entry.what {
            What::Open { user, capability } => drop(recorder.open(entry.time, &user, capability).unwrap()),
            What::Message => {
                let mut message = entry.bytes.to_vec();
                if message[1] == 2 {
                    *message.last_mut().unwrap() ^= 1;
                }
                recorder.message(entry.time, entry.connection, entry.direction, &message).unwrap();
            }
            _ => recorder.close(entry.time, entry.connection).unwrap(),
        }
    }
    recorder.finish().unwrap();
    let server = served(&other);
    let (said, good) = kcorpus(&["replay", path.to_str().unwrap(), "--to", &server.address.to_string(), "--fast"]);
    assert!(!good && said.contains("0 equal, 40 different, 0 missing"), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains("recorded")).count(), 10 + 1, "{said}");
    let deaf = sink().to_string();
    let (said, good) = kcorpus(&["replay", path.to_str().unwrap(), "--to", &deaf, "--fast", "--timeout", "0.2"]);
    assert!(!good && said.contains("0 equal, 0 different, 40 missing"), "{said}");
}

#[test]
fn a_recording_is_served_to_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(&folder);
    let server = served(&path);
    let (said, good) = kcorpus(&["replay", path.to_str().unwrap(), "--to", &server.address.to_string(), "--fast"]);
    assert!(good && said.contains("40 equal, 0 different, 0 missing"), "{said}");
    assert!(said.contains("40 recorded, 40 received"), "{said}");
    // Requests in another order, of another connection, and not recorded ones.
    let mut eve = blocking::Handle::open(&format!("{}:eve:", server.address)).unwrap();
    for number in [-7_i64, -3, 5, -19, 0] {
        assert_eq!(eve.sync(number).unwrap().value(), Value::from(number));
        assert_eq!(eve.receive().unwrap().value(), Value::from(number));
    }
    assert_eq!(eve.sync(1234_i64).unwrap().value(), Value::from(-1_i64));
    for number in -19..-1_i64 {
        assert_eq!(eve.sync(number).unwrap().value(), Value::from(number));
    }
    eve.sync(-19_i64).unwrap();
    let error = eve.sync(1234_i64).unwrap_err();
    assert_eq!(error.to_string(), "'kcorpus: no answer was recorded");
    let (status, _) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
}
