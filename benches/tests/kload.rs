//! Tests of `kload`: options, results and exit codes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use kbench::load::Plan;
use kbench::yardstick::{Bare, Job};
use kcodec::Value;
use kwire::{Connection, Event, Inbound, Limits, MessageType};

fn kload(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kload")).args(arguments).output().unwrap()
}

/// Runs kload for 0.2 seconds. It must exit with `code`.
fn run(code: i32, address: SocketAddr, arguments: &[&str]) -> String {
    let address = address.to_string();
    let output = kload(&[&["-d", "0.2", "-q", "--json", &address], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A number in the JSON line.
fn field(json: &str, name: &str) -> f64 {
    let (_, value) = json.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} in {json}"));
    value.split([',', '}']).next().unwrap().parse().unwrap()
}

fn usage(arguments: &[&str]) -> String {
    let output = kload(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// Starts a bare server on a thread.
fn bare(job: Job) -> SocketAddr {
    let server = Bare::bind(job).unwrap();
    let address = server.address().unwrap();
    thread::spawn(|| server.run());
    address
}

/// The answer of a scripted server to a message; `None` closes the connection.
type Script = fn(MessageType, Value<'_>) -> Option<Value<'static>>;

/// Starts a blocking server, one thread per client. Reports logins and messages on the channel.
fn scripted(script: Script) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (said, heard) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let said = said.clone();
            thread::spawn(move || converse(client.unwrap(), script, &said));
        }
    });
    (address, heard)
}

fn converse(mut client: TcpStream, script: Script, said: &mpsc::Sender<String>) {
    let mut connection = Connection::server(Limits::default(), Instant::now());
    let mut inbound = Inbound::default();
    loop {
        let mut out = Vec::new();
        match connection.receive(&mut inbound) {
            Ok(Some(Event::Login(login))) => {
                let _ = said.send(format!("login {}:{}", login.user.escape_ascii(), login.password.escape_ascii()));
                connection.accept(&mut out).unwrap();
            }
            Ok(Some(Event::Message(message))) => {
                let _ = said.send(format!("{:?} {}", message.kind(), message.value()));
                let Some(answer) = script(message.kind(), message.value()) else { return };
                if message.kind() == MessageType::Sync {
                    out = Plan::message(MessageType::Response, answer).unwrap();
                }
            }
            Ok(_) => match inbound.read_from(&mut client) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            },
            Err(_) => return,
        }
        if client.write_all(&out).is_err() {
            return;
        }
    }
}

/// Answers a number in text with that long, anything else with 4.
fn value(_: MessageType, query: Value<'_>) -> Option<Value<'static>> {
    let number = query.as_text().and_then(|text| str::from_utf8(text).ok()?.parse().ok());
    Some(number.unwrap_or(4_i64).into())
}

#[test]
fn a_run_counts_and_times_every_message() {
    let json = run(0, bare(Job::Echo), &[]);
    let messages = field(&json, "messages");
    assert!(messages > 10.0, "{json}");
    assert_eq!(field(&json, "bytes"), messages * 17.0);
    assert_eq!(field(&json, "seconds"), 0.2);
    let order = ["min", "p50", "p90", "p99", "p99.9", "max"].map(|name| field(&json, name));
    assert!(order.is_sorted() && order[0] > 0.0, "{json}");
}

#[test]
fn prints_text_and_progress() {
    let address = bare(Job::Echo).to_string();
    let output = kload(&["-d", "1.3", &address]);
    let (out, progress) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("messages in 1.3 s") && out.contains("p99") && out.contains("no faults"), "{out}");
    assert!(progress.starts_with("1 s: "), "{progress}");
    assert!(kload(&["-d", "1.3", "-q", &address]).stderr.is_empty());
}

