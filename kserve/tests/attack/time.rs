//! Time limits: every request ends in time.

use std::time::{Duration, Instant};

use kwire::MessageType;

use crate::innocent::Innocent;
use crate::process::Kserve;
use crate::raw::message;

const DEADLINE: Duration = Duration::from_secs(1);

fn start() -> Kserve {
    Kserve::start(&["-T", "1", "-w", "1024"])
}

/// Evaluates each text. It must finish in time, with a value or one of these errors.
fn assert_in_time(texts: &[&str], errors: &[&str]) {
    let mut server = start();
    let innocent = Innocent::beside(&server);
    for text in texts {
        let start = Instant::now();
        let mut raw = server.raw();
        raw.sync(text);
        let body = raw.body().unwrap_or_else(|error| panic!("{text}: {error}: {}", server.log()));
        let took = start.elapsed();
        assert!(took < DEADLINE + Duration::from_secs(1), "{:.60} took {took:?}", text);
        if let Ok(kcodec::Value::Error(text_of_error)) = kcodec::Value::decode(&body) {
            assert!(errors.contains(&&*text_of_error.to_string()), "{:.60}: '{text_of_error}", text);
        }
    }
    innocent.waited_at_most(DEADLINE);
    server.still_answers();
    server.peaked_within((1024 + 256) << 10);
}

#[test]
fn endless_loops_are_stopped() {
    let server = start();
    for text in ["while[1;1]", "while[1;]", "{while[1;1]}[]", "do[0W;1]", "{x}/[{1b};1]"] {
        let start = Instant::now();
        assert_eq!(server.ask(text), "'stop", "{text}");
        let took = start.elapsed();
        assert!(took > DEADLINE / 2 && took < DEADLINE * 2, "{text} took {took:?}");
    }
}

/// Copies are charged, whatever makes them.
#[test]
fn copies_in_a_loop() {
    assert_in_time(
        &[
            "a:10000000#0;do[500;10000000#a]",
            "a:10000000#0;while[1;b:a,0]",
            "a:10000000#0;do[100000;a+1]",
            "a:10000000#0;do[100000;reverse a]",
            "a:10000000#0;do[100000;a~a+0]",
            "a:10000000#0;do[100000;sum a]",
            "s:`$1000000#\"a\";do[100000;string s]",
            "s:1000000#\"a\";do[100000;`$s]",
            "do[10000000;{x+y}[1]]",
            "do[10000000;{x+y}[1000000#0]]",
            "a:til 1000000;do[100000;a[500000]:0;b:a]",
            "a:til 1000000;do[100000;asc a]",
            "a:1000000#0x00;do[1000000;-8!a]",
            "a:til 1000000;do[100000;-3!a]",
            "d:(til 1000000)!til 1000000;do[100000;d[-1]]",
            "a:1000000#enlist 1000#0;do[10000;raze a]",
            "a:til 1000000;a?/:a",
            "a:til 10000;a+/:\\:a",
            "(til 100000) cross til 100000",
        ],
        &["stop", "wsfull", "nyi", "type", "length", "rank", "limit"],
    );
}

#[test]
fn a_lambda_of_many_locals() {
    let locals: String = (0..100_000).map(|local| format!("a{local}:{local};")).collect();
    assert_in_time(
        &[&format!("{{{locals}a1}}[]"), &format!("do[1000;{{{locals}a1}}[]]")],
        &["stop", "wsfull", "limit", "locals", "stack"],
    );
}

#[test]
fn long_texts_of_simple_statements() {
    let texts =
        ["1 ", "a:1;", "`a", "\"a\",", "0x00,", "1b,", "a.b.c;", "/ comment\n", "{x}", "(1;2;3);", "2024.01.01 "];
    let texts: Vec<String> = texts.iter().map(|text| text.repeat((4 << 20) / text.len())).collect();
    let mut server = start();
    let innocent = Innocent::beside(&server);
    for text in &texts {
        let mut raw = server.raw();
        raw.sync(text);
        raw.body().unwrap_or_else(|error| panic!("{:.20}…: {error}", text));
    }
    innocent.waited_at_most(DEADLINE);
    server.still_answers();
}

/// Sixty endless updates in one write: each has the full time limit, and others are served in between.
#[test]
fn a_queue_of_endless_updates() {
    let mut server = start();
    let innocent = Innocent::beside(&server);
    let mut attacker = server.raw();
    attacker.write(&message(MessageType::Async, "while[1;1]").repeat(60)).unwrap();
    std::thread::sleep(DEADLINE * 4);
    innocent.waited_at_most(DEADLINE);
    // A reset drops the remaining updates.
    attacker.reset();
    let start = Instant::now();
    server.still_answers();
    assert!(start.elapsed() < DEADLINE * 3, "updates of a closed peer are still evaluated");
}

/// The same from four peers: nobody waits for more than one request of each.
#[test]
fn endless_updates_from_four_peers() {
    let mut server = start();
    let innocent = Innocent::beside(&server);
    let attackers: Vec<_> = (0..4)
        .map(|_| {
            let mut raw = server.raw();
            raw.write(&message(MessageType::Async, "while[1;1]").repeat(3)).unwrap();
            raw
        })
        .collect();
    std::thread::sleep(DEADLINE * 5);
    innocent.waited_at_most(DEADLINE * 4);
    drop(attackers);
    server.still_answers();
}

/// Four million items behind an undefined name: slow to decode, nothing to evaluate.
#[test]
fn a_message_of_many_items() {
    let mut server = start();
    let empty = [0, 0, 0, 0, 0, 0].repeat(4_000_000);
    let body = [&[0, 0][..], &4_000_001_u32.to_le_bytes(), b"\xf5nosuch\0", &empty].concat();
    let length = (body.len() + 8) as u32;
    let innocent = Innocent::beside(&server);
    let mut raw = server.raw();
    for _ in 0..3 {
        raw.write(&[&[1, 1, 0, 0][..], &length.to_le_bytes(), &body].concat()).unwrap();
        let answer = raw.answer().unwrap();
        assert!(["'nosuch", "'stop"].contains(&answer.as_str()), "{answer}");
    }
    innocent.waited_at_most(DEADLINE);
    server.still_answers();
}
