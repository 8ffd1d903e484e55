//! Each operation of a blocking handle must have q's semantics. Uses in-memory pipes, so that no result depends on
//! kernel buffers.

use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use kcodec::{Body, Value};
use kwire::blocking::{Blocking, Handle};
use kwire::{Bound, Error, Interrupt, Limits, MessageType, Options, OutOfTurn, Pending};

mod pair;

use MessageType::{Async, Response, Sync};
use pair::{Peer, login, opened, served, text};

#[test]
fn async_messages_are_queued_until_the_peer_reads() {
    let (go, gone) = mpsc::channel::<()>();
    let (mut h, server) = opened(&Options::default(), move |mut peer| {
        gone.recv().unwrap();
        let pushed: Vec<_> = (0..100).map(|_| peer.message().value().to_string()).collect();
        assert_eq!(peer.message().kind(), Sync);
        peer.send(Response, Value::NULL);
        pushed
    });
    let row = vec![7_u8; 10_000];
    for _ in 0..100 {
        // The server does not read, and `send` must not wait.
        h.send(&row).unwrap();
    }
    let pending = h.pending();
    assert!(pending.bytes > 900_000 && pending.bytes < 1_002_200, "{pending:?}");
    assert!((93..=100).contains(&pending.messages), "{pending:?}");
    go.send(()).unwrap();
    h.flush().unwrap();
    assert_eq!(h.pending(), Pending::default());
    // The sync chaser: everything before it is processed.
    assert_eq!(h.sync("").unwrap().value(), Value::NULL);
    assert_eq!(server.join().unwrap().len(), 100);
}

#[test]
fn a_full_queue_waits_for_the_peer_until_the_deadline() {
    let (go, gone) = mpsc::channel::<()>();
    let limits = Limits::default().with_queued(100_000);
    let options = Options::default().with_limits(limits).with_write_timeout(Some(Duration::from_millis(30)));
    let (mut h, server) = opened(&options, move |mut peer| {
        gone.recv().unwrap();
        (0..4).map(|_| peer.message().body().as_bytes().len()).sum::<usize>()
    });
    let large = vec![1_u8; 80_000];
    // The pipe holds 64 KiB of the first message, so two messages stay below the queue's limit.
    h.send(&large).unwrap();
    h.send(&large).unwrap();
    let start = Instant::now();
    assert!(matches!(h.send(&large), Err(Error::TimedOut)));
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert!(h.is_open(), "the message that timed out is queued completely");
    go.send(()).unwrap();
    h.set_write_timeout(Some(pair::TEST));
    h.send_now(&large).unwrap();
    assert_eq!(h.pending(), Pending::default());
    assert_eq!(server.join().unwrap(), 4 * 80_006);
}

#[test]
fn a_large_message_that_timed_out_is_completed_later() {
    let (go, gone) = mpsc::channel::<()>();
    let options = Options::default().with_write_timeout(Some(Duration::from_millis(20)));
    let (mut h, server) = opened(&options, move |mut peer| {
        gone.recv().unwrap();
        let first = peer.message();
        peer.send(Response, 1_i64);
        let second = peer.message();
        peer.send(Response, 2_i64);
        (first.value().to_string(), second.value().to_string())
    });
    let large: Vec<i64> = (0..100_000).collect();
    assert!(matches!(h.sync(&large), Err(Error::TimedOut)));
    drop(large);
    go.send(()).unwrap();
    h.set_write_timeout(None);
    // The first response is dropped; the second belongs to this call.
    assert_eq!(text(h.sync("next")), "2");
    let (first, second) = server.join().unwrap();
    assert!(first.starts_with("0 1 2 3 ") && first.ends_with(" 99998 99999"));
    assert_eq!(second, "\"next\"");
}

#[test]
fn two_ends_that_both_write_do_not_deadlock() {
    let (mut h, server) = opened(&Options::default(), |mut peer| {
        // Writes 10 MB before it reads the request.
        let row = vec![3_u8; 100_000];
        (0..100).for_each(|_| peer.send(Async, &row));
        let length = peer.message().body().as_bytes().len();
        peer.send(Response, length as i64);
    });
    let large = vec![5_u8; 10_000_000];
    assert_eq!(text(h.sync(&large)), "10000006");
    assert_eq!((0..100).map(|_| h.receive().unwrap().body().as_bytes().len()).sum::<usize>(), 100 * 100_006);
    server.join().unwrap();
    // The same with queued messages and a flush.
    let (mut h, server) = opened(&Options::default(), |mut peer| {
        let row = vec![3_u8; 100_000];
        (0..100).for_each(|_| peer.send(Async, &row));
        (0..100).map(|_| peer.message().body().as_bytes().len()).sum::<usize>()
    });
    let row = vec![5_u8; 100_000];
    (0..100).for_each(|_| h.send(&row).unwrap());
    h.flush().unwrap();
    assert_eq!(server.join().unwrap(), 100 * 100_006);
}

