//! The text of one screen: lines cut to its width, and `..` for lines that do not fit.

use std::fmt::{self, Display, Write};

use super::Console;

/// The lines written so far, each cut to the width of the screen.
pub(super) struct Page {
    text: String,
    console: Console,
    /// Whether rows were left out.
    cut: bool,
}

impl Page {
    pub(super) const fn new(console: Console) -> Self {
        Self { text: String::new(), console, cut: false }
    }

    /// The size of the screen: text of a cell beyond its width need not be produced.
    pub(super) const fn screen(&self) -> Console {
        self.console
    }

    /// The number of `rows` rows that fit below a heading of `heading` lines. If not all fit, [`finish`](Self::finish)
    /// adds a line `..`.
    ///
    /// As in q, two lines of the screen stay free, and the line `..` takes the place of a row.
    pub(super) fn room(&mut self, rows: usize, heading: usize) -> usize {
        let lines = self.console.rows.saturating_sub(2).saturating_sub(heading);
        self.cut = rows > lines;
        if self.cut { lines.saturating_sub(1) } else { rows }
    }

    /// Appends a text as a line. A line must be shorter than the width of the screen; a longer one is cut and ends in
    /// `..`.
    pub(super) fn line(&mut self, text: impl Display) {
        let line = clip(self.console.columns, text);
        self.cut_line(&line);
    }

    /// Appends a value as a line, cut in the same way, with the digits of floats of the screen.
    pub(super) fn value(&mut self, value: impl Display) {
        let line = self.console.clip(value);
        self.cut_line(&line);
    }

    fn cut_line(&mut self, line: &str) {
        let mut chars = line.char_indices();
        // The offset of the first character that `..` would replace. A further two mean that the line is too long.
        let mark = chars.nth(self.console.columns.saturating_sub(3)).map(|(at, _)| at);
        match (mark, chars.nth(1)) {
            (Some(mark), Some(_)) => {
                self.text.push_str(line.get(..mark).unwrap_or_default());
                self.text.push_str("..");
            }
            _ => self.text.push_str(line),
        }
        self.text.push('\n');
    }

    pub(super) fn finish(mut self) -> String {
        if self.cut {
            self.text.push_str("..\n");
        }
        self.text
    }
}

/// The first `width` characters of a text, with line breaks replaced by blanks. The rest is not produced: the writer
/// fails at the limit, which ends the formatting.
pub(super) fn clip(width: usize, text: impl Display) -> String {
    let mut clip = Clip { text: String::new(), left: width };
    // The only error is that of a full `Clip`, which is the intended end.
    _ = write!(clip, "{text}");
    clip.text
}

impl Console {
    /// [`clip`] of a value or a cell to the width of the screen, with its digits of floats.
    pub(super) fn clip(self, value: impl Display) -> String {
        clip(self.columns, format_args!("{value:.digits$}", digits = self.digits))
    }
}

/// A writer that fails once `left` more characters are written.
struct Clip {
    text: String,
    left: usize,
}

impl Write for Clip {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(if matches!(char, '\n' | '\r') { ' ' } else { char });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_fit_are_not_cut() {
        let shown = |text: &str| {
            let mut page = Page::new(Console::new(10, 10));
            page.line(text);
            page.finish()
        };
        assert_eq!(shown("0 1 2 3 4"), "0 1 2 3 4\n");
        assert_eq!(shown("0 1 2 3 45"), "0 1 2 3..\n");
        assert_eq!(shown("0 1 2 3 4 5 6"), "0 1 2 3..\n");
        assert_eq!(shown("ääääääääää"), "äääääää..\n");
    }
}
