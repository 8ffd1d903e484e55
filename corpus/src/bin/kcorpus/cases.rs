//! Options that select cases: source messages, seed and numbers.

use std::path::PathBuf;

use clap::Args;
use kcorpus::mutate::{self, Mutation};
use kcorpus::traffic;
use serde_json::{Value, json};

/// Options of every command that mutates.
#[derive(Debug, Clone, Args)]
pub(crate) struct Cases {
    /// Seed. The same seed, FILE and case number give the same message on every machine.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Number of the first case. With --count 1 it reproduces a single case.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) case: u64,
    /// Only mutations whose names start with NAME; case numbers are unchanged.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
}

/// The file with the source messages.
#[derive(Debug, Args)]
pub(crate) struct Messages {
    /// A recording, a file of messages in hex, one per line, or a file of concatenated messages. Default: the golden
    /// messages, which cover every type.
    file: Option<PathBuf>,
}

impl Messages {
    pub(crate) fn load(&self) -> Result<Vec<Vec<u8>>, traffic::Error> {
        self.file.as_deref().map_or_else(|| Ok(traffic::golden_messages()), traffic::load)
    }
}

/// Sets each message's type byte to `new` of its index, because the peer only reads certain types.
pub(crate) fn retyped(mut messages: Vec<Vec<u8>>, new: fn(usize) -> u8) -> Vec<Vec<u8>> {
    for (index, message) in messages.iter_mut().enumerate() {
        if let Some(kind) = message.get_mut(1) {
            *kind = new(index);
        }
    }
    messages
}

impl Cases {
    /// The numbers of the first `count` cases.
    pub(crate) fn numbers(&self, count: u64) -> impl Iterator<Item = u64> + use<> {
        self.case..self.case.saturating_add(count)
    }

    /// Generates a case, unless `--only` excludes it.
    pub(crate) fn make(&self, case: u64, messages: &[Vec<u8>]) -> Option<Mutation> {
        self.wanted(mutate::case(self.seed, case, messages))
    }

    /// Generates a login, unless `--only` excludes it.
    pub(crate) fn make_login(&self, case: u64) -> Option<Mutation> {
        self.wanted(mutate::login(self.seed, case))
    }

    fn wanted(&self, mutation: Mutation) -> Option<Mutation> {
        let only = self.only.as_deref().unwrap_or_default();
        mutation.name.starts_with(only).then_some(mutation)
    }
}

/// The JSON fields of a verdict.
pub(crate) fn verdict(verdict: &mutate::Verdict) -> Value {
    match verdict {
        mutate::Verdict::Valid => json!({"verdict": "valid"}),
        mutate::Verdict::Limit { at, reason } => json!({"verdict": "limit", "at": at, "reason": reason}),
        mutate::Verdict::Refused { at, reason } => json!({"verdict": "refused", "at": at, "reason": reason}),
    }
}

/// Merges the fields of two JSON objects.
pub(crate) fn merged(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}
