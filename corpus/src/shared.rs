//! A larger corpus outside this repository, for those who have it.
//!
//! Its `.jsonl` files hold one flat JSON object a line, with the message in the field `hex`.

use std::{env, fs, path::PathBuf};

/// The folder that the environment variable `KDB_CORPUS` names, if it is set.
pub fn shared() -> Option<PathBuf> {
    env::var_os("KDB_CORPUS").map(PathBuf::from)
}

/// The lines of a file in that folder; none if `KDB_CORPUS` is not set.
///
/// # Panics
///
/// If the file cannot be read: a folder that is named should be right.
pub fn shared_lines(file: &str) -> Option<Vec<String>> {
    let path = shared()?.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.lines().map(str::to_owned).collect())
}

/// The field of a flat JSON object: a string without its quotes, anything else as it is spelled.
///
/// Not for strings with escapes. A field's name followed by a colon cannot occur inside another string,
/// where its closing quote would be escaped.
///
/// ```
/// let line = r#"{"name": "atom/int", "hex": "fa01", "okx": 1, "types": [-6]}"#;
/// assert_eq!(kcorpus::field(line, "hex"), Some("fa01"));
/// assert_eq!(kcorpus::field(line, "okx"), Some("1"));
/// assert_eq!(kcorpus::field(line, "types"), Some("[-6]"));
/// assert_eq!(kcorpus::field(line, "plain"), None);
/// ```
pub fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let key = format!("\"{name}\":");
    let value = line[line.find(&key)? + key.len()..].trim_start();
    if let Some(string) = value.strip_prefix('"') {
        return string.split('"').next();
    }
    let end = if value.starts_with('[') { value.find(']')? + 1 } else { value.find([',', '}'])? };
    Some(value[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_names_inside_strings_are_no_fields() {
        let line = r#"{"expr": "\"hex\": 1", "hex": "00"}"#;
        assert_eq!(field(line, "hex"), Some("00"));
    }

    #[test]
    fn empty_string_and_last_number() {
        assert_eq!(field(r#"{"hex": "", "okx": 0}"#, "hex"), Some(""));
        assert_eq!(field(r#"{"hex":"","okx":0}"#, "okx"), Some("0"));
    }

    #[test]
    fn shared_messages_are_hex() {
        for file in ["real.jsonl", "real_big_endian.jsonl", "libe.jsonl", "malformed.jsonl"] {
            for line in shared_lines(file).unwrap_or_default() {
                let message = field(&line, "hex").and_then(crate::unhex);
                assert!(message.is_some(), "{file}: {line}");
            }
        }
    }
}
