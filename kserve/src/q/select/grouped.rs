//! Expressions over groups: all groups at once where possible, otherwise one by one.

use super::empty_like;
use crate::q::build;
use crate::q::fault::{Fault, R};
use crate::q::func::Func;
use crate::q::group::Groups;
use crate::q::noun::{Atom, List, Noun, Vector};
use crate::q::scope::Scope;
use crate::q::verb::Verb;
use crate::q::vm::Vm;
use kcodec::Kind;

/// The value of an expression over groups.
pub(crate) enum Grouped {
    /// One item per row.
    Rows(Noun),
    /// One item per group, in the order of the keys.
    Groups(Noun),
    /// The same value for all rows.
    Constant(Noun),
}

/// Atomic verbs: applied to whole columns, they give the same items as applied to each group.
const ATOMIC: &[&str] = &[
    "+",
    "-",
    "*",
    "%",
    "=",
    "<>",
    "<",
    ">",
    "<=",
    ">=",
    "&",
    "|",
    "and",
    "or",
    "neg",
    "abs",
    "not",
    "null",
    "div",
    "mod",
    "xbar",
    "floor",
    "ceiling",
    "sqrt",
    "exp",
    "log",
    "signum",
    "reciprocal",
    "xexp",
    "xlog",
    "sin",
    "cos",
];

impl Vm<'_> {
    /// The value of an expression per group, in the order of the keys.
    pub(super) fn by_group(&mut self, tree: &Noun, scope: &mut Scope<'_>, groups: &Groups) -> R {
        match self.grouped(tree, scope, groups)? {
            Some(Grouped::Groups(values)) => Ok(values),
            Some(Grouped::Constant(value)) => self.repeat(&value, groups.count()),
            Some(Grouped::Rows(values)) if groups.count() > 0 => {
                let (rows, ends) = groups.rows(self)?;
                let mut lists = self.vec(groups.count())?;
                for &group in &groups.order {
                    lists.push(self.gather(&values, rows_of_group(&rows, &ends, group))?);
                }
                List::raw(lists)
            }
            _ if groups.count() == 0 => {
                // Without groups, the result has the type of the expression over no rows.
                let table = scope.table.ok_or(Fault::TYPE)?;
                let value = self.eval_tree(tree, &mut Scope::of(table, Some(&[]), scope.locals))?;
                Ok(empty_like(&value))
            }
            _ => {
                let values = self.each_group(tree, scope, groups)?;
                build::tidy(values)
            }
        }
    }

    /// Slow path: evaluates an expression once per group, in the order of the keys.
    pub(crate) fn each_group(&mut self, tree: &Noun, scope: &Scope<'_>, groups: &Groups) -> R<Vec<Noun>> {
        let Some(table) = scope.table else { return Err(Fault::TYPE) };
        let (mut rows, ends) = groups.rows(self)?;
        if let Some(shown) = scope.rows() {
            for row in &mut rows {
                *row = shown.get(*row).copied().unwrap_or(usize::MAX);
            }
        }
        let mut values = self.vec(groups.count())?;
        let mut inner = Scope::of(table, None, scope.locals);
        for &group in &groups.order {
            self.charge(64)?;
            inner.select_rows(rows_of_group(&rows, &ends, group));
            values.push(self.eval_tree(tree, &mut inner)?);
        }
        Ok(values)
    }

    /// Fast path: evaluates an expression for all groups at once. `None` if that could differ from evaluation per
    /// group.
    pub(crate) fn grouped(&mut self, tree: &Noun, scope: &mut Scope<'_>, groups: &Groups) -> R<Option<Grouped>> {
        let items = match tree {
            Noun::Atom(Atom { kind: Kind::Symbol, .. }) => {
                let name = tree.as_sym().unwrap_or_default();
                if let Some(column) = self.scope_column(name, scope)? {
                    return Ok(Some(Grouped::Rows(column)));
                }
                let value = self.eval_tree(tree, scope)?;
                return Ok(value.is_atom().then_some(Grouped::Constant(value)));
            }
            Noun::Atom(_) => return Ok(Some(Grouped::Constant(tree.clone()))),
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) if tree.len() == 1 => {
                return Ok(Some(Grouped::Constant(tree.at(0))));
            }
            Noun::List(list) => list.items(),
            _ => return Ok(None),
        };
        let [Noun::Func(Func::Verb(verb)), args @ ..] = items else { return Ok(None) };
        match (verb.name, args) {
            ("count", [of]) => Ok(match self.grouped(of, scope, groups)? {
                Some(Grouped::Rows(_)) => Some(Grouped::Groups(self.counts(groups)?)),
                _ => None,
            }),
            ("sum" | "avg" | "min" | "max" | "first" | "last", [of]) => {
                let Some(Grouped::Rows(column)) = self.grouped(of, scope, groups)? else { return Ok(None) };
                Ok(self.aggregate(verb.name, &column, groups)?.map(Grouped::Groups))
            }
            ("wavg", [weights, of]) => {
                let Some(Grouped::Rows(column)) = self.grouped(of, scope, groups)? else { return Ok(None) };
                let Some(Grouped::Rows(weights)) = self.grouped(weights, scope, groups)? else { return Ok(None) };
                Ok(self.weighted(&weights, &column, groups)?.map(Grouped::Groups))
            }
            (name, [_] | [_, _]) if ATOMIC.contains(&name) => self.grouped_atomic(verb, args, scope, groups),
            _ => Ok(None),
        }
    }

    fn grouped_atomic(
        &mut self,
        verb: &'static Verb,
        args: &[Noun],
        scope: &mut Scope<'_>,
        groups: &Groups,
    ) -> R<Option<Grouped>> {
        let mut values = self.vec(args.len())?;
        for arg in args.iter().rev() {
            let Some(value) = self.grouped(arg, scope, groups)? else { return Ok(None) };
            values.push(value);
        }
        values.reverse();
        let by_row = values.iter().any(|value| matches!(value, Grouped::Rows(_)));
        let by_group = values.iter().any(|value| matches!(value, Grouped::Groups(_)));
        let mut nouns = self.vec(values.len())?;
        for value in values {
            nouns.push(match value {
                Grouped::Groups(values) if by_row => self.expand_to_rows(&values, groups)?,
                Grouped::Rows(noun) | Grouped::Groups(noun) | Grouped::Constant(noun) => noun,
            });
        }
        let value = verb.apply(self, nouns)?;
        Ok(Some(match (by_row, by_group) {
            (true, _) => Grouped::Rows(value),
            (_, true) => Grouped::Groups(value),
            _ => Grouped::Constant(value),
        }))
    }

    /// Expands values per group, in the order of the keys, to one item per row.
    pub(crate) fn expand_to_rows(&mut self, values: &Noun, groups: &Groups) -> R {
        let mut places = self.vec(groups.numbers())?;
        places.resize(groups.numbers(), usize::MAX);
        for (place, &group) in groups.order.iter().enumerate() {
            if let Some(entry) = places.get_mut(group) {
                *entry = place;
            }
        }
        let mut rows = self.vec(groups.ids().len())?;
        rows.extend(groups.ids().iter().map(|&id| places.get(id as usize).copied().unwrap_or(usize::MAX)));
        self.gather(values, &rows)
    }
}

/// The rows of one group.
pub(crate) fn rows_of_group<'a>(rows: &'a [usize], ends: &[usize], group: usize) -> &'a [usize] {
    debug_assert!(group < ends.len(), "`ends` has an entry for each group number");
    let end = ends.get(group).copied().unwrap_or_default();
    let start = group.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    rows.get(start..end).unwrap_or_default()
}
