//! `!`: dicts, keyed tables, and the numbered functions.

use super::fault::{Fault, R};
use super::noun::{Atom, Dict, Item, Noun, Table};
use super::verb::{Verb, many};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[many("!", Some(16), true, bang)];

/// `x!y`, `![t;c;b;a]`
fn bang(vm: &mut Vm<'_>, mut args: Vec<Noun>) -> R {
    match args.len() {
        2 => {
            let y = args.pop().unwrap_or(Noun::Null);
            vm.bang(args.pop().unwrap_or(Noun::Null), y)
        }
        4 => vm.functional_update(args),
        _ => Err(Fault::RANK),
    }
}

impl Vm<'_> {
    fn bang(&mut self, x: Noun, y: Noun) -> R {
        match (&x, &y) {
            (Noun::Atom(Atom { kind: Kind::Symbol, item: Item::Sym(domain) }), Noun::Atom(_) | Noun::Vector(_))
                if matches!(y.kind(), Some(Kind::Short | Kind::Int | Kind::Long)) =>
            {
                self.enumerate_places(*domain, y)
            }
            (Noun::Atom(Atom { kind: Kind::Long | Kind::Int | Kind::Short, .. }), _) => {
                let number = x.as_long().ok_or(Fault::TYPE)?;
                if number < 0 {
                    return match number {
                        -25 => self.broadcast(&y),
                        -26 => self.tls_settings(&y),
                        -30 => self.deferred(&y),
                        -38 => self.sockets(&y),
                        _ => self.bang_minus(number, y),
                    };
                }
                self.bang_keys(number, y)
            }
            (Noun::Vector(_) | Noun::List(_) | Noun::Table(_), Noun::Vector(_) | Noun::List(_) | Noun::Table(_)) => {
                Dict::new(x, y)
            }
            (Noun::Enum(_), _) | (_, Noun::Enum(_)) if x.is_list() && y.is_list() => Dict::new(x, y),
            (Noun::Vector(_) | Noun::List(_), Noun::Atom(_)) => Err(Fault::LENGTH),
            _ => Err(Fault::TYPE),
        }
    }

    /// `n!t`: a table whose first `n` columns are keys; of a name, in place.
    fn bang_keys(&mut self, count: i64, y: Noun) -> R {
        let count = usize::try_from(count).map_err(|_| Fault::LENGTH)?;
        if let Some(name) = y.as_sym().filter(|_| y.is_atom()) {
            let value = self.global(name)?;
            let keyed = self.bang_keys(i64::try_from(count).unwrap_or(i64::MAX), value)?;
            self.define(name, keyed)?;
            return Ok(y);
        }
        let (table, _) = self.flat(&y)?;
        if count == 0 { Ok(Noun::Table(table)) } else { self.key_table(Noun::Table(table), count) }
    }

    /// Turns the first columns of a table into keys.
    pub(crate) fn key_table(&self, table: Noun, keys: usize) -> R {
        let Noun::Table(table) = table else { return Err(Fault::TYPE) };
        if keys >= table.columns().len() {
            return Err(Fault::LENGTH);
        }
        let half = |from: usize, to: usize| {
            let names = table.names().get(from..to).unwrap_or_default().to_vec();
            Table::new(std::sync::Arc::new(names), table.columns().get(from..to).unwrap_or_default().to_vec())
        };
        Dict::new(half(0, keys)?, half(keys, table.columns().len())?)
    }
}
