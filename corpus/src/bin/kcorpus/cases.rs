//! Which cases: the messages they are made from, the seed and the numbers.

use std::path::PathBuf;

use clap::Args;
use kcorpus::mutate::{self, Mutation};
use kcorpus::traffic;
use serde_json::{Value, json};

/// What every command that mutates takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Cases {
    /// Seed: the same seed, FILE and case give the same message everywhere.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// The first case. With --count 1, a single case again.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) case: u64,
    /// Only mutations whose names start so; the others keep their numbers.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
}

/// The file that messages are taken from, and nothing else.
#[derive(Debug, Args)]
pub(crate) struct Messages {
    /// A recording; or messages, a line of hex each, or as they went over the wire, end to end. Without a file, the
    /// golden messages, which are of every type.
    file: Option<PathBuf>,
}

impl Messages {
    pub(crate) fn load(&self) -> Result<Vec<Vec<u8>>, traffic::Error> {
        self.file.as_deref().map_or_else(|| Ok(traffic::golden_messages()), traffic::load)
    }
}

/// The messages, with the type byte that `new` gives each by its position: where a type decides who reads it at all.
pub(crate) fn retyped(mut messages: Vec<Vec<u8>>, new: fn(usize) -> u8) -> Vec<Vec<u8>> {
    for (index, message) in messages.iter_mut().enumerate() {
        if let Some(kind) = message.get_mut(1) {
            *kind = new(index);
        }
    }
    messages
}

impl Cases {
    /// The numbers of `count` cases.
    pub(crate) fn numbers(&self, count: u64) -> impl Iterator<Item = u64> + use<> {
        self.case..self.case.saturating_add(count)
    }

    /// A case, unless `--only` is against it.
    pub(crate) fn make(&self, case: u64, messages: &[Vec<u8>]) -> Option<Mutation> {
        self.wanted(mutate::case(self.seed, case, messages))
    }

    /// A login, unless `--only` is against it.
    pub(crate) fn make_login(&self, case: u64) -> Option<Mutation> {
        self.wanted(mutate::login(self.seed, case))
    }

    fn wanted(&self, mutation: Mutation) -> Option<Mutation> {
        let only = self.only.as_deref().unwrap_or_default();
        mutation.name.starts_with(only).then_some(mutation)
    }
}

/// A verdict's three fields.
pub(crate) fn verdict(verdict: &mutate::Verdict) -> Value {
    match verdict {
        mutate::Verdict::Valid => json!({"verdict": "valid"}),
        mutate::Verdict::Limit { at, reason } => json!({"verdict": "limit", "at": at, "reason": reason}),
        mutate::Verdict::Refused { at, reason } => json!({"verdict": "refused", "at": at, "reason": reason}),
    }
}

/// One JSON object with the fields of both.
pub(crate) fn merged(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}
