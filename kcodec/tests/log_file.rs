//! Log files: maps, the writer, and their errors.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kcodec::log::{self, Log, Map, Writer, WriterError};
use kcodec::{Body, Value, parse};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sym2024.01.31");
    (folder, path)
}

fn body(text: &str) -> Body {
    parse(text).unwrap()
}

fn texts(path: &Path) -> Vec<String> {
    let map = Map::open(path).unwrap();
    Log::new(map.as_bytes()).unwrap().map(|record| record.unwrap().to_string()).collect()
}

#[test]
fn a_log_is_created_and_appended_to() {
    let (_folder, path) = folder();
    let mut log = Writer::open(&path).unwrap();
    assert_eq!((log.records(), log.size(), fs::read(&path).unwrap()), (0, 8, log::HEAD.to_vec()));
    log.append(body("(`upd;`trade;(1;`a))").value()).unwrap();
    log.append("upd[22;33]").unwrap();
    log.sync().unwrap();
    assert_eq!((log.records(), log.size()), (2, fs::metadata(&path).unwrap().len()));
    drop(log);
    let mut log = Writer::open(&path).unwrap();
    assert_eq!(log.records(), 2);
    log.append(7_i64).unwrap();
    assert_eq!(texts(&path), ["(`upd;`trade;(1;`a))", "\"upd[22;33]\"", "7"]);
    // An empty file becomes a log.
    let (_folder, path) = folder();
    File::create(&path).unwrap();
    Writer::open(&path).unwrap().append(true).unwrap();
    assert_eq!(texts(&path), ["1b"]);
}

#[test]
fn records_with_many_long_columns_are_complete() {
    let (_folder, path) = folder();
    let prices = vec![1.5; 1 << 20];
    // More long runs than one vectored write can have.
    let columns: Vec<Value<'_>> = (0..3000).map(|_| prices[..100].into()).collect();
    let record = [Value::symbol("upd"), Value::symbol("t"), (&columns).into(), (&prices).into()];
    let mut log = Writer::open(&path).unwrap();
    log.append(&record).unwrap();
    let map = Map::open(&path).unwrap();
    assert_eq!(map.as_bytes().len() as u64, log.size());
    assert_eq!(Log::new(map.as_bytes()).unwrap().next(), Some(Ok((&record).into())));
}

#[test]
fn other_and_torn_files_are_refused_and_unchanged() {
    let (_folder, path) = folder();
    fs::write(&path, "text of no log").unwrap();
    assert!(matches!(Writer::open(&path), Err(WriterError::NotLog(_))));
    assert_eq!(fs::read(&path).unwrap(), b"text of no log");
    let torn = [&log::HEAD[..], body("`a`b").as_bytes(), &[0, 0, 3]].concat();
    fs::write(&path, &torn).unwrap();
    let error = Writer::open(&path).unwrap_err();
    assert_eq!(error.to_string(), "valid length 18 (records: 1), torn at 20: truncated");
    assert!(matches!(error, WriterError::BadTail(bad) if (bad.records, bad.valid) == (1, 18)));
    assert_eq!(fs::read(&path).unwrap(), torn, "the file is unchanged");
    assert!(matches!(Writer::open(path.parent().unwrap()), Err(WriterError::Io(_))));
}

#[test]
fn a_second_writer_is_refused() {
    let (_folder, path) = folder();
    let first = Writer::open(&path).unwrap();
    assert!(matches!(Writer::open(&path), Err(WriterError::Locked)));
    drop(first);
    Writer::open(&path).unwrap();
}

#[test]
fn values_that_cannot_be_records_are_refused() {
    let (_folder, path) = folder();
    let mut log = Writer::open(&path).unwrap();
    assert!(matches!(log.append(Value::error("type")), Err(WriterError::Record(_))));
    assert!(matches!(log.append(Value::symbol("a\0b")), Err(WriterError::Record(_))));
    log.append(1_i64).unwrap();
    assert_eq!(texts(&path), ["1"]);
}

