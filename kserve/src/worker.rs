//! The worker thread: inflates, byte-swaps, checks and compresses large messages, and frees large buffers.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::{io, thread};

use bytes::Bytes;
use kcodec::Threshold;
use kwire::{Frame, Limits};
use mio::Waker;

use crate::link::Checked;
use crate::memory::Memory;
use crate::peer::PeerId;

/// Runs jobs one after the other on a thread, which starts with the first job and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    waker: Arc<Waker>,
    thread: Option<Thread>,
}

#[derive(Debug)]
struct Thread {
    jobs: Sender<Job>,
    /// Bytes to free. The thread frees them before every job, so that memory is returned before more is taken.
    garbage: Sender<Bytes>,
    done: Receiver<Done>,
}

/// A finished job.
#[derive(Debug)]
pub(crate) enum Done {
    Checked(PeerId, Checked),
    /// The compressed message of a ticket; `None` if it goes out plain.
    Compressed(u64, Option<Bytes>),
}

enum Job {
    Check {
        id: PeerId,
        frame: Frame,
        limits: Limits,
        memory: Memory,
    },
    Compress {
        ticket: u64,
        parts: Vec<Bytes>,
        threshold: Threshold,
        memory: Memory,
    },
    /// Wakes the thread to free bytes.
    Discard,
}

/// Results that may be queued for the loop. Bounds how much is inflated ahead of its use.
const RESULTS_AHEAD: usize = 1;

/// Buffers of at least this many bytes are freed by the thread.
const LARGE: usize = 1 << 20;

impl Worker {
    pub(crate) const fn new(waker: Arc<Waker>) -> Self {
        Self { waker, thread: None }
    }

    /// Submits a message to be checked. The caller must submit at most one per connection at a time.
    pub(crate) fn submit(&mut self, id: PeerId, frame: Frame, limits: Limits, memory: Memory) -> io::Result<()> {
        let job = Job::Check { id, frame, limits, memory };
        self.started()?.jobs.send(job).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Submits a message in parts to be compressed. The result carries the same ticket.
    pub(crate) fn compress(
        &mut self,
        ticket: u64,
        parts: Vec<Bytes>,
        threshold: Threshold,
        memory: Memory,
    ) -> io::Result<()> {
        let job = Job::Compress { ticket, parts, threshold, memory };
        self.started()?.jobs.send(job).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Frees bytes. Large buffers are freed by the thread, because returning them to the OS takes long.
    pub(crate) fn discard(&mut self, bytes: Bytes) {
        if bytes.len() >= LARGE
            && let Ok(thread) = self.started()
        {
            // If the thread has ended, the bytes are freed here.
            let _ = thread.garbage.send(bytes);
            let _ = thread.jobs.send(Job::Discard);
        }
    }

    fn started(&mut self) -> io::Result<&Thread> {
        match &mut self.thread {
            Some(thread) => Ok(thread),
            none => Ok(none.insert(start(Arc::clone(&self.waker))?)),
        }
    }

    /// Takes a finished job.
    pub(crate) fn next(&self) -> Option<Done> {
        self.thread.as_ref()?.done.try_recv().ok()
    }
}

fn start(waker: Arc<Waker>) -> io::Result<Thread> {
    let (jobs, inbox) = mpsc::channel();
    let (garbage, discarded) = mpsc::channel();
    let (outbox, done) = mpsc::sync_channel(RESULTS_AHEAD);
    thread::Builder::new().name("kserve-check".to_owned()).spawn(move || run(&inbox, &discarded, &outbox, &waker))?;
    Ok(Thread { jobs, garbage, done })
}

fn run(inbox: &Receiver<Job>, discarded: &Receiver<Bytes>, outbox: &SyncSender<Done>, waker: &Waker) {
    for job in inbox {
        discarded.try_iter().for_each(drop);
        let done = match job {
            Job::Check { id, frame, limits, memory } => Done::Checked(id, check(frame, &limits, memory)),
            Job::Compress { ticket, parts, threshold, memory } => {
                Done::Compressed(ticket, compress(&parts, threshold, memory))
            }
            Job::Discard => continue,
        };
        if outbox.send(done).is_err() || waker.wake().is_err() {
            return;
        }
    }
}

/// Compresses a message. `None` if it does not shrink to half, or if memory is short.
pub(crate) fn compress(parts: &[Bytes], threshold: Threshold, memory: Memory) -> Option<Bytes> {
    let size: usize = parts.iter().map(Bytes::len).sum();
    let joined = if parts.len() == 1 { 0 } else { size };
    if !memory.has_room(joined + size / 2) {
        return None;
    }
    let compressed = match parts {
        [whole] => kwire::compress(whole, threshold),
        parts => kwire::compress(&parts.concat(), threshold),
    };
    compressed.ok().flatten().map(Bytes::from)
}

fn check(frame: Frame, limits: &Limits, memory: Memory) -> Checked {
    let inflated = frame.inflated();
    let taken = usize::try_from(inflated.min(limits.inflated)).unwrap_or(usize::MAX);
    if !memory.has_room(taken) {
        return Checked::Full(frame.header().kind, inflated);
    }
    match frame.check(limits) {
        Ok(message) => Checked::Message(message),
        Err(refused) => Checked::Refused(refused),
    }
}
