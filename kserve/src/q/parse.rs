//! Parses tokens into code.

use std::collections::HashSet;
use std::sync::Arc;

use super::code::{Chain, Code, Control, Node, Place, Step};
use super::fault::{Fault, R};
use super::func::{Func, Iterator};
use super::lambda::Scope;
use super::lex::{Token, TokenKind, lex};
use super::noun::{DEPTH, Noun};
use super::symbols::Sym;
use super::verb::{self, Verb};
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

    fn ends_phrase(&self) -> bool {
        self.phrase && (self.is_word(b",") || [&b"by"[..], b"from", b"where"].iter().any(|word| self.is_from(word)))
    }

    /// `where` is also a keyword; in a phrase it always ends the expression.
    fn is_from(&self, word: &[u8]) -> bool {
        self.is_word(word)
    }

    fn term(&mut self, first: bool) -> R<Option<Term>> {
        let Some(kind) = self.peek() else { return Ok(None) };
        if self.ends_phrase() {
            return Ok(None);
        }
        let term = match kind {
            TokenKind::Semicolon | TokenKind::Close(_) => return Ok(None),
            TokenKind::Assign if self.is_operand(first) => return self.operand().map(Some),
            TokenKind::Assign => Term::Assign,
            TokenKind::Double => Term::Double,
            TokenKind::Iterator(Iterator::Each) if first && !self.is_last() && !self.is_applied() => Term::Signal,
            TokenKind::Colon(verb) if !first && !self.is_applied() => Term::Colon(verb),
            _ => return self.operand().map(Some),
        };
        self.next();
        Ok(Some(term))
    }

    /// Whether the next token is the last one of its expression.
    fn is_last(&self) -> bool {
        matches!(self.tokens.get(1).map(|token| &token.kind), None | Some(TokenKind::Semicolon | TokenKind::Close(_)))
    }

    /// Whether a colon at this position is the verb, and not an assignment or return.
    fn is_operand(&self, first: bool) -> bool {
        (first && self.is_last()) || self.is_applied()
    }

    /// Whether brackets or an iterator directly follow the next token.
    fn is_applied(&self) -> bool {
        match self.tokens {
            [Token { end, .. }, Token { kind: TokenKind::Open(b'['), start, .. }, ..] => end == start,
            [Token { end, .. }, Token { kind: TokenKind::Iterator(_), start, .. }, ..] => end == start,
            _ => false,
        }
    }

    /// Parses a noun or verb with the brackets and iterators that follow it.
    fn operand(&mut self) -> R<Term> {
        let Some(token) = self.next() else { return Err(Fault::PARSE) };
        let (mut node, mut verb) = self.primary(token)?;
        for _ in 0..DEPTH {
            match self.peek() {
                Some(TokenKind::Open(b'[')) => {
                    self.next();
                    let arguments = self.inside(b'[', b']', Self::separated)?;
                    (node, verb) = (self.applied(node, arguments)?, false);
                }
                Some(TokenKind::Iterator(iterator)) => {
                    self.next();
                    (node, verb) = (Node::Derived(Box::new(node), *iterator), true);
                }
                _ => return Ok(if verb { Term::Verb(node) } else { Term::Noun(node) }),
            }
        }
        Err(Fault::STACK)
    }

    /// Parses a term without what follows it. Returns whether it is a verb.
    fn primary(&mut self, token: &Token) -> R<(Node, bool)> {
        let node = match &token.kind {
            TokenKind::Noun(noun) => Node::Const(noun.clone()),
            TokenKind::Verb(verb) => return Ok((Node::Verb(verb), verb.infix)),
            TokenKind::Colon(verb) => {
                Node::Verb(verb.unary_form().ok_or_else(|| Fault::nyi_of(self.token_text(token)))?)
            }
            TokenKind::Assign => return Ok((Node::Verb(verb::require(":")?), true)),
            TokenKind::Double => Node::Const(Noun::Null),
            TokenKind::Iterator(iterator) => Node::Const(Noun::Func(Func::Iterator(*iterator))),
            TokenKind::Name => self.name(token)?,
            TokenKind::Open(b'(') if self.open(b'[') => self.table()?,
            TokenKind::Open(b'(') => self.parentheses()?,
            TokenKind::Open(b'[') => Node::Block(self.inside(b'[', b']', Self::separated)?),
            TokenKind::Open(b'{') => Node::Const(self.braces(token.start)?),
            _ => return Err(self.unexpected(token)),
        };
        Ok((node, false))
    }

    fn name(&mut self, token: &Token) -> R<Node> {
        let name = self.token_text(token);
        let control = match name {
            b"if" => Some(Control::If),
            b"do" => Some(Control::Do),
            b"while" => Some(Control::While),
            _ => None,
        };
        if let Some(control) = control {
            if !self.open(b'[') {
                return Err(Fault::named(name));
            }
            return Ok(Node::Control(control, self.inside(b'[', b']', Self::separated)?));
        }
        if !self.k
            && let Some(query) = self.query(name)?
        {
            return Ok(Node::Query(Box::new(query)));
        }
        if name == b".z.s" {
            return Ok(Node::This);
        }
        let name = self.vm.intern(name);
        if matches!(self.peek(), Some(TokenKind::Double)) && self.is_unused_parameter(name) {
            return Ok(Node::Name(Place::Global(self.qualified(name))));
        }
        Ok(Node::Name(self.place(name)))
    }

    fn parentheses(&mut self) -> R<Node> {
        let mut items = self.inside(b'(', b')', Self::separated)?;
        if items.len() > 1 {
            return Ok(Node::List(items));
        }
        Ok(match items.pop().flatten() {
            Some(only) => Node::Group(Box::new(only)),
            None => Node::List(Vec::new()),
        })
    }

    /// Parses `([k:x]v:y)` after `([`.
    fn table(&mut self) -> R<Node> {
        let keyed = !matches!(self.peek(), Some(TokenKind::Close(_)));
        let keys = self.inside(b'[', b']', Self::columns)?;
        let columns = self.inside(b'(', b')', Self::columns)?;
        Ok(Node::Table { keys, columns, keyed })
    }

    /// Parses the columns of a table literal. A duplicate name gets a number: `x`, `x1`.
    fn columns(&mut self) -> R<Vec<(Sym, Chain)>> {
        let (mut columns, mut taken) = (Vec::new(), HashSet::new());
        loop {
            let name = self.column_name();
            let chain = match (self.expression()?, name) {
                (None, Some(_)) => Some(Chain::of(Node::Const(Noun::Elided))),
                (chain, _) => chain,
            };
            if let Some(chain) = chain {
                let name = name.or_else(|| self.own_name(&chain)).unwrap_or_else(|| self.vm.intern(b"x"));
                let mut own = name;
                for number in 1..=taken.len() {
                    if taken.insert(own) {
                        break;
                    }
                    let numbered = [self.vm.text(name), number.to_string().as_bytes()].concat();
                    own = self.vm.intern(&numbered);
                }
                taken.insert(own);
                columns.push((own, chain));
            }
            match self.peek() {
                Some(TokenKind::Semicolon) => self.next(),
                _ => return Ok(columns),
            };
        }
    }

    /// The name, if the chain is only a name.
    fn own_name(&self, chain: &Chain) -> Option<Sym> {
        match (&chain.last, chain.steps.as_slice()) {
            (Node::Name(place), []) => Some(self.name_of(*place)),
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
