//! Tests of the commands `mutate`, `fuzz`, `hostile` and `attack` against decoders, clients and servers with each
//! possible outcome.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kcorpus::mutate::{self, Verdict};
use kcorpus::traffic::golden_messages;
use kwire::{Connection, Event, Inbound, Limits, MessageType};
use serde_json::Value;

const KCORPUS: &str = env!("CARGO_BIN_EXE_kcorpus");

fn kcorpus(arguments: &[&str]) -> Output {
    Command::new(KCORPUS).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A run of `kcorpus fuzz`: summary, exit code and output folder.
struct Run {
    summary: Value,
    code: Option<i32>,
    folder: tempfile::TempDir,
}

impl Run {
    fn new(options: &[&str], command: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        // Only tests of hangs set a short timeout; in others a busy machine must not cause a hang.
        let timeout: &[&str] = if options.contains(&"--timeout") { &[] } else { &["--timeout", "60000"] };
        let done = kcorpus(&[&["fuzz", "--json", "--out", out], timeout, options, &["--"], command].concat());
        let summary = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{}", text(&done.stderr)));
        Self { summary, code: done.status.code(), folder }
    }

    fn shell(options: &[&str], script: &str) -> Self {
        Self::new(options, &["sh", "-c", script])
    }

    fn count(&self, group: &str, what: &str) -> u64 {
        self.summary[group][what].as_u64().unwrap()
    }

    /// The number of cases with this outcome, which must be all.
    fn only(&self, what: &str) -> u64 {
        let count = self.count("outcomes", what);
        assert_eq!(self.summary["cases"].as_u64(), Some(count), "{}", self.summary);
        count
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

#[test]
fn a_decoder_that_accepts() {
    let run = Run::shell(&["--count", "32"], "cat >/dev/null");
    assert_eq!(run.only("accepted"), 32);
    let refused =
        (0..32).filter(|&case| matches!(mutate::case(1, case, &golden_messages()).verdict, Verdict::Refused { .. }));
    let refused = refused.count() as u64;
    assert!(refused > 0);
    assert_eq!(run.count("differences", "wrongly-accepted"), refused);
    assert_eq!((run.code, run.files().len()), (Some(0), 0), "differences count only with --fail");
    let run = Run::shell(&["--count", "32", "--fail", "accepted", "--shrink", "0"], "cat >/dev/null");
    assert_eq!((run.code, run.summary["failed"].as_u64()), (Some(1), Some(refused)));
    assert!(!run.files().is_empty());
}

#[test]
fn a_decoder_that_refuses() {
    let run = Run::shell(&["--count", "32"], "cat >/dev/null; exit 1");
    assert_eq!(run.only("refused"), 32);
    assert!(run.count("differences", "wrongly-refused") > 0);
    assert_eq!(run.code, Some(0));
    let run = Run::shell(&["--count", "32", "--fail", "refused", "--shrink", "0"], "cat >/dev/null; exit 1");
    assert_eq!(run.code, Some(1));
}

#[test]
fn decoders_that_crash() {
    for (script, detail) in [("kill -SEGV $$", "signal 11"), ("echo broken >&2; exit 101", "exit code 101: broken")] {
        let run = Run::shell(&["--count", "8", "--shrink", "0"], script);
        assert_eq!((run.only("crash"), run.code), (8, Some(1)));
        assert!(run.summary["failures"][0]["detail"].as_str().unwrap().starts_with(detail), "{}", run.summary);
    }
}

#[test]
fn a_wrong_command_line_is_reported_first() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let options = ["fuzz", "--count", "200", "--shrink", "0", "--out", out, "--"];
    let done = kcorpus(&[&options[..], &["sh", "-c", "echo usage >&2; exit 2"]].concat());
    assert_eq!(done.status.code(), Some(1));
    let said = "kcorpus: the decoder fails on an unchanged message already: crash: exit code 2: usage\n";
    assert_eq!(text(&done.stderr), said);
    let rows = text(&done.stdout).lines().filter(|line| line.contains(out)).count();
    assert!(rows == 20 && text(&done.stdout).contains("\nand "), "{}", text(&done.stdout));
}

/// A decoder that does not read its input must not fail the run, whatever the size of the message.
#[test]
fn a_decoder_that_does_not_read() {
    let run = Run::shell(&["--count", "32"], "exit 0");
    assert_eq!((run.only("accepted"), run.code), (32, Some(0)));
}

#[test]
fn a_decoder_with_endless_output() {
    let run = Run::shell(&["--count", "2", "--timeout", "300", "--shrink", "0"], "yes; yes >&2");
    assert_eq!((run.only("hang"), run.code), (2, Some(1)));
}

#[test]
fn a_hanging_decoder_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("sleep 600 & echo $! >>{0}; echo $$ >>{0}; wait", pids.display());
    let start = Instant::now();
    let run = Run::shell(&["--count", "2", "--timeout", "1000", "--shrink", "0"], &script);
    assert_eq!((run.only("hang"), run.code), (2, Some(1)));
    assert!(start.elapsed() < Duration::from_secs(20), "hangs are bounded");
    let pids = fs::read_to_string(pids).unwrap();
    // Two processes per case, and two for the unchanged message.
    assert_eq!(pids.lines().count(), 6);
    for pid in pids.lines() {
        // An orphaned child is reaped by init, a moment later.
        let status = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let is_running = |status: String| !status.is_empty() && !status.contains(") Z ");
        let end = Instant::now() + Duration::from_secs(5);
        while is_running(status()) {
            assert!(Instant::now() < end, "{pid} still runs: {}", status());
            thread::yield_now();
        }
    }
}

#[test]
fn seconds_bounds_the_run() {
    let start = Instant::now();
    let run = Run::shell(&["--count", "1000", "--timeout", "200", "--seconds", "2"], "sleep 600");
    assert!(run.only("hang") < 20 && run.code == Some(1), "{}", run.summary);
    assert!((2..10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[test]
#[cfg(target_os = "linux")]
fn a_decoder_that_exceeds_the_memory_limit() {
    let eater = "import sys\nsys.stdin.buffer.read()\nbytearray(1 << 29)";
    let run = Run::new(&["--count", "3", "--memory", "128", "--shrink", "0"], &["python3", "-c", eater]);
    assert_eq!((run.only("memory"), run.code), (3, Some(1)));
    let run = Run::new(&["--count", "3", "--memory", "2048", "--shrink", "0"], &["python3", "-c", eater]);
    assert_eq!((run.only("accepted"), run.code), (3, Some(0)));
    // In one process for all cases, which catches the exception.
    let eater = "import sys\nfor line in sys.stdin:\n try: bytearray(1 << 29)\n except Exception as error: \
                 print('error', repr(error), flush=True)";
    let run = Run::new(&["--count", "3", "--memory", "128", "--shrink", "0", "--lines"], &["python3", "-c", eater]);
    assert_eq!((run.only("memory"), run.code), (3, Some(1)));
}

#[test]
fn a_line_decoder_answers_each_case() {
    // Refuses little-endian async messages and accepts all others; some answers are long or have two lines.
    let script = "import sys\nanswers = {'0100': 'error: no', '0102': 'a\\nb'}\n\
                  for line in sys.stdin: print(answers.get(line[:4], 'x' * 9000), flush=True)";
    let run = Run::new(&["--count", "170", "--lines"], &["python3", "-c", script]);
    let cases: Vec<_> = (0..170).map(|case| mutate::case(1, case, &golden_messages())).collect();
    let cases: Vec<_> = cases.iter().filter(|case| !case.bytes.is_empty()).collect();
    let refused = cases.iter().filter(|case| case.bytes.starts_with(&[1, 0])).count();
    assert_eq!(run.count("outcomes", "refused"), refused as u64, "{}", run.summary);
    assert_eq!(run.count("outcomes", "accepted"), (cases.len() - refused) as u64);
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_line_decoder_is_restarted_and_its_input_minimized() {
    // Exits without an answer on a symbol that is not UTF-8.
    let script = "while read line; do case $line in *fffe*) exit 0;; *) echo ok;; esac; done";
    let options = ["--count", "3000", "--lines", "--only", "symbol-", "--shrink", "30"];
    let run = Run::shell(&options, script);
    let crashes = run.count("outcomes", "crash");
    assert!(crashes > 2 && run.count("outcomes", "accepted") > 2, "{}", run.summary);
    assert_eq!(run.code, Some(1));
    let failure = &run.summary["failures"][0];
    assert_eq!(failure["detail"], "exit code 0 without an answer: ");
    let case = mutate::case(1, failure["case"].as_u64().unwrap(), &golden_messages());
    assert_eq!(fs::read(failure["file"].as_str().unwrap()).unwrap(), case.bytes, "the input is the case's bytes");
    let smaller = fs::read(failure["smaller_file"].as_str().unwrap()).unwrap();
    assert_eq!(smaller, [&[case.bytes[0], case.bytes[1], 0, 0][..], &smaller[4..8], &[0xff, 0xfe]].concat());
    assert_eq!(smaller[4..8].iter().map(|&byte| u32::from(byte)).sum::<u32>(), 10, "the header's length is correct");
}

#[test]
fn braces_are_replaced_by_the_file() {
    let run = Run::shell(&["--count", "16", "--file"], "cmp -s /dev/null {} && exit 1; test -f {}");
    assert_eq!(run.code, Some(0));
    let empty = (0..16).filter(|&case| mutate::case(1, case, &golden_messages()).bytes.is_empty()).count();
    assert_eq!(run.count("outcomes", "refused"), empty as u64, "{}", run.summary);
    let done = kcorpus(&["fuzz", "--file", "--", "true"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("{}"));
}

#[test]
fn errors_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cut = path("cut.bin", &[1, 0, 0, 0, 12, 0, 0, 0, 101, 0]);
    let bad = path("bad.hex", b"# ours\n01 0z\n");
    let empty = path("empty.hex", b"\n");
    for (arguments, said) in [
        (&["fuzz", "--", "/no/such/decoder"][..], "/no/such/decoder: No such file"),
        (&["mutate", "/no/such/file"], "/no/such/file: No such file"),
        (&["mutate", &cut], "cut.bin: offset 10: truncated"),
        (&["mutate", &bad], "bad.hex: line 2 is not hex"),
        (&["mutate", &empty], "empty.hex: no messages"),
        (&["hostile", "--listen", "192.0.2.1:0"], "--beyond-loopback"),
        (&["attack", "192.0.2.1:5001"], "--beyond-loopback"),
    ] {
        let done = kcorpus(arguments);
        assert_eq!(done.status.code(), Some(1), "{arguments:?}");
        assert!(text(&done.stderr).contains(said), "{arguments:?}: {}", text(&done.stderr));
        assert_eq!(text(&done.stderr).lines().count(), 1, "{}", text(&done.stderr));
    }
}

#[test]
fn mutations_are_printed_in_three_forms() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.hex");
    fs::write(&file, "# two messages\n01 00 00 00 0a000000 6500\n\n010000000d000000fa01000000\n").unwrap();
    let file = file.to_str().unwrap();
    let messages = kcorpus::traffic::load(Path::new(file)).unwrap();
    assert_eq!(messages.len(), 2);
    let bytes: Vec<_> = (5..105).map(|case| mutate::case(9, case, &messages).bytes).collect();
    let options = ["--seed", "9", "--case", "5", "--count", "100"];
    let print = |form: &[&str]| kcorpus(&[&["mutate", file], &options[..], form].concat()).stdout;
    let hex: Vec<_> = bytes.iter().map(|bytes| kcorpus::hex(bytes)).collect();
    assert_eq!(text(&print(&[])).lines().collect::<Vec<_>>(), hex);
    assert_eq!(print(&["--binary"]), bytes.concat());
    for (line, hex) in text(&print(&["--json"])).lines().zip(hex) {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["hex"], hex);
        assert!(mutate::names().any(|name| object["name"] == name));
        assert_eq!(object["verdict"] == "valid", object.get("at").is_none());
    }
    // A file of concatenated messages is read, too.
    let binary = folder.path().join("own.bin");
    fs::write(&binary, messages.concat()).unwrap();
    assert_eq!(kcorpus::traffic::load(&binary).unwrap(), messages);
    assert_eq!(kcorpus(&["mutate", binary.to_str().unwrap(), "--count", "20"]).stdout, {
        kcorpus(&["mutate", file, "--count", "20"]).stdout
    });
    let logins = kcorpus(&["mutate", "--logins", "--json", "--count", "50"]).stdout;
    assert!(text(&logins).contains("\"login-http\""));
}

/// A process that is killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that prints `listening on ADDRESS` first. Returns the address and the rest of its output.
fn listening(program: impl AsRef<Path>, arguments: &[&str]) -> (Running, String, BufReader<impl Read>) {
    let mut child = Command::new(program.as_ref()).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let running = Running(child);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").expect("an address").to_owned();
    (running, address, lines)
}

#[test]
fn a_hostile_server_answers_each_request_with_the_next_case() {
    const COUNT: u64 = 60;
    let (mut server, address, lines) = listening(KCORPUS, &["hostile", "--listen", "127.0.0.1:0", "--count", "60"]);
    let mut messages = golden_messages();
    messages.iter_mut().for_each(|message| message[1] = 2);
    let request = [&b"user:pass\x03\0"[..], &[1, 1, 0, 0, 10, 0, 0, 0, 101, 0]].concat();
    for case in 0..COUNT {
        let mut client = TcpStream::connect(&address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client.write_all(&request).unwrap();
        let mut capability = [0];
        client.read_exact(&mut capability).unwrap();
        assert_eq!(capability, [3]);
        let expected = mutate::case(1, case, &messages);
        let mut answer = vec![0; expected.bytes.len()];
        client.read_exact(&mut answer).unwrap();
        assert!(answer == expected.bytes, "case {case}: {}", expected.name);
        let whole = expected.bytes.get(4..8).map(|length| length == (expected.bytes.len() as u32).to_le_bytes());
        if whole != Some(true) && expected.bytes.first() == Some(&1) {
            assert_eq!(client.read(&mut [0]).unwrap_or_default(), 0, "case {case}: the connection is closed");
        }
    }
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    let lines: Vec<_> = lines.lines().map(Result::unwrap).collect();
    assert_eq!(lines.len() as u64, COUNT);
    for (case, line) in lines.iter().enumerate() {
        let expected = mutate::case(1, case as u64, &messages);
        assert!(line.ends_with(&format!(" seed 1 case {case} {}: {}", expected.name, expected.verdict)), "{line}");
    }
}

#[test]
fn a_hostile_server_ends_on_a_signal() {
    let (mut server, ..) = listening(KCORPUS, &["hostile", "--listen", "127.0.0.1:0"]);
    let pid = server.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
}

/// A server that answers `::` to every valid request, until it receives the bytes `deadly`; then it is silent.
fn server(deadly: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let silent = Arc::new(AtomicBool::new(false));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, silent) = (stream.unwrap(), Arc::clone(&silent));
            thread::spawn(move || serve(stream, deadly.unwrap_or(b"never sent"), &silent));
        }
    });
    address
}

