//! Tests of the mutator: reproducible, complete, with verdicts that agree with the decoder.

use std::collections::{BTreeMap, HashSet};

use kcorpus::mutate::{self, Mutation, Mutator, Verdict};
use kcorpus::traffic::golden_messages;
use kwire::{Error, Limits, Message};

const CASES: u64 = 6_000;

fn cases(seed: u64) -> impl Iterator<Item = Mutation> {
    let messages = golden_messages();
    (0..CASES).map(move |case| mutate::case(seed, case, &messages))
}

#[test]
fn a_case_is_the_same_alone_and_in_order() {
    let messages = golden_messages();
    let mut mutator = Mutator::new(7);
    for case in 0..300 {
        assert_eq!(mutator.mutate(&messages), mutate::case(7, case, &messages), "{case}");
    }
    let different = (0..300).filter(|&case| mutate::case(7, case, &messages) != mutate::case(8, case, &messages));
    assert!(different.count() > 200);
}

/// New changes in the table renumber the cases: adjust the expected values then.
#[test]
fn cases_are_the_same_everywhere() {
    let messages = [kcorpus::unhex("010000001200000006000100000001000000").unwrap()];
    let seen: Vec<_> = (0..4).map(|case| mutate::case(1, case, &messages)).collect();
    let seen: Vec<_> = seen.iter().map(|one| (one.name, kcorpus::hex(&one.bytes))).collect();
    let expected = [
        ("count-huge", "01000000120000000600feffffff01000000"),
        ("type-same-width", "010000001200000011000100000001000000"),
        ("splice", "010000000b000000060000"),
        ("header-length-more", "01000000b800000006000100000001000000"),
    ];
    assert_eq!(seen, expected.map(|(name, hex)| (name, hex.to_owned())));
}

