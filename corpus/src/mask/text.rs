//! Masks texts: letters and digits are replaced word by word, all other ASCII characters are unchanged.

use super::permutation::Permutation;

/// Most characters of a word that are permuted as one number, so that it fits into 128 bits. The tweak of the rest of a
/// longer word includes its beginning.
const WORD: usize = 24;
/// Prefix of the tweaks of texts, to separate them from those of numbers.
const TEXT: &[u8] = b"text";

/// Masks a text.
pub(super) fn mask(permutation: &Permutation, text: &mut [u8]) {
    let chunks: Vec<_> = text.utf8_chunks().map(|chunk| (chunk.valid().len(), chunk.invalid().len())).collect();
    let mut rest = text;
    for (valid, invalid) in chunks {
        let (chunk, others) = std::mem::take(&mut rest).split_at_mut(valid + invalid);
        let (chunk, foreign) = chunk.split_at_mut(valid);
        mask_utf8(permutation, chunk);
        let tweak = permutation.tweak(&[TEXT, b"bytes"]);
        for byte in foreign {
            let image = permutation.below(tweak, 0x80, u128::from(*byte & 0x7f));
            // `below` returns a number under 0x80.
            *byte = 0x80 | u8::try_from(image).unwrap_or_default();
        }
        rest = others;
    }
}

/// Masks q code except names: strings, symbols, numbers and comments.
pub(super) fn mask_literals(permutation: &Permutation, code: &mut [u8]) {
    let mut at = 0;
    while at < code.len() {
        let rest = code.get_mut(at..).unwrap_or_default();
        let (length, is_name) = token(rest, at == 0);
        if !is_name {
            mask(permutation, rest.get_mut(..length).unwrap_or_default());
        }
        // `token` sees the blank before a `/`, because only then the `/` starts a comment.
        at += length;
    }
}

/// The length of the first token, and whether it is kept.
fn token(code: &[u8], is_first: bool) -> (usize, bool) {
    let until = |is_end: &dyn Fn(u8) -> bool, from: usize| {
        code.iter().skip(from).position(|&byte| is_end(byte)).map_or(code.len(), |end| end + from)
    };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_' || byte >= 0x80;
    match code {
        [b'"', ..] => (string(code), false),
        [b'`', ..] => (until(&|byte| !(is_word(byte) || byte == b':' || byte == b'/'), 1), false),
        [b' ' | b'\n', b'/', ..] => (until(&|byte| byte == b'\n', 1), false),
        [b'/', ..] if is_first => (until(&|byte| byte == b'\n', 1), false),
        [b'.' | b'a'..=b'z' | b'A'..=b'Z', ..] => (until(&|byte| !is_word(byte), 1), true),
        [first, ..] if is_word(*first) => (until(&|byte| !(is_word(byte) || byte == b':'), 1), false),
        _ => (1, true),
    }
}

/// The length of a string literal, its quotes included.
fn string(code: &[u8]) -> usize {
    let mut is_escaped = false;
    for (at, &byte) in code.iter().enumerate().skip(1) {
        if byte == b'"' && !is_escaped {
            return at + 1;
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }
    code.len()
}

/// Masks valid UTF-8.
fn mask_utf8(permutation: &Permutation, text: &mut [u8]) {
    let mut at = 0;
    while let Some(&first) = text.get(at) {
        let rest = text.get_mut(at..).unwrap_or_default();
        at += if first.is_ascii_alphanumeric() {
            let length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
            word(permutation, rest.get_mut(..length).unwrap_or_default());
            length
        } else if first < 0x80 {
            1
        } else {
            letter(permutation, rest)
        };
    }
}

/// Masks a word: permutes its index among all words with the same pattern of character classes.
fn word(permutation: &Permutation, word: &mut [u8]) {
    let original = word.to_vec();
    for (index, part) in word.chunks_mut(WORD).enumerate() {
        let before = original.get(..index * WORD).unwrap_or_default();
        let classes: Vec<_> = part.iter().map(|&byte| class(byte)).collect();
        let pattern: Vec<_> = classes.iter().map(|&(first, _)| first).collect();
        let tweak = permutation.tweak(&[TEXT, &pattern, before]);
        let digits = part.iter().zip(&classes);
        let number = digits.fold(0, |number, (&byte, &(first, count))| number * count + u128::from(byte - first));
        let count = classes.iter().map(|&(_, count)| count).product();
        let mut image = permutation.below(tweak, count, number);
        for (byte, (first, count)) in part.iter_mut().zip(classes).rev() {
            // A class has at most 26 characters.
            *byte = first + u8::try_from(image % count).unwrap_or_default();
            image /= count;
        }
    }
}

/// The first character of a class and the size of the class.
const fn class(byte: u8) -> (u8, u128) {
    match byte {
        b'0'..=b'9' => (b'0', 10),
        b'A'..=b'Z' => (b'A', 26),
        _ => (b'a', 26),
    }
}

/// Masks the first char, which is not ASCII, by one of the same UTF-8 length. Returns that length.
fn letter(permutation: &Permutation, text: &mut [u8]) -> usize {
    let letter = str::from_utf8(text.get(..4).unwrap_or(text)).map_or_else(|error| error.valid_up_to(), str::len);
    let letter = str::from_utf8(text.get(..letter).unwrap_or_default()).ok().and_then(|text| text.chars().next());
    let Some(letter) = letter else { return 1 };
    let length = letter.len_utf8();
    let of = |number: u128| u32::try_from(number).ok().and_then(char::from_u32);
    let is_in = |number| of(number).is_some_and(|letter| letter.len_utf8() == length);
    let bits = [7, 11, 16, 21].get(length - 1).copied().unwrap_or(21);
    let image = permutation.among(permutation.tweak(&[TEXT, b"letter"]), bits, u32::from(letter).into(), is_in);
    if let (Some(image), Some(room)) = (of(image), text.get_mut(..length)) {
        image.encode_utf8(room);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_literals_keeps_names() {
        let permutation = Permutation::new([3; 16]);
        let code = "select from trade where sym=`IBM, note like \"a\\\"b*\", date>2024.01.31 / a secret";
        let mut masked = code.as_bytes().to_vec();
        mask_literals(&permutation, &mut masked);
        let masked = String::from_utf8(masked).unwrap();
        assert!(masked.starts_with("select from trade where sym=`"), "{masked}");
        assert!(masked.contains(", note like \"") && masked.contains(", date>"), "{masked}");
        assert!(["IBM", "a\\\"b", "2024", "secret"].iter().all(|text| !masked.contains(text)), "{masked}");
        assert_eq!(masked.len(), code.len());
    }

    #[test]
    fn words_mask_the_same_alone_and_in_texts() {
        let permutation = Permutation::new([3; 16]);
        let masked = |text: &str| {
            let mut text = text.as_bytes().to_vec();
            mask(&permutation, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            masked("select from trade, IBM.N é\u{10348}"),
            format!(
                "{} {} {}, {}.{} {}{}",
                masked("select"),
                masked("from"),
                masked("trade"),
                masked("IBM"),
                masked("N"),
                masked("é"),
                masked("\u{10348}")
            )
        );
        let long = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
        assert_ne!(masked(long)[26..], masked(&format!("b{}", &long[1..]))[26..]);
    }
}