#[test]
fn receive_waits_indefinitely_or_until_a_deadline_or_not_at_all() {
    let (go, gone) = mpsc::channel::<()>();
    let (mut h, server) = opened(&Options::default(), move |mut peer| {
        for number in 1..=3_i64 {
            gone.recv().unwrap();
            peer.send(Async, number);
        }
        gone.recv().unwrap();
    });
    let start = Instant::now();
    assert!(h.receive_until(start).unwrap().is_none());
    assert!(h.receive_until(start + Duration::from_millis(30)).unwrap().is_none());
    assert!(start.elapsed() >= Duration::from_millis(30));
    go.send(()).unwrap();
    assert_eq!(text(h.receive()), "1");
    go.send(()).unwrap();
    assert_eq!(text(Ok(h.receive_until(Instant::now() + pair::TEST).unwrap().unwrap())), "2");
    h.set_read_timeout(Some(Duration::from_millis(10)));
    assert!(matches!(h.receive(), Err(Error::TimedOut)));
    go.send(()).unwrap();
    h.set_read_timeout(Some(pair::TEST));
    assert_eq!(text(h.receive()), "3", "a receive that timed out must not lose messages");
    go.send(()).unwrap();
    server.join().unwrap();
    assert!(matches!(h.receive(), Err(Error::Io(_))), "the peer has closed");
}

#[test]
fn a_late_response_is_not_returned_to_the_next_call() {
    let (mut h, server) = opened(&Options::default(), |mut peer| {
        peer.message();
        peer.message();
        peer.send(Response, "late");
        peer.send(Response, "in time");
        peer.event().is_none()
    });
    h.set_read_timeout(Some(Duration::from_millis(10)));
    assert!(matches!(h.sync("first"), Err(Error::TimedOut)));
    h.set_read_timeout(Some(pair::TEST));
    assert_eq!(text(h.sync("second")), "\"in time\"");
    h.close().unwrap();
    assert!(server.join().unwrap());
}

#[test]
fn the_servers_requests_are_answered_during_a_sync_call() {
    let (mut h, server) = opened(&Options::default(), |mut peer| {
        assert_eq!(peer.message().value().to_string(), "\"outer\"");
        peer.send(Async, "news");
        peer.send(Sync, 20_i64);
        let answer = peer.message();
        peer.send(Sync, "wrong");
        let error = peer.message();
        peer.send(Response, "done");
        peer.send(Async, "after");
        (answer.kind(), answer.value().to_string(), error.value().to_string())
    });
    let mut seen = Vec::new();
    let response = h.sync_with("outer", |message| {
        seen.push((message.kind(), message.value().to_string()));
        match message.value() {
            Value::Atom(kcodec::Atom::Long(number)) => Ok(Body::encode(number + 1).unwrap()),
            _ => Err("type".to_owned()),
        }
    });
    assert_eq!(text(response), "\"done\"");
    let expected = [(Async, "\"news\""), (Sync, "20"), (Sync, "\"wrong\"")];
    assert_eq!(seen, expected.map(|(kind, text)| (kind, text.to_owned())));
    assert_eq!(server.join().unwrap(), (Response, "21".to_owned(), "'type".to_owned()));
    assert_eq!(text(h.receive()), "\"after\"", "messages after the response are not passed to `serve`");
}

#[test]
fn the_backlog_is_bounded_by_its_memory() {
    let limits = Limits::default().with_kept(100_000);
    let (mut h, server) = opened(&Options::default().with_limits(limits), |mut peer| {
        peer.message();
        // Bodies of two bytes, each of which takes far more memory.
        (0..10_000).for_each(|_| peer.send(Async, true));
    });
    assert!(matches!(h.sync("q"), Err(Error::TooLarge { what: Bound::Backlog, limit: 100_000, .. })));
    assert!(matches!(h.sync("q"), Err(Error::Failed)));
    drop(h);
    server.join().unwrap();
}

