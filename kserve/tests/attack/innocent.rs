//! A peer that asks `2+2` every 10 ms, and how long it waits while others misbehave.

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
/// Questions asked at least, so that a hundredth of them is more than one.
const QUESTIONS: usize = 200;
/// What an innocent may wait while no single request of another's runs.
const PROMPT: Duration = Duration::from_millis(20);
/// What the end of a request may take once its time is over.
const SLACK: Duration = Duration::from_millis(500);

/// Attacks beside an innocent peer, and asserts that all but one of a hundred of its answers came
/// promptly. A busy machine only ever delays: the best of three attempts counts, and a server at work
/// is granted thrice what the machine makes a pair wait that sleeps most of the time.
pub(crate) fn promptly(server: &Kserve, mut attack: impl FnMut()) {
    let mut said = String::new();
    for _ in 0..3 {
        let innocent = Innocent::beside(server);
        attack();
        let (waits, control) = innocent.waits(QUESTIONS);
        let (p99, machine) = (percentile(&waits, 99), percentile(&control, 99));
        if p99 <= PROMPT + 3 * machine {
            return;
        }
        let longest = percentile(&waits, 100);
        said = format!("{said}p99 {p99:?}, of which the machine {machine:?}, longest {longest:?}; ");
    }
    panic!("the innocent peer waited: {said}");
}

/// An innocent peer, and a pair of threads that pass the same bytes to each other without a server:
/// what these wait is the machine's doing, and not held against the server.
pub(crate) struct Innocent {
    /// Questions after which it stops.
    enough: Arc<AtomicUsize>,
    peer: JoinHandle<Vec<Duration>>,
    control: JoinHandle<Vec<Duration>>,
}

impl Innocent {
    pub(crate) fn beside(server: &Kserve) -> Self {
        let enough = Arc::new(AtomicUsize::new(usize::MAX));
        let peer = asking(Raw::open(server.address).stream, enough.clone());
        let control = asking(TcpStream::connect(echo()).unwrap(), enough.clone());
        Self { enough, peer, control }
    }

    /// Ends it and asserts that no answer took longer than one request of another's may.
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

/// Asks every 10 ms, whether or not the question before is answered, until it is enough. A wait
/// counts from when its question was due.
fn asking(mut stream: TcpStream, enough: Arc<AtomicUsize>) -> JoinHandle<Vec<Duration>> {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let (reader, start) = (stream.try_clone().unwrap(), Instant::now());
    let due = move |number: usize| start + PERIOD * number as u32;
    // Told before the last question goes out, so that its answer ends the reader.
    let total = Arc::new(AtomicUsize::new(usize::MAX));
    let told = total.clone();
    thread::spawn(move || {
        let question = message(MessageType::Sync, "2+2");
        for number in 0.. {
            thread::sleep(due(number).saturating_duration_since(Instant::now()));
            let last = number + 1 >= enough.load(Ordering::Relaxed);
            if last {
                told.store(number + 1, Ordering::Release);
            }
            if stream.write_all(&question).is_err() || last {
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

/// Answers each question with as many bytes as the server does.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut question = message(MessageType::Sync, "2+2");
        while stream.read_exact(&mut question).is_ok() && stream.write_all(&[0; 17]).is_ok() {}
    });
    address
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
