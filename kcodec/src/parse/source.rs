//! The end of a lambda's source text.

/// The length of the lambda at the start of `text`, with an optional `k)` and the braces; `None` if its braces or
/// quotes are unbalanced.
///
/// Braces in strings and comments are ignored; a comment begins with a slash after a blank and ends with the line.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let (mut open, mut previous) = (0_usize, b'{');
    let mut bytes = text.iter().copied().enumerate().skip(if text.starts_with(b"k)") { 2 } else { 0 });
    while let Some((at, byte)) = bytes.next() {
        previous = match byte {
            b'"' => skip_string(bytes.by_ref().map(|(_, byte)| byte))?,
            b'/' if previous.is_ascii_whitespace() => bytes.find(|&(_, byte)| byte == b'\n')?.1,
            _ => byte,
        };
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Skips the rest of a string and returns its closing quote; `None` if there is none.
fn skip_string(mut bytes: impl Iterator<Item = u8>) -> Option<u8> {
    loop {
        match bytes.next()? {
            b'\\' => _ = bytes.next()?,
            b'"' => return Some(b'"'),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths() {
        for (text, expected) in [
            ("{x+y}+1", Some(5)),
            ("{[a]{a}}", Some(8)),
            ("k){x}", Some(5)),
            ("{\"}\"}}", Some(5)),
            ("{\"\\\"}\"}", Some(7)),
            ("{x / }\n/ }\n}", Some(12)),
            ("{+/x}", Some(5)),
            ("{", None),
            ("{\"}", None),
            ("{x / }", None),
        ] {
            assert_eq!(length(text.as_bytes()), expected, "{text}");
        }
    }
}
