//! Can a text or a value exhaust the stack?

use kwire::MessageType;

use crate::innocent::{Innocent, promptly};
use crate::process::Kserve;
use crate::raw::{compressed, message};

const DEEP: usize = 200_000;

/// Asks; the connection must survive the answer.
fn answer(server: &Kserve, text: &str) -> String {
    let mut raw = server.raw();
    raw.sync(text);
    let answer = raw.answer().unwrap_or_else(|error| panic!("{:.20}…: {error}: {}", text, server.log()));
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    answer
}

#[test]
fn towers_of_adverbs_and_brackets() {
    let mut server = Kserve::start(&["-T", "2"]);
    promptly(&server, || {
        assert_eq!(answer(&server, &format!("+{}", "'".repeat(DEEP))), "'stack");
        assert_eq!(answer(&server, &format!("count {}", "'".repeat(140_000))), "'stack");
        assert_eq!(answer(&server, &format!("x{}", "[]".repeat(131_000))), "'stack");
    });
    server.still_answers();
    server.peaked_within(256 << 10);
}

/// Small on the wire.
#[test]
fn a_compressed_tower() {
    let mut server = Kserve::start(&["-T", "2"]);
    let tower = compressed(&message(MessageType::Sync, &format!("count {}", "'".repeat(140_000))));
    assert!(tower.len() < 1500);
    let mut raw = server.raw();
    raw.write(&tower).unwrap();
    assert_eq!(raw.answer().unwrap(), "'stack");
    server.still_answers();
}

/// Whatever nests: an error or a value, never the end.
#[test]
fn everything_else_that_nests() {
    let mut server = Kserve::start(&["-T", "2"]);
    let innocent = Innocent::beside(&server);
    let around = |open: &str, close: &str| format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP));
    let texts = [
        around("(", ")"),
        around("{", "}"),
        around("(1;", ")"),
        around("f[", "]"),
        around("$[1;", ";1]"),
        around("if[1;", "]"),
        around("while[0;", "]"),
        around("{[x]", "}"),
        around("(),", ""),
        around("-", ""),
        around("enlist ", ""),
        around("a:", ""),
        around("1+", ""),
        around("`a`b!", ""),
        around("+/", ""),
        around("@[", ";1;1]"),
        around("select from ", ""),
        around("([]a:", ")"),
        "(".repeat(DEEP),
        "{".repeat(DEEP),
        "[".repeat(DEEP),
        "\"".repeat(DEEP + 1),
        "f@".repeat(DEEP),
        format!("+{}", "/".repeat(DEEP)),
        format!("+{}", "\\:".repeat(DEEP)),
        format!("x{}", "[1]".repeat(DEEP)),
        format!("x{}", "[;".repeat(DEEP)),
        format!("x{}", ".a".repeat(DEEP)),
        ";".repeat(DEEP),
    ];
    for text in &texts {
        answer(&server, text);
    }
    innocent.waited_at_most(std::time::Duration::from_secs(2));
    server.still_answers();
    server.peaked_within(1 << 20);
}

/// Values that a loop makes deep: bounded where they are built, and so shown, compared and dropped.
#[test]
fn values_built_deep() {
    let mut server = Kserve::start(&["-T", "5"]);
    for text in [
        "a:1;do[200000;a:enlist a];a",
        "a:1;do[200000;a:(a;1)];a",
        "a:1;do[200000;a:`a`b!(a;1)];a",
        "f:{x+y};do[200000;f:f[;]];f",
        "f:{x+y};do[200000;f:{x+y}[f]];f",
        "f:neg;do[200000;f:f neg@];f",
        "f:+;do[200000;f:f/];f",
        "f:{x};do[200000;f:('[f;f])];f",
        "f:{.z.s x};f 1",
        "f:{f x};f 1",
        "f:{f[x]+f[x]};f 1",
        "a:1;do[200000;a:enlist a];b:1;do[200000;b:enlist b];a~b",
        "a:1;do[200000;a:enlist a];-3!a",
        "a:1;do[200000;a:enlist a];raze/[a]",
        "value/[\"value\"]",
        "{value x}/[\"{value x}\"]",
    ] {
        answer(&server, text);
        // What it left behind is dropped.
        answer(&server, "a:b:f:0");
    }
    server.still_answers();
    server.peaked_within(1 << 20);
}

/// Functions that call themselves are told so.
#[test]
fn recursion_without_end_is_a_stack_error() {
    let mut server = Kserve::start(&["-T", "5"]);
    assert_eq!(answer(&server, "f:{f x+1};f 1"), "'stack");
    server.still_answers();
}
