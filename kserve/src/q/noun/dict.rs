//! Dicts and keyed tables.

use std::sync::Arc;

use super::{Noun, nest};
use crate::q::fault::{Fault, R};

/// Keys and values of equal count. A keyed table if both are tables.
#[derive(Debug, Clone)]
pub(crate) struct Dict {
    pub(crate) keys: Noun,
    pub(crate) values: Noun,
    /// A step dict, type 127: a missing key has the value of the greatest key below it.
    pub(crate) sorted: bool,
    pub(super) depth: u8,
}

impl Dict {
    /// # Errors
    ///
    /// `length` if the counts differ.
    #[expect(clippy::new_ret_no_self, reason = "a dict is only made to be a value")]
    pub(crate) fn new(keys: Noun, values: Noun) -> R {
        if keys.len() != values.len() {
            return Err(Fault::LENGTH);
        }
        let depth = nest([&keys, &values])?;
        Ok(Noun::Dict(Arc::new(Self { keys, values, sorted: false, depth })))
    }

    /// Builds a step dict. The counts must be equal.
    pub(crate) fn stepped(keys: Noun, values: Noun) -> R {
        let depth = nest([&keys, &values])?;
        Ok(Noun::Dict(Arc::new(Self { keys, values, sorted: true, depth })))
    }

    /// Changes keys and values, and updates the depth.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&mut Noun, &mut Noun) -> R<T>) -> R<T> {
        let done = change(&mut self.keys, &mut self.values);
        self.depth = nest([&self.keys, &self.values])?;
        done
    }
}
