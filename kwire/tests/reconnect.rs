//! `Reconnect` must reopen a lost handle on use, and never repeat a request.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use kwire::{Backoff, Error, Options, Reconnect};

/// Accepts `connections` connections, answers one request of each with `1b` and closes it. Returns the number of
/// requests.
fn serve(listener: TcpListener, connections: usize) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        let mut requests = 0;
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            let mut byte = [1];
            while byte != [0] {
                stream.read_exact(&mut byte).unwrap();
            }
            stream.write_all(&[6]).unwrap();
            let mut request = [0; 15];
            requests += usize::from(stream.read_exact(&mut request).is_ok());
            stream.write_all(&[1, 2, 0, 0, 10, 0, 0, 0, 0xff, 1]).unwrap();
        }
        requests
    })
}

#[test]
fn a_lost_handle_is_reopened_and_no_request_is_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = serve(listener, 3);
    let mut reconnect = Reconnect::new(address, Options::default());
    assert!(!reconnect.is_open(), "nothing is opened before the first use");
    let mut answered = 0;
    for _ in 0..6 {
        let result = reconnect.handle().and_then(|h| h.sync("q"));
        answered += usize::from(result.is_ok());
    }
    // Every second request fails because the connection is closed. It is not repeated; the next call reconnects.
    assert_eq!(answered, 3);
    assert_eq!(server.join().unwrap(), 3);
}

#[test]
fn attempts_wait_for_the_backoff() {
    // A port on which nothing listens: it was bound and released.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(40));
    let mut reconnect = Reconnect::new(address, Options::default()).with_backoff(backoff);
    let start = Instant::now();
    assert!(matches!(reconnect.handle(), Err(Error::Io(_))));
    assert!(start.elapsed() < Duration::from_secs(5));
    let start = Instant::now();
    assert!(reconnect.handle().is_err() && reconnect.handle().is_err() && reconnect.handle().is_err());
    // At least half of 20, 40 and 40 milliseconds.
    assert!(start.elapsed() >= Duration::from_millis(50), "{:?}", start.elapsed());
}

#[test]
fn pauses_double_up_to_the_bound_and_reset() {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
    for bound in [100, 200, 350, 350] {
        let pause = backoff.pause();
        assert!(pause >= Duration::from_millis(bound / 2) && pause <= Duration::from_millis(bound), "{pause:?}");
    }
    backoff.reset();
    assert!(backoff.pause() <= Duration::from_millis(100));
    assert!(Backoff::new(Duration::MAX, Duration::MAX).pause() > Duration::from_secs(1 << 40));
}
