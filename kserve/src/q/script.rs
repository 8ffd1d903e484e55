//! Scripts: joins the lines of a file to statements and runs them.

use super::fault::R;
use super::noun::Noun;
use super::vm::Vm;

/// A statement of a script, with the number of its first line, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) line: usize,
    pub(crate) text: Vec<u8>,
}

/// Splits a script into statements.
///
/// A line that starts with whitespace or a closing brace continues the previous statement. A line with only `/`
/// starts a block comment, which a line with only `\` ends. A `\` outside of a comment ends the script.
pub(crate) fn statements(text: &[u8]) -> Vec<Statement> {
    let mut all: Vec<Statement> = Vec::new();
    let mut comment = false;
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let bare = line.trim_ascii_end();
        match bare {
            b"\\" if comment => comment = false,
            _ if comment => {}
            b"/" => comment = true,
            b"\\" => break,
            b"" => {}
            [b'/', ..] => {}
            [b'#', b'!', ..] if index == 0 => {}
            [b' ' | b'\t' | b'}', ..] if !all.is_empty() => {
                if let Some(last) = all.last_mut() {
                    last.text.push(b'\n');
                    last.text.extend_from_slice(bare);
                }
            }
            _ => all.push(Statement { line: index + 1, text: bare.to_vec() }),
        }
    }
    all
}

impl Vm<'_> {
    /// Runs a script, and restores the namespace afterwards.
    ///
    /// # Errors
    ///
    /// That of the first failing statement. Its file and line are printed to standard error.
    pub(crate) fn script(&mut self, path: &[u8], text: &[u8]) -> R<()> {
        let context = self.q.context;
        let done = self.run_statements(path, text);
        self.q.context = context;
        done
    }

    fn run_statements(&mut self, path: &[u8], text: &[u8]) -> R<()> {
        self.charge(text.len())?;
        for statement in statements(text) {
            let text = statement.text;
            let value = self.command(&text);
            if let Err(fault) = value {
                let construct = fault.construct().map(|construct| format!(" ({construct})")).unwrap_or_default();
                let path = String::from_utf8_lossy(path);
                let place = format!("{path}:{}: '{fault}{construct}\n", statement.line);
                self.host.print(2, place.as_bytes());
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Evaluates a line of the console and returns its output; empty for `::`.
    pub(crate) fn console_line(&mut self, text: &[u8]) -> R<String> {
        let value = self.command(text)?;
        if matches!(value, Noun::Null) {
            return Ok(String::new());
        }
        self.shown(&value)
    }

    /// `.Q.s x`: the console form.
    pub(crate) fn shown(&mut self, value: &Noun) -> R<String> {
        let (rows, columns) = self.q.settings.console;
        let digits = self.q.settings.precision;
        self.with_form(value, true, |value| {
            Ok(kcodec::console(value, kcodec::Console::new(rows, columns).with_digits(digits)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<(usize, String)> {
        let text = |statement: Statement| (statement.line, String::from_utf8(statement.text).unwrap());
        statements(script.as_bytes()).into_iter().map(text).collect()
    }

    #[test]
    fn indented_lines_continue_a_statement() {
        let found = texts("f:{\n  x+y\n  }\n\na:1 / one\n/ all of it\ng:{[a]\n a\n }\n");
        let wanted = [(1, "f:{\n  x+y\n  }"), (5, "a:1 / one"), (7, "g:{[a]\n a\n }")];
        assert_eq!(found, wanted.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn block_comments_and_the_end_marker() {
        assert_eq!(texts("/\nnot this\n\\\na:1\n\\\nb:2"), [(4, "a:1".to_owned())]);
    }
}
