//! Log hygiene: fields of bounded length without control characters, and a bounded rate of lines.

use std::fmt::{self, Write};
use std::time::{Duration, Instant};

/// A field with untrusted bytes. Displayed truncated, with all control characters escaped, so that it cannot end a
/// line or command a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a>(pub(crate) &'a [u8]);

/// Bytes of a field that are displayed.
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

/// Rate limit, so that peers cannot fill the disk with log lines.
#[derive(Debug)]
pub(crate) struct Rate {
    since: Instant,
    lines: u32,
    /// Lines suppressed in this second.
    suppressed: u64,
}

/// Lines per second.
const LINES_PER_SECOND: u32 = 50;
const SECOND: Duration = Duration::from_secs(1);

impl Rate {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), lines: 0, suppressed: 0 }
    }

    /// Whether a line may be written now. At the start of a second it logs how many lines were suppressed.
    pub(crate) fn allow(&mut self) -> bool {
        self.allow_at(Instant::now())
    }

    fn allow_at(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= SECOND {
            if self.suppressed > 0 {
                tracing::warn!(lines = self.suppressed, "log lines suppressed");
            }
            (self.since, self.lines, self.suppressed) = (now, 0, 0);
        }
        let allowed = self.lines < LINES_PER_SECOND;
        self.lines += u32::from(allowed);
        self.suppressed += u64::from(!allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_truncated_and_escaped() {
        assert_eq!(Field(b"plain 'type").to_string(), "plain 'type");
        assert_eq!(Field(b"a\nb\x1b[31m\xff").to_string(), r"a\nb\u{1b}[31m\xff");
        let long = Field(&[b'x'; 50_000]).to_string();
        assert!(long.len() < 200 && long.ends_with("… and 49880 bytes"), "{long}");
    }

    #[test]
    fn lines_per_second_are_limited() {
        let mut rate = Rate::new();
        let start = rate.since;
        let written = (0..1000).filter(|_| rate.allow_at(start)).count();
        assert_eq!(written, 50);
        assert!(rate.allow_at(start + SECOND));
        assert_eq!(rate.suppressed, 0);
    }
}
