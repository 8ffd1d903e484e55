//! Tests of the command line of `suite`.

use std::process::{Command, Output};

fn suite(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_suite")).args(arguments).env_remove("KBENCH_RECORD").output().unwrap()
}

#[test]
fn missing_programs_are_named() {
    for what in ["load", "soak"] {
        let output = suite(&[what, "--programs", "/nonexistent"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent/"), "{output:?}");
    }
}

#[test]
fn a_filter_selects_rows() {
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_suite")).parent().unwrap();
    let programs = programs.to_str().unwrap();
    if !std::path::Path::new(programs).join("kserve").exists()
        || !std::path::Path::new(programs).join("examples/constant").exists()
    {
        return; // Skipped: this package's tests build neither program.
    }
    let arguments = ["load", "--programs", programs, "--seconds", "0.2", "--rounds", "1", "1 connection"];
    let output = suite(&arguments);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    for row in ["| constant | 1 connection |", "| 2+2 | 1 connection |", "| 2+2 | 1 connection, 64 in flight |"] {
        assert!(table.contains(row), "{table}");
    }
    assert!(!table.contains("64 connections") && !table.contains("idle"), "{table}");
}

#[test]
fn usage() {
    for arguments in
        [&[][..], &["other"], &["load", "--rounds", "x"], &["load", "--seconds", "x"], &["soak", "--seconds", "-1"]]
    {
        assert_eq!(suite(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
