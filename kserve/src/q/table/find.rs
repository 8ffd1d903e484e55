//! Finds the rows of one table in another.

use std::sync::Arc;

use crate::q::enumeration::is_enumeration;
use crate::q::fault::R;
use crate::q::noun::{self, Atom, Noun};
use crate::q::vm::Vm;

impl Vm<'_> {
    /// For each row of `y` the position of an equal row in `x`; `usize::MAX` if there is none. Both must be columns
    /// of equal length.
    pub(crate) fn match_rows(&mut self, x: &[Noun], y: &[Noun]) -> R<Vec<usize>> {
        if x.iter().chain(y).any(is_enumeration) {
            let (x, y) = (self.plain_all(x)?, self.plain_all(y)?);
            return self.match_rows(&x, &y);
        }
        let (left, right) = (x.first().map_or(0, Noun::len), y.first().map_or(0, Noun::len));
        if right <= FEW {
            return (0..right).map(|row| self.match_row(x, y, row, left)).collect();
        }
        let mut both = self.vec(x.len())?;
        for (x, y) in x.iter().zip(y) {
            both.push(self.concatenated(x, y)?);
        }
        let groups = self.groups_by_appearance(&both)?;
        let mut found = self.vec(right)?;
        found.extend(
            groups.ids().iter().skip(left).map(|&id| {
                groups.firsts().get(id as usize).copied().filter(|&first| first < left).unwrap_or(usize::MAX)
            }),
        );
        Ok(found)
    }

    /// The same for one row, without grouping all rows.
    fn match_row(&mut self, x: &[Noun], y: &[Noun], row: usize, count: usize) -> R<usize> {
        let Some((first, others)) = x.split_first() else { return Ok(usize::MAX) };
        let item = y.first().map_or(Noun::Null, |y| y.at(row));
        let mut from = 0;
        while from < count {
            let Some(at) = self.next_equal(first, &item, from)? else { break };
            let mut alike = true;
            for (x, y) in others.iter().zip(y.iter().skip(1)) {
                alike = alike && self.matches(&x.at(at), &y.at(row))?;
            }
            if alike {
                return Ok(at);
            }
            from = at + 1;
        }
        Ok(usize::MAX)
    }

    /// The next position of an item, starting at `from`.
    fn next_equal(&mut self, list: &Noun, item: &Noun, from: usize) -> R<Option<usize>> {
        if let (Noun::Vector(vector), Noun::Atom(atom)) = (list, item) {
            if vector.kind != atom.kind {
                return Ok(None);
            }
            let at = noun::with_items!(&vector.items, items => next_item(items, atom, from));
            self.charge(at.unwrap_or(list.len()).saturating_sub(from) / 4)?;
            return Ok(at);
        }
        for at in from..list.len() {
            if self.matches(&list.at(at), item)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// Up to this many rows are looked up by linear search, which costs less than grouping all rows.
const FEW: usize = 8;

fn next_item<T: noun::Lane>(items: &Arc<Vec<T>>, atom: &Atom, from: usize) -> Option<usize> {
    let item = T::from_item(atom.item)?;
    let found = items
        .get(from..)?
        .iter()
        .position(|&found| found == item || crate::q::matches::same_item(found.item(), atom.item));
    found.map(|at| from + at)
}