#[test]
fn protocol_errors_are_specific_and_latch() {
    let cases: [(&[u8], &str); 6] = [
        (&[1, 2, 0, 0, 10, 0, 0, 0, 0xff, 1], "response without a request"),
        (&[7, 0, 0, 0, 10, 0, 0, 0, 0xff, 1], "malformed message: 0: no such byte order: 7"),
        (&[1, 3, 0, 0, 10, 0, 0, 0, 0xff, 1], "malformed message: 1: no such message type: 3"),
        (&[1, 0, 0, 0, 10, 0, 0, 0, 0xff, 2], "malformed message: 9: not a boolean: 2"),
        (&[1, 0, 0, 0, 9, 0, 0, 0], "malformed message: 4: length 9 is not the message's"),
        (&[1, 0, 0, 0, 20], "closed in the middle of a message"),
    ];
    for (bytes, expected) in cases {
        let (mut h, server) = opened(&Options::default(), move |mut peer| peer.write(bytes));
        let error = h.receive().unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error} for {expected}");
        assert!(matches!(h.receive(), Err(Error::Failed)), "{expected}: it latches");
        server.join().unwrap();
    }
    // Two responses to one request.
    let (mut h, server) = opened(&Options::default(), |mut peer| {
        peer.message();
        peer.send(Response, 1_i64);
        peer.write(&[1, 2, 0, 0, 10, 0, 0, 0, 0xff, 1]);
    });
    assert_eq!(text(h.sync("one")), "1");
    server.join().unwrap();
    assert!(matches!(h.receive(), Err(Error::OutOfTurn(OutOfTurn::Response))));
}

#[test]
fn an_interrupted_handle_is_unusable_and_reports_it() {
    let path = std::env::temp_dir().join(format!("kwire-interrupt-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let interrupt = Interrupt::new().unwrap();
    let options = Options::default().with_interrupt(Some(interrupt.clone()));
    let client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let (stream, _) = listener.accept().unwrap();
    std::fs::remove_file(path).unwrap();
    let server = thread::spawn(move || {
        use std::io::{Read, Write};
        let mut stream = stream;
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(&[6]).unwrap();
        // Reads the request, then interrupts the client while it waits for the response.
        stream.read_exact(&mut [0; 15]).unwrap();
        interrupt.raise();
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    client.set_nonblocking(true).unwrap();
    let mut h = Handle::over(kwire::blocking::Stream::Unix(client), &login(), &options).unwrap();
    let start = Instant::now();
    assert!(matches!(h.sync("q"), Err(Error::Interrupted)));
    assert!(start.elapsed() < Duration::from_secs(10));
    for error in [h.sync("q").err(), h.send("q").err(), h.flush().err(), h.receive().err()] {
        assert_eq!(error.unwrap().to_string(), "interrupted: the handle is unusable");
    }
    assert!(!h.is_open());
    drop(h);
    server.join().unwrap();
}

#[test]
fn a_handle_over_a_blocking_stream() {
    let (client, stream) = std::os::unix::net::UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        use std::io::{Read, Write};
        let mut stream = stream;
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(&[6]).unwrap();
        stream.read_exact(&mut [0; 15]).unwrap();
        stream.write_all(&[1, 2, 0, 0, 10, 0, 0, 0, 0xff, 1]).unwrap();
        stream.read_exact(&mut [0; 15]).unwrap();
        stream
    });
    client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut h = Handle::over(Blocking(client), &login(), &Options::default()).unwrap();
    assert_eq!(text(h.sync("q")), "1b");
    // The stream's own timeout ends the call.
    assert!(matches!(h.sync("q"), Err(Error::TimedOut)));
    server.join().unwrap();
}

#[test]
fn a_dead_peer_times_out_every_call() {
    let deadline = Some(Duration::from_millis(20));
    let (end, _silent) = pair::pair(1 << 16);
    let start = Instant::now();
    let options = Options::default().with_timeout(deadline).with_read_timeout(deadline).with_write_timeout(deadline);
    assert!(matches!(Handle::over(end, &login(), &options), Err(Error::TimedOut)), "the login");
    // A peer that accepts the login and then neither reads nor writes.
    let (end, server) = served(1 << 16, |peer| peer);
    let mut h = Handle::over(end, &login(), &options).unwrap();
    let peer: Peer = server.join().unwrap();
    assert!(matches!(h.sync("q"), Err(Error::TimedOut)), "the answer");
    assert!(matches!(h.sync(&vec![0_u8; 1 << 20]), Err(Error::TimedOut)), "its bytes");
    assert!(matches!(h.flush(), Err(Error::TimedOut)), "what is left of them");
    drop(h);
    drop(peer);
    assert!(start.elapsed() < Duration::from_secs(5), "dropping a handle must not wait");
}
