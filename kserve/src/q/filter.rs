//! `where`: conditions applied one after the other, each to the rows left by the previous one.

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::noun::{Atom, Items, Lane, Noun, Table, Vector};
use super::scope::Scope;
use super::vm::Vm;
use kcodec::Kind;

/// Rows tested per block. The row numbers of a block stay in the L1 cache.
const BLOCK: usize = 1024;

/// Comparisons of items of one kind that need no float tolerance.
#[derive(Clone, Copy)]
enum Test {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Test {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "=" => Self::Equal,
            "<>" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::More,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    /// The same test with its arguments exchanged.
    const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            other => other,
        }
    }
}

impl Vm<'_> {
    /// The rows that satisfy all conditions; `None` means all rows.
    pub(crate) fn filter(&mut self, table: &Table, conditions: &Noun, locals: bool) -> R<Option<Vec<usize>>> {
        let mut rows: Option<Vec<usize>> = None;
        let conditions = match conditions {
            Noun::Vector(_) | Noun::List(_) => build::items(conditions),
            _ => return Err(Fault::TYPE),
        };
        for condition in &conditions {
            if let Some(narrower) = self.compare_column(table, condition, rows.as_deref(), locals)? {
                rows = Some(narrower);
                continue;
            }
            let holds = self.eval_tree(condition, &mut Scope::of(table, rows.as_deref(), locals))?;
            rows = self.keep_rows(&holds, rows, table.len())?;
        }
        Ok(rows)
    }

    /// The rows for which a condition's value is true.
    fn keep_rows(&mut self, holds: &Noun, rows: Option<Vec<usize>>, count: usize) -> R<Option<Vec<usize>>> {
        match holds {
            Noun::Vector(Vector { kind: Kind::Boolean, items: Items::U8(flags), .. }) => {
                if flags.len() != rows.as_ref().map_or(count, Vec::len) {
                    return Err(Fault::LENGTH);
                }
                let mut kept = self.compress(flags.len(), |at| flags.get(at).is_some_and(|&flag| flag != 0))?;
                if let Some(rows) = rows {
                    for at in &mut kept {
                        *at = rows.get(*at).copied().unwrap_or(usize::MAX);
                    }
                }
                Ok(Some(kept))
            }
            Noun::Atom(Atom { kind: Kind::Boolean, .. }) if super::eval::truth(holds)? => Ok(rows),
            Noun::Atom(Atom { kind: Kind::Boolean, .. }) => Ok(Some(Vec::new())),
            Noun::List(list) if list.items().is_empty() => Ok(Some(Vec::new())),
            Noun::Vector(_) if holds.len() == 0 => Ok(Some(Vec::new())),
            Noun::Vector(_) => Err(Fault::nyi("where of numbers")),
            _ => Err(Fault::TYPE),
        }
    }

    /// The numbers below `count` for which `holds` is true.
    fn compress(&mut self, count: usize, holds: impl Fn(usize) -> bool) -> R<Vec<usize>> {
        let mut kept = Vec::new();
        let mut block = [0; BLOCK];
        let mut from = 0;
        while from < count {
            let to = count.min(from + BLOCK);
            let mut found = 0;
            for at in from..to {
                // Branch-free: always stores, and advances only if the test holds.
                if let Some(place) = block.get_mut(found) {
                    *place = at;
                }
                found += usize::from(holds(at));
            }
            self.grow(&mut kept, found)?;
            kept.extend_from_slice(block.get(..found).unwrap_or_default());
            self.charge((to - from) / 2)?;
            from = to;
        }
        Ok(kept)
    }

    /// Fast path: compares a column with an atom of its kind, without an intermediate vector of flags.
    fn compare_column(
        &mut self,
        table: &Table,
        condition: &Noun,
        rows: Option<&[usize]>,
        locals: bool,
    ) -> R<Option<Vec<usize>>> {
        let Noun::List(list) = condition else { return Ok(None) };
        let [Noun::Func(Func::Verb(verb)), left, right] = list.items() else { return Ok(None) };
        let Some(test) = Test::named(verb.name) else { return Ok(None) };
        let column = |tree: &Noun| tree.as_sym().filter(|_| tree.is_atom()).and_then(|name| table.column(name));
        let (column, other, test) = match (column(left), column(right)) {
            (Some(column), None) => (column, right, test),
            (None, Some(column)) => (column, left, test.mirrored()),
            _ => return Ok(None),
        };
        let Noun::Vector(vector) = column else { return Ok(None) };
        // The other side must not depend on rows: a constant, or a name that is not a column.
        let constant = match other {
            Noun::Atom(Atom { kind: Kind::Symbol, .. }) => {
                let mut scope = Scope::of(table, Some(&[]), locals);
                self.eval_tree(other, &mut scope)?
            }
            Noun::Atom(_) => other.clone(),
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) if other.len() == 1 => other.at(0),
            _ => return Ok(None),
        };
        let Noun::Atom(atom) = constant else { return Ok(None) };
        if atom.kind != vector.kind {
            return Ok(None);
        }
        match &vector.items {
            Items::Sym(items) if matches!(test, Test::Equal | Test::Unequal) => {
                self.test_lane(items, &atom, test, rows)
            }
            Items::U8(items) => self.test_lane(items, &atom, test, rows),
            Items::I16(items) => self.test_lane(items, &atom, test, rows),
            Items::I32(items) => self.test_lane(items, &atom, test, rows),
            Items::I64(items) => self.test_lane(items, &atom, test, rows),
            _ => Ok(None),
        }
    }

    fn test_lane<T: Lane + PartialOrd>(
        &mut self,
        items: &[T],
        atom: &Atom,
        test: Test,
        rows: Option<&[usize]>,
    ) -> R<Option<Vec<usize>>> {
        let Some(other) = T::from_item(atom.item) else { return Ok(None) };
        match test {
            Test::Equal => self.test_rows(items, rows, |item| item == other),
            Test::Unequal => self.test_rows(items, rows, |item| item != other),
            Test::Less => self.test_rows(items, rows, |item| item < other),
            Test::AtMost => self.test_rows(items, rows, |item| item <= other),
            Test::More => self.test_rows(items, rows, |item| item > other),
            Test::AtLeast => self.test_rows(items, rows, |item| item >= other),
        }
        .map(Some)
    }

    fn test_rows<T: Copy>(&mut self, items: &[T], rows: Option<&[usize]>, test: impl Fn(T) -> bool) -> R<Vec<usize>> {
        match rows {
            None => self.compress(items.len(), |at| items.get(at).is_some_and(|&item| test(item))),
            Some(rows) => {
                let holds = |at: usize| rows.get(at).and_then(|&row| items.get(row)).is_some_and(|&item| test(item));
                let mut kept = self.compress(rows.len(), holds)?;
                for at in &mut kept {
                    *at = rows.get(*at).copied().unwrap_or(usize::MAX);
                }
                Ok(kept)
            }
        }
    }
}
