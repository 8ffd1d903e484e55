//! Splits text into tokens.

use kcodec::Kind;

use super::fault::{Fault, R};
use super::func::Iterator;
use super::noun::Noun;
use super::verb::{self, Verb};
use super::vm::Vm;

/// A token and its position in the text.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum TokenKind {
    /// A literal.
    Noun(Noun),
    Name,
    /// An operator or a keyword.
    Verb(&'static Verb),
    /// An operator followed by a colon, `+:`: assignment through it, or its unary form.
    Colon(&'static Verb),
    /// An iterator; `'` may also be a signal.
    Iterator(Iterator),
    /// `(`, `[` or `{`
    Open(u8),
    /// `)`, `]` or `}`
    Close(u8),
    Semicolon,
    /// `:`
    Assign,
    /// `::`
    Double,
}

impl TokenKind {
    /// Whether a following `-` is the binary operator, with this token as its left argument.
    const fn ends_noun(&self) -> bool {
        match self {
            Self::Noun(_) | Self::Name | Self::Close(_) => true,
            Self::Verb(verb) => !verb.infix,
            _ => false,
        }
    }
}

/// Iterators; longer ones first, so that the first match is the longest.
const ITERATORS: [(&[u8], Iterator); 6] = [
    (b"':", Iterator::Prior),
    (b"/:", Iterator::Right),
    (b"\\:", Iterator::Left),
    (b"'", Iterator::Each),
    (b"/", Iterator::Over),
    (b"\\", Iterator::Scan),
];

/// Splits text into tokens, without comments. In k mode most keywords are plain names.
///
/// # Errors
///
/// The text that does not start a token; an unterminated string; `stop`.
pub(crate) fn lex(vm: &mut Vm<'_>, text: &[u8], k: bool) -> R<Vec<Token>> {
    vm.charge(text.len().saturating_mul(8))?;
    let mut tokens = vm.vec(text.len().min(64))?;
    let mut lexer = Lexer { text, at: 0, last: None, k };
    while lexer.skip() {
        let start = lexer.at;
        let (kind, length) = lexer.next(vm)?;
        lexer.at += length.max(1);
        lexer.last = Some(kind.ends_noun());
        vm.grow(&mut tokens, 1)?;
        tokens.push(Token { kind, start, end: lexer.at });
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether the last token ends a noun; `None` at the start.
    last: Option<bool>,
    k: bool,
}

impl<'a> Lexer<'a> {
    fn left(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The byte at `distance`; 0 past the end.
    fn ahead(&self, distance: usize) -> u8 {
        self.left().get(distance).copied().unwrap_or_default()
    }

    /// Whether the previous byte is whitespace, or this is the start of the text.
    fn spaced(&self) -> bool {
        self.at.checked_sub(1).and_then(|at| self.text.get(at)).is_none_or(u8::is_ascii_whitespace)
    }

    /// Skips whitespace and comments. Returns `false` at the end.
    fn skip(&mut self) -> bool {
        loop {
            match self.left() {
                [] => return false,
                [byte, ..] if byte.is_ascii_whitespace() => self.at += 1,
                [b'/', left @ ..] if self.spaced() => {
                    self.at += 1 + left.iter().position(|&byte| byte == b'\n').unwrap_or(left.len());
                }
                _ => return true,
            }
        }
    }

    /// Parses the next token and returns its length in bytes.
    fn next(&self, vm: &mut Vm<'_>) -> R<(TokenKind, usize)> {
        let one = |kind| Ok((kind, 1));
        match (self.ahead(0), self.ahead(1)) {
            (b'0'..=b'2', b':') if !self.ahead(2).is_ascii_digit() => self.file(),
            (b'0'..=b'9' | b'"' | b'`', _) | (b'.', b'0'..=b'9') => self.noun(vm),
            (b'-', b'0'..=b'9' | b'.') if self.is_sign() => self.noun(vm),
            (b'a'..=b'z' | b'A'..=b'Z', _) | (b'.', b'a'..=b'z' | b'A'..=b'Z') => Ok(self.name()),
            (byte @ (b'(' | b'[' | b'{'), _) => one(TokenKind::Open(byte)),
            (byte @ (b')' | b']' | b'}'), _) => one(TokenKind::Close(byte)),
            (b';', _) => one(TokenKind::Semicolon),
            (b':', b':') => Ok((TokenKind::Double, 2)),
            (b':', _) => one(TokenKind::Assign),
            (b'\'' | b'/' | b'\\', _) => self.iterator(),
            _ => self.operator(),
        }
    }

    /// `0:`, `1:`, `2:`
    fn file(&self) -> R<(TokenKind, usize)> {
        let name = self.left().get(..2).unwrap_or_default();
        verb::named(name).map(|verb| (TokenKind::Verb(verb), 2)).ok_or_else(|| Fault::nyi_of(name))
    }

    /// Whether a `-` is the sign of the number after it.
    fn is_sign(&self) -> bool {
        let digit = self.ahead(1).is_ascii_digit() || self.ahead(2).is_ascii_digit();
        digit && (self.last != Some(true) || self.spaced())
    }

    fn noun(&self, vm: &mut Vm<'_>) -> R<(TokenKind, usize)> {
        let (body, length) = kcodec::literal(self.left()).ok().flatten().ok_or_else(|| self.invalid_literal())?;
        let number = !matches!(self.ahead(0), b'"' | b'`');
        if length == 0 || (number && self.ahead(length).is_ascii_alphanumeric()) {
            return Err(self.invalid_literal());
        }
        // Numbers separated by blanks are one literal. If they have no common kind, they are not applied to each
        // other.
        let blanks = self.left().iter().skip(length).take_while(|&&byte| byte == b' ').count();
        if number
            && blanks > 0
            && self.ahead(length + blanks).is_ascii_digit()
            && self.ahead(length + blanks + 1) != b':'
        {
            return Err(Fault::nyi("numbers of several kinds in one literal"));
        }
        Ok((TokenKind::Noun(vm.noun(body.value())?), length))
    }

    /// The error for an invalid literal: its first word, truncated.
    fn invalid_literal(&self) -> Fault {
        let length = self.left().iter().take(32).take_while(|byte| byte.is_ascii_graphic() && !b";)]}".contains(byte));
        let length = if self.ahead(0) == b'"' { 1 } else { length.count() };
        Fault::named(self.left().get(..length).unwrap_or_default())
    }

    fn name(&self) -> (TokenKind, usize) {
        let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || (*byte == b'_' && !self.k) || *byte == b'.';
        let length = self.left().iter().take_while(|byte| in_name(byte)).count();
        let name = self.left().get(..length).unwrap_or_default();
        let verb = verb::named(name).filter(|verb| !self.k || verb.is_word_of_k());
        (verb.map_or(TokenKind::Name, TokenKind::Verb), length)
    }

    fn iterator(&self) -> R<(TokenKind, usize)> {
        let found = ITERATORS.iter().find(|(text, _)| self.left().starts_with(text));
        let (text, iterator) = found.ok_or(Fault::PARSE)?;
        Ok((TokenKind::Iterator(*iterator), text.len()))
    }

    fn operator(&self) -> R<(TokenKind, usize)> {
        for length in [2, 1] {
            let Some(verb) = self.left().get(..length).and_then(verb::named) else { continue };
            if verb.kind() == Kind::Unary {
                continue;
            }
            return Ok(match self.left().get(length..).unwrap_or_default() {
                // `a,::x` means `a,:x`, but `1,::` ends with a null.
                [b':', b':', rest @ ..] if !ends(rest) => (TokenKind::Colon(verb), length + 2),
                [b':', b':', ..] => (TokenKind::Verb(verb), length),
                [b':', ..] => (TokenKind::Colon(verb), length + 1),
                _ => (TokenKind::Verb(verb), length),
            });
        }
        let byte = [self.ahead(0)];
        Err(if byte[0].is_ascii_graphic() { Fault::named(&byte) } else { Fault::new("char") })
    }
}

/// Whether an expression ends at this position.
fn ends(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start().first(), None | Some(b';' | b')' | b']' | b'}'))
}
