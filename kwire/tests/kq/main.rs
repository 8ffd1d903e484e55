//! Tests of the tool `kq`: output, errors and exit codes.

use std::io::Write;
use std::process::{Command, Output, Stdio};

mod arrow;
mod ask;
#[cfg(target_os = "linux")]
mod console;
mod decode;
mod listen;
mod server;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kq"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("KQ_PASSWORD").env("USER", "ann");
    command
}

/// Runs a command to its end.
fn run(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.spawn().unwrap();
    // A command that fails with a usage error does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn kq(arguments: &[&str], input: &[u8]) -> Output {
    run(command(arguments), input)
}

fn text(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn errors(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// Runs a command that must succeed without errors, and returns its output.
fn lines(arguments: &[&str], input: &str) -> String {
    let output = kq(arguments, input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    assert_eq!(errors(&output), "", "{arguments:?}");
    text(&output).to_owned()
}
