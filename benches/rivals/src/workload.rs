//! The workloads as values that borrow Rust data.

use kcodec::{List, Slice, Table, Timespan, Value, Vector};
use kcorpus::workload::{self, Trade};

/// A name, and a function that creates the data, passes a value that borrows it to a closure, and drops the data.
pub(crate) type Workload = (&'static str, fn(&mut dyn FnMut(Value<'_>)));

const TRADE: Workload = ("trade", |lend| trade(workload::trade(workload::TRADE), lend));

/// Workloads to decode and encode.
pub(crate) const ALL: [Workload; 8] = [
    ("longs", |lend| lend((&workload::longs(workload::LONGS)).into())),
    ("floats", |lend| lend((&workload::floats(workload::FLOATS)).into())),
    ("symbols", |lend| symbols(&workload::symbols(workload::SYMBOLS), lend)),
    ("symbols_unique", |lend| symbols(&workload::symbols_unique(workload::SYMBOLS_UNIQUE), lend)),
    TRADE,
    ("trade10", |lend| trade(workload::trade(workload::TRADE10), lend)),
    ("int_atoms", int_atoms),
    ("strings", strings),
];

/// Workloads that halve when compressed.
pub(crate) const HALVING: [Workload; 2] = [
    ("trade_sorted", |lend| trade(workload::trade_sorted(workload::TRADE_SORTED), lend)),
    ("longs_small", |lend| lend((&workload::longs_small(workload::LONGS_SMALL)).into())),
];

/// Workloads that do not.
pub(crate) const DENSE: [Workload; 1] = [TRADE];

fn symbols(names: &[String], lend: &mut dyn FnMut(Value<'_>)) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    lend(Value::symbols(&names));
}

fn int_atoms(lend: &mut dyn FnMut(Value<'_>)) {
    let items: Vec<Value<'_>> = workload::int_atoms(workload::INT_ATOMS).into_iter().map(Value::from).collect();
    lend((&items).into());
}

fn strings(lend: &mut dyn FnMut(Value<'_>)) {
    lend(List::strings(&workload::strings(workload::STRINGS)).into());
}

fn trade(trade: Trade, lend: &mut dyn FnMut(Value<'_>)) {
    let time: Vec<Timespan> = trade.time.into_iter().map(Timespan).collect();
    let sym: Vec<&str> = trade.sym.iter().map(String::as_str).collect();
    let columns = [
        (&time).into(),
        Value::symbols(&sym),
        (&trade.price).into(),
        (&trade.size).into(),
        Value::Vector(Vector::Char(Slice::new(&trade.ex))),
    ];
    let table = Table::new(&["time", "sym", "price", "size", "ex"], &columns);
    lend(table.unwrap_or_else(|error| panic!("{error}")).into());
}
