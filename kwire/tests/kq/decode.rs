//! Commands that process messages in files.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::{command, errors, kq, lines, text};

#[test]
fn decode_prints_one_line_per_message() {
    let input = "010000000d000000fa01000000\n0x010200000e000000807479706500\n";
    assert_eq!(lines(&["decode", "--hex"], input), "1i\n'type\n");
    let golden: Vec<_> = kcorpus::golden().into_iter().filter(|golden| golden.printed.is_some()).collect();
    let input: String = golden.iter().map(|golden| kcorpus::hex(&golden.message) + "\n").collect();
    for (shown, golden) in lines(&["decode", "--hex"], &input).lines().zip(&golden) {
        assert_eq!(shown, golden.printed.unwrap(), "{}", golden.name);
    }
}

#[test]
fn errors_name_file_and_message_and_do_not_stop_the_rest() {
    let input = "010000000d000000fa01000000\n010000000a000000ff02\n01000000\nzz\n010000000a000000ff01\n";
    for (command, good) in [("decode", "1i\n1b\n"), ("recode", "010000000d000000fa01000000\n010000000a000000ff01\n")] {
        let output = kq(&[command, "--hex"], input.as_bytes());
        assert_eq!((text(&output), output.status.code()), (good, Some(1)));
        assert_eq!(
            errors(&output),
            "kq: standard input: message 2: 9: not a boolean: 2\n\
             kq: standard input: message 3: 4: truncated\n\
             kq: standard input: message 4: 0: not hex\n"
        );
    }
}

#[test]
fn inline_errors_take_the_messages_line() {
    let input = "010000000d000000fa01000000\n010000000a000000ff02\n01000000\nzz\n010000000a000000ff01\n";
    for command in ["decode", "recode"] {
        let output = kq(&[command, "--hex", "--inline-errors"], input.as_bytes());
        let shown: Vec<_> = text(&output).lines().collect();
        assert_eq!((output.status.code(), errors(&output), shown.len()), (Some(1), "", 5));
        assert_eq!(shown[1..4], ["error: 9: not a boolean: 2", "error: 4: truncated", "error: 0: not hex"]);
    }
}

#[test]
fn a_binary_file_holds_concatenated_messages() {
    let bytes = kcorpus::unhex("010000000d000000fa01000000010000000a000000ff02010000000a000000ff01").unwrap();
    let decode = |bytes: &[u8]| kq(&["decode", "--inline-errors"], bytes);
    let output = decode(&bytes);
    assert_eq!((text(&output), output.status.code()), ("1i\nerror: 9: not a boolean: 2\n1b\n", Some(1)));
    let output = decode(&bytes[..20]);
    assert_eq!((text(&output), output.status.code()), ("1i\nerror: 7: truncated\n", Some(1)));
    // After a malformed header the next message's offset is unknown.
    let output = decode(&[&bytes[..13], &[9], &bytes].concat());
    assert_eq!((text(&output), output.status.code()), ("1i\nerror: 0: no such byte order: 9\n", Some(1)));
}

#[test]
fn unreadable_files_do_not_stop_the_others() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let file = format!("{folder}/decode-files.hex");
    std::fs::write(&file, "010000000a000000ff02\n010000000a000000ff01").unwrap();
    let output = kq(&["decode", "--hex", "no such file", &file, "-", folder], b"010000000d000000fa01000000");
    assert_eq!((text(&output), output.status.code()), ("1b\n1i\n", Some(1)));
    let errors: Vec<_> = errors(&output).lines().collect();
    assert!(errors[0].starts_with("kq: no such file: "), "{errors:?}");
    assert_eq!(errors[1], format!("kq: {file}: message 1: 9: not a boolean: 2"));
    assert!(errors[2].starts_with(&format!("kq: {folder}: ")) && errors.len() == 3, "{errors:?}");
}

#[test]
fn hex_accepts_blanks_and_0x() {
    let input =
        "\n  01 00 00 00 0d 00 00 00\tfa 01000000  \r\n\n0x010000000a000000ff01\n0x01 0x000000 0A 000000 FF00\n \n";
    assert_eq!(lines(&["decode", "--hex", "-"], input), "1i\n1b\n0b\n");
    assert_eq!(lines(&["decode", "--hex"], "\n \n"), "");
    let reasons = [("01 0 0", "1: not hex"), ("0100x00", "2: not hex"), ("010", "1: not hex"), ("0x", "0: truncated")];
    for (bad, reason) in reasons {
        let output = kq(&["decode", "--hex", "--inline-errors"], bad.as_bytes());
        assert_eq!(text(&output), format!("error: {reason}\n"), "{bad}");
    }
}

