//! Groups rows by the values of some columns.

use std::sync::Arc;

use super::fault::R;
use super::noun::{Items, Noun, Vector};
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;

/// If there are at most this many symbols, their numbers are used as group numbers regardless of the row count.
const MANY: usize = 1 << 10;

pub(crate) static VERBS: &[Verb] = &[];

/// Rows divided into groups. Each group has a number; the numbers may have gaps.
pub(crate) struct Groups {
    ids: Ids,
    /// The first row of each group, by number. Empty if the numbers are those of symbols.
    firsts: Vec<usize>,
    /// One more than the greatest group number.
    numbers: usize,
    /// The group numbers in the order of their keys.
    pub(crate) order: Vec<usize>,
}

/// The group number of each row.
enum Ids {
    Own(Vec<u32>),
    /// The numbers of the symbols serve as group numbers.
    Symbols(Arc<Vec<Sym>>),
}

impl Groups {
    /// The group number of each row.
    pub(crate) fn ids(&self) -> &[u32] {
        match &self.ids {
            Ids::Own(ids) => ids,
            Ids::Symbols(symbols) => bytemuck::cast_slice(symbols),
        }
    }

    /// Removes the rows from `row` on and returns their group numbers.
    pub(crate) fn split_off(&mut self, row: usize) -> Vec<u32> {
        let mut ids = match std::mem::replace(&mut self.ids, Ids::Own(Vec::new())) {
            Ids::Own(ids) => ids,
            Ids::Symbols(symbols) => bytemuck::cast_slice(&symbols).to_vec(),
        };
        let left = ids.split_off(row.min(ids.len()));
        self.ids = Ids::Own(ids);
        left
    }

    /// One more than the greatest group number.
    pub(crate) const fn numbers(&self) -> usize {
        self.numbers
    }

    /// Number of groups.
    pub(crate) fn count(&self) -> usize {
        self.order.len()
    }

    /// The key symbols in order, if symbols serve as group numbers.
    pub(crate) fn symbols(&self) -> Option<Vec<Sym>> {
        match self.ids {
            Ids::Own(_) => None,
            Ids::Symbols(_) => {
                Some(self.order.iter().filter_map(|&group| u32::try_from(group).ok()).map(bytemuck::cast).collect())
            }
        }
    }

    /// The first row of each group by number. Only for groups numbered by appearance.
    pub(crate) fn firsts(&self) -> &[usize] {
        debug_assert!(matches!(self.ids, Ids::Own(_)), "symbols are numbered as they are");
        &self.firsts
    }

    /// The first row of each group, in the order of the keys.
    pub(crate) fn first_rows(&self, vm: &mut Vm<'_>) -> R<Vec<usize>> {
        match self.ids {
            Ids::Own(_) => Ok(self.in_order(&self.firsts)),
            Ids::Symbols(_) => self.last_rows_in(vm, self.ids().iter().enumerate().rev()),
        }
    }

    /// The last row of each group, in the order of the keys.
    pub(crate) fn last_rows(&self, vm: &mut Vm<'_>) -> R<Vec<usize>> {
        self.last_rows_in(vm, self.ids().iter().enumerate())
    }

    /// For each group its last row in the given order of rows.
    fn last_rows_in<'a>(&self, vm: &mut Vm<'_>, rows: impl Iterator<Item = (usize, &'a u32)>) -> R<Vec<usize>> {
        let mut marks = vm.vec(self.numbers())?;
        marks.resize(self.numbers(), usize::MAX);
        vm.charge(self.ids().len())?;
        for (row, &id) in rows {
            if let Some(mark) = marks.get_mut(id as usize) {
                *mark = row;
            }
        }
        Ok(self.in_order(&marks))
    }

    /// Selects the items at the group numbers, in the order of the keys.
    pub(crate) fn in_order<T: Copy>(&self, items: &[T]) -> Vec<T> {
        self.order.iter().filter_map(|&group| items.get(group).copied()).collect()
    }

    /// The rows of all groups, one group after the other, and the end of each group's range, by number. A counting
    /// sort.
    pub(crate) fn rows(&self, vm: &mut Vm<'_>) -> R<(Vec<usize>, Vec<usize>)> {
        let mut ends = vm.vec::<usize>(self.numbers() + 1)?;
        ends.resize(self.numbers(), 0);
        for &id in self.ids() {
            if let Some(count) = ends.get_mut(id as usize) {
                *count += 1;
            }
        }
        let mut next = vm.vec::<usize>(ends.len())?;
        let mut sum = 0;
        for end in &mut ends {
            next.push(sum);
            sum += *end;
            *end = sum;
        }
        let mut rows = vm.vec::<usize>(self.ids().len())?;
        rows.resize(self.ids().len(), 0);
        for (row, &id) in self.ids().iter().enumerate() {
            if let Some(next) = next.get_mut(id as usize) {
                if let Some(place) = rows.get_mut(*next) {
                    *place = row;
                }
                *next += 1;
            }
        }
        Ok((rows, ends))
    }
}

impl Vm<'_> {
    /// Groups rows by the values of columns, which must have equal length. At least one column is required.
    pub(crate) fn group_rows(&mut self, columns: &[Noun]) -> R<Groups> {
        if let [Noun::Vector(Vector { items: Items::Sym(symbols), .. })] = columns
            && self.q.symbols.len() <= MANY.max(symbols.len() / 4)
        {
            return self.group_symbols(symbols);
        }
        let numbered = self.numbered_columns(columns)?;
        let heads: R<Vec<Noun>> = columns.iter().map(|column| self.gather(column, &numbered.firsts)).collect();
        let order = self.grade_columns(&heads?, false)?;
        let numbers = numbered.firsts.len();
        Ok(Groups { ids: Ids::Own(numbered.numbers), firsts: numbered.firsts, numbers, order })
    }

    /// Fast path: symbol numbers serve as group numbers, so that no vector of numbers is built.
    fn group_symbols(&mut self, symbols: &Arc<Vec<Sym>>) -> R<Groups> {
        self.charge(symbols.len())?;
        let numbers = self.q.symbols.len();
        let mut seen: Vec<u8> = self.vec(numbers)?;
        seen.resize(numbers, 0);
        for symbol in symbols.iter() {
            // Branch-free: an unconditional store.
            if let Some(seen) = seen.get_mut(symbol.index()) {
                *seen = 1;
            }
        }
        let found: Vec<Sym> =
            (0_u32..).zip(seen).filter(|(_, seen)| *seen == 1).map(|(at, _)| bytemuck::cast(at)).collect();
        let order = self.grade_columns(&[Noun::syms(found.clone())], false)?;
        let order = order.iter().filter_map(|&at| found.get(at).map(|symbol| symbol.index())).collect();
        Ok(Groups { ids: Ids::Symbols(symbols.clone()), firsts: Vec::new(), numbers, order })
    }

    /// Groups in order of first appearance.
    pub(crate) fn groups_by_appearance(&mut self, columns: &[Noun]) -> R<Groups> {
        let numbered = self.numbered_columns(columns)?;
        let order = (0..numbered.firsts.len()).collect();
        let numbers = numbered.firsts.len();
        Ok(Groups { ids: Ids::Own(numbered.numbers), firsts: numbered.firsts, numbers, order })
    }
}
