//! Request load: sync requests and async batches. A connection's answers are in the order of its messages.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kwire::MessageType;
use mio::{Events, Interest, Poll, Token};

use super::link::{Link, Source};
use super::outcome::Tally;
use super::pace::Pace;
use super::plan::Plan;

/// Bytes per read.
pub(super) const BUFFER: usize = 256 << 10;
/// The timer's token; connections have their index.
pub(super) const TIMER: Token = Token(usize::MAX - 2);

#[derive(Debug)]
pub(super) struct Requests<'a> {
    links: Vec<Option<Link>>,
    poll: Poll,
    pace: Pace,
    source: Source,
    weight: u64,
    window: usize,
    /// The connection for the next due message, round robin.
    next: usize,
    tally: Tally,
    done: &'a AtomicU64,
    buffer: Vec<u8>,
}

impl<'a> Requests<'a> {
    pub(super) fn new(plan: &Plan, mut links: Vec<Link>, mut pace: Pace, done: &'a AtomicU64) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (index, link) in links.iter_mut().enumerate() {
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut link.stream, Token(index), both)?;
        }
        pace.register(&poll, TIMER)?;
        Ok(Self {
            links: links.into_iter().map(Some).collect(),
            poll,
            pace,
            source: Source::new(plan),
            weight: plan.weight(),
            window: plan.window(),
            next: 0,
            tally: Tally::new(),
            done,
            buffer: vec![0; BUFFER],
        })
    }

    pub(super) fn run(mut self) -> io::Result<Tally> {
        self.start();
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            if self.pace.is_over(now) && (self.is_idle() || self.pace.is_past_grace(now)) {
                return Ok(self.finish(now));
            }
            self.pace.wait(&mut self.poll, &mut events, now)?;
            for event in &events {
                match event.token() {
                    TIMER => self.pace.tick(),
                    Token(index) => self.serve(index),
                }
            }
            self.send_due();
        }
    }

    /// Without a rate, every connection starts with a full window.
    fn start(&mut self) {
        if self.pace.has_rate() {
            return;
        }
        let (start, window) = (self.pace.start(), self.window);
        for index in 0..self.links.len() {
            let Some(link) = &mut self.links[index] else { continue };
            link.waiting.extend(std::iter::repeat_n(start, window));
            self.pump(index);
        }
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        while let Some(due) = self.pace.due(now) {
            let index = self.next % self.links.len();
            self.next = index + 1;
            match &mut self.links[index] {
                Some(link) => link.waiting.push_back(due),
                None => self.tally.unsent += self.weight,
            }
            self.pump(index);
        }
    }

    /// Reads a connection's answers, and sends what they make room for.
    fn serve(&mut self, index: usize) {
        let Some(Some(link)) = self.links.get_mut(index) else { return };
        let (tally, source, weight) = (&mut self.tally, &self.source, self.weight);
        let (before, mut now) = (tally.messages, None);
        let read = link.read(&mut self.buffer, |in_flight, received, frame| {
            let Some(due) = frame.is(MessageType::Response).then(|| in_flight.pop_front()).flatten() else { return };
            let now = *now.get_or_insert_with(Instant::now);
            tally.record(now.saturating_duration_since(due));
            tally.messages += weight;
            tally.errors += u64::from(frame.is_error());
            tally.disordered += u64::from(!source.accepts(*received, frame));
            *received += 1;
        });
        match read {
            Ok(bytes) => self.tally.bytes += bytes,
            Err(_) => return self.close(index),
        }
        let answered = self.tally.messages - before;
        self.done.fetch_add(answered, Ordering::Relaxed);
        if let Some(now) = now
            && !self.pace.is_over(now)
        {
            self.tally.in_time += answered;
            if !self.pace.has_rate() {
                link.waiting.extend(std::iter::repeat_n(now, (answered / weight) as usize));
            }
        }
        self.pump(index);
    }

    fn pump(&mut self, index: usize) {
        if let Some(link) = &mut self.links[index]
            && link.pump(&self.source).is_err()
        {
            self.close(index);
        }
    }

    fn close(&mut self, index: usize) {
        let Some(link) = self.links[index].take() else { return };
        self.tally.closed += 1;
        self.give_up(&link, Instant::now());
    }

    /// Counts a connection's unfinished messages, and records each with its age.
    fn give_up(&mut self, link: &Link, now: Instant) {
        self.tally.unanswered += link.in_flight.len() as u64 * self.weight;
        self.tally.unsent += link.waiting.len() as u64 * self.weight;
        for due in link.in_flight.iter().chain(&link.waiting) {
            self.tally.record(now.saturating_duration_since(*due));
        }
    }

    fn is_idle(&self) -> bool {
        self.links.iter().flatten().all(|link| link.in_flight.is_empty())
    }

    fn finish(mut self, now: Instant) -> Tally {
        for link in std::mem::take(&mut self.links).into_iter().flatten() {
            self.give_up(&link, now);
        }
        self.tally
    }
}