#[test]
fn floats_have_the_requested_digits() {
    let hex = lines(&["encode", "0.1 0.333333333333333315 100"], "");
    for (digits, shown) in [
        ("0", "0.10000000000000001 0.33333333333333331 100\n"),
        ("17", "0.10000000000000001 0.33333333333333331 100\n"),
        ("3", "0.1 0.333 100\n"),
        ("7", "0.1 0.3333333 100\n"),
    ] {
        assert_eq!(lines(&["decode", "--hex", "-P", digits], &hex), shown);
    }
    assert_eq!(lines(&["decode", "--hex"], &hex), "0.1 0.3333333 100\n");
    assert_eq!(kq(&["decode", "-P", "18"], b"").status.code(), Some(2));
}

#[test]
fn tabular_values_print_as_csv() {
    for (q, csv) in [
        (
            "([]a:1 2 0N;b:(\"x,y\";\"q\\\"z\";\"\");c:`a`b`;d:0.1 1e300 0n)",
            "a,b,c,d\n1,\"x,y\",a,0.1\n2,\"q\"\"z\",b,1e300\n,,,\n",
        ),
        ("([k:`x`y]v:(1 2;`a))", "k,v\nx,1 2\ny,a\n"),
        ("`a`b!(0Nd;2000.01.02)", "key,value\na,\nb,2000.01.02\n"),
        ("1.5 2 0w", "value\n1.5\n2\n0w\n"),
        ("(\"ab\";1b;`)", "value\nab\n1\n\"\"\n"),
        ("\"a\\nb\"!1 2 3", "key,value\na,1\n\"\n\",2\nb,3\n"),
        ("(`upd;`trade;([]a:1 2))", "a\n1\n2\n"),
        ("::", ""),
    ] {
        let hex = lines(&["encode", q], "");
        // RFC 4180 ends lines with CR LF.
        let shown = lines(&["decode", "--hex", "--csv"], &hex);
        assert_eq!(shown.replace("\r\n", "\n"), csv, "{q}");
        assert_eq!(shown.matches("\r\n").count(), csv.matches('\n').count() - csv.matches("\"\n\"").count(), "{q}");
    }
    for q in ["1", "\"text\"", "(1 2;3)", "{x}"] {
        let output = kq(&["decode", "--hex", "--csv"], lines(&["encode", q], "").as_bytes());
        assert_eq!((text(&output), output.status.code()), ("", Some(1)), "{q}");
        assert!(errors(&output).contains("--csv"), "{q}");
    }
    // A heading is repeated only when it changes.
    let two =
        [lines(&["encode", "([]a:1 2)"], ""), lines(&["encode", "([]a:,3)"], ""), lines(&["encode", "([]b:,4)"], "")];
    assert_eq!(lines(&["decode", "--hex", "--csv"], &two.concat()), "a\r\n1\r\n2\r\n3\r\nb\r\n4\r\n");
}

#[test]
fn ipc_writes_plain_little_endian_bytes() {
    let output = kq(&["decode", "--hex", "--ipc"], b"000100000000000dfa00000001\n010000000a000000ff01");
    assert_eq!(kcorpus::hex(&output.stdout), "010100000d000000fa01000000010000000a000000ff01");
    assert_eq!(kq(&["decode", "--json", "--ipc"], b"").status.code(), Some(2));
}

