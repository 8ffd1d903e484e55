//! Properties of the codec: round trips, and agreement with the naive codec, which shares no code with it.

mod naive;

use kcodec::{
    Atom, Attribute, Body, Capability, Derived, Dict, Error, ErrorKind, Function, Lambda, Limits, List, Splayed,
    Symbol, Symbols, Table, Value, Vector, to_little_endian,
};
use naive::{Form, Tree};
use proptest::prelude::*;

/// A depth limit above the depth of all generated trees.
const DEPTH: usize = 100;

fn encode(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out).unwrap();
    assert_eq!(out.len(), value.encoded_len(Capability::MAX).unwrap());
    out
}

/// Clears the properties of tables that constructors cannot set: sorted inner dicts, attributes of their lists.
fn clear(tree: &mut Tree) {
    match tree {
        Tree::List { items, .. } | Tree::Projection(items) | Tree::Composition(items) => {
            items.iter_mut().for_each(clear)
        }
        Tree::Dict { keys, values, .. } => [keys, values].into_iter().for_each(|half| clear(half)),
        Tree::Table { sorted, columns, columns_attr, .. } => {
            (*sorted, *columns_attr) = (false, 0);
            columns.iter_mut().for_each(clear);
        }
        Tree::Splayed { attr, sorted, .. } => (*attr, *sorted) = (0, false),
        Tree::Lambda { body: inner, .. } | Tree::Derived { function: inner, .. } => clear(inner),
        _ => {}
    }
}

/// Leaks the items, so that values can borrow them.
fn leak<T>(items: impl IntoIterator<Item = T>) -> &'static [T] {
    Vec::from_iter(items).leak()
}

