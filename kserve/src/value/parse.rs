//! Tokens into expressions.

use kcodec::{Body, Function, Kind, Symbol, Value};

use super::budget::Budget;
use super::fault::Fault;
use super::items::encode;
use super::keyword::Word;
use super::lex::{Token, TokenKind, lex};
use super::syntax::{Control, Expr, Lambda, Name, Node, Statements, Step};

/// q-sql, which is a language of its own.
const TEMPLATES: [&[u8]; 4] = [b"select", b"exec", b"update", b"delete"];

/// The statements of a text, which belongs to a namespace.
///
/// # Errors
///
/// As q, the token that is wrong there.
pub(crate) fn parse(budget: &mut Budget, text: &[u8], context: &[u8]) -> Result<Statements, Fault> {
    let tokens = lex(budget, text)?;
    let mut parser = Parser { budget, text, context, tokens: &tokens, implicit: 0 };
    let statements = parser.separated()?;
    match parser.tokens.first() {
        None => Ok(statements),
        Some(token) => Err(parser.unexpected(token)),
    }
}

/// The lambda that is all of a text.
///
/// # Errors
///
/// As [`parse`].
pub(crate) fn lambda(budget: &mut Budget, text: &[u8], context: &[u8]) -> Result<Lambda, Fault> {
    let tokens = lex(budget, text)?;
    let mut parser = Parser { budget, text, context, tokens: &tokens, implicit: 0 };
    parser.open(b'{').ok_or(Fault::NYI)?;
    let lambda = parser.function()?;
    parser.close(b'{', b'}')?;
    if parser.tokens.is_empty() { Ok(lambda) } else { Err(Fault::PARSE) }
}

struct Parser<'a, 't> {
    budget: &'a mut Budget,
    text: &'a [u8],
    context: &'a [u8],
    /// Those not yet read.
    tokens: &'t [Token],
    /// How many of x, y, z the lambda that is being read uses so far.
    implicit: usize,
}

