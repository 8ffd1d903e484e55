//! Cache of parsed text: queries and lambdas repeat.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::code::Code;
use super::func::Lambda;
use super::symbols::Sym;

/// Parsed lambdas and queries by text, each with the namespace it was last parsed in. Cleared when it is full.
#[derive(Default)]
pub(crate) struct Cache {
    lambdas: HashMap<Arc<[u8]>, (Sym, Arc<Lambda>)>,
    queries: HashMap<Arc<[u8]>, (Sym, Arc<Code>)>,
    bytes: usize,
}

/// Longest text cached, in bytes.
const MAX_TEXT: usize = 1 << 12;
/// Bound on the bytes of text cached. The parsed form takes up to 100 times as much.
const MAX_BYTES: usize = 1 << 18;

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
        if bytes > MAX_TEXT {
            return false;
        }
        if self.bytes + bytes > MAX_BYTES {
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
