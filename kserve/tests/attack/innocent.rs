//! Latency probe: a peer that sends `2+2` every 10 ms and measures the answers while others attack.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kwire::MessageType;

use crate::process::Kserve;
use crate::raw::{Raw, message};

const PERIOD: Duration = Duration::from_millis(10);
/// Least number of requests, so that one percent of them is more than one.
const REQUESTS: usize = 200;
/// Bound on the 99th percentile while no other peer runs a long request.
const PROMPT: Duration = Duration::from_millis(20);
/// Time allowed for ending a request after its time limit.
const SLACK: Duration = Duration::from_millis(500);

/// Runs an attack and asserts that the innocent peer's 99th percentile stays low. A busy machine only adds delay,
/// so the best of three attempts counts, and the bound is raised by three times the delay of a control pair of
/// threads.
pub(crate) fn promptly(server: &Kserve, mut attack: impl FnMut()) {
    let mut results = String::new();
    for _ in 0..3 {
        let innocent = Innocent::beside(server);
        attack();
        let (waits, control) = innocent.waits(REQUESTS);
        let (p99, machine) = (percentile(&waits, 99), percentile(&control, 99));
        if p99 <= PROMPT + 3 * machine {
            return;
        }
        let longest = percentile(&waits, 100);
        results = format!("{results}p99 {p99:?}, of which the machine {machine:?}, longest {longest:?}; ");
    }
    panic!("the innocent peer waited: {results}");
}

/// An innocent peer, and a control: two threads that exchange the same bytes without the server. The control's
/// delay is caused by the machine.
pub(crate) struct Innocent {
    /// Number of requests after which it stops.
    enough: Arc<AtomicUsize>,
    peer: JoinHandle<Vec<Duration>>,
    control: JoinHandle<Vec<Duration>>,
}

impl Innocent {
    pub(crate) fn beside(server: &Kserve) -> Self {
        let enough = Arc::new(AtomicUsize::new(usize::MAX));
        let peer = send_requests(Raw::open(server.address).stream, enough.clone());
        let control = send_requests(TcpStream::connect(echo()).unwrap(), enough.clone());
        Self { enough, peer, control }
    }

    /// Stops, and asserts that no answer took longer than `time`, the limit of a single request.
    pub(crate) fn waited_at_most(self, time: Duration) {
        let (waits, control) = self.waits(1);
        let (longest, machine) = (percentile(&waits, 100), percentile(&control, 100));
        assert!(longest <= time + SLACK + 3 * machine, "waited {longest:?}, of which the machine {machine:?}");
    }

    fn waits(self, enough: usize) -> (Vec<Duration>, Vec<Duration>) {
        self.enough.store(enough, Ordering::Relaxed);
        let sorted = |thread: JoinHandle<Vec<Duration>>| {
            let mut waits = thread.join().expect("the innocent peer was answered");
            waits.sort();
            waits
        };
        (sorted(self.peer), sorted(self.control))
    }
}

/// Sends a request every 10 ms, without waiting for the previous answer. Latency counts from the time a request was
/// due, so a delayed send is not hidden.
fn send_requests(mut stream: TcpStream, enough: Arc<AtomicUsize>) -> JoinHandle<Vec<Duration>> {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let (reader, start) = (stream.try_clone().unwrap(), Instant::now());
    let due = move |number: usize| start + PERIOD * number as u32;
    // Stored before the last request is sent, so that its answer ends the reader.
    let total = Arc::new(AtomicUsize::new(usize::MAX));
    let shared_total = total.clone();
    thread::spawn(move || {
        let request = message(MessageType::Sync, "2+2");
        for number in 0.. {
            thread::sleep(due(number).saturating_duration_since(Instant::now()));
            let last = number + 1 >= enough.load(Ordering::Relaxed);
            if last {
                shared_total.store(number + 1, Ordering::Release);
            }
            if stream.write_all(&request).is_err() || last {
                return;
            }
        }
    });
    thread::spawn(move || {
        let (mut reader, mut waits, mut answer) = (reader, Vec::new(), [0; 17]);
        while waits.len() < total.load(Ordering::Acquire) {
            reader.read_exact(&mut answer).unwrap();
            waits.push(due(waits.len()).elapsed());
        }
        waits
    })
}

/// A server that answers each request with as many bytes as kserve does.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = message(MessageType::Sync, "2+2");
        while stream.read_exact(&mut request).is_ok() && stream.write_all(&[0; 17]).is_ok() {}
    });
    address
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