/// A part of a chain.
enum Term {
    Noun(Node),
    Verb(Node),
    Assign,
    Double,
    Colon(&'static Word),
    Signal,
}

impl<'t> Parser<'_, 't> {
    fn peek(&self) -> Option<&'t TokenKind> {
        self.tokens.first().map(|token| &token.kind)
    }

    fn next(&mut self) -> Option<&'t Token> {
        let (first, left) = self.tokens.split_first()?;
        self.tokens = left;
        Some(first)
    }

    fn source(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    fn unexpected(&self, token: &Token) -> Fault {
        Fault::named(self.source(token.start, token.end))
    }

    /// Reads an opening bracket, if it is that which comes next.
    fn open(&mut self, bracket: u8) -> Option<&'t Token> {
        let is_next = matches!(self.peek(), Some(TokenKind::Open(next)) if *next == bracket);
        if is_next { self.next() } else { None }
    }

    /// Reads the closing bracket of what was opened.
    fn close(&mut self, open: u8, close: u8) -> Result<&'t Token, Fault> {
        match self.next() {
            Some(token) if matches!(token.kind, TokenKind::Close(next) if next == close) => Ok(token),
            Some(token) => Err(self.unexpected(token)),
            None => Err(Fault::named(&[open])),
        }
    }

    /// Reads what is inside brackets of which the opening one has been read.
    fn inside<T>(&mut self, open: u8, close: u8, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.budget.enter()?;
        let inside = read(self);
        self.budget.leave();
        let inside = inside?;
        self.close(open, close)?;
        Ok(inside)
    }

    /// Expressions between semicolons, up to a closing bracket or the end.
    fn separated(&mut self) -> Result<Statements, Fault> {
        let mut all = vec![self.expression()?];
        while let Some(TokenKind::Semicolon) = self.peek() {
            self.next();
            all.push(self.expression()?);
        }
        Ok(all)
    }

    /// One chain, up to a semicolon, a closing bracket or the end; `None` if nothing is there.
    fn expression(&mut self) -> Result<Option<Expr>, Fault> {
        let mut terms = Vec::new();
        while let Some(term) = self.term(terms.is_empty())? {
            terms.push(term);
        }
        if terms.is_empty() { Ok(None) } else { chain(terms).map(Some) }
    }

    fn term(&mut self, first: bool) -> Result<Option<Term>, Fault> {
        let Some(kind) = self.peek() else { return Ok(None) };
        let term = match kind {
            TokenKind::Semicolon | TokenKind::Close(_) => return Ok(None),
            TokenKind::Assign => Term::Assign,
            TokenKind::Double => Term::Double,
            TokenKind::Iterator(Kind::Each) if first => Term::Signal,
            TokenKind::Colon(word) if !first && !self.is_applied() => Term::Colon(word),
            _ => return self.operand().map(Some),
        };
        self.next();
        Ok(Some(term))
    }

    /// Whether brackets or an iterator follow the next token.
    fn is_applied(&self) -> bool {
        matches!(self.tokens.get(1).map(|token| &token.kind), Some(TokenKind::Open(b'[') | TokenKind::Iterator(_)))
    }

    /// A noun or verb with the brackets and iterators after it.
    fn operand(&mut self) -> Result<Term, Fault> {
        let Some(token) = self.next() else { return Err(Fault::PARSE) };
        let (mut node, mut verb) = self.primary(token)?;
        loop {
            match self.peek() {
                Some(TokenKind::Open(b'[')) => {
                    self.next();
                    let arguments = self.inside(b'[', b']', Self::separated)?;
                    (node, verb) = (applied(node, arguments), false);
                }
                Some(TokenKind::Iterator(kind)) => {
                    self.next();
                    (node, verb) = (Node::Derived(Box::new(node), *kind), true);
                }
                _ => return Ok(if verb { Term::Verb(node) } else { Term::Noun(node) }),
            }
        }
    }

    /// A term without what follows it, and whether it is a verb.
    fn primary(&mut self, token: &Token) -> Result<(Node, bool), Fault> {
        let node = match &token.kind {
            TokenKind::Noun(body) => Node::Value(body.clone()),
            TokenKind::Word(word) => return Ok((Node::Word(word), word.infix)),
            TokenKind::Colon(word) => Node::Word(word.unary_form().ok_or(Fault::NYI)?),
            TokenKind::Name => self.name(token)?,
            TokenKind::Open(b'(') if self.open(b'[').is_some() => self.table()?,
            TokenKind::Open(b'(') => self.parentheses()?,
            TokenKind::Open(b'{') => self.braces(token.start)?,
            _ => return Err(self.unexpected(token)),
        };
        Ok((node, false))
    }

    fn name(&mut self, token: &Token) -> Result<Node, Fault> {
        let name = self.source(token.start, token.end);
        let control = match name {
            b"if" => Some(Control::If),
            b"do" => Some(Control::Do),
            b"while" => Some(Control::While),
            _ if TEMPLATES.contains(&name) => return Err(Fault::NYI),
            _ => None,
        };
        let name: Name = name.into();
        if let Some(control) = control {
            self.open(b'[').ok_or_else(|| Fault::named(&name))?;
            return Ok(Node::Control(control, self.inside(b'[', b']', Self::separated)?));
        }
        if let Some(used) = IMPLICIT.iter().position(|implicit| **implicit == *name) {
            self.implicit = self.implicit.max(used + 1);
        }
        Ok(Node::Name(name))
    }

    fn parentheses(&mut self) -> Result<Node, Fault> {
        let mut items = self.inside(b'(', b')', Self::separated)?;
        if items.len() > 1 {
            return Ok(Node::List(items));
        }
        Ok(match items.pop().flatten() {
            Some(only) => Node::Group(Box::new(only)),
            None => Node::List(Vec::new()),
        })
    }

    /// `([k:x]v:y)`, of which `([` has been read.
    fn table(&mut self) -> Result<Node, Fault> {
        let keys = self.inside(b'[', b']', Self::columns)?;
        let columns = self.inside(b'(', b')', Self::columns)?;
        Ok(Node::Table { keys, columns })
    }

    fn columns(&mut self) -> Result<Vec<(Name, Expr)>, Fault> {
        let mut columns = Vec::new();
        loop {
            let name = self.column_name();
            if let Some(expr) = self.expression()? {
                let name = name.or_else(|| expr.name()).unwrap_or_else(|| b"x".as_slice().into());
                columns.push((name, expr));
            }
            match self.peek() {
                Some(TokenKind::Semicolon) => self.next(),
                _ => return Ok(columns),
            };
        }
    }

    /// Reads `name:`, if that comes next.
    fn column_name(&mut self) -> Option<Name> {
        match self.tokens {
            [Token { kind: TokenKind::Name, start, end }, Token { kind: TokenKind::Assign, .. }, left @ ..] => {
                let name = self.source(*start, *end).into();
                self.tokens = left;
                Some(name)
            }
            _ => None,
        }
    }

    /// `{x+y}`, of which the brace has been read: the body, once its text is known to be right.
    fn braces(&mut self, start: usize) -> Result<Node, Fault> {
        let outer = std::mem::take(&mut self.implicit);
        self.budget.enter()?;
        let inside = self.function();
        self.budget.leave();
        inside?;
        let end = self.close(b'{', b'}')?.end;
        self.implicit = outer;
        let source = Value::chars(self.source(start, end));
        let context = Symbol::from_bytes(self.context);
        Ok(Node::Value(encode(Function::Lambda(kcodec::Lambda::new(context, &source)))?))
    }

    /// Parameters and statements.
    fn function(&mut self) -> Result<Lambda, Fault> {
        let declared = match self.open(b'[') {
            Some(_) => Some(self.params()?),
            None => None,
        };
        let body = self.separated()?;
        let params =
            declared.unwrap_or_else(|| IMPLICIT.iter().take(self.implicit.max(1)).map(|name| (*name).into()).collect());
        Ok(Lambda { params, body })
    }

    /// `a;b]`
    fn params(&mut self) -> Result<Vec<Name>, Fault> {
        let mut params = Vec::new();
        loop {
            let Some(token) = self.next() else { return Err(Fault::named(b"[")) };
            match token.kind {
                TokenKind::Name => params.push(self.source(token.start, token.end).into()),
                TokenKind::Close(b']') => return Ok(params),
                TokenKind::Semicolon if !params.is_empty() => {}
                _ => return Err(self.unexpected(token)),
            }
        }
    }
}

