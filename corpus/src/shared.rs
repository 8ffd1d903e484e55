//! Access to an optional, larger corpus outside this repository.
//!
//! Its `.jsonl` files hold one flat JSON object per line, with the message in the field `hex`.

use std::{env, fs, path::PathBuf};

/// The folder in the environment variable `KDB_CORPUS`, if it is set.
pub fn shared() -> Option<PathBuf> {
    env::var_os("KDB_CORPUS").map(PathBuf::from)
}

/// The lines of a file in that folder; `None` if `KDB_CORPUS` is not set.
///
/// ```
/// use kcorpus::{field, shared, shared_lines, unhex};
///
/// let lines = shared_lines("real.jsonl"); // one message per line
/// assert_eq!(lines.is_some(), shared().is_some());
/// for line in lines.unwrap_or_default() {
///     assert!(field(&line, "hex").and_then(unhex).is_some());
/// }
/// ```
///
/// # Panics
///
/// If `KDB_CORPUS` is set and the file cannot be read.
pub fn shared_lines(file: &str) -> Option<Vec<String>> {
    let path = shared()?.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.lines().map(str::to_owned).collect())
}

/// The value of a field in a flat JSON object: a string without its quotes, any other value as its text.
///
/// Does not unescape strings. `"name":` cannot match inside another string, where the closing quote would be escaped.
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
    fn names_inside_strings_are_not_fields() {
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
