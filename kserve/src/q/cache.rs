//! Text that was read before: queries and lambdas repeat.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::code::Code;
use super::func::Lambda;
use super::symbols::Sym;

/// What texts were parsed to, lambdas and whole queries, each in the namespace that it was read in last. Emptied when
/// it is full.
#[derive(Default)]
pub(crate) struct Cache {
    lambdas: HashMap<Arc<[u8]>, (Sym, Arc<Lambda>)>,
    queries: HashMap<Arc<[u8]>, (Sym, Arc<Code>)>,
    bytes: usize,
}

/// The longest text that is kept, in bytes.
const LONGEST: usize = 1 << 12;
/// Bytes of text that are kept at most; what is parsed takes up to a hundred times as much.
const FULL: usize = 1 << 18;

impl Cache {
    pub(crate) fn lambda(&self, context: Sym, text: &[u8]) -> Option<Arc<Lambda>> {
        self.lambdas.get(text).filter(|kept| kept.0 == context).map(|kept| kept.1.clone())
    }

    pub(crate) fn keep_lambda(&mut self, context: Sym, text: &[u8], lambda: Arc<Lambda>) {
        if self.has_room(text.len()) {
            self.lambdas.insert(text.into(), (context, lambda));
        }
    }

    pub(crate) fn query(&self, context: Sym, text: &[u8]) -> Option<Arc<Code>> {
        self.queries.get(text).filter(|kept| kept.0 == context).map(|kept| kept.1.clone())
    }

    pub(crate) fn keep_query(&mut self, context: Sym, text: &[u8], code: Arc<Code>) {
        if self.has_room(text.len()) {
            self.queries.insert(text.into(), (context, code));
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        if bytes > LONGEST {
            return false;
        }
        if self.bytes + bytes > FULL {
            *self = Self::default();
        }
        self.bytes += bytes;
        true
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
