//! The editor's helper: completion from the server's names, and detection of incomplete input.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use kcodec::{Value, Vector};
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use crate::session::Session;

/// Completes names of the server. Requests them on Tab and caches them.
pub(crate) struct Names {
    session: Rc<RefCell<Session>>,
    /// Sorted.
    names: RefCell<Vec<String>>,
    /// Earliest time of the next request.
    next: Cell<Option<Instant>>,
}

/// Time limit of the request for names. A late answer is dropped.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the names are cached.
const FRESH: Duration = Duration::from_secs(5);
/// Pause after a request that was not answered in time.
const BUSY: Duration = Duration::from_secs(60);

/// Keywords, variables, functions, columns of tables, and names in namespaces. A part that fails is empty.
const QUERY: &str = concat!(
    r#"100000 sublist distinct raze{@[value;x;0#`]}each("key`.q";".Q.res";"system\"v\"";"system\"f\"";"#,
    r#""raze cols each tables`.";"raze{`$((\".\",string[x],\".\"),/:string 1_key`$\".\",string x}each key`")"#,
);

impl Names {
    pub(crate) fn new(session: Rc<RefCell<Session>>) -> Self {
        Self { session, names: RefCell::default(), next: Cell::new(None) }
    }

    /// Requests the names, unless the cache is fresh or the server is busy.
    fn refresh(&self) {
        let now = Instant::now();
        let mut session = self.session.borrow_mut();
        if !session.is_open() || self.next.get().is_some_and(|next| now < next) {
            return;
        }
        let found = session.names(QUERY, PATIENCE);
        self.next.set(Some(now + if found.is_some() { FRESH } else { BUSY }));
        let Some(found) = found else { return };
        let Value::Vector(Vector::Symbol(symbols)) = found.value() else { return };
        let mut names: Vec<_> = symbols.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        names.sort_unstable();
        *self.names.borrow_mut() = names;
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..at];
        let part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_');
        let start = before.trim_end_matches(part).len();
        let word = &before[start..];
        if word.is_empty() {
            return Ok((at, Vec::new()));
        }
        self.refresh();
        let names = self.names.borrow();
        let first = names.partition_point(|name| name.as_str() < word);
        Ok((start, names[first..].iter().take_while(|name| name.starts_with(word)).cloned().collect()))
    }
}

impl Validator for Names {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let open = is_open(context.input());
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Helper for Names {}

/// Whether the input is incomplete: a bracket or quote is open, or the last line ends in a blank and a backslash.
fn is_open(input: &str) -> bool {
    if input.ends_with(" \\") {
        return true;
    }
    if input.trim_start().starts_with('\\') {
        return false;
    }
    let mut open = Vec::new();
    let mut chars = input.chars().peekable();
    let mut last = '\n';
    while let Some(char) = chars.next() {
        match char {
            '"' => loop {
                match chars.next() {
                    Some('\\') => _ = chars.next(),
                    Some('"') => break,
                    Some(_) => {}
                    None => return true,
                }
            },
            // Skips a comment.
            '/' if last.is_whitespace() => while chars.next_if(|&char| char != '\n').is_some() {},
            '(' | '[' | '{' => open.push(char),
            // The server reports a surplus bracket.
            ')' | ']' | '}' => _ = open.pop(),
            _ => {}
        }
        last = char;
    }
    !open.is_empty()
}

/// Joins continued lines, which end in a blank and a backslash, with the next.
pub(crate) fn joined(input: &str) -> String {
    input.replace(" \\\n", " ")
}

#[cfg(test)]
mod tests {
    use super::{is_open, joined};

    #[test]
    fn brackets_and_quotes_keep_a_query_open() {
        for text in ["f:{x+", "(1;2", "a[1", "\"text", "\"a\\\"", "{[x]\n x\n", "{ / no } here", "1+ \\", "f:{\"}\""] {
            assert!(is_open(text), "{text}");
        }
        for text in
            ["", "2+2", "f:{x+y}", "\"[\"", "\"\\\\\"", "\\\\", "\\l (", "x / (", "+/(1 2)", "1)", "sums:+\\", "\\"]
        {
            assert!(!is_open(text), "{text}");
        }
        assert_eq!(joined("1+ \\\n2"), "1+ 2");
    }
}
