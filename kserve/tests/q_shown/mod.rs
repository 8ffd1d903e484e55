//! What a console shows for an expression.

use kcodec::{Console, Value, console};
use kserve::q::Interpreter;

/// The console form of what a text evaluates to, without blanks at the ends of lines; its error after a quote.
pub(crate) fn shown(q: &mut Interpreter, text: &str) -> String {
    match q.evaluate(Value::from(text)) {
        Ok(body) if body.value() == Value::NULL => String::new(),
        Ok(body) => {
            let page = console(body.value(), Console::default());
            let lines: Vec<&str> = page.trim_matches('\n').lines().map(str::trim_end).collect();
            lines.join("\n")
        }
        Err(fault) => format!("'{fault}"),
    }
}

/// Evaluates texts one after the other in one interpreter.
#[track_caller]
pub(crate) fn check(cases: &[(&str, &str)]) {
    let mut q = Interpreter::new();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let found = shown(&mut q, text);
            (found != *expected).then(|| format!("{text}\n  wanted {expected:?}\n  found  {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
