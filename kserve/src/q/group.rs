//! Rows by the values of some columns: groups.

use std::sync::Arc;

use super::fault::R;
use super::noun::{Items, Noun, Vector};
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;

/// Symbols whose number costs no more than numbering a few rows.
const MANY: usize = 1 << 10;

pub(crate) static VERBS: &[Verb] = &[];

/// The groups that rows belong to.
pub(crate) struct Groups {
    ids: Ids,
    /// The first row of each group by number; empty where the numbers are symbols.
    firsts: Vec<usize>,
    /// One more than the greatest number of a group.
    numbers: usize,
    /// The groups in the order of their keys.
    pub(crate) order: Vec<usize>,
}

/// The number of each row's group.
enum Ids {
    Own(Vec<u32>),
    /// Symbols are numbers already.
    Symbols(Arc<Vec<Sym>>),
}

impl Groups {
    /// The group of each row.
    pub(crate) fn ids(&self) -> &[u32] {
        match &self.ids {
            Ids::Own(ids) => ids,
            Ids::Symbols(symbols) => bytemuck::cast_slice(symbols),
        }
    }

    /// Takes off the rows from one on, and gives the groups of those.
    pub(crate) fn split_off(&mut self, row: usize) -> Vec<u32> {
        let mut ids = match std::mem::replace(&mut self.ids, Ids::Own(Vec::new())) {
            Ids::Own(ids) => ids,
            Ids::Symbols(symbols) => bytemuck::cast_slice(&symbols).to_vec(),
        };
        let left = ids.split_off(row.min(ids.len()));
        self.ids = Ids::Own(ids);
        left
    }

    /// One more than the greatest number of a group.
    pub(crate) const fn numbers(&self) -> usize {
        self.numbers
    }

    /// How many groups there are.
    pub(crate) fn count(&self) -> usize {
        self.order.len()
    }

    /// The symbols that groups are numbered by, in the order of the keys.
    pub(crate) fn symbols(&self) -> Option<Vec<Sym>> {
        match self.ids {
            Ids::Own(_) => None,
            Ids::Symbols(_) => {
                Some(self.order.iter().filter_map(|&group| u32::try_from(group).ok()).map(bytemuck::cast).collect())
            }
        }
    }

    /// The first row of each group by number, where groups are numbered as they appear.
    pub(crate) fn as_met(&self) -> &[usize] {
        debug_assert!(matches!(self.ids, Ids::Own(_)), "symbols are numbered as they are");
        &self.firsts
    }

    /// The first row of each group, in the order of the keys.
    pub(crate) fn first_rows(&self, vm: &mut Vm<'_>) -> R<Vec<usize>> {
        match self.ids {
            Ids::Own(_) => Ok(self.in_order(&self.firsts)),
            Ids::Symbols(_) => self.marked(vm, self.ids().iter().enumerate().rev()),
        }
    }

    /// The last row of each group, in the order of the keys.
    pub(crate) fn last_rows(&self, vm: &mut Vm<'_>) -> R<Vec<usize>> {
        self.marked(vm, self.ids().iter().enumerate())
    }

    /// The row of each group that comes last in an order of all rows.
    fn marked<'a>(&self, vm: &mut Vm<'_>, rows: impl Iterator<Item = (usize, &'a u32)>) -> R<Vec<usize>> {
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

    /// What stands at the numbers of the groups, in the order of the keys.
    pub(crate) fn in_order<T: Copy>(&self, items: &[T]) -> Vec<T> {
        self.order.iter().filter_map(|&group| items.get(group).copied()).collect()
    }

    /// The rows of each group one after the other, and where each group's end, by number.
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
    /// Groups rows by the values in columns of equal count, at least one.
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

    /// Groups numbered as their symbols are: no list of numbers is made.
    fn group_symbols(&mut self, symbols: &Arc<Vec<Sym>>) -> R<Groups> {
        self.charge(symbols.len())?;
        let numbers = self.q.symbols.len();
        let mut seen: Vec<u8> = self.vec(numbers)?;
        seen.resize(numbers, 0);
        for symbol in symbols.iter() {
            // A store without a question.
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

    /// Groups that stay in the order of their appearance.
    pub(crate) fn groups_as_met(&mut self, columns: &[Noun]) -> R<Groups> {
        let numbered = self.numbered_columns(columns)?;
        let order = (0..numbered.firsts.len()).collect();
        let numbers = numbered.firsts.len();
        Ok(Groups { ids: Ids::Own(numbered.numbers), firsts: numbered.firsts, numbers, order })
    }
}
