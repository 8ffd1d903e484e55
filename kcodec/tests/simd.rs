//! SIMD loops against plain loops, at many lengths and alignments.

mod naive;

use std::collections::HashMap;

use kcodec::{Item, List, Number, Slice, Symbol, Symbols, Value, Vector, to_little_endian};
use naive::Form;
use proptest::collection::vec;
use proptest::prelude::*;

fn encode<'a>(value: impl Into<Value<'a>>) -> Vec<u8> {
    let mut body = Vec::new();
    value.into().encode(&mut body).unwrap();
    body
}

/// Runs `check` on the same bytes at every address modulo 64.
fn at_every_alignment(body: &[u8], mut check: impl FnMut(Value<'_>)) {
    for shift in 0..64 {
        let shifted = [vec![0; shift], body.to_vec()].concat();
        check(Value::decode(&shifted[shift..]).unwrap());
    }
}

fn symbols(value: Value<'_>) -> Symbols<'_> {
    let Value::Vector(Vector::Symbol(symbols)) = value else { panic!("{value}") };
    symbols
}

/// Texts of various lengths without NULs; some are equal.
fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = prop_oneof![
        3 => vec(1..=255_u8, 0..6),
        1 => vec(b'a'..=b'b', 0..20),
        1 => vec(1..=255_u8, 0..200),
    ];
    vec(text, 0..150)
}

fn borrowed(texts: &[Vec<u8>]) -> Vec<Symbol<'_>> {
    texts.iter().map(|text| Symbol::from_bytes(text)).collect()
}

/// As `Symbols::to_codes`, by a linear search.
fn plain_codes<'a>(symbols: &[Symbol<'a>]) -> (Vec<Symbol<'a>>, Vec<u32>) {
    let mut distinct = Vec::new();
    let codes = symbols.iter().map(|symbol| {
        let known = distinct.iter().position(|known| known == symbol);
        let code = known.unwrap_or_else(|| {
            distinct.push(*symbol);
            distinct.len() - 1
        });
        code as u32
    });
    let codes = codes.collect();
    (distinct, codes)
}

/// Compares all accessors of `found` with the expected symbols.
fn assert_symbols(found: Symbols<'_>, expected: &[Symbol<'_>]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().eq(expected.iter().copied()));
    let index = found.index();
    assert_eq!((index.len(), index.is_empty(), index.symbols()), (expected.len(), expected.is_empty(), found));
    assert!(index.iter().eq(expected.iter().copied()));
    assert!(index.iter().rev().eq(expected.iter().rev().copied()));
    for at in 0..expected.len() + 2 {
        assert_eq!(found.get(at), expected.get(at).copied());
        assert_eq!(index.get(at), expected.get(at).copied());
    }
    let mut left = found.iter();
    for after in (0..expected.len()).rev() {
        left.next();
        assert_eq!(left.len(), after);
    }
    assert_eq!((left.next(), left.next()), (None, None));
}

