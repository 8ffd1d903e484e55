//! The golden messages: parses `golden.txt`.

use crate::unhex;

/// A message with its known value.
///
/// ```
/// use kcorpus::{Golden, golden};
///
/// let all: Vec<Golden> = golden();
/// let one = all.iter().find(|golden| golden.name == "docs/int-one").expect("a golden message");
/// assert_eq!((one.q, one.printed), ("enlist 1i", Some(",1i")));
/// assert_eq!(kcorpus::hex(&one.message), "010000001200000006000100000001000000");
/// ```
#[derive(Clone, Debug)]
pub struct Golden {
    /// Slash-separated and unique: `vector/symbol/empty`.
    pub name: &'static str,
    /// A q expression with this value; empty if there is none.
    pub q: &'static str,
    /// The value in q's one-line form; `None` if the form is not checked.
    pub printed: Option<&'static str>,
    /// The whole message, its 8-byte header included.
    pub message: Vec<u8>,
}

/// All golden messages, in the order of `golden.txt`.
///
/// # Panics
///
/// If a line of the compiled-in `golden.txt` is malformed.
pub fn golden() -> Vec<Golden> {
    include_str!("../golden.txt").lines().filter(|line| !line.starts_with('#')).map(parse).collect()
}

fn parse(line: &'static str) -> Golden {
    let columns: Vec<_> = line.split('\t').collect();
    let [name, q, printed, digits] = columns[..] else { panic!("not four columns: {line}") };
    let message = unhex(digits).unwrap_or_else(|| panic!("not hex: {line}"));
    Golden { name, q, printed: (printed != "(unchecked)").then_some(printed), message }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let mut seen = HashSet::new();
        assert!(golden().iter().all(|g| seen.insert(g.name)));
        assert!(seen.len() > 400);
    }

    #[test]
    fn headers_state_the_length() {
        for Golden { name, message, .. } in golden() {
            let length = message[4..8].try_into().unwrap();
            let length = if message[0] == 1 { u32::from_le_bytes(length) } else { u32::from_be_bytes(length) };
            assert_eq!(length as usize, message.len(), "{name}");
            assert!(message.len() >= 10, "{name}");
        }
    }

    #[test]
    fn few_printed_forms_are_unchecked() {
        let unchecked = golden().iter().filter(|g| g.printed.is_none()).count();
        assert!(unchecked < 10, "{unchecked}");
    }

    #[test]
    fn columns_parse_in_order() {
        let all = golden();
        let find = |name| all.iter().find(|g| g.name == name).unwrap();
        let one = find("docs/int-one");
        assert_eq!((one.q, one.printed), ("enlist 1i", Some(",1i")));
        assert_eq!(one.message, unhex("010000001200000006000100000001000000").unwrap());
        assert_eq!(find("primitive/elided").printed, Some(""));
    }
}
