//! The schemas of a subscription's tables.

use kcodec::{Atom, List, Symbol, Table, Update, Value};

use super::Error;
use crate::message::Message;

/// The names and empty tables in the answer to a subscription. Clones share them.
#[derive(Debug, Clone)]
pub struct Schemas {
    /// `((name;table) pairs; (.u.i;.u.L))`. `new` has checked the pairs.
    answer: Message,
}

impl Schemas {
    pub(super) fn new(answer: Message) -> Result<Self, Error> {
        let schemas = Self { answer };
        let is_valid = schemas.pairs().is_some_and(|pairs| pairs.iter().all(|pair| schema(pair).is_some()));
        if is_valid { Ok(schemas) } else { Err(Error::Answer(excerpt(schemas.answer.value()))) }
    }

    fn pairs(&self) -> Option<List<'_>> {
        match self.item(0)? {
            Value::List(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// An item of the answer.
    fn item(&self, index: usize) -> Option<Value<'_>> {
        match self.answer.value() {
            Value::List(items) => items.get(index),
            _ => None,
        }
    }

    /// `.u.i` and `.u.L`; `None` if the tickerplant keeps no log.
    pub(super) fn log(&self) -> Option<(u64, Symbol<'_>)> {
        let Value::List(log) = self.item(1)? else { return None };
        let count = match log.get(0)? {
            Value::Atom(Atom::Long(count)) => count,
            Value::Atom(Atom::Int(count)) => count.into(),
            _ => return None,
        };
        let Value::Atom(Atom::Symbol(path)) = log.get(1)? else { return None };
        Some((u64::try_from(count).ok()?, path))
    }

    /// The names and tables. A table that is keyed at the tickerplant is keyed here and may have rows.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol<'_>, Value<'_>)> {
        self.pairs().into_iter().flat_map(List::iter).filter_map(schema)
    }

    /// The table named `name`.
    #[must_use]
    pub fn table(&self, name: Symbol<'_>) -> Option<Value<'_>> {
        self.iter().find(|(found, _)| *found == name).map(|(_, table)| table)
    }

    /// The update's column named `name`. Uses the update's own column names if it has them, else the schema's.
    #[must_use]
    pub fn column<'a>(&self, update: &Update<'a>, name: &str) -> Option<Value<'a>> {
        let index = match update.names() {
            Some(names) => names.iter().position(|found| found == name)?,
            None => columns(self.table(update.table())?).position(|found| found == name)?,
        };
        update.column(index)
    }
}

/// The column names of a table or keyed table.
fn columns(table: Value<'_>) -> impl Iterator<Item = Symbol<'_>> {
    let [first, second]: [Option<Table<'_>>; 2] = match table {
        Value::Table(table) => [Some(table), None],
        Value::Dict(dict) => [dict.keys(), dict.values()].map(|half| match half {
            Value::Table(table) => Some(table),
            _ => None,
        }),
        _ => [None, None],
    };
    first.into_iter().chain(second).flat_map(|table| table.names().iter())
}

/// Splits a pair into name and table; `None` if it is anything else.
fn schema(pair: Value<'_>) -> Option<(Symbol<'_>, Value<'_>)> {
    let Value::List(pair) = pair else { return None };
    match (pair.len(), pair.get(0)?, pair.get(1)?) {
        (2, Value::Atom(Atom::Symbol(name)), table @ (Value::Table(_) | Value::Dict(_))) => Some((name, table)),
        _ => None,
    }
}

/// The first line of a value's console form.
fn excerpt(value: Value<'_>) -> String {
    let text = kcodec::console(value, kcodec::Console::new(25, 80));
    text.lines().next().unwrap_or_default().to_owned()
}
