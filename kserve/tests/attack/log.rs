//! The log: peers can neither forge lines nor fill the disk.

use std::io::Write;

use kwire::MessageType;

use crate::process::{Kserve, TIMEOUT, until};
use crate::raw::{Raw, compressed, message, whole};

/// Waits until the log contains `what`, and returns it.
fn log_with(server: &Kserve, what: &str) -> String {
    let log = until(TIMEOUT, || Some(server.log()).filter(|log| log.contains(what)));
    log.unwrap_or_else(|| panic!("{what:?} is not in the log: {}", server.log()))
}

#[test]
fn a_symbol_of_fifty_megabytes_is_truncated() {
    let mut server = Kserve::start(&[]);
    let name = format!("abcd{}", "a".repeat(50_000_000));
    let update = compressed(&whole(MessageType::Async, kcodec::Symbol::new(&name).into()));
    assert!(update.len() < 1 << 20);
    let mut raw = server.raw();
    raw.write(&update).unwrap();
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    let log = log_with(&server, "abcd");
    assert!(log.lines().all(|line| line.len() < 2048), "a line of {} bytes", log.lines().map(str::len).max().unwrap());
    server.still_answers();
}

/// Names and users with newlines and escape sequences stay on one line and are escaped.
#[test]
fn control_characters_are_escaped() {
    let mut server = Kserve::start(&["-v"]);
    let forged = "x\n2026-01-01T00:00:00Z ERROR forged\x1b[31m\r\u{9b}";
    let mut raw = Raw::log_in(server.address, format!("user{forged}:").as_bytes()).unwrap();
    raw.write(&whole(MessageType::Async, kcodec::Symbol::new(forged).into())).unwrap();
    raw.send(&format!("'\"{forged}\""));
    raw.sync("2+2");
    raw.answer().unwrap();
    let log = log_with(&server, "forged");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    assert!(!log.contains(['\x1b', '\r', '\u{9b}']), "{}", log.escape_debug());
    server.still_answers();
}

/// The rate of lines for repeated failures is bounded.
#[test]
fn repeated_failures_are_logged_at_a_bounded_rate() {
    let mut server = Kserve::start(&[]);
    let mut raw = server.raw();
    raw.write(&message(MessageType::Async, "nosuchname").repeat(100_000)).unwrap();
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    assert!(server.log().len() < 64 << 10, "{} bytes of log", server.log().len());
    server.still_answers();
}

#[test]
fn a_refused_login_is_logged_with_its_user() {
    let users = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("attack-log-{}", std::process::id()));
    std::fs::File::create(&users).unwrap().write_all(b"alice:secret\n").unwrap();
    let server = Kserve::start(&["-u", users.to_str().unwrap()]);
    assert!(Raw::log_in(server.address, b"mallory:guess").is_err());
    let log = log_with(&server, "mallory");
    assert!(!log.contains("guess"), "no password is logged: {log}");
    std::fs::remove_file(users).unwrap();
}
