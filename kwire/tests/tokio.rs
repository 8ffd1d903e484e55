//! The tokio client: many requests in flight, in order, whichever futures the callers drop.

use std::sync::mpsc;
use std::time::Duration;

use kcodec::Value;
use kwire::tokio::{Driver, Handle, over};
use kwire::{Bound, Error, Limits, MessageType, Options, Pending};
use tokio::task::JoinHandle;
use tokio::time::timeout;

mod pair;

use MessageType::{Async, Response, Sync};
use pair::{End, Peer, login, served, text};

/// A handle to a scripted server, and its driver's task.
async fn opened<T: Send + 'static>(
    options: Options,
    script: impl FnOnce(Peer) -> T + Send + 'static,
) -> (Handle, JoinHandle<Result<(), Error>>, std::thread::JoinHandle<T>) {
    let (end, server) = served(1 << 16, script);
    let (handle, driver): (Handle, Driver<End>) = over(end, &login(), &options).await.unwrap();
    (handle, tokio::spawn(driver), server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_match_requests_in_flight() {
    let (h, driver, server) = opened(Options::default(), |mut peer| {
        let queries: Vec<_> = (0..1000).map(|_| peer.message()).collect();
        queries.iter().for_each(|query| peer.send(Response, query.value()));
        peer.event().is_none()
    })
    .await;
    let responses: Vec<_> = (0..1000_i64).map(|number| h.sync(number).unwrap()).collect();
    for (number, response) in responses.into_iter().enumerate() {
        assert_eq!(response.await.unwrap().value(), (number as i64).into());
    }
    drop(h);
    assert!(driver.await.unwrap().is_ok());
    assert!(server.join().unwrap(), "the last handle closes the connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_response_does_not_shift_later_ones() {
    let (h, _driver, server) = opened(Options::default(), |mut peer| {
        (0..100).for_each(|_| drop(peer.message()));
        (0..100_i64).for_each(|number| peer.send(Response, number));
    })
    .await;
    let mut responses: Vec<_> = (0..100).map(|_| Some(h.sync("q").unwrap())).collect();
    // Drops some without polling, and some after a poll.
    responses.iter_mut().step_by(3).for_each(|response| drop(response.take()));
    for response in responses.iter_mut().skip(1).step_by(3) {
        let _ = timeout(Duration::ZERO, response.take().unwrap()).await;
    }
    for (number, response) in responses.into_iter().enumerate() {
        if let Some(response) = response {
            assert_eq!(response.await.unwrap().value(), (number as i64).into());
        }
    }
    server.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_error_leaves_the_connection_usable() {
    let (h, _driver, server) = opened(Options::default(), |mut peer| {
        drop(peer.message());
        peer.send(Response, Value::error("type"));
        drop(peer.message());
        peer.send(Response, 1_i64);
    })
    .await;
    assert!(matches!(h.sync("1+`a").unwrap().await, Err(Error::Remote(text)) if text == "type"));
    assert!(matches!(h.sync(Value::symbol("a\0b")), Err(Error::Unsendable(_))));
    assert_eq!(text(h.sync("one").unwrap().await), "1");
    server.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_from_the_server_are_received_in_order_and_answered() {
    let (h, _driver, server) = opened(Options::default(), |mut peer| {
        drop(peer.message());
        peer.send(Async, 1_i64);
        peer.send(Sync, 2_i64);
        peer.send(Response, 3_i64);
        peer.send(Async, 4_i64);
        let answer = peer.message();
        (answer.kind(), answer.value().to_string())
    })
    .await;
    assert!(matches!(h.respond("early"), Err(Error::OutOfTurn(_))));
    assert_eq!(text(h.sync("q").unwrap().await), "3");
    for expected in [(Async, "1"), (Sync, "2"), (Async, "4")] {
        let message = h.receive().await.unwrap();
        assert_eq!((message.kind(), message.value().to_string().as_str()), expected);
    }
    h.respond("two").unwrap();
    assert!(matches!(h.respond("again"), Err(Error::OutOfTurn(_))));
    assert_eq!(server.join().unwrap(), (Response, "\"two\"".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_counted_bounded_and_flushed() {
    let (go, gone) = mpsc::channel::<()>();
    let limits = Limits::default().with_queued(500_000);
    let (h, _driver, server) =
        opened(Options::default().with_limits(limits).with_compression(None), move |mut peer| {
            gone.recv().unwrap();
            (0..).map_while(|_| peer.event()).count()
        })
        .await;
    let row = vec![1_u8; 100_000];
    let sent = (0..100).take_while(|_| h.send(&row).is_ok()).count();
    assert!((5..=6).contains(&sent), "{sent}: part of it is in the pipe, and one message may exceed the limit");
    assert!(matches!(h.send(&row), Err(Error::TooLarge { what: Bound::Queue, limit: 500_000, .. })));
    assert_eq!(h.pending().messages, sent);
    assert!(timeout(Duration::from_millis(20), h.flush()).await.is_err(), "the peer does not read");
    go.send(()).unwrap();
    h.ready().await.unwrap();
    h.send(&row).unwrap();
    h.flush().await.unwrap();
    assert_eq!(h.pending(), Pending::default());
    drop(h);
    assert_eq!(server.join().unwrap(), sent + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_subscriber_applies_backpressure_and_loses_nothing() {
    let limits = Limits::default().with_kept(100_000);
    let (h, _driver, server) = opened(Options::default().with_limits(limits), |mut peer| {
        (0..1000_i64).for_each(|number| peer.send(Async, &vec![number; 1000]));
    })
    .await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!server.is_finished(), "8 MB exceed the backlog's limit");
    for number in 0..1000_i64 {
        assert_eq!(h.receive().await.unwrap().value(), (&vec![number; 1000]).into());
    }
    server.join().unwrap();
    // If a response is awaited, reading cannot pause, so the full backlog is an error.
    let (h, driver, server) = opened(Options::default().with_limits(limits), |mut peer| {
        drop(peer.message());
        (0..1000_i64).for_each(|number| peer.send(Async, &vec![number; 1000]));
    })
    .await;
    let error = h.sync("q").unwrap().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { what: Bound::Backlog, .. }), "{error}");
    assert!(matches!(driver.await.unwrap(), Err(Error::TooLarge { .. })));
    assert!(!h.is_open());
    server.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_waiting_calls_fail_with_the_connections_error() {
    let (h, driver, server) = opened(Options::default(), |mut peer| {
        (0..2).for_each(|_| drop(peer.message()));
        peer.write(&[1, 7, 0, 0, 10, 0, 0, 0, 0xff, 1]);
    })
    .await;
    let (first, second) = (h.sync("a").unwrap(), h.sync("b").unwrap());
    let receiver = {
        let h = h.clone();
        tokio::spawn(async move { h.receive().await })
    };
    for error in [first.await.unwrap_err(), second.await.unwrap_err(), receiver.await.unwrap().unwrap_err()] {
        assert_eq!(error.to_string(), "malformed message: 1: no such message type: 7");
    }
    assert!(matches!(h.sync("c"), Err(Error::Malformed(_))));
    assert!(matches!(h.flush().await, Ok(()) | Err(Error::Malformed(_))));
    assert!(matches!(driver.await.unwrap(), Err(Error::Malformed(_))));
    server.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_driver_fails_waiting_calls() {
    // The server keeps its end open until the driver's end is closed.
    let (h, driver, server) = opened(Options::default(), |mut peer| while peer.event().is_some() {}).await;
    let response = h.sync("q").unwrap();
    tokio::task::yield_now().await;
    driver.abort();
    assert!(matches!(response.await, Err(Error::Failed)));
    assert!(matches!(h.sync("q"), Err(Error::Failed)));
    server.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_arrives_after_the_handles_are_dropped() {
    let (h, driver, server) = opened(Options::default(), |mut peer| {
        drop(peer.message());
        peer.send(Response, 1_i64);
        peer.event().is_none()
    })
    .await;
    let response = h.sync("q").unwrap();
    drop(h);
    assert_eq!(text(response.await), "1");
    assert!(driver.await.unwrap().is_ok());
    assert!(server.join().unwrap());
    // Dropping the last awaited response closes the connection.
    let (h, driver, server) = opened(Options::default(), |mut peer| {
        drop(peer.message());
        peer.event().is_none()
    })
    .await;
    let response = h.sync("q").unwrap();
    drop(h);
    assert!(timeout(Duration::from_millis(20), response).await.is_err());
    assert!(driver.await.unwrap().is_ok());
    assert!(server.join().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_and_a_silent_server() {
    let (end, other) = pair::pair(100);
    drop(other);
    assert!(matches!(over(end, &login(), &Options::default()).await, Err(Error::Refused)));
    let (end, _other) = pair::pair(100);
    let options = Options::default().with_timeout(Some(Duration::from_millis(20)));
    assert!(matches!(over(end, &login(), &options).await, Err(Error::TimedOut)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_on_many_threads_share_one_connection() {
    let (h, _driver, server) = opened(Options::default(), |mut peer| {
        (0..4000).for_each(|_| {
            let query = peer.message();
            peer.send(Response, query.value());
        });
    })
    .await;
    let tasks: Vec<_> = (0..4_i64)
        .map(|task| {
            let h = h.clone();
            tokio::spawn(async move {
                for number in 0..1000_i64 {
                    let mine = task * 1000 + number;
                    assert_eq!(h.sync(mine).unwrap().await.unwrap().value(), mine.into());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    server.join().unwrap();
}