/// Each message must be written before the next arrives.
#[test]
fn a_pipe_is_flushed_after_each_message() {
    let mut child = command(&["decode", "--hex"]).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for (hex, shown) in [("010000000d000000fa01000000\n01", "1i\n"), ("0000000a000000ff01\n", "1b\n")] {
        input.write_all(hex.as_bytes()).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, shown);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_pipe_is_quiet() {
    let mut child = command(&["decode", "--hex"]).spawn().unwrap();
    drop(child.stdout.take());
    // More than a pipe buffers.
    let line = "010000000d000000fa01000000\n".repeat(1 << 14);
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
}

/// A message must be in memory once, whatever the size of its text.
#[test]
#[cfg(target_os = "linux")]
fn a_large_message_takes_little_more_than_its_size() {
    const SIZE: usize = 16 << 20;
    let mut message = vec![1, 0, 0, 0];
    message.extend((SIZE as u32 + 14).to_le_bytes());
    message.extend([4, 0]);
    message.extend((SIZE as u32).to_le_bytes());
    message.resize(SIZE + 14, 0xab);
    for arguments in [&["decode", "-"][..], &["decode", "--hex", "-"]] {
        let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let bytes = match arguments.len() {
            2 => message.clone(),
            _ => kcorpus::hex(&message).into_bytes(),
        };
        let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
        let mut begun = [0; 1 << 16];
        let mut shown = 0;
        let mut peak = 0;
        loop {
            let read = output.read(&mut begun).unwrap();
            if read == 0 {
                break;
            }
            shown += read;
            // Nearly at the end.
            if peak == 0 && shown > SIZE * 2 - (1 << 20) {
                let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
                let field = |name: &str| {
                    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
                };
                // Without the pages of the program itself, whose number depends on the features.
                peak = field("VmHWM:") - field("RssFile:");
            }
        }
        writer.join().unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(shown, SIZE * 2 + 3);
        assert!((SIZE..SIZE + (8 << 20)).contains(&peak), "{arguments:?}: {peak}");
    }
}

#[test]
fn max_message_limits_input() {
    let hex = lines(&["encode", "0 1 2 3 4 5 6 7 8 9"], "");
    for format in [true, false] {
        let bytes = if format { hex.clone().into_bytes() } else { kcorpus::unhex(hex.trim()).unwrap() };
        let arguments = if format { &["decode", "--hex"][..] } else { &["decode"] };
        let decode = |limit| kq(&[arguments, &["--max-message", limit]].concat(), &bytes);
        assert_eq!(text(&decode("94")), "0 1 2 3 4 5 6 7 8 9\n");
        let output = decode("93");
        assert_eq!((text(&output), output.status.code()), ("", Some(1)));
        assert!(errors(&output).contains("message of 94 bytes is over the limit of 93"), "{}", errors(&output));
    }
    assert_eq!(lines(&["decode", "--hex", "--max-message", "1k"], &hex), "0 1 2 3 4 5 6 7 8 9\n");
    // The limit applies to the inflated size as well.
    let compressed = "0100010026000000de070000000100d00700000101ff00ff00ff00ff00ff00ff00ff00ff00c5";
    let output = kq(&["decode", "--hex", "--max-message", "1000"], compressed.as_bytes());
    assert!(errors(&output).contains("over the limit of 1000"), "{}", errors(&output));
    for bad in ["", "x", "1x", "-1", "18446744073709551615G"] {
        assert_eq!(kq(&["decode", "--max-message", bad], b"").status.code(), Some(2), "{bad}");
    }
}

#[test]
fn recode_gives_the_plain_little_endian_message() {
    assert_eq!(lines(&["recode", "--hex"], "000100000000000dfa00000001"), "010100000d000000fa01000000\n");
    let compressed = "0100010026000000de070000000100d00700000101ff00ff00ff00ff00ff00ff00ff00ff00c5";
    let plain = lines(&["recode", "--hex"], compressed);
    assert_eq!(plain.trim().len(), 2014 * 2);
    assert_eq!(lines(&["compress", "--hex"], &plain).trim(), compressed);
    assert_eq!(lines(&["decompress", "--hex"], compressed), plain);
    // A message that does not shrink to half stays plain.
    assert_eq!(lines(&["compress", "--hex"], "010000000a000000ff01"), "010000000a000000ff01\n");
    let binary = kq(&["compress"], &kcorpus::unhex(plain.trim()).unwrap());
    assert_eq!(kcorpus::hex(&binary.stdout), compressed);
}

#[test]
fn threshold_counts_the_body_or_the_message() {
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
fn json_is_lossless() {
    for (q, json) in [
        ("1 2", r#"{"t":7,"v":[1,2]}"#),
        ("`s#1 2", r#"{"t":7,"a":1,"v":[1,2]}"#),
        ("0N", r#"{"t":-7,"v":-9223372036854775808}"#),
        ("1b", r#"{"t":-1,"v":1}"#),
        ("0x01ff", r#"{"t":4,"v":[1,255]}"#),
        ("0n 0w -0w 1.5 2", r#"{"t":9,"v":["0n","0w","-0w",1.5,2.0]}"#),
        ("1.1e", r#"{"t":-8,"v":1.1}"#),
        ("\"a\\\"b\\n\"", r#"{"t":10,"v":"a\"b\n"}"#),
        ("\"a\"", r#"{"t":-10,"v":"a"}"#),
        ("`a`", r#"{"t":11,"v":["a",""]}"#),
        ("\"\\351\"", r#"{"t":-10,"v":"é","latin1":true}"#),
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
