//! Deeply nested text and values must not exhaust the stack.

use kwire::MessageType;

use crate::innocent::{Innocent, promptly};
use crate::process::Kserve;
use crate::raw::{compressed, message};

const DEEP: usize = 200_000;

/// Evaluates a text. The connection must stay usable afterwards.
fn answer(server: &Kserve, text: &str) -> String {
    let mut raw = server.raw();
    raw.sync(text);
    let answer = raw.answer().unwrap_or_else(|error| panic!("{:.20}…: {error}: {}", text, server.log()));
    raw.sync("2+2");
    assert_eq!(raw.answer().unwrap(), "4");
    answer
}

#[test]
fn repeated_iterators_and_brackets() {
    let mut server = Kserve::start(&["-T", "2"]);
    promptly(&server, || {
        assert_eq!(answer(&server, &format!("+{}", "'".repeat(DEEP))), "'stack");
        assert_eq!(answer(&server, &format!("count {}", "'".repeat(140_000))), "'stack");
        assert_eq!(answer(&server, &format!("x{}", "[]".repeat(131_000))), "'stack");
    });
    server.still_answers();
    server.peaked_within(256 << 10);
}

/// The same, in a message that is small when compressed.
#[test]
fn repeated_iterators_compressed() {
    let mut server = Kserve::start(&["-T", "2"]);
    let bomb = compressed(&message(MessageType::Sync, &format!("count {}", "'".repeat(140_000))));
    assert!(bomb.len() < 1500);
    let mut raw = server.raw();
    raw.write(&bomb).unwrap();
    assert_eq!(raw.answer().unwrap(), "'stack");
    server.still_answers();
}

/// All other forms of nesting give an error or a value.
#[test]
fn other_nested_text() {
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

/// Values nested by a loop. Their depth is bounded when they are built, so they can be shown, compared and dropped.
#[test]
fn values_nested_by_a_loop() {
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
        // Drops the values.
        answer(&server, "a:b:f:0");
    }
    server.still_answers();
    server.peaked_within(1 << 20);
}

/// Endless recursion is the error `stack`.
#[test]
fn endless_recursion_is_a_stack_error() {
    let mut server = Kserve::start(&["-T", "5"]);
    assert_eq!(answer(&server, "f:{f x+1};f 1"), "'stack");
    server.still_answers();
}
