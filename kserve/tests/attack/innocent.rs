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
pub(crate) const PROMPT: Duration = Duration::from_millis(20);
/// What the end of a request may take once its time is over.
const SLACK: Duration = Duration::from_millis(500);

/// An innocent peer, and a pair of threads that pass the same bytes to each other without a server:
/// what these wait is the machine's doing, and not held against the server.
pub(crate) struct Innocent {
    /// Questions after which it stops.
    enough: Arc<AtomicUsize>,
    peer: JoinHandle<Vec<Wait>>,
    control: JoinHandle<Vec<Wait>>,
}

/// How long an answer took: from when its question was due, and from when it was asked, which is
/// later if the answer before it was late.
struct Wait {
    due: Duration,
    asked: Duration,
}

impl Innocent {
    pub(crate) fn beside(server: &Kserve) -> Self {
        let enough = Arc::new(AtomicUsize::new(usize::MAX));
        let raw = Raw::open(server.address);
        let peer = asking(raw.stream, enough.clone());
        let control = asking(TcpStream::connect(echo()).unwrap(), enough.clone());
        Self { enough, peer, control }
    }

    /// Ends it and asserts that all but one of a hundred answers came promptly.
    pub(crate) fn was_served_promptly(self) {
        let (waits, control) = self.waits(QUESTIONS, |wait| wait.due);
        let (p99, machine) = (percentile(&waits, 99), percentile(&control, 99));
        assert!(
            p99 <= PROMPT + machine,
            "p99 is {p99:?}, of which the machine {machine:?}, longest {:?}",
            waits.last()
        );
    }

    /// Ends it and asserts that no answer took longer than one request of another's may.
    pub(crate) fn waited_at_most(self, time: Duration) {
        let (waits, control) = self.waits(0, |wait| wait.asked);
        let (longest, machine) = (percentile(&waits, 100), percentile(&control, 100));
        assert!(longest <= time + SLACK + machine, "waited {longest:?}, of which the machine {machine:?}");
    }

    fn waits(self, enough: usize, figure: fn(&Wait) -> Duration) -> (Vec<Duration>, Vec<Duration>) {
        self.enough.store(enough, Ordering::Relaxed);
        let sorted = |thread: JoinHandle<Vec<Wait>>| {
            let waits = thread.join().expect("the innocent peer was answered");
            let mut figures: Vec<_> = waits.iter().map(figure).collect();
            figures.sort();
            figures
        };
        (sorted(self.peer), sorted(self.control))
    }
}

/// Asks until it is enough, at least once.
fn asking(mut stream: TcpStream, enough: Arc<AtomicUsize>) -> JoinHandle<Vec<Wait>> {
    thread::spawn(move || {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (question, mut answer) = (message(MessageType::Sync, "2+2"), [0; 17]);
        let (start, mut waits) = (Instant::now(), Vec::new());
        loop {
            let due = start + PERIOD * waits.len() as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let asked = Instant::now();
            stream.write_all(&question).unwrap();
            stream.read_exact(&mut answer).unwrap();
            waits.push(Wait { due: due.elapsed(), asked: asked.elapsed() });
            if waits.len() >= enough.load(Ordering::Relaxed) {
                return waits;
            }
        }
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
