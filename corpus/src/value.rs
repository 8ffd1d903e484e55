//! q expressions with their values: parses `value.txt`.

/// An expression and its value in q's one-line form.
///
/// ```
/// use kcorpus::{Evaluation, evaluations};
///
/// let (heading, section): (&str, Vec<Evaluation>) = evaluations().swap_remove(0);
/// let Evaluation { line, text, printed } = &section[0];
/// assert_eq!((*line, text.as_str(), printed.as_str()), (2, "d:1 2 3", "::"), "{heading}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The line of `value.txt`, from 1.
    pub line: usize,
    /// The expression. A line that begins with `#` starts a section. The expressions of a section are evaluated in
    /// order by one process.
    pub text: String,
    /// The value, `::` if there is none; an error is preceded by a quote.
    pub printed: String,
}

/// The sections of `value.txt`: their headings and expressions.
///
/// # Panics
///
/// If a line of the compiled-in `value.txt` is malformed.
pub fn evaluations() -> Vec<(&'static str, Vec<Evaluation>)> {
    let mut sections: Vec<(&str, Vec<Evaluation>)> = Vec::new();
    for (index, line) in include_str!("../value.txt").lines().enumerate() {
        if let Some(heading) = line.strip_prefix("# ") {
            sections.push((heading, Vec::new()));
        } else if !line.is_empty() {
            let (text, printed) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
            let (_, section) = sections.last_mut().expect("a heading comes first");
            section.push(Evaluation { line: index + 1, text: unescape(text), printed: unescape(printed) });
        }
    }
    sections
}

/// Unescapes `\n` and `\\`.
fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}