/// The same object built by constructors; only vectors of fixed width still borrow from the body.
fn built(value: Value<'static>) -> Value<'static> {
    match value {
        Value::Vector(Vector::Symbol(items)) => Value::symbols(symbols(items)),
        Value::List(items) => list(items).with_attribute(items.attribute()).into(),
        Value::Dict(dict) => {
            let [keys, values] = [dict.keys(), dict.values()].map(|half| &leak([built(half)])[0]);
            Dict::new(keys, values).unwrap().with_sorted(dict.is_sorted()).into()
        }
        Value::Table(table) => {
            let columns = leak(table.list().iter().map(built));
            Table::new(symbols(table.names()), columns).unwrap().with_attribute(table.attribute()).into()
        }
        Value::Splayed(splayed) => Splayed::new(symbols(splayed.names()), splayed.path()).into(),
        Value::Function(function) => match function {
            Function::Lambda(lambda) => {
                Function::Lambda(Lambda::new(lambda.context(), &leak([built(lambda.body())])[0])).into()
            }
            Function::Projection(items) => Function::Projection(list(items)).into(),
            Function::Composition(items) => Function::Composition(list(items)).into(),
            Function::Derived(derived) => {
                let function = &leak([built(derived.function())])[0];
                Function::Derived(Derived::new(derived.kind(), function).unwrap()).into()
            }
            _ => value,
        },
        _ => value,
    }
}

/// Built from texts if all items are strings, otherwise from values.
fn list(items: List<'static>) -> List<'static> {
    let text = |item| match item {
        Value::Vector(Vector::Char(chars)) if chars.attribute() == Attribute::None => {
            Some(Symbol::from_bytes(chars.as_bytes()))
        }
        _ => None,
    };
    match items.iter().map(text).collect::<Option<Vec<_>>>() {
        Some(texts) => List::strings(leak(texts)),
        None => List::new(leak(items.iter().map(built))),
    }
}

/// Built from `&str` if all are UTF-8, otherwise from [`Symbol`].
fn symbols(items: Symbols<'static>) -> Symbols<'static> {
    let texts: Option<Vec<&str>> = items.iter().map(Symbol::as_str).collect();
    let built = match texts {
        Some(texts) => Symbols::from(leak(texts)),
        None => Symbols::from(leak(items)),
    };
    built.with_attribute(items.attribute())
}

/// One change of a body.
#[derive(Debug, Clone)]
enum Mutation {
    Replace(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Truncate(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<usize>(), 0..8_u8).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<usize>().prop_map(Mutation::Remove),
        any::<usize>().prop_map(Mutation::Truncate),
    ]
}

fn apply(body: &mut Vec<u8>, mutation: &Mutation) {
    let len = body.len();
    match *mutation {
        Mutation::Insert(at, byte) => body.insert(at % (len + 1), byte),
        Mutation::Replace(at, byte) if len > 0 => body[at % len] = byte,
        Mutation::Remove(at) if len > 0 => drop(body.remove(at % len)),
        Mutation::Truncate(at) => body.truncate(at % (len + 1)),
        Mutation::Replace(..) | Mutation::Remove(_) => {}
    }
}

/// Reads all nested items of a value by each accessor, and compares the accessors.
fn visit(value: Value<'_>) -> Result<(), TestCaseError> {
    if let Ok(items) = value.items() {
        prop_assert_eq!(items.len(), value.count());
        items.into_iter().try_for_each(visit)?;
    }
    if let Ok(vector) = value.as_vector() {
        let items: Vec<Atom<'_>> = (0..vector.len()).filter_map(|index| vector.get(index)).collect();
        prop_assert_eq!(vector.iter().collect::<Vec<_>>(), items);
        prop_assert_eq!(value.get::<Vec<Value<'_>>>().unwrap().len(), vector.len());
    }
    if let Ok(pairs) = value.as_dict().and_then(Dict::pairs) {
        for (key, value) in pairs {
            visit(key)?;
            visit(value)?;
        }
    }
    if let (Ok(columns), Ok(rows)) = (value.columns(), value.rows()) {
        for (at, (name, column)) in columns.columns().iter().enumerate() {
            prop_assert_eq!(columns.get(&name.to_string()).is_ok(), name.as_str().is_some());
            let cells = rows.iter().map(|row| row.iter().nth(at).unwrap().value);
            prop_assert_eq!(cells.collect::<Vec<_>>(), column.items().unwrap().collect::<Vec<_>>());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn accessors_agree_with_each_other(tree in naive::tree()) {
        let body = naive::encode(&tree);
        let value = Value::decode(&body).unwrap();
        visit(value)?;
        visit(built(Value::decode(leak(body)).unwrap()))?;
    }

    #[cfg(feature = "serde")]
    #[test]
    fn every_value_serializes(tree in naive::tree()) {
        let body = naive::encode(&tree);
        let value = Value::decode(&body).unwrap();
        let json = serde_json::to_string(&value).unwrap();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        // Values without a counterpart must return an error, not panic.
        kcodec::serde::from_value::<serde_json::Value>(value).ok();
        kcodec::serde::from_value::<serde::de::IgnoredAny>(value).ok();
    }

    #[test]
    fn bodies_round_trip(tree in naive::tree()) {
        let body = naive::encode(&tree);
        let value = Value::decode(&body).unwrap();
        prop_assert_eq!(encode(value), body.clone());
        let owned = Body::decode(body.clone()).unwrap();
        prop_assert_eq!(owned.value(), value);
        let again = Body::encode(value).unwrap();
        prop_assert_eq!(again.as_bytes(), &body);
    }

    #[test]
    fn gathered_bodies_have_the_same_bytes(tree in naive::tree()) {
        let body = naive::encode(&tree);
        let gather = Value::decode(&body).unwrap().gather(Capability::MAX).unwrap();
        prop_assert_eq!(gather.len(), body.len());
        prop_assert_eq!(gather.iter().collect::<Vec<_>>().concat(), body);
    }

    #[test]
    fn built_values_encode_to_the_same_bytes_at_any_capacity(mut tree in naive::tree(), room in 0..600_usize) {
        clear(&mut tree);
        let body = leak(naive::encode(&tree));
        let value = built(Value::decode(body).unwrap());
        prop_assert_eq!(value, Value::decode(body).unwrap());
        prop_assert_eq!(value.encoded_len(Capability::MAX), Ok(body.len()));
        let mut out = Vec::with_capacity(3 + room);
        out.extend_from_slice(b"out");
        value.encode(&mut out).unwrap();
        prop_assert_eq!(&out[..3], b"out");
        prop_assert_eq!(&out[3..], body);
        let gather = value.gather(Capability::MAX).unwrap();
        prop_assert_eq!(gather.iter().collect::<Vec<_>>().concat(), body);
    }

    #[test]
    fn texts_are_copied_as_by_a_plain_loop(
        texts in prop::collection::vec(prop::collection::vec(1..=255_u8, 0..40), 0..200),
        nul in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        room in 0..9000_usize,
    ) {
        let mut texts = texts;
        let (mut symbols, mut strings) = (vec![11, 0], vec![0, 0]);
        let count = u32::try_from(texts.len()).unwrap().to_le_bytes();
        symbols.extend(count);
        strings.extend(count);
        if let Some(nul) = nul.filter(|_| !texts.is_empty()) {
            let at = nul.index(texts.len());
            texts[at].insert(0, 0);
        }
        for text in &texts {
            symbols.extend(text.iter().copied().chain([0]));
            strings.extend([10, 0]);
            strings.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            strings.extend(text);
        }
        let items: Vec<Symbol<'_>> = texts.iter().map(|text| Symbol::from_bytes(text)).collect();
        let list = List::strings(&items);
        let values: Vec<Value<'_>> = texts.iter().map(|text| Value::chars(text)).collect();
        prop_assert_eq!(list, List::new(&values));
        let mut out = Vec::with_capacity(room);
        Value::List(list).encode(&mut out).unwrap();
        prop_assert_eq!(&out, &strings);
        let gather = Value::List(list).gather(Capability::MAX).unwrap();
        prop_assert_eq!(gather.iter().collect::<Vec<_>>().concat(), strings);

        let value = Value::symbols(&items);
        let refused = texts.iter().find(|text| text.first() == Some(&0)).map(|_| {
            let head = texts.iter().take_while(|text| text.first() != Some(&0)).map(|text| text.len() + 1).sum::<usize>();
            (6 + head, ErrorKind::Nul)
        });
        let place = |error: Error| (error.at, error.kind);
        let mut out = Vec::with_capacity(room);
        prop_assert_eq!(value.encode(&mut out).map_err(place).err(), refused);
        prop_assert_eq!(value.encoded_len(Capability::MAX).map_err(place).err(), refused);
        prop_assert_eq!(value.gather(Capability::MAX).map_err(place).err(), refused);
        prop_assert_eq!(&out, if refused.is_some() { &[] as &[u8] } else { &symbols });

        let Ok(Value::Vector(Vector::Symbol(received))) = Value::decode(&out) else { return Ok(()) };
        let mut left = received.iter();
        let passed = left.by_ref().take(room % 70).count();
        let mut found = vec![];
        left.for_each(|symbol| found.push(symbol));
        prop_assert_eq!(&found, &items[passed..]);
        let (distinct, codes) = received.to_codes();
        let decoded: Vec<Symbol<'_>> = codes.iter().map(|&code| distinct[code as usize]).collect();
        prop_assert_eq!(decoded, items);
    }

    #[test]
    fn wide_counts_are_read_and_encoded_as_short_ones(tree in naive::tree()) {
        let wide = naive::encode_with(&tree, Form { big_endian: false, wide_counts: true });
        let value = Value::decode(&wide).unwrap();
        let plain = naive::encode(&tree);
        prop_assert_eq!(encode(value), plain.clone());
        prop_assert_eq!(value, Value::decode(&plain).unwrap());
    }

    #[test]
    fn big_endian_bodies_are_converted(tree in naive::tree(), wide_counts: bool) {
        let mut body = naive::encode_with(&tree, Form { big_endian: true, wide_counts });
        to_little_endian(&mut body, Limits::default());
        prop_assert_eq!(body, naive::encode_with(&tree, Form { big_endian: false, wide_counts }));
    }

    #[test]
    fn both_codecs_accept_the_same_bodies(tree in naive::tree(), mutations in prop::collection::vec(mutation(), 1..4)) {
        let mut body = naive::encode(&tree);
        mutations.iter().for_each(|mutation| apply(&mut body, mutation));
        match (naive::decode(&body, DEPTH), Value::decode(&body)) {
            (Ok(tree), Ok(value)) => prop_assert_eq!(encode(value), naive::encode(&tree)),
            (Err(_), Err(error)) => prop_assert!(error.at <= body.len()),
            (Ok(_), Err(error)) => prop_assert!(false, "only the naive codec accepts: {}", error),
            (Err(error), Ok(_)) => prop_assert!(false, "only the naive codec refuses: {}", error),
        }
    }

    #[test]
    fn conversion_of_malformed_bodies_does_not_panic(
        tree in naive::tree(),
        at: prop::sample::Index,
        code in prop_oneof![Just(3_u8), Just(20), Just(77), Just(112), Just(128), Just(0x80)],
    ) {
        let mut big = naive::encode_with(&tree, Form { big_endian: true, wide_counts: false });
        big.truncate(at.index(big.len() + 1));
        big.push(code);
        to_little_endian(&mut big, Limits::default());
        // Conversion stops at the first invalid byte; decoding must return an error or a value.
        let _ = Value::decode(&big).map(encode);
    }

    #[test]
    fn both_codecs_accept_the_same_random_bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let accepted = Value::decode(&body).is_ok();
        prop_assert_eq!(accepted, naive::decode(&body, DEPTH).is_ok());
        let mut converted = body;
        to_little_endian(&mut converted, Limits::default());
        let _ = Value::decode(&converted).map(encode);
    }
}
