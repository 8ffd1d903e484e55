//! Does `kq` do what its help says, with exit codes that scripts can trust?

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn kq(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kq"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that is refused for its usage does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

/// Runs a command that must succeed, on lines of hex.
fn lines(arguments: &[&str], input: &str) -> String {
    let output = kq(arguments, input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    text(&output).to_owned()
}

#[test]
fn decode_prints_one_line_a_message() {
    let input = "010000000d000000fa01000000\n0x010200000e000000807479706500\n";
    assert_eq!(lines(&["decode", "--hex"], input), "1i\n'type\n");
    let golden: Vec<_> = kcorpus::golden().into_iter().filter(|golden| golden.printed.is_some()).collect();
    let input: String = golden.iter().map(|golden| kcorpus::hex(&golden.message) + "\n").collect();
    for (shown, golden) in lines(&["decode", "--hex"], &input).lines().zip(&golden) {
        assert_eq!(shown, golden.printed.unwrap(), "{}", golden.name);
    }
}

#[test]
fn a_bad_message_takes_its_line_and_the_exit_code() {
    let input = "010000000d000000fa01000000\n010000000a000000ff02\n01000000\nzz\n010000000a000000ff01\n";
    for command in ["decode", "recode"] {
        let output = kq(&[command, "--hex"], input.as_bytes());
        let shown: Vec<_> = text(&output).lines().collect();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(shown[1], "error: 9: not a boolean: 2");
        assert_eq!(shown[2], "error: 4: truncated");
        assert_eq!(shown[3], "error: 0: not hex");
        assert_eq!(shown.len(), 5);
    }
}

#[test]
fn a_binary_file_holds_messages_end_to_end() {
    let bytes = kcorpus::unhex("010000000d000000fa01000000010000000a000000ff02010000000a000000ff01").unwrap();
    let output = kq(&["decode"], &bytes);
    assert_eq!((text(&output), output.status.code()), ("1i\nerror: 9: not a boolean: 2\n1b\n", Some(1)));
    let output = kq(&["decode"], &bytes[..20]);
    assert_eq!((text(&output), output.status.code()), ("1i\nerror: 7: truncated\n", Some(1)));
    let output = kq(&["decode", "no such file"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such file"));
}

#[test]
fn recode_gives_the_plain_little_endian_message() {
    assert_eq!(lines(&["recode", "--hex"], "000100000000000dfa00000001"), "010100000d000000fa01000000\n");
    let compressed = "0100010026000000de070000000100d00700000101ff00ff00ff00ff00ff00ff00ff00ff00c5";
    let plain = lines(&["recode", "--hex"], compressed);
    assert_eq!(plain.trim().len(), 2014 * 2);
    assert_eq!(lines(&["compress", "--hex"], &plain).trim(), compressed);
    assert_eq!(lines(&["decompress", "--hex"], compressed), plain);
    // What would not halve comes out plain.
    assert_eq!(lines(&["compress", "--hex"], "010000000a000000ff01"), "010000000a000000ff01\n");
    let binary = kq(&["compress"], &kcorpus::unhex(plain.trim()).unwrap());
    assert_eq!(kcorpus::hex(&binary.stdout), compressed);
}

#[test]
fn both_thresholds() {
    // 1993 bytes of body: over 2000 with the header, not without.
    let body = [vec![4, 0, 0xc3, 7, 0, 0], vec![0; 1987]].concat();
    let message = [&[1, 0, 0, 0][..], &2001_u32.to_le_bytes(), &body].concat();
    let hex = kcorpus::hex(&message);
    assert_eq!(lines(&["compress", "--hex"], &hex).trim(), hex);
    let compressed = lines(&["compress", "--hex", "--threshold", "message"], &hex);
    assert!(compressed.len() < 100 && compressed.starts_with("01000100"));
}

#[test]
fn encode_reads_a_literal() {
    assert_eq!(lines(&["encode", "1i"], ""), "010000000d000000fa01000000\n");
    assert_eq!(lines(&["encode", "-1h"], ""), "010000000b000000fbffff\n");
    assert_eq!(lines(&["encode", "--sync", "\"1+1\""], ""), "01010000110000000a0003000000312b31\n");
    assert_eq!(lines(&["encode", "--response", "42"], ""), "0102000011000000f92a00000000000000\n");
    let output = kq(&["encode", "1 2 x"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(kq(&["encode", "--sync", "--async", "1"], b"").status.code(), Some(2));
    assert_eq!(kq(&["encode"], b"").status.code(), Some(2));
}

#[test]
fn json_keeps_everything() {
    for (q, json) in [
        ("1 2", r#"{"t":7,"v":[1,2]}"#),
        ("`s#1 2", r#"{"t":7,"a":1,"v":[1,2]}"#),
        ("0N", r#"{"t":-7,"v":-9223372036854775808}"#),
        ("1b", r#"{"t":-1,"v":1}"#),
        ("0x01ff", r#"{"t":4,"v":[1,255]}"#),
        ("0n 0w -0w 1.5 2", r#"{"t":9,"v":["0n","0w","-0w",1.5,2.0]}"#),
        ("1.1e", r#"{"t":-8,"v":1.1}"#),
        ("\"a\\\"b\\n\"", r#"{"t":10,"v":"a\"b\u000a"}"#),
        ("\"a\"", r#"{"t":-10,"v":"a"}"#),
        ("`a`", r#"{"t":11,"v":["a",""]}"#),
        ("\"\\351\"", r#"{"t":-10,"v":"\u00e9","latin1":true}"#),
        ("2000.01.02", r#"{"t":-14,"v":1}"#),
        ("0D00:00:01", r#"{"t":-16,"v":1000000000}"#),
        ("()", r#"{"t":0,"v":[]}"#),
        ("(1;`a)", r#"{"t":0,"v":[{"t":-7,"v":1},{"t":-11,"v":"a"}]}"#),
        ("`a`b!1 2", r#"{"t":99,"v":{"k":{"t":11,"v":["a","b"]},"v":{"t":7,"v":[1,2]}}}"#),
        ("([]a:1 2)", r#"{"t":98,"v":{"k":{"t":11,"v":["a"]},"v":{"t":0,"v":[{"t":7,"v":[1,2]}]}}}"#),
        ("{x+y}", r#"{"t":100,"ctx":"","v":"{x+y}"}"#),
        ("::", r#"{"t":101,"v":0}"#),
        ("+", r#"{"t":102,"v":1}"#),
    ] {
        let hex = lines(&["encode", q], "");
        assert_eq!(lines(&["decode", "--hex", "--json"], &hex).trim_end(), json, "{q}");
    }
    let hex = "010200000e000000807479706500\n01000000180000006802000000661cf90100000000000000\n\
        0100000019000000fe8c680a015a495aab5a65d4bfddb6a661\n010000000b0000006b660c\n\
        01000000160000006464000a00050000007b782b797d\n";
    let json = [
        r#"{"t":-128,"v":"type"}"#,
        r#"{"t":104,"v":[{"t":102,"v":28},{"t":-7,"v":1}]}"#,
        r#"{"t":-2,"v":"8c680a015a495aab5a65d4bfddb6a661"}"#,
        r#"{"t":107,"v":{"t":102,"v":12}}"#,
        r#"{"t":100,"ctx":"d","v":"{x+y}"}"#,
    ];
    assert_eq!(lines(&["decode", "--hex", "--json"], hex).trim_end(), json.join("\n"));
}

#[test]
fn asking_nobody_is_an_error_that_names_the_address() {
    // Port 1 of the loopback: nothing listens there.
    let output = kq(&["127.0.0.1:1:ann:secret", "2+2"], b"");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("127.0.0.1:1:ann") && !error.contains("secret"), "{error}");
    assert_eq!(kq(&["tcps://localhost:1", "2+2"], b"").status.code(), Some(1));
    assert_eq!(kq(&[], b"").status.code(), Some(2));
}
