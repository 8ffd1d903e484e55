//! Does every value survive the round trip, and do two codecs that share no code agree?

mod naive;

use kcodec::{Body, Capability, Limits, Value, to_little_endian};
use naive::Form;
use proptest::prelude::*;

/// Deeper than any tree that is generated.
const DEPTH: usize = 100;

fn encode(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out).unwrap();
    assert_eq!(out.len(), value.encoded_len(Capability::MAX).unwrap());
    out
}

/// What one change to a body is.
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

proptest! {
    #[test]
    fn a_body_decodes_and_encodes_to_the_same_bytes(tree in naive::tree()) {
        let body = naive::encode(&tree);
        let value = Value::decode(&body).unwrap();
        prop_assert_eq!(encode(value), body.clone());
        let owned = Body::decode(body.clone()).unwrap();
        prop_assert_eq!(owned.value(), value);
        let again = Body::encode(value).unwrap();
        prop_assert_eq!(again.as_bytes(), &body);
    }

    #[test]
    fn a_gathered_body_has_the_same_bytes(tree in naive::tree()) {
        let body = naive::encode(&tree);
        let gather = Value::decode(&body).unwrap().gather(Capability::MAX).unwrap();
        prop_assert_eq!(gather.len(), body.len());
        prop_assert_eq!(gather.iter().collect::<Vec<_>>().concat(), body);
    }

    #[test]
    fn wide_counts_are_read_and_written_as_short_ones(tree in naive::tree()) {
        let wide = naive::encode_with(&tree, Form { big_endian: false, wide_counts: true });
        let value = Value::decode(&wide).unwrap();
        let plain = naive::encode(&tree);
        prop_assert_eq!(encode(value), plain.clone());
        prop_assert_eq!(value, Value::decode(&plain).unwrap());
    }

    #[test]
    fn a_big_endian_body_is_turned_into_the_little_endian_one(tree in naive::tree(), wide_counts: bool) {
        let mut body = naive::encode_with(&tree, Form { big_endian: true, wide_counts });
        to_little_endian(&mut body, Limits::default());
        prop_assert_eq!(body, naive::encode_with(&tree, Form { big_endian: false, wide_counts }));
    }

    #[test]
    fn two_codecs_accept_and_refuse_the_same(tree in naive::tree(), mutations in prop::collection::vec(mutation(), 1..4)) {
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
    fn a_malformed_big_endian_body_is_refused_where_its_twin_is(
        tree in naive::tree(),
        at: prop::sample::Index,
        code in prop_oneof![Just(3_u8), Just(20), Just(77), Just(112), Just(128), Just(0x80)],
    ) {
        let mut big = naive::encode_with(&tree, Form { big_endian: true, wide_counts: false });
        big.truncate(at.index(big.len() + 1));
        big.push(code);
        to_little_endian(&mut big, Limits::default());
        // Whatever stands where the turning stopped, decoding says so and does not panic.
        let _ = Value::decode(&big).map(encode);
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let accepted = Value::decode(&body).is_ok();
        prop_assert_eq!(accepted, naive::decode(&body, DEPTH).is_ok());
        let mut turned = body;
        to_little_endian(&mut turned, Limits::default());
        let _ = Value::decode(&turned).map(encode);
    }
}