#[test]
fn the_message_is_text_or_a_literal_and_the_login_is_in_the_address() {
    let (address, heard) = scripted(value);
    let next = || heard.recv_timeout(Duration::from_secs(10)).unwrap();
    let address = format!("{address}:user:pass:word");
    let ask = |arguments: &[&str]| {
        let output = kload(&[&["-q", "-d", "0.05", &address], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let first = (next(), next());
        while heard.try_recv().is_ok() {}
        first
    };
    let login = || "login user:pass:word".to_owned();
    assert_eq!(ask(&[]), (login(), "Sync \"2+2\"".to_owned()));
    assert_eq!(ask(&["`a`b"]), (login(), "Sync \"`a`b\"".to_owned()));
    assert_eq!(ask(&["--literal", "`a`b"]), (login(), "Sync `a`b".to_owned()));
    assert_eq!(ask(&["--before", "a:1"]), (login(), "Sync \"a:1\"".to_owned()));
    assert_eq!(ask(&["-m", "async", "7"]), (login(), "Async ,\"7\"".to_owned()));
}

#[test]
fn a_file_of_messages_is_sent_in_turn() {
    let (address, heard) = scripted(value);
    let path = std::env::temp_dir().join(format!("kload-{}", std::process::id()));
    let messages = [1_i64, 2].map(|number| Plan::message(MessageType::Async, number.into()).unwrap());
    std::fs::write(&path, messages.concat()).unwrap();
    run(0, address, &["--file", path.to_str().unwrap()]);
    let said: Vec<_> = heard.try_iter().take(4).collect();
    assert_eq!(said, ["login :", "Sync 1", "Sync 2", "Sync 1"]);

    std::fs::write(&path, &messages.concat()[..30]).unwrap();
    assert!(usage(&["--file", path.to_str().unwrap(), "localhost:1"]).contains("message at 17: truncated"));
    std::fs::remove_file(&path).unwrap();
    assert!(usage(&["--file", path.to_str().unwrap(), "localhost:1"]).contains("No such file"));
}

#[test]
fn connections_threads_and_depth() {
    let address = bare(Job::Echo);
    for arguments in [&["-c", "100"][..], &["-c", "10", "--threads", "3"], &["--depth", "50", "-c", "3"]] {
        assert!(field(&run(0, address, arguments), "messages") > 100.0);
    }
    let (address, heard) = scripted(|_, _| None);
    run(1, address, &["-c", "5"]);
    assert_eq!(heard.try_iter().filter(|said| said.starts_with("login")).count(), 5);
}

#[test]
fn an_async_batch_has_depth_messages_and_a_chaser() {
    let (address, heard) = scripted(value);
    let json = run(0, address, &["-m", "async", "--depth", "3", "--literal", "1"]);
    assert_eq!(field(&json, "messages") % 3.0, 0.0);
    let said: Vec<_> = heard.try_iter().skip(1).take(5).collect();
    assert_eq!(said, ["Async 1", "Async 1", "Async 1", "Sync \"\"", "Async 1"]);
}

#[test]
fn a_broadcast_is_counted_at_every_subscriber() {
    let address = bare(Job::Fanout);
    let json = run(0, address, &["-m", "broadcast", "-c", "20"]);
    assert_eq!(field(&json, "messages") % 20.0, 0.0, "{json}");
    assert!(field(&json, "messages") > 100.0);
    let json = run(0, address, &["-m", "broadcast", "-c", "7", "--depth", "4", "--numbered"]);
    assert_eq!(field(&json, "disordered"), 0.0);
    let json = run(0, address, &["-m", "broadcast", "-c", "7", "--rate", "100", "--subscribe", "sub"]);
    assert_eq!(field(&json, "messages"), 20.0 * 7.0);
}

#[test]
fn a_rate_is_kept() {
    let address = bare(Job::Echo);
    for arguments in [&["--rate", "500", "-c", "3"][..], &["--rate", "500", "--open", "-c", "3"]] {
        let json = run(0, address, arguments);
        assert_eq!(field(&json, "messages"), 100.0, "{json}");
    }
}

/// A server that stalls once for 100 ms must be charged for every message due meanwhile.
#[test]
fn latency_counts_from_the_due_time() {
    fn stall(_: MessageType, query: Value<'_>) -> Option<Value<'static>> {
        if query.as_text() == Some(b"10") {
            thread::sleep(Duration::from_millis(100));
        }
        value(MessageType::Sync, query)
    }
    for open in [&[][..], &["--open"]] {
        let (address, _heard) = scripted(stall);
        let json = run(0, address, &[&["--rate", "1000", "--numbered"], open].concat());
        assert_eq!(field(&json, "messages"), 200.0, "{json}");
        assert!(field(&json, "p90") > 50_000.0, "{json}");
    }
}

#[test]
fn server_faults_are_counted_and_give_exit_code_1() {
    let (address, _heard) = scripted(|_, _| Some(Value::error("type")));
    let json = run(1, address, &[]);
    assert_eq!(field(&json, "errors"), field(&json, "messages"));
    let (address, _heard) = scripted(|_, _| Some(5_i64.into()));
    let json = run(1, address, &["--numbered"]);
    assert_eq!(field(&json, "disordered"), field(&json, "messages") - 1.0);
    let (address, _heard) = scripted(|_, _| None);
    let json = run(1, address, &[]);
    assert_eq!((field(&json, "closed"), field(&json, "unanswered")), (1.0, 1.0));
    // A failed subscription.
    let (address, _heard) = scripted(|_, _| Some(Value::error("type")));
    run(1, address, &["-m", "broadcast"]);
    // Nothing listens.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(1, gone, &[]);
}

#[test]
fn a_remote_server_needs_the_option() {
    // An address reserved for documentation.
    assert!(usage(&["192.0.2.1:5001"]).contains("--remote"));
    assert_eq!(kload(&["--remote", "-q", "-d", "0.01", "127.0.0.2:1"]).status.code(), Some(1));
}

#[test]
fn invalid_command_lines_are_usage_errors() {
    let mistakes: &[&[&str]] = &[
        &[],
        &["localhost:port"],
        &["unix://5001"],
        &["localhost:1", "-c", "0"],
        &["localhost:1", "--threads", "0"],
        &["localhost:1", "--depth", "0"],
        &["localhost:1", "-d", "0"],
        &["localhost:1", "-d", "100000"],
        &["localhost:1", "-r", "-1"],
        &["localhost:1", "-r", "nan"],
        &["localhost:1", "--open"],
        &["localhost:1", "-m", "other"],
        &["localhost:1", "-m", "async", "--numbered"],
        &["localhost:1", "-m", "broadcast", "--threads", "2"],
        &["localhost:1", "--literal", "2+"],
        &["localhost:1", "--numbered", "2+2"],
        &["localhost:1", "--unknown"],
    ];
    for arguments in mistakes {
        assert!(!usage(arguments).is_empty());
    }
}

/// The client must start with a kdb+ login.
#[test]
fn the_login_is_in_kdbs_format() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || run(1, address, &[]));
    let (mut stream, _) = listener.accept().unwrap();
    let mut login = [0; 3];
    stream.read_exact(&mut login).unwrap();
    assert_eq!(login, [b':', 6, 0]);
    drop((stream, listener));
    client.join().unwrap();
}
