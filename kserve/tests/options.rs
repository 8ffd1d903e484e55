//! Command line options: each does what `--help` says.

mod certs;
mod running;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use kcodec::Value;
use kcorpus::recording::{Direction, Recording, What};
use kwire::blocking::Handle;
use kwire::{Error, MessageType};
use rustix::process::{Pid, Signal, kill_process};

use certs::Ca;
use running::{message, rest};

const SOON: Duration = Duration::from_secs(20);

/// The running binary; killed on drop.
struct Kserve {
    child: Child,
    address: SocketAddr,
    log: Receiver<String>,
    /// Kept open: the binary would fail to write to a closed pipe.
    _out: BufReader<ChildStdout>,
}

fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kserve"));
    command.args(options).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("RUST_LOG");
    command
}

impl Kserve {
    /// Starts it on a free port, unless the options contain one.
    fn start(options: &[&str]) -> Self {
        let free: &[&str] = if options.contains(&"-p") { &[] } else { &["-p", "127.0.0.1:0"] };
        Self::spawn(command(&[free, options].concat()))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut first).unwrap();
        let (lines, log) = mpsc::channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let address = first.trim().strip_prefix("listening on ").unwrap_or_default();
        let address = address.replace("[::]", "127.0.0.1").replace("0.0.0.0", "127.0.0.1");
        Self { child, address: address.parse().unwrap(), log, _out: out }
    }

    /// Starts it with a certificate and additional environment variables.
    fn start_tls(mode: &str, (certificate, key): (&Path, &Path), variables: &[(&str, &Path)], more: &[&str]) -> Self {
        let mut command = command(&[&["-p", "127.0.0.1:0", "-E", mode], more].concat());
        command.env("KX_SSL_CERT_FILE", certificate).env("KX_SSL_KEY_FILE", key).envs(variables.iter().copied());
        Self::spawn(command)
    }

    fn open_tls(&self, ca: &Ca) -> Result<Handle, Error> {
        let options = kwire::Options::default().with_tls(Some(ca.trust().client().unwrap()));
        Handle::open_with(&format!("tcps://localhost:{}:ann:secret", self.address.port()), &options)
    }

    fn open(&self) -> Result<Handle, Error> {
        Handle::open(&format!("{}:ann:secret", self.address))
    }

    fn raw(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(b"ann:secret\x06\0").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for a line of the log that contains `what`.
    fn logs(&self, what: &str) -> String {
        let until = Instant::now() + SOON;
        loop {
            let line = self.log.recv_timeout(until.saturating_duration_since(Instant::now()));
            match line {
                Ok(line) if line.contains(what) => return line,
                Ok(_) => {}
                Err(_) => panic!("no log line contains {what:?}"),
            }
        }
    }

    fn ends(&mut self) -> ExitStatus {
        let until = Instant::now() + SOON;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None if Instant::now() > until => panic!("the process does not end"),
                None => thread::yield_now(),
            }
        }
    }
}

