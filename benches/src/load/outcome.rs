//! The result of a run.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Longest latency recorded in nanoseconds: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// Counts and latencies of one worker or of all workers.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Nanoseconds from a message's due time to its answer or delivery.
    pub latency: Histogram<u64>,
    /// Messages answered or delivered.
    pub messages: u64,
    /// Those before the end of the run, from which the rate is computed.
    pub in_time: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Answers that are errors.
    pub errors: u64,
    /// Numbered messages that were not the expected one.
    pub disordered: u64,
    /// Messages sent and not answered; each is recorded with its age.
    pub unanswered: u64,
    /// Messages due and not sent; each is recorded with its age.
    pub unsent: u64,
    /// Connections that closed before the end of the run.
    pub closed: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        let latency = Histogram::new_with_bounds(1, LONGEST, 3);
        let latency = latency.unwrap_or_else(|error| panic!("constant bounds: {error}"));
        Self {
            latency,
            messages: 0,
            in_time: 0,
            bytes: 0,
            errors: 0,
            disordered: 0,
            unanswered: 0,
            unsent: 0,
            closed: 0,
        }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.latency.saturating_record(latency.as_nanos() as u64);
    }

    pub(super) fn add(&mut self, other: &Self) {
        let added = self.latency.add(&other.latency);
        debug_assert!(added.is_ok(), "all histograms have the same bounds");
        self.messages += other.messages;
        self.in_time += other.in_time;
        self.bytes += other.bytes;
        self.errors += other.errors;
        self.disordered += other.disordered;
        self.unanswered += other.unanswered;
        self.unsent += other.unsent;
        self.closed += other.closed;
    }
}

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Duration of the run in seconds.
    pub seconds: f64,
    /// Counts and latencies.
    pub tally: Tally,
}

impl Outcome {
    /// Messages per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.tally.in_time as f64 / self.seconds
    }

    /// Bytes received per second.
    #[must_use]
    pub fn byte_rate(&self) -> f64 {
        self.tally.bytes as f64 / self.seconds
    }

    /// The latency percentile in microseconds.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> f64 {
        self.tally.latency.value_at_percentile(percent) as f64 / 1e3
    }

    /// Whether every message was answered correctly.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        let Tally { errors, disordered, unanswered, closed, .. } = self.tally;
        errors == 0 && disordered == 0 && unanswered == 0 && closed == 0
    }

    /// One JSON object: counts, messages per second, latencies in microseconds.
    #[must_use]
    pub fn json(&self) -> String {
        let Tally { messages, bytes, errors, disordered, unanswered, unsent, closed, latency, .. } = &self.tally;
        let percentiles: Vec<_> =
            PERCENTILES.iter().map(|(name, percent)| format!(r#""{name}":{:.3}"#, self.percentile(*percent))).collect();
        format!(
            r#"{{"seconds":{},"messages":{messages},"rate":{:.1},"bytes":{bytes},"errors":{errors},"disordered":{disordered},"unanswered":{unanswered},"unsent":{unsent},"closed":{closed},"latency_us":{{"mean":{:.3},{}}}}}"#,
            self.seconds,
            self.rate(),
            latency.mean() / 1e3,
            percentiles.join(",")
        )
    }
}

const PERCENTILES: [(&str, f64); 6] =
    [("min", 0.0), ("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("max", 100.0)];

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { messages, bytes, errors, disordered, unanswered, unsent, closed, .. } = &self.tally;
        writeln!(f, "{messages} messages in {} s: {:.0}/s, {bytes} bytes received", self.seconds, self.rate())?;
        let percentiles = PERCENTILES.iter().map(|(name, percent)| format!("{name} {:.1}", self.percentile(*percent)));
        writeln!(f, "latency µs: {}", percentiles.collect::<Vec<_>>().join(", "))?;
        let faults = [
            (errors, "errors"),
            (disordered, "out of order"),
            (unanswered, "unanswered"),
            (unsent, "due but unsent"),
            (closed, "connections closed"),
        ];
        let faults = faults.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}"));
        let faults: Vec<_> = faults.collect();
        if faults.is_empty() { write!(f, "no faults") } else { write!(f, "{}", faults.join(", ")) }
    }
}
