//! General lists.

use std::sync::Arc;

use super::{Noun, nest};
use crate::q::fault::{Fault, R};

/// A general list.
#[derive(Debug, Clone)]
pub(crate) struct List {
    items: Vec<Noun>,
    pub(super) depth: u8,
}

impl List {
    /// The empty list.
    pub(super) const EMPTY: Self = Self { items: Vec::new(), depth: 1 };

    /// Builds a general list without converting uniform items to a vector; see [`build::tidy`](crate::q::build::tidy).
    pub(crate) fn raw(items: Vec<Noun>) -> R {
        let depth = nest(&items)?;
        Ok(Noun::List(Arc::new(Self { items, depth })))
    }

    pub(crate) fn items(&self) -> &[Noun] {
        &self.items
    }

    /// Appends an item, in amortised constant time.
    pub(crate) fn push(&mut self, item: Noun) -> R<()> {
        self.depth = self.depth.max(nest([&item])?);
        self.items.push(item);
        Ok(())
    }

    /// Replaces an item and returns the old one.
    pub(crate) fn replace(&mut self, index: usize, item: Noun) -> R {
        self.depth = self.depth.max(nest([&item])?);
        let place = self.items.get_mut(index).ok_or(Fault::INDEX)?;
        Ok(std::mem::replace(place, item))
    }

    pub(crate) fn into_items(self) -> Vec<Noun> {
        self.items
    }
}