#[test]
fn every_change_occurs_under_its_name() {
    let names: HashSet<_> = mutate::names().collect();
    assert_eq!(names.len(), mutate::names().count(), "names are unique");
    let mut seen: BTreeMap<_, u64> = names.iter().map(|&name| (name, 0)).collect();
    for mutation in cases(1) {
        *seen.get_mut(mutation.name).unwrap_or_else(|| panic!("{} is not in the table", mutation.name)) += 1;
    }
    let missing: Vec<_> = seen.iter().filter(|&(_, &many)| many < 3).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn verdicts_agree_with_the_decoder() {
    let mut seen = [0; 3];
    for Mutation { bytes, name, verdict, .. } in cases(2) {
        let limits = Limits::default().with_inflated(64 << 20);
        let decoded = Message::decode(&bytes[..], &limits);
        seen[match (&verdict, &decoded) {
            (Verdict::Valid, Ok(_)) => 0,
            (Verdict::Refused { at, reason }, Err(Error::Malformed(bad))) => {
                assert_eq!((*at, reason.as_str()), (bad.at, bad.reason.to_string().as_str()), "{name}");
                1
            }
            (Verdict::Limit { .. }, Err(_)) => 2,
            other => panic!("{name}: {other:?}"),
        }] += 1;
    }
    assert!(seen[0] > 500 && seen[1] > 2_000 && seen[2] > 50, "{seen:?}");
}

/// The decoder must find the fault that a change is named after.
#[test]
fn changes_cause_the_named_fault() {
    let valid = ["count-8-bytes", "attribute-known", "compressed", "header-order-turned", "header-type", "packet-cuts"];
    let refused = [
        ("type-unknown", "no such type"),
        ("attribute-unknown", "no such attribute"),
        ("value-boolean", "not a boolean"),
        ("error-nested", "error object inside"),
        ("error-followed", "trailing"),
        ("table-without-dict", "table without a dict"),
        ("table-of-dict-atoms", "table with names"),
        ("table-names-not-symbols", "table with names"),
        ("table-columns-not-lists", "table with columns"),
        ("table-column-atom", "table with columns"),
        ("dict-half-atom", "dict of something"),
        ("dict-uneven", "dict of"),
        ("compressed-raw-length-small", "compressed body claims"),
        ("compressed-without-raw-length", "truncated"),
        ("compressed-match-unlearned", "match without antecedent"),
        ("compressed-match-overrun", "match past the end"),
        ("header-order-unknown", "no such byte order"),
        ("header-type-unknown", "no such message type"),
        ("header-compression-unknown", "no such compression"),
        ("header-length-more", "length"),
        ("header-length-byte-3", "length"),
    ];
    let mut good = BTreeMap::new();
    for Mutation { bytes, name, verdict, .. } in cases(3) {
        let (all, as_named): &mut (u32, u32) = good.entry(name).or_default();
        *all += 1;
        let is_named = match &verdict {
            Verdict::Valid => valid.contains(&name),
            Verdict::Limit { .. } => name.starts_with("nest-") || name.starts_with("crafted-"),
            Verdict::Refused { reason, .. } => {
                refused.iter().any(|&(change, begins)| change == name && reason.starts_with(begins))
            }
        };
        *as_named += u32::from(is_named);
        assert!(bytes.len() < 8 << 20, "{name}: {} bytes", bytes.len());
    }
    for name in valid.iter().chain(refused.iter().map(|(name, _)| name)) {
        let (all, as_named) = good[name];
        // A change may hit an object whose container fails first.
        assert!(as_named * 10 >= all * 8, "{name}: {as_named} of {all}");
    }
}

#[test]
fn pieces_concatenate_to_the_message() {
    let mut cut = 0;
    for mutation in cases(4) {
        assert_eq!(mutation.pieces().collect::<Vec<_>>().concat(), mutation.bytes, "{}", mutation.name);
        cut += usize::from(mutation.pieces().count() > 1);
    }
    assert!(cut > 10);
}

#[test]
fn swapping_the_byte_order_keeps_the_value() {
    let messages = golden_messages();
    let mut turned = 0;
    for case in 0..CASES {
        let mutation = mutate::case(5, case, &messages);
        if mutation.name != "header-order-turned" || mutation.verdict != Verdict::Valid {
            continue;
        }
        let message = Message::decode(&mutation.bytes[..], &Limits::default()).unwrap();
        let same = |seed: &Vec<u8>| {
            seed[0] != mutation.bytes[0]
                && Message::decode(&seed[..], &Limits::default()).is_ok_and(|seed| seed == message)
        };
        assert!(messages.iter().any(same), "{}", kcorpus::hex(&mutation.bytes));
        turned += 1;
    }
    assert!(turned > 20, "{turned}");
}

#[test]
fn all_logins_occur_with_verdicts() {
    let logins: Vec<_> = (0..500).map(|case| mutate::login(1, case)).collect();
    let seen: HashSet<_> = logins.iter().map(|login| login.name).collect();
    assert_eq!(seen, mutate::login_names().collect::<HashSet<_>>());
    let find = |name| &logins.iter().find(|login| login.name == name).unwrap().verdict;
    assert_eq!(find("login"), &Verdict::Valid);
    assert!(matches!(find("login-empty"), Verdict::Refused { .. }));
    assert!(matches!(find("login-http"), Verdict::Refused { .. }));
}

/// A fuzzer's inputs need not be messages: no input may panic.
#[test]
fn any_bytes_can_be_changed() {
    for length in 0..40 {
        for seed in 0..200 {
            let bytes: Vec<u8> = (0..length).map(|index: u64| (index * 37 * (seed + 1)) as u8).collect();
            mutate::change(seed, &bytes, &bytes[bytes.len() / 2..]);
        }
    }
    // Nor well-formed: mutates mutations.
    let messages = golden_messages();
    let mut bytes = Vec::new();
    for seed in 0..20_000_usize {
        if seed % 8 == 0 || bytes.len() > 1 << 16 {
            bytes.clone_from(&messages[seed % messages.len()]);
        }
        bytes = mutate::change(seed as u64, &bytes, &messages[seed * 31 % messages.len()]);
    }
    assert!(!mutate::case(1, 0, &[] as &[&[u8]]).bytes.is_empty());
}