#[test]
fn a_map_has_the_length_of_the_file_when_mapped() {
    let (_folder, path) = folder();
    let mut log = Writer::open(&path).unwrap();
    log.append(1_i64).unwrap();
    let map = Map::open(&path).unwrap();
    log.append(2_i64).unwrap();
    assert_eq!(Log::new(map.as_bytes()).unwrap().check(), Ok(1));
    assert!(map.is_whole().unwrap());
    // The map keeps a deleted file.
    fs::remove_file(&path).unwrap();
    assert_eq!(Log::new(map.as_bytes()).unwrap().check(), Ok(1));
    File::options().write(true).create_new(true).open(&path).unwrap();
    assert!(map.is_whole().unwrap(), "a new file of the same name is another file");
}

#[test]
#[cfg(target_os = "linux")]
fn released_pages_are_not_resident() {
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap().trim().to_owned();
        line.trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    };
    let (_folder, path) = folder();
    let bytes = vec![7_u8; 64 << 20];
    let mut log = Writer::open(&path).unwrap();
    log.append(&bytes).unwrap();
    let map = Map::open(&path).unwrap();
    let sum = || map.as_bytes().iter().map(|&byte| u64::from(byte)).sum::<u64>();
    let before = sum();
    let held = resident();
    map.release(0..map.as_bytes().len());
    assert!(resident() + (60 << 20) < held, "{} of {held}", resident());
    assert_eq!(sum(), before, "the same bytes are read again");
    // Ranges outside the map are ignored.
    for (start, end) in [(5, 7), (0, usize::MAX), (usize::MAX, 0), (usize::MAX, usize::MAX)] {
        map.release(start..end);
    }
}

#[test]
fn is_whole_detects_truncation() {
    let (_folder, path) = folder();
    fs::write(&path, log::HEAD).unwrap();
    let map = Map::open(&path).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(4).unwrap();
    assert!(!map.is_whole().unwrap());
}

#[test]
fn only_regular_files_are_mapped() {
    let (folder, path) = folder();
    assert_eq!(Map::open(&path).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert_eq!(Map::open(folder.path()).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    // Opening a pipe without a writer would block.
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(Map::open(&path).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    let empty = folder.path().join("empty");
    File::create(&empty).unwrap();
    assert_eq!(Map::open(&empty).unwrap().as_bytes(), b"");
}

#[test]
fn a_sparse_file_longer_than_memory_is_mapped_and_checked() {
    let (_folder, path) = folder();
    let file = File::create(&path).unwrap();
    // One record of 1 TiB: a vector of bytes with an 8-byte count.
    let count = 1_u64 << 40;
    let head = [&log::HEAD[..], &[4, 0x80], &count.to_le_bytes()].concat();
    file.write_all_at(&head, 0).unwrap();
    if file.set_len(head.len() as u64 + count).is_err() {
        return; // The file system does not support files of this size.
    }
    let map = Map::open(&path).unwrap();
    assert_eq!(Log::new(map.as_bytes()).unwrap().check(), Ok(1));
}

/// Limits apply to a whole process, so the test runs itself in a child process.
#[test]
fn a_failed_append_leaves_no_part_of_the_record() {
    if let Some(path) = std::env::var_os("LOG_FILE_TEST_OUT_OF_ROOM") {
        return out_of_room(Path::new(&path));
    }
    let (_folder, path) = folder();
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg("a_failed_append_leaves_no_part_of_the_record")
        .env("LOG_FILE_TEST_OUT_OF_ROOM", &path)
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    assert_eq!(texts(&path), ["1", "2"], "the child's records");
}

/// Runs with a limit of 32 or 64 KiB per file: the first write beyond it is short, the next one fails.
fn out_of_room(path: &Path) {
    let mut log = Writer::open(path).unwrap();
    log.append(1_i64).unwrap();
    let size = log.size();
    assert!(matches!(log.append(&vec![7_i64; 1 << 20]), Err(WriterError::Io(_))));
    assert_eq!((log.size(), log.records(), fs::metadata(path).unwrap().len()), (size, 1, size));
    log.append(2_i64).unwrap();
    // Confirms that the limit causes a short write.
    let mut other = File::create(path.with_extension("other")).unwrap();
    assert!((1..1 << 20).contains(&other.write(&vec![7; 1 << 20]).unwrap()));
}
