//! Errors of malformed bodies: reason and offset must be those of a plain walk over the body.

mod naive;

use naive::walk::compare;
use proptest::prelude::*;

/// Lists with runs of equal items, for which the checker has loops of its own.
fn lists_with_runs() -> impl Strategy<Value = Vec<u8>> {
    let item = prop_oneof![
        Just(vec![250, 1, 2, 3, 4]),
        Just(vec![255, 1]),
        Just(vec![249, 1, 2, 3, 4, 5, 6, 7, 8]),
        Just(vec![245, b'a', b'b', 0]),
        Just(vec![10, 0, 3, 0, 0, 0, b'a', b'b', b'c']),
        Just(vec![6, 1, 1, 0, 0, 0, 9, 9, 9, 9]),
        Just(vec![2, 0, 0, 0, 0, 0]),
        Just(vec![1, 0, 2, 0, 0, 0, 1, 0]),
        Just(vec![11, 0, 2, 0, 0, 0, b'x', 0, 0]),
        Just(vec![7, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        Just(vec![101, 0]),
    ];
    prop::collection::vec((item, 1..5_usize), 0..12).prop_map(|stretches| {
        let items: Vec<Vec<u8>> = stretches.into_iter().flat_map(|(item, times)| vec![item; times]).collect();
        let count = (items.len() as u32).to_le_bytes();
        [vec![0, 0], count.to_vec(), items.concat()].concat()
    })
}

/// Replaces, inserts or removes one byte, or truncates the body.
fn change(body: &mut Vec<u8>, (how, at, byte): (u8, prop::sample::Index, u8)) {
    match how % 4 {
        0 => body.insert(at.index(body.len() + 1), byte),
        1 if !body.is_empty() => {
            let at = at.index(body.len());
            body[at] = byte;
        }
        2 if !body.is_empty() => drop(body.remove(at.index(body.len()))),
        _ => body.truncate(at.index(body.len() + 1)),
    }
}

fn changes() -> impl Strategy<Value = Vec<(u8, prop::sample::Index, u8)>> {
    prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), prop_oneof![any::<u8>(), 0..8_u8]), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn changed_bodies(tree in naive::tree(), wide_counts: bool, changes in changes(), depth in 0..6_u8) {
        let mut body = naive::encode_with(&tree, naive::Form { big_endian: false, wide_counts });
        changes.into_iter().for_each(|each| change(&mut body, each));
        compare(&body, depth);
        compare(&body, 100);
    }

    #[test]
    fn changed_lists_with_runs(mut body in lists_with_runs(), changes in changes()) {
        changes.into_iter().for_each(|each| change(&mut body, each));
        compare(&body, 100);
    }

    #[test]
    fn random_bytes(body in prop::collection::vec(prop_oneof![any::<u8>(), 0..12_u8], 0..60)) {
        compare(&body, 3);
    }
}

#[test]
fn an_invalid_boolean_is_found_at_every_position() {
    for length in 0..200_u32 {
        let mut body = vec![1, 0];
        body.extend(length.to_le_bytes());
        body.resize(6 + length as usize, 1);
        compare(&body, 0);
        for at in 6..body.len() {
            body[at] = 2;
            compare(&body, 0);
            body[at] = 0;
        }
    }
}
