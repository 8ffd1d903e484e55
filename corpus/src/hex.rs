//! Hexadecimal encoding: two lower-case digits per byte.

/// Encodes bytes in hex.
///
/// ```
/// assert_eq!(kcorpus::hex(&[1, 0xfa]), "01fa");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Decodes hex; `None` if `text` is not hex.
///
/// ```
/// assert_eq!(kcorpus::unhex("01Fa"), Some(vec![1, 0xfa]));
/// assert_eq!(kcorpus::unhex("01f"), None);
/// ```
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks();
    rest.is_empty().then_some(())?;
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_round_trips() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&all)), Some(all));
    }

    #[test]
    fn invalid_hex_is_none() {
        for text in ["0", "0g", "+1", " 01", "é"] {
            assert_eq!(unhex(text), None, "{text}");
        }
        assert_eq!(unhex(""), Some(vec![]));
    }
}
