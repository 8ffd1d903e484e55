//! Every dump in WIRE.md must equal the golden message of its name.

use kcorpus::{golden, hex};

const WIRE: &str = include_str!("../../WIRE.md");

/// Name and hex of a line between ```` ```golden ```` and ```` ``` ````: `name  01 00 …  # comment`.
fn dumps() -> Vec<(&'static str, String)> {
    let mut inside = false;
    let mut dumps = Vec::new();
    for line in WIRE.lines() {
        if line.starts_with("```") {
            inside = line == "```golden";
        } else if inside {
            let dump = line.split_once('#').map_or(line, |(dump, _)| dump);
            let mut words = dump.split_whitespace();
            dumps.push((words.next().unwrap_or_default(), words.collect()));
        }
    }
    dumps
}

#[test]
fn every_dump_is_a_golden_message() {
    let golden = golden();
    for (name, digits) in dumps() {
        let message = golden.iter().find(|golden| golden.name == name);
        let message = message.unwrap_or_else(|| panic!("{name:?} names no golden message"));
        assert_eq!(digits, hex(&message.message), "{name}");
    }
}

#[test]
fn dumps_are_found() {
    assert!(dumps().len() >= 40, "{}", dumps().len());
}