/// The arguments of a lambda that declares none.
const IMPLICIT: [&[u8]; 3] = [b"x", b"y", b"z"];

impl Expr {
    /// The name that is all of the expression.
    fn name(&self) -> Option<Name> {
        match (&self.last, self.steps.as_slice()) {
            (Some(Node::Name(name)), []) => Some(name.clone()),
            _ => None,
        }
    }
}

/// `f[x;y]`; `$` of three or more is a condition.
fn applied(node: Node, arguments: Vec<Option<Expr>>) -> Node {
    match node {
        Node::Word(word) if word.name == "$" && arguments.len() > 2 => Node::Cond(arguments),
        _ => Node::Apply(Box::new(node), arguments),
    }
}

/// Terms, as they stand, into a last one and what is done to it.
fn chain(terms: Vec<Term>) -> Result<Expr, Fault> {
    let (mut steps, mut last) = (Vec::new(), None);
    let mut terms = terms.into_iter().peekable();
    while let Some(term) = terms.next() {
        let node = match term {
            Term::Noun(node) => node,
            Term::Verb(node) => {
                match (&node, terms.peek()) {
                    (_, None) => last = Some(node),
                    (Node::Word(word), Some(_)) => return Err(Fault::named(word.name.as_bytes())),
                    _ => steps.push(Step::Apply(node)),
                }
                continue;
            }
            Term::Double => Node::Value(Body::default()),
            Term::Assign => {
                steps.push(Step::Return);
                continue;
            }
            Term::Signal => {
                steps.push(Step::Signal);
                continue;
            }
            Term::Colon(word) => return Err(Fault::named(word.name.as_bytes())),
        };
        match terms.peek() {
            None => last = Some(node),
            Some(Term::Noun(_)) => steps.push(Step::Apply(node)),
            Some(_) => steps.push(infix(node, terms.next())?),
        }
    }
    steps.reverse();
    Ok(Expr { last, steps })
}

/// A noun and what comes right after it.
fn infix(node: Node, next: Option<Term>) -> Result<Step, Fault> {
    Ok(match next {
        Some(Term::Verb(verb)) => Step::Infix(verb, node),
        Some(Term::Assign) => Step::Assign { name: target(node)?, global: false },
        Some(Term::Double) => Step::Assign { name: target(node)?, global: true },
        Some(Term::Colon(verb)) => Step::Amend { name: target(node)?, verb },
        _ => return Err(Fault::named(b"'")),
    })
}

/// The name that is assigned to.
fn target(node: Node) -> Result<Name, Fault> {
    match node {
        Node::Name(name) => Ok(name),
        Node::Word(_) => Err(Fault::ASSIGN),
        Node::Apply(..) | Node::List(_) => Err(Fault::NYI),
        _ => Err(Fault::named(b":")),
    }
}
