//! Operations that are documented not to allocate must not allocate.

use allocation_counter::measure;
use kbench::{SMALL, Small};
use kcodec::{
    Capability, Slice, Symbol, Table, Threshold, Value, Vector, compress, decompress_into, decompress_to_slice,
};
use kcorpus::workload::trade;

#[test]
fn small_messages_do_not_allocate() {
    for Small { name, make } in SMALL {
        let mut step = make();
        assert_ne!(step(), 0, "{name}");
        let taken = measure(|| {
            for _ in 0..100 {
                step();
            }
        });
        assert_eq!(taken.count_total, 0, "{name}: {taken:?}");
    }
}

/// Visits everything in a value.
fn walk(value: Value<'_>) -> usize {
    match value {
        Value::Vector(Vector::Symbol(symbols)) => symbols.iter().map(|symbol| symbol.as_bytes().len()).sum(),
        Value::Vector(vector) => (0..vector.len()).filter(|&index| vector.get(index).is_some()).count(),
        Value::List(list) => list.iter().map(walk).sum(),
        Value::Dict(dict) => walk(dict.keys()) + walk(dict.values()),
        Value::Table(table) => table.columns().map(|(name, column)| name.as_bytes().len() + walk(column)).sum(),
        _ => 1,
    }
}

#[test]
fn decoding_and_walking_do_not_allocate() {
    let data = trade(1000);
    let names: Vec<&str> = data.sym.iter().map(String::as_str).collect();
    let texts: Vec<Value<'_>> = names.iter().map(|name| Value::from(*name)).collect();
    let columns = [Value::symbols(&names), (&data.price).into(), (&texts).into()];
    let table = Table::new(&["sym", "price", "note"], &columns).unwrap();
    let (keys, values) = (Value::from(table), Value::from(table));
    let keyed = kcodec::Dict::new(&keys, &values).unwrap();
    let items = [keyed.into(), 1_i64.into(), Value::symbol("s"), Value::NULL, "text".into()];
    let mut body = Vec::new();
    Value::from(&items).encode(&mut body).unwrap();
    let taken = measure(|| {
        let value = Value::decode(&body).unwrap();
        assert_eq!(walk(value), walk(Value::from(&items)));
        assert!(value == Value::from(&items));
    });
    assert_eq!(taken.count_total, 0, "{taken:?}");
}

#[test]
fn compression_into_warm_buffers_does_not_allocate() {
    let body = Value::from(&vec![7_i64; 100_000]).gather(Capability::MAX).unwrap().iter().collect::<Vec<_>>().concat();
    let (mut stream, mut out) = (Vec::with_capacity(body.len()), Vec::with_capacity(body.len()));
    let mut place = vec![0; body.len()];
    let taken = measure(|| {
        let kind = compress(&body, Threshold::Body, &mut stream).unwrap();
        decompress_into(&stream, kind, false, body.len(), &mut out).unwrap();
        decompress_to_slice(&stream, kind, false, &mut place).unwrap();
    });
    assert_eq!((&out, &place), (&body, &body));
    assert_eq!(taken.count_total, 0, "{taken:?}");
}

#[test]
fn encoding_into_a_warm_buffer_does_not_allocate() {
    let data = trade(10_000);
    let names: Vec<&str> = data.sym.iter().map(String::as_str).collect();
    let symbols: Vec<Symbol<'_>> = names.iter().copied().map(Symbol::new).collect();
    let letters = Value::Vector(Vector::Char(Slice::new(&data.ex)));
    let columns = [Value::symbols(&names), Value::symbols(&symbols), (&data.price).into(), letters];
    let table = Value::from(Table::new(&["sym", "again", "price", "ex"], &columns).unwrap());
    let mut out = Vec::new();
    table.encode(&mut out).unwrap();
    let taken = measure(|| {
        out.clear();
        table.encode(&mut out).unwrap();
    });
    assert_eq!(taken.count_total, 0, "{taken:?}");
}
