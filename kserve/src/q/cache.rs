//! Text that was read before: queries and lambdas repeat.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::code::Code;
use super::func::Lambda;
use super::symbols::Sym;

/// Parsed texts by namespace and text, of lambdas and of whole queries. Emptied when it is full.
pub(crate) struct Cache {
    lambdas: HashMap<Sym, HashMap<Arc<[u8]>, Arc<Lambda>>>,
    queries: HashMap<Sym, HashMap<Arc<[u8]>, Arc<Code>>>,
    bytes: usize,
}

/// The longest text that is kept, in bytes.
const LONGEST: usize = 1 << 14;
/// Bytes of text that are kept at most; what is parsed takes some twenty times as much.
const FULL: usize = 1 << 20;

impl Default for Cache {
    fn default() -> Self {
        Self { lambdas: HashMap::new(), queries: HashMap::new(), bytes: 0 }
    }
}

impl Cache {
    pub(crate) fn lambda(&self, context: Sym, text: &[u8]) -> Option<Arc<Lambda>> {
        self.lambdas.get(&context)?.get(text).cloned()
    }

    pub(crate) fn keep_lambda(&mut self, context: Sym, text: Arc<[u8]>, lambda: Arc<Lambda>) {
        if self.has_room(text.len()) {
            self.lambdas.entry(context).or_default().insert(text, lambda);
        }
    }

    pub(crate) fn query(&self, context: Sym, text: &[u8]) -> Option<Arc<Code>> {
        self.queries.get(&context)?.get(text).cloned()
    }

    pub(crate) fn keep_query(&mut self, context: Sym, text: &[u8], code: Arc<Code>) {
        if self.has_room(text.len()) {
            self.queries.entry(context).or_default().insert(text.into(), code);
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
