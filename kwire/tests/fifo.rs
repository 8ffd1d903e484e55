//! Tests of `Fifo`: data, end of input and deadlines.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use kwire::Fifo;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// A named pipe in a temporary folder.
fn pipe() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    (folder, path)
}

fn soon() -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(20))
}

#[test]
fn reads_all_bytes_and_then_the_end() {
    let (_folder, path) = pipe();
    let fifo = Fifo::open(&path).unwrap();
    let writer = thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
        pipe.write_all(&[7; 300_000]).unwrap();
    });
    let (mut total, mut buffer) = (0, [0; 10_000]);
    loop {
        match fifo.read_until(&mut buffer, soon()).unwrap() {
            0 => break,
            read => {
                assert!(buffer[..read].iter().all(|&byte| byte == 7));
                total += read;
            }
        }
    }
    writer.join().unwrap();
    assert_eq!(total, 300_000);
}

#[test]
fn a_silent_pipe_times_out() {
    let (_folder, path) = pipe();
    let fifo = Fifo::open(&path).unwrap();
    // Without a writer, then with a writer that writes nothing.
    for _ in 0..2 {
        let begin = Instant::now();
        let error = fifo.read_until(&mut [0], begin.checked_add(Duration::from_millis(50))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begin.elapsed() >= Duration::from_millis(50) && begin.elapsed() < Duration::from_secs(5));
        std::mem::forget(OpenOptions::new().write(true).open(&path).unwrap());
    }
}

#[test]
fn devices_are_readable_and_folders_are_not() {
    let mut bytes = [0; 8];
    assert_eq!(Fifo::open("/dev/zero").unwrap().read_until(&mut bytes, soon()).unwrap(), 8);
    assert_eq!(Fifo::open("/dev/null").unwrap().read_until(&mut bytes, soon()).unwrap(), 0);
    assert!(Fifo::open("/tmp").unwrap().read_until(&mut bytes, soon()).is_err());
    assert_eq!(Fifo::open("/no/such/pipe").unwrap_err().kind(), ErrorKind::NotFound);
}
