//! Operations on views in place, against plain Rust on slices.

use std::time::Instant;

use kcodec::{List, Slice, Symbols, Value, Vector};
use kcorpus::workload::{FLOATS, INT_ATOMS, SYMBOLS, symbols as names};

use crate::{Case, Timed, timed, workload};

/// The floats of a body.
fn floats(buffer: &[u8]) -> Slice<'_, f64> {
    match Value::decode(buffer) {
        Ok(Value::Vector(Vector::Float(items))) => items,
        other => panic!("{other:?}"),
    }
}

fn symbols(body: &[u8]) -> Symbols<'_> {
    match Value::decode(body) {
        Ok(Value::Vector(Vector::Symbol(symbols))) => symbols,
        other => panic!("{other:?}"),
    }
}

fn list(body: &[u8]) -> List<'_> {
    match Value::decode(body) {
        Ok(Value::List(list)) => list,
        other => panic!("{other:?}"),
    }
}

/// A sum over misaligned items, against the aligned slice.
pub(super) fn sum() -> Case {
    let native = workload::floats();
    let (buffer, start) = workload::misaligned(&workload::body(&native));
    let items = floats(&buffer[start..]);
    assert!(items.as_slice().is_none() && items.sum() == Slice::new(&native).sum());
    assert!((items.sum() / native.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let ours = timed(move || floats(&buffer[start..]).sum());
    Case { ours, yard: timed(move || Slice::new(&native).sum()) }
}

/// A copy of misaligned items into warm memory.
pub(super) fn copy() -> Case {
    let native = workload::floats();
    let (buffer, start) = workload::misaligned(&workload::body(&native));
    let (mut target, mut other) = (vec![0.0; FLOATS], vec![0.0; FLOATS]);
    assert_eq!(floats(&buffer[start..]).copy_to_slice(&mut target), FLOATS);
    assert!(target == native);
    let ours = timed(move || floats(&buffer[start..]).copy_to_slice(&mut target));
    Case { ours, yard: timed(move || other.copy_from_slice(&native)) }
}

/// An operation on symbols, against a plain search for the terminators.
fn on_symbols<T>(mut run: impl FnMut(Symbols<'_>) -> T + 'static) -> Case {
    let body = workload::symbols(&names(SYMBOLS));
    let yard_body = body.clone();
    let ours: Timed = Box::new(move |runs| {
        let symbols = symbols(&body);
        let start = Instant::now();
        for _ in 0..runs {
            std::hint::black_box(run(std::hint::black_box(symbols)));
        }
        start.elapsed()
    });
    let yard = timed(move || {
        let mut ends: Vec<u32> = Vec::with_capacity(SYMBOLS);
        ends.extend(yard_body[6..].iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at as u32));
        ends
    });
    Case { ours, yard }
}

pub(super) fn symbols_index() -> Case {
    let (names, body) = (names(SYMBOLS), workload::symbols(&names(SYMBOLS)));
    let index = symbols(&body).index();
    assert!(index.iter().zip(&names).all(|(symbol, name)| symbol == name.as_str()) && index.len() == SYMBOLS);
    on_symbols(|symbols| symbols.index().len())
}

pub(super) fn symbols_iter() -> Case {
    on_symbols(|symbols| symbols.iter().map(|symbol| symbol.as_bytes().len()).sum::<usize>())
}

pub(super) fn symbols_codes() -> Case {
    let body = workload::symbols(&names(SYMBOLS));
    let (distinct, codes) = symbols(&body).to_codes();
    assert_eq!((distinct.len(), codes.len()), (1000, SYMBOLS));
    assert!(symbols(&body).iter().zip(&codes).all(|(symbol, &code)| distinct[code as usize] == symbol));
    on_symbols(|symbols| symbols.to_codes().0.len())
}

/// Indexing a list of atoms, against counting its items.
pub(super) fn list_index() -> Case {
    let body = workload::int_atoms();
    let expected = kcorpus::workload::int_atoms(INT_ATOMS);
    let index = list(&body).index();
    assert!(index.get(777) == Some(expected[777].into()) && index.len() == INT_ATOMS);
    let yard_body = body.clone();
    let ours = timed(move || list(&body).index().len());
    Case { ours, yard: timed(move || list(&yard_body).len()) }
}
