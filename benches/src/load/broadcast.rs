//! Broadcast load: one publisher and many subscribers. A publication is complete when every subscriber has received it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kwire::MessageType;
use mio::{Events, Interest, Poll, Token};

use super::link::{Link, Source};
use super::outcome::Tally;
use super::pace::Pace;
use super::plan::Plan;
use super::requests::{BUFFER, TIMER};

#[derive(Debug)]
pub(super) struct Broadcast<'a> {
    publisher: Link,
    subscribers: Vec<Option<Link>>,
    publications: Publications,
    poll: Poll,
    pace: Pace,
    source: Source,
    window: usize,
    tally: Tally,
    done: &'a AtomicU64,
    buffer: Vec<u8>,
}

/// Incomplete publications: the number of the oldest, and how many subscribers each is missing.
#[derive(Debug, Default)]
struct Publications {
    first: u64,
    missing: VecDeque<usize>,
}

/// The publisher's token; subscribers have their index.
const PUBLISHER: Token = Token(usize::MAX - 1);

impl<'a> Broadcast<'a> {
    pub(super) fn new(plan: &Plan, mut links: Vec<Link>, mut pace: Pace, done: &'a AtomicU64) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut publisher = links.remove(0);
        poll.registry().register(&mut publisher.stream, PUBLISHER, Interest::READABLE | Interest::WRITABLE)?;
        for (index, link) in links.iter_mut().enumerate() {
            poll.registry().register(&mut link.stream, Token(index), Interest::READABLE)?;
        }
        pace.register(&poll, TIMER)?;
        Ok(Self {
            publisher,
            subscribers: links.into_iter().map(Some).collect(),
            publications: Publications::default(),
            poll,
            pace,
            source: Source::new(plan),
            window: plan.window(),
            tally: Tally::new(),
            done,
            buffer: vec![0; BUFFER],
        })
    }

    pub(super) fn run(mut self) -> io::Result<Tally> {
        if !self.pace.has_rate() {
            self.publisher.waiting.extend(std::iter::repeat_n(self.pace.start(), self.window));
            self.publish()?;
        }
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            if self.pace.is_over(now) && (self.publications.missing.is_empty() || self.pace.is_past_grace(now)) {
                return Ok(self.finish(now));
            }
            self.pace.wait(&mut self.poll, &mut events, now)?;
            for event in &events {
                match event.token() {
                    TIMER => self.pace.tick(),
                    PUBLISHER => {
                        self.publisher.read(&mut self.buffer, |_, _, _| {})?;
                    }
                    Token(index) => self.receive(index),
                }
            }
            self.send_due()?;
        }
    }

    fn send_due(&mut self) -> io::Result<()> {
        let now = Instant::now();
        while let Some(due) = self.pace.due(now) {
            self.publisher.waiting.push_back(due);
        }
        self.publish()
    }

    fn publish(&mut self) -> io::Result<()> {
        let before = self.publisher.in_flight.len();
        self.publisher.pump(&self.source)?;
        let subscribers = self.subscribers.iter().flatten().count();
        self.publications.missing.extend((before..self.publisher.in_flight.len()).map(|_| subscribers));
        Ok(())
    }

    fn receive(&mut self, index: usize) {
        let Some(Some(link)) = self.subscribers.get_mut(index) else { return };
        let (tally, source, publications) = (&mut self.tally, &self.source, &mut self.publications);
        let due = &self.publisher.in_flight;
        let (before, mut now) = (tally.messages, None);
        let read = link.read(&mut self.buffer, |_, received, frame| {
            if !frame.is(MessageType::Async) {
                return;
            }
            let now = *now.get_or_insert_with(Instant::now);
            let at = (*received - publications.first) as usize;
            match (due.get(at), publications.missing.get_mut(at)) {
                (Some(&due), Some(missing)) => {
                    tally.record(now.saturating_duration_since(due));
                    *missing = missing.saturating_sub(1);
                    tally.messages += 1;
                    tally.disordered += u64::from(!source.accepts(*received, frame));
                    *received += 1;
                }
                // More messages than were published.
                _ => tally.disordered += 1,
            }
        });
        match read {
            Ok(bytes) => self.tally.bytes += bytes,
            Err(_) => self.close(index),
        }
        let delivered = self.tally.messages - before;
        self.done.fetch_add(delivered, Ordering::Relaxed);
        let over = now.is_none_or(|now| self.pace.is_over(now));
        self.tally.in_time += if over { 0 } else { delivered };
        self.settle(now.filter(|_| !over));
    }

    /// Removes complete publications. Without a rate, each makes the next one due.
    fn settle(&mut self, now: Option<Instant>) {
        while self.publications.missing.front() == Some(&0) {
            self.publications.missing.pop_front();
            self.publications.first += 1;
            self.publisher.in_flight.pop_front();
            if let Some(now) = now
                && !self.pace.has_rate()
            {
                self.publisher.waiting.push_back(now);
            }
        }
    }

    /// Removes a closed subscriber. Its missing publications count as unanswered.
    fn close(&mut self, index: usize) {
        let Some(link) = self.subscribers[index].take() else { return };
        self.tally.closed += 1;
        let received = (link.received - self.publications.first) as usize;
        for missing in self.publications.missing.iter_mut().skip(received) {
            *missing = missing.saturating_sub(1);
            self.tally.unanswered += 1;
        }
    }

    fn finish(mut self, now: Instant) -> Tally {
        for (due, missing) in self.publisher.in_flight.iter().zip(&self.publications.missing) {
            self.tally.unanswered += *missing as u64;
            (0..*missing).for_each(|_| self.tally.record(now.saturating_duration_since(*due)));
        }
        self.tally.unsent += self.publisher.waiting.len() as u64;
        self.tally
    }
}
