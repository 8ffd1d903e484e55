//! The due times of messages.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::plan::Plan;

/// The due times of one worker: `interval` apart from `start` until the end.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    end: Instant,
    interval: Option<Duration>,
    given: u32,
    timer: Option<Timer>,
}

/// How long to wait for answers after the end.
const GRACE: Duration = Duration::from_secs(10);
/// Shortest period of the timer. At higher rates several messages are due per tick.
const TICK: Duration = Duration::from_micros(50);

impl Pace {
    pub(super) fn new(plan: &Plan, start: Instant, workers: usize) -> Self {
        let units = plan.rate.map(|rate| rate / workers as f64 / plan.weight() as f64);
        let interval = units.map(|units| Duration::from_secs_f64(1.0 / units));
        Self { start, end: start + plan.time, interval, given: 0, timer: None }
    }

    pub(super) const fn start(&self) -> Instant {
        self.start
    }

    pub(super) const fn has_rate(&self) -> bool {
        self.interval.is_some()
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.end
    }

    pub(super) fn is_past_grace(&self, now: Instant) -> bool {
        now >= self.end + GRACE
    }

    /// The next message's due time, if it has passed.
    pub(super) fn due(&mut self, now: Instant) -> Option<Instant> {
        let due = self.start + self.interval?.checked_mul(self.given)?;
        (due <= now && due < self.end).then(|| {
            self.given += 1;
            due
        })
    }

    /// Polls until an event, the end, or the end of the grace period.
    pub(super) fn wait(&self, poll: &mut Poll, events: &mut Events, now: Instant) -> io::Result<()> {
        let until = if self.is_over(now) { self.end + GRACE } else { self.end };
        let timeout = until.saturating_duration_since(now).min(Duration::from_millis(100));
        match poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes `poll` return whenever a message falls due.
    pub(super) fn register(&mut self, poll: &Poll, token: Token) -> io::Result<()> {
        if let Some(interval) = self.interval {
            // Aligns the timer with the due times.
            let into = self.start.elapsed().as_nanos() % interval.as_nanos().max(1);
            let first = interval - Duration::from_nanos(into as u64);
            self.timer = Some(Timer::start(poll, token, first.max(TICK), interval.max(TICK))?);
        }
        Ok(())
    }

    /// Clears the timer's expiry, which is required to be woken again.
    pub(super) fn tick(&mut self) {
        if let Some(Timer(file)) = &mut self.timer {
            // Reads the expiry count, or fails with `WouldBlock` if it has not expired.
            let _ = file.read(&mut [0; 8]);
        }
    }
}

/// A periodic timer.
#[derive(Debug)]
struct Timer(File);

impl Timer {
    fn start(poll: &Poll, token: Token, first: Duration, period: Duration) -> io::Result<Self> {
        use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

        let spec = |time: Duration| Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let spec = Itimerspec { it_interval: spec(period), it_value: spec(first) };
        rustix::time::timerfd_settime(&timer, TimerfdTimerFlags::empty(), &spec)?;
        poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self(timer.into()))
    }
}
