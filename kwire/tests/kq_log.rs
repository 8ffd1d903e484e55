//! Tests of `kq log`: list, count, check, filter and repair tickerplant logs.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kcodec::log::{HEAD, Log};
use kcodec::{Body, Value};
use tempfile::TempDir;

const RECORDS: [&str; 5] = [
    "(`upd;`trade;(0D00:00:01;`a;1.5))",
    "(`upd;`quote;(0D00:00:01 0D00:00:02;`a`b;1 2f))",
    "(`upd;`trade;+`sym`price!(`a`b`c;1 2 3f))",
    "(`.u.end;2024.01.01)",
    "\"upd[22;33]\"",
];

struct Sample {
    _folder: TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
    /// Offset of the last record.
    last: usize,
}

impl Sample {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sym2024.01.31");
        let mut bytes = HEAD.to_vec();
        let mut last = 0;
        for text in RECORDS {
            last = bytes.len();
            bytes.extend_from_slice(kcodec::parse(text).unwrap().as_bytes());
        }
        fs::write(&path, &bytes).unwrap();
        Self { _folder: folder, path, bytes, last }
    }

    /// A sample without its last 3 bytes.
    fn torn() -> Self {
        let mut sample = Self::new();
        sample.bytes.truncate(sample.bytes.len() - 3);
        fs::write(&sample.path, &sample.bytes).unwrap();
        sample
    }

    fn new_path(&self) -> PathBuf {
        self.path.with_extension("new")
    }
}

fn kq(path: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kq")).arg("log").args(options).arg(path).stdin(Stdio::null()).output().unwrap()
}

