//! q-sql as it is written: `select x by y from t where z`.

use super::code::Chain;
use super::fault::{Fault, R};
use super::noun::Noun;
use super::parse::Parser;
use super::vm::Vm;

/// A query: column phrases are parse trees, as functional forms take them.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) word: QueryWord,
    /// What stands after `from`.
    pub(crate) table: Chain,
    /// The functional form's arguments after the table: `(c;b;a)`, or `(c;b;a;n;order)`.
    pub(crate) args: Vec<Noun>,
}

/// The four words of q-sql.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryWord {
    Select,
    Exec,
    Update,
    Delete,
}

impl Parser<'_, '_> {
    /// The query that begins with `name`, which has been read, if it is one of the four words.
    pub(crate) fn query(&mut self, name: &[u8]) -> R<Option<Query>> {
        match name {
            b"select" | b"exec" | b"update" | b"delete" => Err(Fault::nyi("select")),
            _ => Ok(None),
        }
    }
}

impl Vm<'_> {
    /// `select … from t`
    pub(crate) fn run_query(&mut self, query: &Query) -> R {
        let _ = query;
        Err(Fault::nyi("select"))
    }
}
