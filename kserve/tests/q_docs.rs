//! Runs sessions of KX's documentation, if the corpus has them, and counts matching results.
//!
//! Examples depend on files, time, random numbers and versions, so not all can match. The floor must only rise.

use std::collections::BTreeMap;

use kcodec::{Console, Value, console};
use kserve::{EvalLimits, Interpreter};
use serde_json::Value as Json;

/// Least number of results that must match.
const FLOOR: usize = 1_175;

/// The console form, without trailing blanks.
fn shown(q: &mut Interpreter, text: &str) -> String {
    match q.evaluate(Value::from(text)) {
        Ok(body) if body.value() == Value::NULL => String::new(),
        Ok(body) => normal(&console(body.value(), Console::new(25, 80))),
        Err(fault) => format!("'{fault}"),
    }
}

fn normal(text: &str) -> String {
    text.trim_matches('\n').lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Whether an example needs files, connections, or ends the process.
fn is_elsewhere(text: &str) -> bool {
    let file = text.contains("`:") && ["set", "get", "0:", "save"].iter().any(|word| text.contains(word));
    file || text.contains("hopen")
        || text.starts_with("\\\\")
        || text.starts_with("exit")
        || text.starts_with("system\"sleep")
}

#[test]
fn printed_results_match() {
    let Some(lines) = kcorpus::shared_lines("q_docs.jsonl") else { return };
    let mut pages: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for line in lines {
        let session: Json = serde_json::from_str(&line).unwrap();
        let steps = session["steps"].as_array().unwrap().iter();
        let pair = |step: &Json| (step[0].as_str().unwrap().to_owned(), step[1].as_str().unwrap().to_owned());
        pages.entry(session["page"].as_str().unwrap().to_owned()).or_default().extend(steps.map(pair));
    }
    let (mut matched, mut compared) = (0, 0);
    for steps in pages.values() {
        let mut q = Interpreter::new().with_limits(EvalLimits::default().with_work(300_000_000));
        for (text, wanted) in steps.iter().filter(|(text, _)| !is_elsewhere(text)) {
            let found = shown(&mut q, text);
            if wanted.is_empty() {
                continue;
            }
            compared += 1;
            let error =
                wanted.trim_start().starts_with('\'').then(|| wanted.trim_start().lines().next().unwrap_or_default());
            let error = error.and_then(|error| error.split(' ').next());
            matched += usize::from(found == normal(wanted) || error == Some(found.as_str()));
        }
    }
    println!("{matched} of {compared} printed results match");
    assert!(matched >= FLOOR, "{matched} of {compared} match, {FLOOR} did before");
}
