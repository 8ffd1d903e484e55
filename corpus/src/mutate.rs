//! A structure-aware mutator of whole messages, deterministic from a seed.
//!
//! A case is identified by its number: the same seed, number and messages give the same bytes on every machine, without
//! generating the cases before it. Most cases apply one named change to one message: the message is inflated and its
//! objects are located, the change rewrites one of them, and the header is corrected, so that the only fault is the
//! named one. Every sixteenth case is a handcrafted message that is known to break decoders, independent of the given
//! messages. Logins have their own table: [`login`].
//!
//! Each result has the verdict of this project's decoder.
//!
//! ```
//! use kcorpus::mutate::{self, Verdict};
//!
//! let messages = kcorpus::traffic::golden_messages();
//! let mutation = mutate::case(1, 7, &messages);
//! assert_eq!(mutation, mutate::case(1, 7, &messages));
//! println!("{}: {}", mutation.name, mutation.verdict);
//! if let Verdict::Refused { at, reason } = mutation.verdict {
//!     assert!(at <= 4 << 20 && !reason.is_empty());
//! }
//! ```

mod changes;
mod compressed;
mod crafted;
mod draft;
mod header;
mod logins;
mod object;
mod random;
mod tree;
mod verdict;

pub use verdict::Verdict;

use changes::{CHANGES, Change, PACKET_CUTS};
use crafted::CRAFTED;
use draft::Draft;
use logins::LOGINS;
use random::Random;

/// A mutated message, or a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The bytes to send; not always a whole message.
    pub bytes: Vec<u8>,
    /// Ascending offsets in `bytes` at which the sender should start a new write; empty for a single write.
    pub cuts: Vec<usize>,
    /// The name of the change: one of [`names`] or [`login_names`].
    pub name: &'static str,
    /// This project's verdict on `bytes`.
    pub verdict: Verdict,
}

impl Mutation {
    /// The bytes, split into writes.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let starts = [0].into_iter().chain(self.cuts.iter().copied());
        let ends = self.cuts.iter().copied().chain([self.bytes.len()]);
        starts.zip(ends).map(|(start, end)| &self.bytes[start..end])
    }
}

/// Generates the cases of a seed in order.
///
/// ```
/// use kcorpus::mutate::{self, Mutation, Mutator, Verdict};
///
/// let messages = kcorpus::traffic::golden_messages();
/// let mut mutator = Mutator::new(1);
/// let mutation: Mutation = mutator.mutate(&messages);
/// assert_eq!(mutation, mutate::case(1, 0, &messages));
/// assert_eq!(mutation.pieces().map(<[u8]>::len).sum::<usize>(), mutation.bytes.len()); // one write each
/// assert!(mutate::names().any(|name| name == mutation.name));
/// assert_eq!(mutation.verdict, Verdict::of(&mutation.bytes));
///
/// let login = mutate::login(1, 0);
/// assert!(mutate::login_names().any(|name| name == login.name));
/// let changed = mutate::change(1, &messages[0], &messages[1]); // for a fuzzer with its own corpus
/// assert_eq!(changed, mutate::change(1, &messages[0], &messages[1]));
/// ```
#[derive(Debug, Clone)]
pub struct Mutator {
    seed: u64,
    next: u64,
}

impl Mutator {
    /// Starts with case 0 of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next: 0 }
    }

    /// Generates the next case from these messages.
    pub fn mutate(&mut self, messages: &[impl AsRef<[u8]>]) -> Mutation {
        let mutation = case(self.seed, self.next, messages);
        self.next += 1;
        mutation
    }
}

/// Every 16th case is a crafted message.
const CRAFTED_EVERY: u64 = 16;
/// Most messages that a change is tried on, and most changes that are drawn.
const TRIES: usize = 16;

/// Generates a case of a seed, by its number from 0.
///
/// Time and memory are proportional to the changed message, plus at most a few megabytes. Without messages, every case
/// is a crafted one.
pub fn case(seed: u64, case: u64, messages: &[impl AsRef<[u8]>]) -> Mutation {
    let mut random = Random::new(seed, case);
    let crafted = case % CRAFTED_EVERY == CRAFTED_EVERY - 1 || messages.is_empty();
    let (name, bytes) = if crafted { craft(case / CRAFTED_EVERY, &mut random) } else { changed(messages, &mut random) };
    let cuts = if name == PACKET_CUTS { random.cuts(bytes.len()) } else { Vec::new() };
    let verdict = Verdict::of(&bytes);
    Mutation { bytes, cuts, name, verdict }
}

/// Generates a login of a seed, by its number from 0.
pub fn login(seed: u64, case: u64) -> Mutation {
    let mut random = Random::new(!seed, case);
    let &(name, make) = random.of(LOGINS);
    let bytes = make(&mut random);
    let verdict = Verdict::of_login(&bytes);
    let cuts = if random.one_in(4) { random.cuts(bytes.len()) } else { Vec::new() };
    Mutation { bytes, cuts, name, verdict }
}

/// Mutates one message, possibly with parts of another. For fuzzers that keep their own corpus.
///
/// The result may be longer than `message`; a caller with a size limit must check it.
pub fn change(seed: u64, message: &[u8], other: &[u8]) -> Vec<u8> {
    let mut random = Random::new(seed, 0);
    let draft = Draft::new(message, other);
    draw(&mut random, |change, random| change(&draft, random)).1
}

/// The names of all changes and crafted messages.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHANGES.iter().map(|change| change.0).chain(CRAFTED.iter().map(|crafted| crafted.0))
}

/// The names of all logins.
pub fn login_names() -> impl Iterator<Item = &'static str> {
    LOGINS.iter().map(|login| login.0)
}

fn craft(number: u64, random: &mut Random) -> (&'static str, Vec<u8>) {
    let index = usize::try_from(number % CRAFTED.len() as u64).unwrap_or_default();
    let (name, make) = CRAFTED[index];
    (name, make(random))
}

fn changed(messages: &[impl AsRef<[u8]>], random: &mut Random) -> (&'static str, Vec<u8>) {
    draw(random, |change, random| {
        (0..TRIES).find_map(|_| {
            let (message, other) = (random.of(messages), random.of(messages));
            change(&Draft::new(message.as_ref(), other.as_ref()), random)
        })
    })
}

/// Draws changes until one applies; the fallback is the empty message.
fn draw(random: &mut Random, mut apply: impl FnMut(Change, &mut Random) -> Option<Vec<u8>>) -> (&'static str, Vec<u8>) {
    let drawn = (0..TRIES).find_map(|_| {
        let &(name, change) = random.of(CHANGES);
        Some((name, apply(change, random)?))
    });
    drawn.unwrap_or_else(|| ("empty", Vec::new()))
}
