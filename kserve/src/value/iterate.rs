//! `f' f/ f\ f/: f\:`: a function along the items of its arguments.

use kcodec::{Body, Derived, Kind, Table, Value};

use super::Interpreter;
use super::build;
use super::fault::Fault;
use super::index::position;
use super::items::{encode, items, uniform};

/// An argument whose items are taken one by one.
enum Items<'a> {
    /// An atom or a function, the same every time.
    Same(&'a Body),
    Values(Vec<Value<'a>>),
    /// The cells of a table, column by column.
    Rows(Table<'a>, Vec<Vec<Value<'a>>>),
}

impl Items<'_> {
    /// The item at a place within the length.
    fn get(&self, place: usize) -> Result<Body, Fault> {
        match self {
            Self::Same(body) => Ok((*body).clone()),
            Self::Values(values) => encode(values.get(place).copied().unwrap_or(Value::NULL)),
            Self::Rows(table, columns) => {
                let cells: Vec<_> = columns.iter().filter_map(|column| column.get(place).copied()).collect();
                build::dict(Value::symbols(table.names()), uniform(&cells)?.value())
            }
        }
    }
}

impl Interpreter {
    /// A derived function on its arguments.
    pub(crate) fn iterate(&mut self, derived: Derived<'_>, arguments: &[Body]) -> Result<Body, Fault> {
        let function = encode(derived.function())?;
        match (derived.kind(), arguments) {
            (Kind::Each, _) => self.each(&function, arguments),
            (Kind::EachRight, [x, y]) => self.each_of(y, |q, y| q.apply(&function, vec![x.clone(), y])),
            (Kind::EachLeft, [x, y]) => self.each_of(x, |q, x| q.apply(&function, vec![x, y.clone()])),
            (Kind::Over | Kind::Scan, _) if self.rank(function.value())? == Some(1) => {
                self.again(derived.kind(), &function, arguments)
            }
            (Kind::Over, _) => self.reduce(&function, arguments, |_| {}),
            (Kind::Scan, _) => {
                let mut all = Vec::new();
                self.reduce(&function, arguments, |value| all.push(value.clone()))?;
                build::list(&mut self.budget, all)
            }
            (Kind::EachRight | Kind::EachLeft, _) => Err(Fault::RANK),
            _ => Err(Fault::NYI),
        }
    }

    /// `f each x`, `f'[x;y]`: atoms go with every item, lists go together. Of a dict, its values.
    pub(crate) fn each(&mut self, function: &Body, arguments: &[Body]) -> Result<Body, Fault> {
        if let [only] = arguments {
            return self.nest(|q| q.each_of(only, |q, item| q.apply(function, vec![item])));
        }
        let lists = arguments.iter().filter(|argument| argument.value().is_list());
        let counts: Vec<usize> = lists.map(|list| list.value().count()).collect();
        let Some(&count) = counts.first() else { return self.apply(function, arguments.to_vec()) };
        if counts.iter().any(|&other| other != count) {
            return Err(Fault::LENGTH);
        }
        let mut sources = Vec::with_capacity(arguments.len());
        for argument in arguments {
            sources.push(self.source(argument)?);
        }
        let mut all = Vec::new();
        for place in 0..count {
            let mut row = Vec::with_capacity(sources.len());
            for source in &sources {
                row.push(source.get(place)?);
            }
            all.push(self.apply(function, row)?);
        }
        build::list(&mut self.budget, all)
    }

    /// Applies a function to each item of one value; those of a dict keep their keys.
    fn each_of(
        &mut self,
        argument: &Body,
        mut function: impl FnMut(&mut Self, Body) -> Result<Body, Fault>,
    ) -> Result<Body, Fault> {
        if !argument.value().is_list() {
            return function(self, argument.clone());
        }
        let source = self.source(argument)?;
        let mut all = Vec::new();
        for place in 0..argument.value().count() {
            let item = source.get(place)?;
            all.push(function(self, item)?);
        }
        let values = build::list(&mut self.budget, all)?;
        match argument.value() {
            Value::Dict(dict) => build::dict(dict.keys(), values.value()),
            _ => Ok(values),
        }
    }

    fn source<'a>(&mut self, argument: &'a Body) -> Result<Items<'a>, Fault> {
        Ok(match argument.value() {
            Value::Table(table) => {
                let columns = table.list().iter().map(|column| items(&mut self.budget, column));
                Items::Rows(table, columns.collect::<Result<_, _>>()?)
            }
            value if value.is_list() => Items::Values(items(&mut self.budget, value)?),
            _ => Items::Same(argument),
        })
    }

    /// `f/[x]`, `f/[x;y]`: from the first item, or from x, through the others; `seen` gets each value,
    /// the first item among them.
    fn reduce(&mut self, function: &Body, arguments: &[Body], mut seen: impl FnMut(&Body)) -> Result<Body, Fault> {
        let (start, list) = match arguments {
            [list] => (None, list),
            [start, list] => (Some(start.clone()), list),
            _ => return Err(Fault::NYI),
        };
        if !list.value().is_list() {
            let value = match start {
                Some(start) => self.apply(function, vec![start, list.clone()])?,
                None => list.clone(),
            };
            seen(&value);
            return Ok(value);
        }
        let source = self.source(list)?;
        let mut so_far = start;
        for place in 0..list.value().count() {
            let item = source.get(place)?;
            let next = match so_far {
                Some(so_far) => self.apply(function, vec![so_far, item])?,
                None => item,
            };
            seen(&next);
            so_far = Some(next);
        }
        Ok(so_far.unwrap_or_else(|| list.clone()))
    }

    /// `f/[x]` of a function of one argument: again until nothing changes; `f/[n;x]`: n times.
    fn again(&mut self, kind: Kind, function: &Body, arguments: &[Body]) -> Result<Body, Fault> {
        let (times, first) = match arguments {
            [first] => (None, first),
            [times, first] => match times.value() {
                Value::Atom(times) => {
                    let times = position(times).ok_or(Fault::NYI)?;
                    (Some(times.ok_or(Fault::DOMAIN)?), first)
                }
                _ => return Err(Fault::NYI),
            },
            _ => return Err(Fault::RANK),
        };
        let (mut value, mut all) = (first.clone(), vec![first.clone()]);
        let mut left = times.unwrap_or(usize::MAX);
        while left > 0 {
            let next = self.apply(function, vec![value.clone()])?;
            if times.is_none() && (next == value || next == *first) {
                break;
            }
            if kind == Kind::Scan {
                all.push(next.clone());
            }
            value = next;
            left -= 1;
        }
        if kind == Kind::Scan { build::list(&mut self.budget, all) } else { Ok(value) }
    }
}
