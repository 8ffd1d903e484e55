//! Parses tokens into code.

mod term;

use std::sync::Arc;

use super::code::{Chain, Code, Node, Place, Step};
use super::fault::{Fault, R};
use super::func::Func;
use super::lambda::Scope;
use super::lex::{Token, TokenKind, lex};
use super::noun::Noun;
use super::symbols::Sym;
use super::verb::Verb;
use super::views::ViewSource;
use super::vm::Vm;

impl Vm<'_> {
    /// Parses a text in the current namespace. The result is cached.
    ///
    /// # Errors
    ///
    /// As in q, the text of the invalid token.
    pub(crate) fn parse(&mut self, text: &[u8]) -> R<Arc<Code>> {
        let context = self.q.context;
        if let Some(code) = self.q.lambdas.query(context, text) {
            return Ok(code);
        }
        let (source, k) = text.strip_prefix(b"k)").map_or((text, false), |k| (k, true));
        let tokens = lex(self, source, k)?;
        let mut parser = Parser::new(self, source, context, &tokens, k);
        parser.is_top = !k;
        let statements = parser.separated()?;
        parser.end()?;
        let code = Arc::new(finished(statements));
        self.q.lambdas.keep_query(context, text, code.clone());
        Ok(code)
    }

    /// Parses a text that must be a single lambda: from a message or a script.
    pub(crate) fn lambda(&mut self, text: &[u8], context: Sym) -> R {
        if let Some(lambda) = self.q.lambdas.lambda(context, text) {
            return Ok(Noun::Func(Func::Lambda(lambda)));
        }
        let (body, k) = text.strip_prefix(b"k)").map_or((text, false), |k| (k, true));
        let tokens = lex(self, body, k)?;
        let mut parser = Parser::new(self, body, context, &tokens, k);
        let lambda = match parser.next() {
            Some(token) if matches!(token.kind, TokenKind::Open(b'{')) => parser.braces(token.start)?,
            _ => return Err(Fault::new("bad lambda")),
        };
        parser.end()?;
        if let Noun::Func(Func::Lambda(lambda)) = &lambda {
            self.q.lambdas.keep_lambda(context, text, lambda.clone());
        }
        Ok(lambda)
    }
}

pub(crate) fn finished(statements: Vec<Option<Chain>>) -> Code {
    let assigns = statements.last().is_some_and(|last| last.as_ref().is_some_and(Chain::assigns));
    Code { statements, assigns }
}

impl Chain {
    /// Whether its last step assigns a global. As the last statement, such a chain has the value `::`.
    pub(crate) fn assigns(&self) -> bool {
        match self.steps.last() {
            Some(Step::Assign(assign)) => matches!(assign.place, Place::Global(_)),
            Some(Step::Match(pattern)) => pattern.binds_globals(),
            _ => false,
        }
    }

    /// A chain of a single term.
    pub(crate) const fn of(last: Node) -> Self {
        Self { last, steps: Vec::new() }
    }
}

pub(crate) struct Parser<'a, 'h> {
    pub(crate) vm: &'a mut Vm<'h>,
    pub(crate) text: &'a [u8],
    pub(crate) context: Sym,
    /// The tokens not read yet.
    pub(crate) tokens: &'a [Token],
    /// The scope of the enclosing lambda; `None` outside of lambdas.
    pub(crate) scope: Option<Scope>,
    /// Whether commas and the words of q-sql end an expression.
    pub(crate) phrase: bool,
    /// Whether the statement is outside of all brackets, where `a::x` defines a view.
    pub(crate) is_top: bool,
    /// Whether the current chain contains an assignment with `::` outside of lambdas.
    pub(crate) doubled: bool,
    /// Whether this is a column phrase of a query, where x, y and z are not implicit parameters.
    pub(crate) quoted: bool,
    pub(crate) k: bool,
}

/// An element of a chain.
pub(crate) enum Term {
    Noun(Node),
    Verb(Node),
    Assign,
    Double,
    Colon(&'static Verb),
    Signal,
}

impl<'a, 'h> Parser<'a, 'h> {
    pub(crate) fn new(vm: &'a mut Vm<'h>, text: &'a [u8], context: Sym, tokens: &'a [Token], k: bool) -> Self {
        Self { vm, text, context, tokens, scope: None, phrase: false, quoted: false, is_top: false, doubled: false, k }
    }

    pub(crate) fn peek(&self) -> Option<&'a TokenKind> {
        self.tokens.first().map(|token| &token.kind)
    }

