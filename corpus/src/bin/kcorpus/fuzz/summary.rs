//! The summary of a run, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use kcorpus::mutate::Verdict;
use serde_json::{Value, json};

use super::Difference;
use super::outcome::Outcome;
use crate::cases::{merged, verdict};

/// The summary of a run.
#[derive(Debug)]
pub(super) struct Summary {
    seed: u64,
    start: Instant,
    /// By outcome or difference, then by mutation.
    found: BTreeMap<&'static str, Found>,
    /// Number of cases that count as failures.
    pub(super) failed: u64,
    /// The failures whose inputs were written.
    pub(super) failures: Vec<Failure>,
}

#[derive(Debug, Default)]
struct Found {
    cases: u64,
    first: Option<u64>,
    mutations: BTreeMap<&'static str, u64>,
}

/// A failing input that was written.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) case: u64,
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) detail: String,
    pub(super) verdict: Verdict,
    /// Whether it is the first with this outcome and mutation.
    pub(super) is_first: bool,
    pub(super) file: PathBuf,
    pub(super) bytes: usize,
    pub(super) smaller: Option<(PathBuf, usize)>,
}

/// Outcomes in the order of the table, with their labels.
const OUTCOMES: [(&str, &str); 5] = [
    ("accepted", "accepted"),
    ("refused", "refused"),
    ("crash", "crash"),
    ("hang", "hang"),
    ("memory", "out of memory"),
];
const DIFFERENCES: [(&str, &str); 2] =
    [("wrongly-accepted", "accepted, must be refused"), ("wrongly-refused", "refused, is valid")];

/// Most failing inputs shown in the table.
const SHOWN: usize = 20;

/// The name of a difference, used in file names.
pub(super) const fn difference_name(difference: Difference) -> &'static str {
    match difference {
        Difference::Accepted => DIFFERENCES[0].0,
        Difference::Refused => DIFFERENCES[1].0,
    }
}

impl Summary {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, start: Instant::now(), found: BTreeMap::new(), failed: 0, failures: Vec::new() }
    }

    pub(super) fn add(&mut self, case: u64, mutation: &'static str, outcome: &Outcome, difference: Option<Difference>) {
        for what in [Some(outcome.name()), difference.map(difference_name)].into_iter().flatten() {
            let found = self.found.entry(what).or_default();
            found.cases += 1;
            found.first.get_or_insert(case);
            *found.mutations.entry(mutation).or_default() += 1;
        }
    }

    fn cases(&self, what: &str) -> u64 {
        self.found.get(what).map_or(0, |found| found.cases)
    }

    fn total(&self) -> u64 {
        OUTCOMES.iter().map(|(what, _)| self.cases(what)).sum()
    }

    /// The progress line.
    pub(super) fn line(&self, case: u64, of: u64) -> String {
        let counts = OUTCOMES.map(|(what, shown)| format!("{} {shown}", self.cases(what)));
        format!("case {case} of {of}: {}", counts.join(", "))
    }

    pub(super) fn json(&self) -> Value {
        let counts = |whats: &[(&str, &str)]| -> Value {
            whats
                .iter()
                .map(|&(what, _)| (what.to_owned(), json!(self.cases(what))))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        json!({
            "seed": self.seed,
            "cases": self.total(),
            "seconds": self.start.elapsed().as_secs_f64(),
            "outcomes": counts(&OUTCOMES),
            "differences": counts(&DIFFERENCES),
            "failed": self.failed,
            "failures": self.failures.iter().map(Failure::json).collect::<Vec<_>>(),
        })
    }
}

/// The table of outcomes, then one written input per outcome and mutation.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, seconds) = (self.total(), self.start.elapsed().as_secs_f64());
        writeln!(f, "{total} cases of seed {} in {seconds:.1} s", self.seed)?;
        writeln!(f, "\n{:<26}{:>9}  {:>10}  mutations", "outcome", "cases", "first case")?;
        for (what, shown) in OUTCOMES.iter().chain(&DIFFERENCES) {
            let found = self.found.get(what);
            let first = found.and_then(|found| found.first).map_or_else(String::new, |first| first.to_string());
            let mutations = match *what {
                "accepted" | "refused" => String::new(),
                _ => found.map(Found::most_frequent).unwrap_or_default(),
            };
            let line = format!("{shown:<26}{:>9}  {first:>10}  {mutations}", self.cases(what));
            writeln!(f, "{}", line.trim_end())?;
        }
        if !self.failures.is_empty() {
            writeln!(f, "\n{:>9}  {:>9}  {:<16}  failing input", "bytes", "smaller", "outcome")?;
        }
        let firsts: Vec<_> = self.failures.iter().filter(|failure| failure.is_first).collect();
        for Failure { what, file, bytes, smaller, .. } in firsts.iter().take(SHOWN) {
            let (shown, length) = match smaller {
                Some((file, length)) => (file, length.to_string()),
                None => (file, String::new()),
            };
            writeln!(f, "{bytes:>9}  {length:>9}  {what:<16}  {}", shown.display())?;
        }
        if firsts.len() > SHOWN {
            writeln!(f, "and {} more", firsts.len() - SHOWN)?;
        }
        Ok(())
    }
}

impl Found {
    /// The most frequent mutations with their counts.
    fn most_frequent(&self) -> String {
        let mut all: Vec<_> = self.mutations.iter().collect();
        all.sort_by_key(|&(name, many)| (std::cmp::Reverse(many), name));
        let shown: Vec<_> = all.iter().take(4).map(|(name, many)| format!("{name} ({many})")).collect();
        shown.join(", ") + if all.len() > 4 { ", …" } else { "" }
    }
}

impl Failure {
    fn json(&self) -> Value {
        let known = json!({"case": self.case, "name": self.name, "outcome": self.what, "detail": self.detail});
        let files = json!({
            "file": self.file,
            "bytes": self.bytes,
            "smaller_file": self.smaller.as_ref().map(|(file, _)| file),
            "smaller_bytes": self.smaller.as_ref().map(|(_, bytes)| bytes),
        });
        merged(merged(known, verdict(&self.verdict)), files)
    }
}