impl Drop for Kserve {
    fn drop(&mut self) {
        // Fails if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn file(name: &str, text: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("kserve-{name}-{}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn rejected_values_are_usage_errors() {
    for options in [
        &["--max-message", "0"][..],
        &["--max-message", "15"],
        &["--max-queue", "0"],
        &["--max-peers", "0"],
        &["--login-time", "0"],
        &["--drain", "-1"],
        &["-T", "-1"],
        &["-T", "soon"],
        &["-w", "-1"],
        &["-t", "x"],
        &["-E", "3"],
        &["-E", "yes"],
        &["-p", "9/8"],
        &["-p", "no-such-service"],
        &["--no-such-option"],
    ] {
        let output = command(options).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn help_lists_every_option() {
    let help = String::from_utf8(command(&["--help"]).output().unwrap().stdout).unwrap();
    for option in ["-p", "-u", "-T", "-w", "-b", "-t", "--drain", "--max-message", "--max-queue"] {
        assert!(help.contains(option), "{option}");
    }
    for option in ["--max-peers", "--login-time", "--demo", "-v", "SECONDS", "BYTES", "MB"] {
        assert!(help.contains(option), "{option}");
    }
    let version = String::from_utf8(command(&["--version"]).output().unwrap().stdout).unwrap();
    assert!(version.starts_with("kserve "));
}

#[test]
fn port_forms_shared_range_and_ipv6() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let high = port.saturating_add(20);
    let ranged = Kserve::start(&["-p", &format!("127.0.0.1:{port}/{high}")]);
    assert_ne!(ranged.address.port(), port);
    let shared = Kserve::start(&["-p", "rp,127.0.0.1:0"]);
    let again = Kserve::start(&["-p", &format!("rp,{}", shared.address)]);
    assert_eq!(shared.address, again.address);
    // The Unix socket's name is taken, which is only a warning.
    assert!(again.logs("unix socket").contains("WARN"));
    let refused = command(&["-p", &shared.address.to_string()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    if TcpListener::bind("[::1]:0").is_ok() {
        let six = Kserve::start(&["-p", &format!("[::1]:{}", shared.address.port())]);
        assert_eq!(six.open().unwrap().sync("2+2").unwrap().value(), 4_i64.into());
    }
}

#[test]
fn sighup_reloads_users() {
    let path = file("users", b"ann:secret\n");
    let server = Kserve::start(&["-u", path.to_str().unwrap()]);
    assert!(server.open().is_ok());
    std::fs::write(&path, "ann:other\n").unwrap();
    server.signal(Signal::HUP);
    server.logs("password file reloaded");
    assert!(matches!(server.open(), Err(Error::Refused)));
    assert!(server.logs("access").contains("user=ann"));
    // An invalid file leaves the old users in effect.
    std::fs::write(&path, b"\xef\xbb\xbfann:secret\n").unwrap();
    server.signal(Signal::HUP);
    assert!(server.logs("not reloaded").contains("byte order mark"));
    assert!(matches!(server.open(), Err(Error::Refused)));
    let refused = command(&["-U", path.to_str().unwrap()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains(":1: begins with a byte order mark"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn sighup_without_users_is_harmless() {
    let server = Kserve::start(&[]);
    server.signal(Signal::HUP);
    server.logs("no password file");
    assert!(server.open().is_ok());
}

#[test]
fn messages_over_the_limit_are_refused() {
    let server = Kserve::start(&["--max-message", "1000"]);
    assert_eq!(server.open().unwrap().sync("2+2").unwrap().value(), 4_i64.into());
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, &vec![0_u8; 1000])).unwrap();
    assert!(rest(raw).is_empty());
    server.logs("over the limit of 1000");
}

#[test]
fn pipelined_answers_are_not_subject_to_the_queue_limit() {
    let server = Kserve::start(&["--max-queue", "100000"]);
    // Answers are subject to backpressure, not to the queue limit: a pipeline of requests pauses until the client
    // reads.
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, "til 100000").repeat(10)).unwrap();
    for _ in 0..10 {
        assert_eq!(running::read(&mut raw).value().count(), 100_000);
    }
}

#[test]
fn a_connection_over_the_limit_is_closed_and_logged() {
    let server = Kserve::start(&["--max-peers", "1"]);
    let _only = server.raw();
    let socket = TcpStream::connect(server.address).unwrap();
    assert!(rest(socket).is_empty());
    server.logs("conn: too many connections");
}

#[test]
fn login_time_limits_logins() {
    let server = Kserve::start(&["--login-time", "1"]);
    let start = Instant::now();
    assert!(rest(TcpStream::connect(server.address).unwrap()).is_empty());
    assert!((Duration::from_millis(900)..Duration::from_secs(4)).contains(&start.elapsed()));
    server.logs("timeout");
}

#[test]
fn drain_limits_the_time_of_a_stop() {
    let mut server = Kserve::start(&["--drain", "1"]);
    let mut raw = server.raw();
    raw.write_all(&message(MessageType::Sync, "til 3000000")).unwrap();
    raw.read_exact(&mut [0; 8]).unwrap();
    let start = Instant::now();
    server.signal(Signal::TERM);
    assert!(server.ends().success());
    assert!((Duration::from_millis(900)..Duration::from_secs(4)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[test]
fn sigint_and_sigterm_stop_an_idle_server() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = Kserve::start(&[]);
        server.signal(signal);
        assert!(server.ends().success());
    }
}

#[test]
fn verbose_log_escapes_and_truncates_fields() {
    let server = Kserve::start(&["-v"]);
    let mut raw = TcpStream::connect(server.address).unwrap();
    raw.write_all(b"eve\x1b[31m\nforged line:x\x06\0").unwrap();
    raw.read_exact(&mut [0]).unwrap();
    assert!(server.logs("open").contains(r"eve\u{1b}[31m\nforged line"));
    let symbol = "x".repeat(1_000_000);
    let mut update = message(MessageType::Async, Value::symbol(&symbol));
    raw.write_all(&update).unwrap();
    let line = server.logs("async");
    assert!(line.len() < 500, "{} bytes", line.len());
    // The log's rate is limited.
    update = message(MessageType::Async, "nosuchname").repeat(5000);
    raw.write_all(&update).unwrap();
    server.logs("nosuchname");
    drop(raw);
    assert_eq!(server.open().unwrap().sync("1").unwrap().value(), 1_i64.into());
    let lines = server.log.try_iter().filter(|line| line.contains("nosuchname")).count();
    assert!(lines <= 500, "{lines} lines");
}

#[test]
fn demo_defines_a_table() {
    let server = Kserve::start(&["--demo"]);
    assert_eq!(server.open().unwrap().sync("count trade").unwrap().value(), 10_000_i64.into());
}

#[test]
fn q_options_are_accepted() {
    let server = Kserve::start(&["-T", "5", "-w", "500", "-t", "50", "-b"]);
    assert_eq!(server.open().unwrap().sync("2+2").unwrap().value(), 4_i64.into());
}

#[test]
fn tls_modes() {
    let ca = Ca::new();
    let (certificate, key) = ca.sign("localhost");
    let files = (&*certificate, &*key);
    let mixed = Kserve::start_tls("1", files, &[], &[]);
    assert_eq!(mixed.open_tls(&ca).unwrap().sync("2+2").unwrap().value(), 4_i64.into());
    assert_eq!(mixed.open().unwrap().sync("2+2").unwrap().value(), 4_i64.into());
    let printed = |h: &mut Handle, text: &str| h.sync(text).unwrap().value().to_string();
    let (mut tls, mut plain) = (mixed.open_tls(&ca).unwrap(), mixed.open().unwrap());
    assert_eq!(printed(&mut tls, ".z.e"), "`CIPHER`PROTOCOL!`TLS_AES_256_GCM_SHA384`TLSv1.3");
    assert_eq!(printed(&mut plain, ".z.e"), "(`symbol$())!()");
    assert_eq!(printed(&mut plain, "\\E"), "1i");
    assert_eq!(
        printed(&mut plain, "(-26!)[]`SSL_VERIFY_SERVER`SSL_CERT_FILE`SSL_CA_CERT_FILE"),
        format!("`YES`{}`", certificate.display())
    );
    let only = Kserve::start_tls("2", files, &[], &[]);
    assert_eq!(only.open_tls(&ca).unwrap().sync("2+2").unwrap().value(), 4_i64.into());
    assert!(matches!(only.open(), Err(Error::Refused)));
    only.logs("TLS is required");
    let none = Kserve::start_tls("0", files, &[], &[]);
    assert!(none.open_tls(&ca).is_err());
    none.logs("TLS is not served");
}

#[test]
fn a_missing_certificate_error_names_the_variable() {
    let mut command = command(&["-p", "127.0.0.1:0", "-E", "1"]);
    for name in ["SSL_CERT_FILE", "KX_SSL_CERT_FILE", "SSL_KEY_FILE", "KX_SSL_KEY_FILE"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("KX_SSL_CERT_FILE or SSL_CERT_FILE must be set"), "{error}");
}

#[test]
fn client_and_server_certificates_are_verified() {
    let ca = Ca::new();
    let (certificate, key) = ca.sign("localhost");
    let ca_file = ca.file();
    let variables = [("KX_SSL_CA_CERT_FILE", &*ca_file), ("KX_SSL_VERIFY_CLIENT", Path::new("YES"))];
    let server = Kserve::start_tls("2", (&certificate, &key), &variables, &[]);
    assert!(matches!(server.open_tls(&ca), Err(Error::Tls(_))));
    // A server that trusts this CA connects with its own certificate.
    let client = Kserve::start_tls("1", (&certificate, &key), &variables[..1], &["--allow", "net"]);
    let query = format!("(hopen`:tcps://localhost:{})\"2+2\"", server.address.port());
    assert_eq!(client.open().unwrap().sync(&*query).unwrap().value(), 4_i64.into());
    let query = format!("hopen`:tcps://127.0.0.1:{}", server.address.port());
    assert!(matches!(client.open().unwrap().sync(&*query), Err(Error::Remote(_))));
}

#[test]
fn sighup_reloads_certificates() {
    let (ca, other) = (Ca::new(), Ca::new());
    let (certificate, key) = ca.sign("localhost");
    let server = Kserve::start_tls("2", (&certificate, &key), &[], &[]);
    let mut before = server.open_tls(&ca).unwrap();
    certs::copy(&other.sign("localhost"), (&certificate, &key));
    server.signal(Signal::HUP);
    server.logs("certificate reloaded");
    assert!(server.open_tls(&ca).is_err());
    assert!(server.open_tls(&other).is_ok());
    assert_eq!(before.sync("2+2").unwrap().value(), 4_i64.into());
    // Invalid files leave the old certificate in effect.
    std::fs::write(&key, "no key").unwrap();
    server.signal(Signal::HUP);
    assert!(server.logs("not reloaded").contains("SSL_KEY_FILE="));
    assert!(server.open_tls(&other).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn qudspath_sets_or_disables_unix_sockets() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};

    for (folder, found) in [("/else/where", ["/else/where"].as_slice()), ("", &[])] {
        let mut command = command(&["-p", "127.0.0.1:0"]);
        command.env("QUDSPATH", folder);
        let server = Kserve::spawn(command);
        for place in ["/tmp", "/else/where"] {
            let name = format!("{place}/kx.{}", server.address.port());
            let connected = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap());
            assert_eq!(connected.is_ok(), found.contains(&place), "{folder:?}: {place}");
        }
    }
}

#[test]
fn record() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ca) = (folder.path().join("day.krec"), Ca::new());
    let file = path.to_str().unwrap();
    let (certificate, key) = ca.sign("localhost");
    let mut server = Kserve::start_tls("1", (&certificate, &key), &[], &["--record", file]);
    let large = vec![7_u8; 3_000_000];
    let echo = [Value::from("{x}"), Value::from(&large)];
    for mut handle in [server.open().unwrap(), server.open_tls(&ca).unwrap()] {
        assert_eq!(handle.sync("2+2").unwrap().value(), 4_i64.into());
        assert_eq!(handle.sync(&echo).unwrap().value(), Value::from(&large));
    }
    server.signal(Signal::TERM);
    assert!(server.ends().success());
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(6).any(|bytes| bytes == b"secret"), "passwords are not written");
    let recording = Recording::open(&path).unwrap();
    assert!(recording.is_finished());
    for connection in 0..2 {
        let entries = recording.entries().map(|entry| entry.unwrap().1).filter(|entry| entry.connection == connection);
        let entries: Vec<_> = entries.collect();
        let What::Open { user, .. } = &entries[0].what else { panic!("{:?}", entries[0]) };
        assert_eq!(&user[..], b"ann");
        let [query, answer, large_query, large_answer, end] = &entries[1..] else { panic!("{}", entries.len()) };
        assert_eq!(query.bytes, message(MessageType::Sync, "2+2"));
        assert_eq!(answer.bytes, message(MessageType::Response, 4_i64));
        assert_eq!(large_query.bytes, message(MessageType::Sync, &echo));
        assert_eq!(large_answer.bytes, message(MessageType::Response, &large));
        assert_eq!(end.what, What::Close);
        assert_eq!((query.direction, answer.direction), (Direction::ToServer, Direction::ToClient));
    }
    // An existing file is not overwritten.
    let said = command(&["-p", "127.0.0.1:0", "--record", file]).output().unwrap();
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.starts_with(&format!("kserve: --record {file}: ")) && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