    pub(crate) fn next(&mut self) -> Option<&'a Token> {
        let (first, left) = self.tokens.split_first()?;
        self.tokens = left;
        Some(first)
    }

    pub(crate) fn source(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn token_text(&self, token: &Token) -> &'a [u8] {
        self.source(token.start, token.end)
    }

    pub(crate) fn unexpected(&self, token: &Token) -> Fault {
        Fault::named(self.token_text(token))
    }

    /// Fails unless all tokens are read.
    pub(crate) fn end(&self) -> R<()> {
        self.tokens.first().map_or(Ok(()), |token| Err(self.unexpected(token)))
    }

    /// Reads an opening bracket if it is next. Returns whether it was.
    pub(crate) fn open(&mut self, bracket: u8) -> bool {
        let is_next = matches!(self.peek(), Some(TokenKind::Open(next)) if *next == bracket);
        if is_next {
            self.next();
        }
        is_next
    }

    /// Reads the closing bracket that matches `open`.
    pub(crate) fn close(&mut self, open: u8, close: u8) -> R<&'a Token> {
        match self.next() {
            Some(token) if matches!(token.kind, TokenKind::Close(next) if next == close) => Ok(token),
            Some(token) => Err(self.unexpected(token)),
            None => Err(Fault::named(&[open])),
        }
    }

    /// Parses the content of brackets and the closing bracket. The opening one must have been read.
    pub(crate) fn inside<T>(&mut self, open: u8, close: u8, read: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        self.vm.check_stack()?;
        let phrase = std::mem::replace(&mut self.phrase, false);
        let is_top = std::mem::replace(&mut self.is_top, false);
        let inside = read(self);
        self.phrase = phrase;
        self.is_top = is_top;
        let inside = inside?;
        self.close(open, close)?;
        Ok(inside)
    }

    /// Parses statements separated by semicolons, up to a closing bracket or the end.
    pub(crate) fn separated(&mut self) -> R<Vec<Option<Chain>>> {
        let mut all = vec![self.statement()?];
        while let Some(TokenKind::Semicolon) = self.peek() {
            self.next();
            all.push(self.statement()?);
        }
        Ok(all)
    }

    fn statement(&mut self) -> R<Option<Chain>> {
        match self.tokens {
            [name @ Token { kind: TokenKind::Name, .. }, Token { kind: TokenKind::Double, .. }, body @ ..]
                if self.is_top && !body.is_empty() =>
            {
                self.tokens = body;
                let name = self.vm.intern(self.token_text(name));
                self.view(name).map(Some)
            }
            _ => self.expression(),
        }
    }

    /// Parses `a::x` after the colons. All statements up to the end belong to the view.
    fn view(&mut self, name: Sym) -> R<Chain> {
        let (Some(first), Some(last)) = (self.tokens.first(), self.tokens.last()) else { return Err(Fault::PARSE) };
        let text = self.source(first.start, last.end).into();
        let name = self.qualified(name);
        self.is_top = false;
        let code = finished(self.separated()?);
        Ok(Chain::of(Node::View(Arc::new(ViewSource { name, text, code }))))
    }

    /// Parses a chain up to a semicolon, a closing bracket or the end; `None` if it is empty.
    pub(crate) fn expression(&mut self) -> R<Option<Chain>> {
        let mut terms = Vec::new();
        while let Some(term) = self.term(terms.is_empty())? {
            terms.push(term);
        }
        if terms.is_empty() { Ok(None) } else { self.chain(terms).map(Some) }
    }

    /// Parses with commas and the words of q-sql as ends of an expression.
    pub(crate) fn in_phrase<T>(&mut self, read: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        self.vm.check_stack()?;
        let phrase = std::mem::replace(&mut self.phrase, true);
        let done = read(self);
        self.phrase = phrase;
        done
    }

    /// Reads a word if it is next. Returns whether it was.
    pub(crate) fn word(&mut self, word: &[u8]) -> bool {
        let is_next = self.is_word(word);
        if is_next {
            self.next();
        }
        is_next
    }

    fn is_word(&self, word: &[u8]) -> bool {
        match self.tokens.first() {
            Some(token) => matches!(token.kind, TokenKind::Name | TokenKind::Verb(_)) && self.token_text(token) == word,
            None => false,
        }
    }

    /// Reads a comma if it is next. Returns whether it was.
    pub(crate) fn comma(&mut self) -> bool {
        self.word(b",")
    }

    /// Reads `name:` if it is next, and returns the name.
    pub(crate) fn column_name(&mut self) -> Option<Sym> {
        match self.tokens {
            [name @ Token { kind: TokenKind::Name, .. }, Token { kind: TokenKind::Assign, .. }, left @ ..] => {
                self.tokens = left;
                Some(self.vm.intern(self.token_text(name)))
            }
            _ => None,
        }
    }
    /// The name of a place.
    pub(crate) fn name_of(&self, place: Place) -> Sym {
        match (place, &self.scope) {
            (Place::Local(slot), Some(scope)) => scope.slots.get(slot).map_or(Sym::NULL, |slot| slot.name),
            (Place::Local(_), None) => Sym::NULL,
            (Place::Global(name), _) => name,
        }
    }
}
