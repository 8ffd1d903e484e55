//! The evaluator: q-sql on a million rows, inserts and loops, against plain loops over native slices.

use std::hint::black_box;
use std::time::Instant;

use kcodec::{Body, Symbol, Value, Vector};
use kserve::q::Interpreter;

use crate::{Case, Timed, timed};

/// Rows of the queried table.
const ROWS: usize = 1_000_000;
/// Rows of the table that a large batch is inserted into.
const MANY: usize = 10_000_000;
/// Number of distinct symbols.
const NAMES: usize = 100;
/// Calls of a lambda in one request.
pub(super) const TURNS: usize = 1_000_000;
/// Rows of a batch.
pub(super) const BATCH: usize = 10;

/// The columns of a table of trades.
struct Trades {
    names: Vec<String>,
    /// Indices into `names`, which are sorted.
    syms: Vec<u32>,
    prices: Vec<f64>,
    sizes: Vec<i64>,
}

impl Trades {
    fn new(rows: usize) -> Self {
        // A linear congruential generator: the table is the same in every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        Self {
            names: (0..NAMES).map(|name| format!("S{name:03}")).collect(),
            syms: (0..rows).map(|_| next(NAMES as u64) as u32).collect(),
            prices: (0..rows).map(|_| 50.0 + next(10_000) as f64 / 100.0).collect(),
            sizes: (0..rows).map(|_| 1 + next(2000) as i64).collect(),
        }
    }

    /// An interpreter with the table `trade`.
    fn interpreter(&self) -> Interpreter {
        let mut q = Interpreter::new();
        let syms: Vec<Symbol<'_>> =
            self.syms.iter().map(|&sym| Symbol::from(self.names[sym as usize].as_str())).collect();
        for (name, body) in [
            ("sym", Body::encode(Value::Vector(Vector::Symbol(syms.as_slice().into())))),
            ("price", Body::encode(self.prices.as_slice())),
            ("size", Body::encode(self.sizes.as_slice())),
        ] {
            q.set(name, body.expect("columns encode")).expect("columns are values");
        }
        ask(&mut q, "trade:([]sym;price;size)");
        ask(&mut q, "delete sym,price,size from `.");
        q
    }
}

fn ask(q: &mut Interpreter, text: &str) -> Body {
    q.evaluate(Value::from(text)).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn timed_query(mut q: Interpreter, text: &'static str) -> Timed {
    timed(move || ask(&mut q, text))
}

/// Sums and weighted averages per symbol that occurs.
fn sums(trades: &Trades) -> (Vec<i64>, Vec<f64>) {
    let mut all = vec![(false, 0_i64, 0.0, 0.0); NAMES];
    for ((&sym, &price), &size) in trades.syms.iter().zip(&trades.prices).zip(&trades.sizes) {
        let sum = &mut all[sym as usize];
        sum.0 = true;
        sum.1 += size;
        sum.2 += size as f64;
        sum.3 += size as f64 * price;
    }
    all.iter().filter(|sum| sum.0).map(|&(_, size, weight, sum)| (size, sum / weight)).unzip()
}

pub(super) fn by_symbol() -> Case {
    let trades = Trades::new(ROWS);
    let mut q = trades.interpreter();
    let (sizes, prices) = sums(&trades);
    q.set("sizes", Body::encode(sizes.as_slice()).expect("encodes")).expect("a value");
    q.set("prices", Body::encode(prices.as_slice()).expect("encodes")).expect("a value");
    let same = "{(value[x]`size;value[x]`price)}[select sum size, size wavg price by sym from trade]~(sizes;prices)";
    assert_eq!(ask(&mut q, same).value(), Value::from(true));
    Case {
        ours: timed_query(q, "select sum size, size wavg price by sym from trade"),
        yard: timed(move || sums(&trades)),
    }
}

/// The rows of one symbol with a size over 1000.
fn filtered(trades: &Trades) -> (Vec<u32>, Vec<f64>, Vec<i64>) {
    let (mut syms, mut prices, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for ((&sym, &price), &size) in trades.syms.iter().zip(&trades.prices).zip(&trades.sizes) {
        if sym == 7 && size > 1000 {
            syms.push(sym);
            prices.push(price);
            sizes.push(size);
        }
    }
    (syms, prices, sizes)
}

pub(super) fn filter() -> Case {
    let trades = Trades::new(ROWS);
    let mut q = trades.interpreter();
    let (_, prices, sizes) = filtered(&trades);
    q.set("sizes", Body::encode(sizes.as_slice()).expect("encodes")).expect("a value");
    q.set("prices", Body::encode(prices.as_slice()).expect("encodes")).expect("a value");
    let same = "{(x`size;x`price)}[select from trade where sym=`S007,size>1000]~(sizes;prices)";
    assert_eq!(ask(&mut q, same).value(), Value::from(true));
    Case { ours: timed_query(q, "select from trade where sym=`S007,size>1000"), yard: timed(move || filtered(&trades)) }
}

/// Inserts by a message `` (`upd;`trade;(syms;prices;sizes)) ``, against appending to native vectors.
fn updates(before: usize, batch: usize) -> Case {
    let trades = Trades::new(before);
    let mut q = trades.interpreter();
    ask(&mut q, "upd:insert");
    ask(&mut q, &format!("batch:value flip {batch}#trade"));
    let count = ask(&mut q, "count upd[`trade;batch]");
    assert_eq!(count.value(), Value::from(batch as i64));
    assert_eq!(ask(&mut q, "count trade").value(), Value::from((before + batch) as i64));
    let message = ask(&mut q, "(`upd;`trade;batch)");
    let ours: Timed = Box::new(move |runs| {
        let start = Instant::now();
        for _ in 0..runs {
            black_box(q.evaluate(message.value()).expect("an insert"));
        }
        start.elapsed()
    });
    let mut native = Trades::new(before);
    let rows = Trades::new(batch);
    let yard = timed(move || {
        native.syms.extend_from_slice(&rows.syms);
        native.prices.extend_from_slice(&rows.prices);
        native.sizes.extend_from_slice(&rows.sizes);
        native.syms.len()
    });
    Case { ours, yard }
}

pub(super) fn small_updates() -> Case {
    updates(1000, BATCH)
}

pub(super) fn large_updates() -> Case {
    updates(MANY, 10_000)
}

/// Random 64-bit numbers.
fn shuffled(count: usize) -> Vec<i64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.cast_signed()
    };
    (0..count).map(|_| next()).collect()
}

pub(super) fn ascending() -> Case {
    let items = shuffled(ROWS);
    let mut sorted = items.clone();
    sorted.sort();
    let mut q = Interpreter::new();
    q.set("x", Body::encode(items.as_slice()).expect("encodes")).expect("a value");
    q.set("sorted", Body::encode(sorted.as_slice()).expect("encodes")).expect("a value");
    assert_eq!(ask(&mut q, "(asc x)~sorted").value(), Value::from(true));
    let yard = timed(move || {
        let mut own = items.clone();
        own.sort();
        own
    });
    Case { ours: timed_query(q, "count asc x"), yard }
}

/// A lambda called a million times by `/`.
pub(super) fn turns() -> Case {
    let text = "{x+1}/[1000000;0]";
    let mut q = Interpreter::new();
    assert_eq!(ask(&mut q, text).value(), Value::from(TURNS as i64));
    // `black_box`, or the compiler would replace the loop by one addition.
    let yard = timed(|| (0..black_box(TURNS)).fold(0_i64, |sum, _| black_box(sum) + 1));
    Case { ours: timed_query(q, text), yard }
}