/// Exit code, output, errors.
fn run(path: &Path, options: &[&str]) -> (i32, String, String) {
    let output = kq(path, options);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn good(sample: &Sample, options: &[&str]) -> String {
    let (code, out, errors) = run(&sample.path, options);
    assert_eq!((code, errors.as_str()), (0, ""), "{options:?}: {out}");
    out
}

fn lines(records: &[usize]) -> String {
    // Normalizes the literals to q text.
    records.iter().map(|&record| kcodec::parse(RECORDS[record]).unwrap().to_string() + "\n").collect()
}

#[test]
fn lists_records_as_q_text() {
    let sample = Sample::new();
    assert_eq!(good(&sample, &[]), lines(&[0, 1, 2, 3, 4]));
    assert_eq!(good(&sample, &["-n", "2"]), lines(&[0, 1]));
    assert_eq!(good(&sample, &["--from", "3"]), lines(&[3, 4]));
    assert_eq!(good(&sample, &["--from", "1", "--to", "3"]), lines(&[1, 2]));
    assert_eq!(good(&sample, &["-n", "0"]), "");
    assert_eq!(good(&sample, &["--from", "9"]), "");
}

#[test]
fn filters_by_table() {
    let sample = Sample::new();
    assert_eq!(good(&sample, &["--table", "trade"]), lines(&[0, 2]));
    assert_eq!(good(&sample, &["--table", "trade,quote"]), lines(&[0, 1, 2]));
    assert_eq!(good(&sample, &["--table", "quote", "--table", "nosuch"]), lines(&[1]));
    assert_eq!(good(&sample, &["--table", "trade", "-n", "2"]), lines(&[0]), "the first two messages of the log");
}

#[test]
fn prints_json() {
    let sample = Sample::new();
    let out = good(&sample, &["--json", "--from", "3", "-n", "4"]);
    assert_eq!(out, "{\"t\":0,\"v\":[{\"t\":-11,\"v\":\".u.end\"},{\"t\":-14,\"v\":8766}]}\n");
}

#[test]
fn counts_messages_and_rows() {
    let sample = Sample::new();
    let expected = [
        "function  table  messages  rows",
        "                        1      ",
        ".u.end                  1      ",
        "upd       quote         1     2",
        "upd       trade         2     4",
    ];
    assert_eq!(good(&sample, &["--count"]).lines().collect::<Vec<_>>(), expected);
    let expected = [expected[0], "upd       trade         1     1"];
    assert_eq!(good(&sample, &["--count", "--table", "trade", "-n", "2"]).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn check_reports_intact_torn_and_corrupt_logs() {
    let sample = Sample::new();
    assert_eq!(good(&sample, &["--check"]), format!("{}: 5 messages intact\n", sample.path.display()));
    let torn = Sample::torn();
    let size = torn.bytes.len();
    let (code, out, errors) = run(&torn.path, &["--check"]);
    let said = format!(
        "kq: {}: 4 messages intact, valid length {} of {size} bytes, torn at {}: count 10 is more than the bytes that follow\n",
        torn.path.display(),
        torn.last,
        torn.last + 2,
    );
    assert_eq!((code, out.as_str(), errors), (1, "", said));
    let mut corrupt = Sample::new();
    corrupt.bytes[corrupt.last] = 3;
    fs::write(&corrupt.path, &corrupt.bytes).unwrap();
    let (code, _, errors) = run(&corrupt.path, &["--check"]);
    assert!(errors.ends_with(&format!("corrupt at {}: no such type: 3\n", corrupt.last)), "{errors}");
    assert_eq!(code, 1);
}

#[test]
fn lists_the_valid_prefix_and_reports_the_damage() {
    let torn = Sample::torn();
    let (code, out, errors) = run(&torn.path, &[]);
    assert_eq!((code, out), (1, lines(&[0, 1, 2, 3])));
    assert!(errors.contains("4 messages intact") && errors.contains("sym2024.01.31"), "{errors}");
    // The rest after the first n messages is not read.
    assert_eq!(good(&torn, &["-n", "4"]), lines(&[0, 1, 2, 3]));
    // Damage in one file does not stop the next from being read.
    let sample = Sample::new();
    let (code, out, _) = run(&sample.path, &["-n", "5", torn.path.to_str().unwrap()]);
    assert_eq!((code, out), (1, lines(&[0, 1, 2, 3, 0, 1, 2, 3, 4])));
}

#[test]
fn repairs_into_a_new_file() {
    for sample in [Sample::torn(), Sample::new()] {
        let new = sample.new_path();
        let out = good(&sample, &["--repair", new.to_str().unwrap()]);
        let copy = fs::read(&new).unwrap();
        assert!(sample.bytes.starts_with(&copy));
        let count = Log::new(&copy).unwrap().check().unwrap();
        assert!(out.ends_with(&format!("{}: {count} messages, {} bytes\n", new.display(), copy.len())), "{out}");
        assert_eq!(fs::read(&sample.path).unwrap(), sample.bytes, "the log itself is as it was");
        // An existing file is not replaced.
        let (code, _, errors) = run(&sample.path, &["--repair", new.to_str().unwrap()]);
        assert!(code == 1 && errors.contains(".new"), "{errors}");
        let own = sample.path.to_str().unwrap();
        assert_eq!(run(&sample.path, &["--repair", own]).0, 1);
        assert_eq!(fs::read(&sample.path).unwrap(), sample.bytes);
    }
}

#[test]
fn a_file_that_is_not_a_log_is_an_error() {
    let sample = Sample::new();
    fs::write(&sample.path, "some text, not a log").unwrap();
    let (code, out, errors) = run(&sample.path, &[]);
    assert_eq!((code, out.as_str(), errors), (1, "", format!("kq: {}: not a log\n", sample.path.display())));
    let new = sample.new_path();
    assert_eq!(run(&sample.path, &["--repair", new.to_str().unwrap()]).0, 1);
    assert!(!new.exists());
    let (code, _, errors) = run(&sample.path.with_file_name("nosuch"), &[]);
    assert!(code == 1 && errors.contains("nosuch"), "{errors}");
    assert_eq!(run(&sample.path, &["--check", "--count"]).0, 2);
    assert_eq!(run(&sample.path, &["--check", "--table", "t"]).0, 2);
}

#[test]
fn a_closed_pipe_is_quiet() {
    let sample = Sample::new();
    let record = kcodec::parse(RECORDS[0]).unwrap();
    fs::write(&sample.path, [&HEAD[..], &record.as_bytes().repeat(100_000)].concat()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kq"))
        .arg("log")
        .arg(&sample.path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut [0; 10]).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Limits data memory, which excludes mapped pages, to half the file's size.
#[test]
fn memory_does_not_grow_with_the_file() {
    let sample = Sample::new();
    // One large message, and small ones with distinct table names.
    let mut bytes = HEAD.to_vec();
    let column = vec![7_i64; 1 << 20];
    let items = [Value::symbol("upd"), Value::symbol("large"), (&column).into()];
    bytes.extend_from_slice(Body::encode(&items).unwrap().as_bytes());
    while bytes.len() < 24 << 20 {
        let table = format!("table{}", bytes.len());
        let items = [Value::symbol("upd"), Value::symbol(&table), 1_i64.into()];
        let list = [items[0], items[1], (&items).into()];
        bytes.extend_from_slice(Body::encode(&list).unwrap().as_bytes());
    }
    fs::write(&sample.path, &bytes).unwrap();
    for option in ["--from=0", "--json", "--count", "--check"] {
        let output = Command::new("sh")
            .args(["-c", "ulimit -d 12288; exec \"$0\" log \"$1\" \"$2\""])
            .arg(env!("CARGO_BIN_EXE_kq"))
            .arg(option)
            .arg(&sample.path)
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{option}: {output:?}");
    }
}
