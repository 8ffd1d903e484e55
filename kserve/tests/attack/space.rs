//! Memory: the server stays within its limit, and requests over it fail with `wsfull`.

use kwire::MessageType;

use crate::process::{Kserve, TIMEOUT, until};
use crate::raw::message;

/// KiB in addition to what `-w` counts: code, stacks, the allocator's rounding.
const OVERHEAD: u64 = 128 << 10;

fn within(megabytes: u64) -> Kserve {
    Kserve::start(&["-T", "10", "-w", &megabytes.to_string()])
}

#[test]
fn a_result_that_is_too_large() {
    let mut server = within(256);
    for text in [
        "100000000#0",
        "til 100000000",
        "a:30000000#0;a,a",
        "10000000 0#1 2 3",
        "1000000#enlist 1000#0",
        "a:20000000#0;a+a+a",
    ] {
        let answer = server.ask(&format!("count {text}"));
        assert!(answer == "'wsfull" || answer.parse::<u64>().is_ok(), "{text}: {answer}");
        assert_eq!(server.ask("a:0;4"), "4");
    }
    assert_eq!(server.ask("count 100000000#0"), "'wsfull");
    server.still_answers();
    server.peaked_within((256 << 10) + OVERHEAD);
}

/// 60 MB on the wire decode to ten million lists.
#[test]
fn a_message_of_ten_million_lists() {
    let mut server = within(256);
    let (before, _) = server.resident();
    let body = [&[0, 0][..], &10_000_000_u32.to_le_bytes(), &[0; 60_000_000]].concat();
    let length = (body.len() + 8) as u32;
    let mut raw = server.raw();
    raw.write(&[&[1, 1, 0, 0][..], &length.to_le_bytes(), &body].concat()).unwrap();
    raw.body().unwrap();
    drop(raw);
    server.still_answers();
    server.peaked_within((256 << 10) + OVERHEAD);
    let given_back = until(TIMEOUT, || (server.resident().0 < before + (64 << 10)).then_some(()));
    assert!(given_back.is_some(), "{before} KiB have become {}", server.resident().0);
}

/// Unread answers count towards the limit.
#[test]
fn ten_unread_answers() {
    let mut server = within(1024);
    let mut unread: Vec<_> = (0..10)
        .map(|_| {
            let mut raw = server.raw();
            raw.sync("45000000#0");
            raw
        })
        .collect();
    let mut answered = 0;
    for raw in &mut unread {
        match raw.answer_is_error() {
            Some(error) => assert_eq!(error, "wsfull"),
            None => answered += 1,
        }
    }
    assert!((1..=3).contains(&answered), "{answered} answers of 360 MB within 1,024 MB");
    server.still_answers();
    server.peaked_within((1024 << 10) + OVERHEAD);
    drop(unread);
    // After the readers disconnect, the memory is free again.
    let room = until(TIMEOUT, || (server.ask("count 45000000#0") == "45000000").then_some(()));
    assert!(room.is_some(), "memory of closed connections is still counted");
}

/// Globals, intermediate results and queues share one limit.
#[test]
fn globals_share_one_limit() {
    let mut server = within(256);
    let answers: Vec<_> = (0..100).map(|name| server.ask(&format!("g{name}:1000000#0;0"))).collect();
    assert!(answers.iter().any(|answer| answer == "'wsfull"), "800 MB fit into 256");
    assert_eq!(answers[0], "0");
    server.still_answers();
    server.peaked_within((256 << 10) + OVERHEAD);
}

/// Incomplete messages count towards the limit.
#[test]
fn incomplete_messages_count() {
    let mut server = within(256);
    let zeros = vec![0; 16 << 20];
    let unended: Vec<_> = (0..64)
        .map(|_| {
            let mut raw = server.raw();
            raw.write(&crate::raw::head_of_bytes(MessageType::Async, 1 << 30)).unwrap();
            // Fails if the server has closed the connection because memory is short.
            let _ = raw.write(&zeros);
            raw
        })
        .collect();
    server.peaked_within((256 << 10) + OVERHEAD);
    drop(unended);
    assert!(until(TIMEOUT, || (server.ask("count 1000000#0") == "1000000").then_some(())).is_some());
    server.still_answers();
}

/// An allocation that the OS refuses fails the request, not the process.
#[test]
fn a_limited_address_space() {
    let mut server = {
        let limit = format!("ulimit -v {}", 2 << 20);
        Kserve::start_under(&limit, &["-T", "10"])
    };
    for text in ["count 400000000#0", "a:100000000#0;count a,a,a,a", "count til 300000000", "count string til 30000000"]
    {
        let answer = server.ask(text);
        assert!(answer == "'wsfull" || answer == "'limit" || answer == "'stop", "{text}: {answer}");
        assert_eq!(server.ask("a:0;4"), "4");
    }
    let mut raw = server.raw();
    let zeros = vec![0; 1 << 20];
    raw.write(&crate::raw::head_of_bytes(MessageType::Async, 2_000_000_000)).unwrap();
    let _ = (0..2000).try_for_each(|_| raw.write(&zeros));
    drop(raw);
    server.still_answers();
}

/// Results just within the limits succeed.
#[test]
fn large_results_within_the_limits() {
    let mut server = Kserve::start(&["-w", "4096", "-T", "30"]);
    assert_eq!(server.ask("count 90000000#0x00"), "90000000");
    assert_eq!(server.ask("count 50000000#0"), "50000000");
    let mut raw = server.raw();
    raw.sync("90000000#0x00");
    assert_eq!(raw.body().unwrap().len(), 90_000_006);
    raw.sync("50000000#0");
    assert_eq!(raw.body().unwrap().len(), 400_000_006);
    // An async message, then an answer of 300 MiB.
    raw.write(&[message(MessageType::Async, "a:1"), message(MessageType::Sync, "39321600#0")].concat()).unwrap();
    assert_eq!(raw.body().unwrap().len(), 314_572_806);
    server.still_answers();
}

#[test]
fn one_message_over_the_limit_is_refused() {
    let mut server = Kserve::start(&["--max-message", "1000"]);
    let mut raw = server.raw();
    raw.write(&message(MessageType::Sync, &"1".repeat(2000))).unwrap();
    assert_eq!(raw.rest(), b"");
    server.still_answers();
}
