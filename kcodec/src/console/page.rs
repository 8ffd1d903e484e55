//! The lines of one screen.

use std::fmt::{self, Display, Write};

use super::Console;

/// Lines that were shown so far, each cut to the width of the screen.
pub(super) struct Page {
    text: String,
    console: Console,
    /// Whether there was more to show than lines to show it on.
    cut: bool,
}

impl Page {
    pub(super) const fn new(console: Console) -> Self {
        Self { text: String::new(), console, cut: false }
    }

    /// The screen, of whose columns a line can show some at most; more of a cell need not be written.
    pub(super) const fn screen(&self) -> Console {
        self.console
    }

    /// How many of `rows` can be shown under a heading of so many lines.
    ///
    /// q leaves two lines of the screen alone, and one more for the `..` that stands for the rest.
    pub(super) fn room(&mut self, rows: usize, heading: usize) -> usize {
        let lines = self.console.rows.saturating_sub(2).saturating_sub(heading);
        self.cut = rows > lines;
        if self.cut { lines.saturating_sub(1) } else { rows }
    }

    /// Adds a line, cut to one less than the width and marked with `..` if it is longer.
    pub(super) fn line(&mut self, text: impl Display) {
        let line = clip(self.console.columns, text);
        self.cut_line(&line);
    }

    /// Adds the line that a value makes.
    pub(super) fn value(&mut self, value: impl Display) {
        let line = self.console.clip(value);
        self.cut_line(&line);
    }

    fn cut_line(&mut self, line: &str) {
        let mut chars = line.char_indices();
        // The first character that would have to give way to the mark, and the one past the end.
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

/// The first `width` characters of a text; the rest of it is not even written. Stays on one line.
pub(super) fn clip(width: usize, text: impl Display) -> String {
    let mut clip = Clip { text: String::new(), left: width };
    // The only error is the one by which the clip says that it is full.
    _ = write!(clip, "{text}");
    clip.text
}

impl Console {
    /// [`clip`] of a value or a cell, with the digits of floats that the screen shows.
    pub(super) fn clip(self, value: impl Display) -> String {
        clip(self.columns, format_args!("{value:.digits$}", digits = self.digits))
    }
}

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
    fn a_line_keeps_all_that_fits() {
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