fn serve(mut stream: TcpStream, deadly: &[u8], silent: &AtomicBool) {
    let mut connection = Connection::server(Limits::default().with_inflated(1 << 20), Instant::now());
    let mut inbound = Inbound::default();
    loop {
        let mut out = Vec::new();
        match connection.receive(&mut inbound) {
            Ok(Some(Event::Login(_))) => connection.accept(&mut out).unwrap(),
            Ok(Some(Event::Message(message))) if message.kind() == MessageType::Sync => {
                connection.send(MessageType::Response, kcodec::Value::NULL, &mut out).unwrap();
            }
            Ok(None) if inbound.read_from(&mut stream).unwrap_or_default() == 0 => return,
            Ok(_) => {}
            Err(_) => return,
        }
        if inbound.as_bytes().windows(deadly.len()).any(|bytes| bytes == deadly) {
            silent.store(true, Ordering::SeqCst);
        }
        if !silent.load(Ordering::SeqCst) && stream.write_all(&out).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_that_keeps_answering() {
    for options in [&["--count", "200"][..], &["--count", "200", "--one-connection"]] {
        let done = kcorpus(&[&["attack", &server(None)], options].concat());
        let said = text(&done.stdout);
        assert_eq!(done.status.code(), Some(0), "{said}{}", text(&done.stderr));
        assert!(said.starts_with("200 cases of seed 1"), "{said}");
    }
}

#[test]
fn the_case_that_silences_a_server_is_named() {
    // These bytes are sent by `symbol-not-utf8`.
    let address = server(Some(b"\xff\xfe\0"));
    let done = kcorpus(&["attack", &address, "--count", "3000", "--deadline", "500", "--json"]);
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    let result: Value = serde_json::from_slice(&done.stdout).unwrap();
    let fell = &result["fell"];
    assert_eq!(result["cases"].as_u64(), fell["case"].as_u64().map(|case| case + 1));
    // That case alone reproduces it.
    let address = server(Some(b"\xff\xfe\0"));
    let case = fell["case"].to_string();
    let done = kcorpus(&["attack", &address, "--case", &case, "--count", "1", "--deadline", "500"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stdout).contains(&format!("after seed 1 case {case} ")), "{}", text(&done.stdout));
    let done = kcorpus(&["attack", "127.0.0.1:1"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("before any case"), "{}", text(&done.stderr));
}

/// Uses the kserve in the environment variable `KSERVE` or next to kcorpus; skipped without one.
#[test]
fn kserve_keeps_answering() {
    let beside = Path::new(KCORPUS).with_file_name("kserve");
    let kserve = std::env::var_os("KSERVE").map_or(beside, PathBuf::from);
    if !kserve.exists() {
        return;
    }
    let (_kserve, address, _) = listening(kserve, &["-p", "127.0.0.1:0"]);
    let done = kcorpus(&["attack", &address, "--count", "500", "--deadline", "5000"]);
    assert_eq!(done.status.code(), Some(0), "{}{}", text(&done.stdout), text(&done.stderr));
}
