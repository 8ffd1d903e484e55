//! The thread that inflates, turns, checks and compresses large messages, so that the loop need not.

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

/// Checks messages one after the other. It starts with the first, and ends when this is
/// dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    waker: Arc<Waker>,
    thread: Option<Thread>,
}

#[derive(Debug)]
struct Thread {
    jobs: Sender<Job>,
    /// Bytes to drop. They go before every job: what one message took is given back before memory is
    /// taken for the next.
    waste: Sender<Bytes>,
    done: Receiver<Done>,
}

/// What the thread has done.
#[derive(Debug)]
pub(crate) enum Done {
    Checked(PeerId, Checked),
    /// A message that goes out in place of a plain one, if that is worth it.
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
    /// There is something to drop.
    Discard,
}

/// Checked messages that may wait for the loop: nothing is inflated before there is use for it.
const AHEAD: usize = 1;

/// Bytes from which on memory is given back by the thread.
const MUCH: usize = 1 << 20;

impl Worker {
    pub(crate) const fn new(waker: Arc<Waker>) -> Self {
        Self { waker, thread: None }
    }

    /// Hands over a message. A connection has at most one there.
    pub(crate) fn submit(&mut self, id: PeerId, frame: Frame, limits: Limits, memory: Memory) -> io::Result<()> {
        let job = Job::Check { id, frame, limits, memory };
        self.started()?.jobs.send(job).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Hands over a message to compress, in parts; what comes of it has the same ticket.
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

    /// Drops bytes that are no longer needed. Giving back much memory takes the OS long.
    pub(crate) fn discard(&mut self, bytes: Bytes) {
        if bytes.len() >= MUCH
            && let Ok(thread) = self.started()
        {
            // It is dropped here if the thread has ended.
            let _ = thread.waste.send(bytes);
            let _ = thread.jobs.send(Job::Discard);
        }
    }

    fn started(&mut self) -> io::Result<&Thread> {
        match &mut self.thread {
            Some(thread) => Ok(thread),
            none => Ok(none.insert(start(Arc::clone(&self.waker))?)),
        }
    }

    /// A message that is done.
    pub(crate) fn next(&self) -> Option<Done> {
        self.thread.as_ref()?.done.try_recv().ok()
    }
}

fn start(waker: Arc<Waker>) -> io::Result<Thread> {
    let (jobs, inbox) = mpsc::channel();
    let (waste, bin) = mpsc::channel();
    let (outbox, done) = mpsc::sync_channel(AHEAD);
    thread::Builder::new().name("kserve-check".to_owned()).spawn(move || run(&inbox, &bin, &outbox, &waker))?;
    Ok(Thread { jobs, waste, done })
}

fn run(inbox: &Receiver<Job>, bin: &Receiver<Bytes>, outbox: &SyncSender<Done>, waker: &Waker) {
    for job in inbox {
        bin.try_iter().for_each(drop);
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

/// Compresses a message, unless it does not halve or there is no memory for that.
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
