//! What the log may hold: fields of bounded length without control characters, lines at a bounded
//! rate.

use std::fmt::{self, Write};
use std::time::{Duration, Instant};

/// A field as peers may have made it: cut, and with everything escaped that could end a line or
/// command a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a>(pub(crate) &'a [u8]);

/// Bytes of a field that are shown.
const SHOWN: usize = 120;

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..SHOWN).unwrap_or(self.0);
        for chunk in shown.utf8_chunks() {
            for letter in chunk.valid().chars() {
                match letter {
                    '"' | '\'' => f.write_char(letter)?,
                    _ => write!(f, "{}", letter.escape_debug())?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        match self.0.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, "… and {more} bytes"),
        }
    }
}

/// Lines that may still be written, so that whoever provokes them does not fill the disk.
#[derive(Debug)]
pub(crate) struct Rate {
    since: Instant,
    lines: u32,
    /// Lines that were not written.
    silent: u64,
}

/// Lines a second.
const LINES: u32 = 50;
const SECOND: Duration = Duration::from_secs(1);

impl Rate {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), lines: 0, silent: 0 }
    }

    /// Whether a line may be written now. Says first how many could not be.
    pub(crate) fn allow(&mut self) -> bool {
        self.allow_at(Instant::now())
    }

    fn allow_at(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= SECOND {
            if self.silent > 0 {
                tracing::warn!(lines = self.silent, "too many lines to log");
            }
            (self.since, self.lines, self.silent) = (now, 0, 0);
        }
        let allowed = self.lines < LINES;
        self.lines += u32::from(allowed);
        self.silent += u64::from(!allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_cut_and_hold_no_control_characters() {
        assert_eq!(Field(b"plain 'type").to_string(), "plain 'type");
        assert_eq!(Field(b"a\nb\x1b[31m\xff").to_string(), r"a\nb\u{1b}[31m\xff");
        let long = Field(&[b'x'; 50_000]).to_string();
        assert!(long.len() < 200 && long.ends_with("… and 49880 bytes"), "{long}");
    }

    #[test]
    fn lines_are_limited_by_the_second() {
        let mut rate = Rate::new();
        let start = rate.since;
        let written = (0..1000).filter(|_| rate.allow_at(start)).count();
        assert_eq!(written, 50);
        assert!(rate.allow_at(start + SECOND));
        assert_eq!(rate.silent, 0);
    }
}
