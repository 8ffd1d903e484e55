//! Scripts: a file's lines, put together to statements.

use super::fault::R;
use super::noun::Noun;
use super::vm::Vm;

/// A statement of a script and the line it begins in, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) line: usize,
    pub(crate) text: Vec<u8>,
}

/// The statements of a script.
///
/// A line that begins with a blank, or with a closing brace, goes on with the statement before it. A line of `/`
/// alone begins a comment that a line of `\` alone ends; a `\` alone outside of one ends the script.
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
    /// Runs a script; its namespace is left as it was.
    ///
    /// # Errors
    ///
    /// Of the first statement that fails; the file and line go to the process's errors.
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

    /// A line of the console: what it prints, nothing for `::`.
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
    fn lines_that_begin_with_a_blank_go_on() {
        let found = texts("f:{\n  x+y\n  }\n\na:1 / one\n/ all of it\ng:{[a]\n a\n }\n");
        let wanted = [(1, "f:{\n  x+y\n  }"), (5, "a:1 / one"), (7, "g:{[a]\n a\n }")];
        assert_eq!(found, wanted.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn comments_and_the_end() {
        assert_eq!(texts("/\nnot this\n\\\na:1\n\\\nb:2"), [(4, "a:1".to_owned())]);
    }
}