proptest! {
    #[test]
    fn symbols_are_iterated_indexed_and_encoded_as_codes(texts in texts()) {
        let expected = borrowed(&texts);
        let built = Symbols::from(&expected);
        assert_symbols(built, &expected);
        prop_assert_eq!(built.to_codes(), plain_codes(&expected));
        let body = encode(Value::symbols(built));
        // The symbols at the end of a body, and followed by another object.
        let followed = [Value::symbols(built), 1_i64.into()];
        for body in [body, encode(&followed)] {
            let mut shifted = vec![0; texts.len() % 64];
            let shift = shifted.len();
            shifted.extend(&body);
            let found = match Value::decode(&shifted[shift..]).unwrap() {
                Value::List(list) => list.get(0).unwrap(),
                value => value,
            };
            assert_symbols(symbols(found), &expected);
            prop_assert_eq!(symbols(found).to_codes(), plain_codes(&expected));
        }
    }

    #[test]
    fn indexes_of_lists_and_tables_agree_with_iteration(tree in naive::tree(), wide_counts: bool) {
        let body = naive::encode_with(&tree, Form { big_endian: false, wide_counts });
        let value = Value::decode(&body).unwrap();
        if let Value::List(list) = value {
            assert_list(list);
        }
        if let Value::Table(table) = value {
            assert_list(table.list());
            let index = table.index();
            assert!(table.columns().eq(index.columns().iter().copied()));
            for (name, _) in table.columns() {
                if let Some(name) = name.as_str() {
                    assert_eq!(index.column(name), table.column(name));
                }
            }
        }
    }

    #[test]
    fn big_endian_vectors_are_converted(
        code in prop_oneof![Just(5_u8), Just(6), Just(9), Just(2)],
        bytes in vec(any::<u8>(), 0..3000),
    ) {
        let width = match code { 5 => 2, 6 => 4, 9 => 8, _ => 16 };
        let count = (bytes.len() / width) as u32;
        let items = &bytes[..count as usize * width];
        let mut big = [&[code, 0][..], &count.to_be_bytes(), items].concat();
        to_little_endian(&mut big, kcodec::Limits::default());
        let converted: Vec<u8> = match code {
            2 => items.to_vec(),
            _ => items.chunks(width).flat_map(|item| item.iter().rev().copied()).collect(),
        };
        prop_assert_eq!(big, [&[code, 0][..], &count.to_le_bytes(), &converted].concat());
    }

    #[test]
    fn sums_and_extremes_of_integers(
        items in vec(prop_oneof![any::<i32>(), Just(i32::MIN), Just(i32::MAX), -5..5], 0..200),
    ) {
        assert_integers(&items);
        assert_integers(&items.iter().map(|&item| item as i16).collect::<Vec<_>>());
        assert_integers(&items.iter().map(|&item| i64::from(item) << 32).collect::<Vec<_>>());
        assert_integers(&items.iter().map(|&item| item as u8).collect::<Vec<_>>());
        assert_integers(&items.iter().map(|&item| item % 2 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn sums_and_extremes_of_floats(items in vec(prop_oneof![
        (-1000..1000).prop_map(f64::from), Just(f64::NAN), Just(-f64::NAN), Just(0.0), Just(-0.0), Just(f64::INFINITY),
    ], 0..200)) {
        let sum: f64 = items.iter().filter(|item| !item.is_nan()).sum();
        let slice = Slice::new(&items);
        prop_assert_eq!(slice.sum(), sum);
        prop_assert_eq!(slice.min(), items.iter().copied().filter(|item| !item.is_nan()).reduce(f64::min));
        prop_assert_eq!(slice.max(), items.iter().copied().filter(|item| !item.is_nan()).reduce(f64::max));
        let reals: Vec<f32> = items.iter().map(|&item| item as f32).collect();
        prop_assert_eq!(Slice::new(&reals).sum(), sum);
        assert_items(&items);
        assert_items(&reals);
    }
}

/// Compares the index of a list with its iterator.
fn assert_list(list: List<'_>) {
    let index = list.index();
    assert_eq!((index.len(), index.is_empty(), index.list()), (list.len(), list.is_empty(), list));
    assert!(list.iter().eq(index.iter()));
    let mut backwards: Vec<Value<'_>> = index.iter().rev().collect();
    backwards.reverse();
    assert!(list.iter().eq(backwards));
    assert_eq!(index.get(list.len()), None);
}

/// Compares sum, minimum and maximum of integers, and [`assert_items`].
fn assert_integers<T: Number<Sum = i64> + Ord + Into<i64>>(items: &[T])
where
    for<'a> Value<'a>: From<&'a [T]>,
{
    let present = || items.iter().copied().filter(|item| !item.is_null());
    let slice = Slice::new(items);
    assert_eq!(slice.sum(), present().map(Into::into).fold(0, i64::wrapping_add));
    assert_eq!((slice.min(), slice.max()), (present().min(), present().max()));
    assert_items(items);
}

/// Compares null count, search and equality, of borrowed items and of decoded ones.
fn assert_items<T: Item>(items: &[T])
where
    for<'a> Value<'a>: From<&'a [T]>,
{
    let slice = Slice::new(items);
    assert_eq!(slice.null_count(), items.iter().filter(|item| item.is_null()).count());
    for &wanted in items {
        assert_eq!(slice.position(wanted), items.iter().position(|item| item.matches(wanted)));
    }
    assert_eq!(slice, Slice::new(&slice.to_vec()));
    if let Some((&first, rest)) = items.split_first() {
        assert_eq!(Slice::new(rest).position(first), rest.iter().position(|item| item.matches(first)));
        assert_ne!(slice, Slice::new(rest));
        let shifted: Vec<T> = rest.iter().copied().chain([first]).collect();
        assert_eq!(slice == Slice::new(&shifted), items.iter().zip(&shifted).all(|(one, other)| one.matches(*other)));
    }
    let body = encode(items);
    assert_eq!(Value::decode(&body), Ok(items.into()));
}

#[test]
fn a_difference_is_found_at_every_position() {
    for length in 1..200 {
        let items: Vec<i64> = (0..length).collect();
        for at in 0..items.len() {
            let mut other = items.clone();
            other[at] = -1;
            assert_ne!(Slice::new(&items), Slice::new(&other));
            assert_eq!(Slice::new(&other).position(-1), Some(at));
            assert_eq!(Slice::new(&other).min(), Some(-1));
            assert_eq!(Slice::new(&items).partition_point(|item| item < at as i64), at);
        }
    }
}

#[test]
fn sums_of_floats_are_identical_at_every_alignment() {
    let prices: Vec<f64> = (0..1000).map(|at| f64::from(at) * 0.1).collect();
    let sum = Slice::new(&prices).sum();
    assert!((sum - prices.iter().sum::<f64>()).abs() < 1e-6);
    at_every_alignment(&encode(&prices), |value| {
        let Value::Vector(Vector::Float(slice)) = value else { panic!() };
        assert_eq!(slice.sum().to_bits(), sum.to_bits());
        assert_eq!((slice.min(), slice.max()), (Some(0.0), Some(prices[999])));
        assert_eq!(slice.position(prices[500]), Some(500));
    });
}

#[test]
fn symbols_are_found_at_every_alignment() {
    let texts: Vec<String> = (0..300).map(|at| "s".repeat(at * 7 % 70)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected: Vec<Symbol<'_>> = texts.iter().map(|text| Symbol::new(text)).collect();
    at_every_alignment(&encode(Value::symbols(&texts)), |value| {
        assert!(symbols(value).iter().eq(expected.iter().copied()));
        assert!(symbols(value).index().iter().eq(expected.iter().copied()));
    });
}

#[test]
fn extremes_without_items_are_none() {
    assert_eq!(Slice::<i32>::new(&[]).min(), None);
    assert_eq!(Slice::new(&[i32::MIN, i32::MIN]).max(), None);
    assert_eq!(Slice::new(&[f64::NAN]).min(), None);
    assert_eq!((Slice::<f64>::new(&[]).sum(), Slice::new(&[i64::MIN]).sum()), (0.0, 0));
}

#[test]
fn many_symbols_are_encoded_in_order_of_appearance() {
    let texts: Vec<String> = (0..40_000_u64).map(|at| format!("symbol{}", at * at % 30_011)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut known = HashMap::new();
    let expected: Vec<u32> = texts
        .iter()
        .map(|text| {
            let next = known.len() as u32;
            *known.entry(*text).or_insert(next)
        })
        .collect();
    let body = encode(Value::symbols(&texts));
    let (distinct, codes) = symbols(Value::decode(&body).unwrap()).to_codes();
    assert_eq!(codes, expected);
    assert_eq!(distinct.len(), known.len());
    assert!(distinct.iter().enumerate().all(|(code, symbol)| known[symbol.as_str().unwrap()] == code as u32));
}
