//! When messages are due.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Poll, Token};

use super::plan::Plan;

/// The due times of one worker: from `start`, `interval` apart, none after the end.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    end: Instant,
    interval: Option<Duration>,
    given: u32,
    timer: Option<Timer>,
}

/// How long answers may take after the last message was due.
const GRACE: Duration = Duration::from_secs(10);
/// The timer's shortest period: more than one message falls due at once at a higher rate.
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

    /// The next message's due time, if that has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<Instant> {
        let due = self.start + self.interval?.checked_mul(self.given)?;
        (due <= now && due < self.end).then(|| {
            self.given += 1;
            due
        })
    }

    /// How long a poll may last: until the end comes, or the grace is over.
    pub(super) fn timeout(&self, now: Instant) -> Duration {
        let until = if self.is_over(now) { self.end + GRACE } else { self.end };
        until.saturating_duration_since(now).min(Duration::from_millis(100))
    }

    /// Makes `poll` return whenever a message falls due.
    pub(super) fn register(&mut self, poll: &Poll, token: Token) -> io::Result<()> {
        if let Some(interval) = self.interval {
            // In phase with the due times.
            let into = self.start.elapsed().as_nanos() % interval.as_nanos().max(1);
            let first = interval - Duration::from_nanos(into as u64);
            self.timer = Some(Timer::start(poll, token, first.max(TICK), interval.max(TICK))?);
        }
        Ok(())
    }

    /// Takes note of the timer's expiry; it does not wake again before.
    pub(super) fn tick(&mut self) {
        if let Some(Timer(file)) = &mut self.timer {
            // Eight bytes, or `WouldBlock` if it has not expired.
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
