//! Parses a term: a noun or verb with the brackets and iterators that follow it.

use std::collections::HashSet;

use super::{Parser, Term};
use crate::q::code::{Chain, Control, Node, Place};
use crate::q::fault::{Fault, R};
use crate::q::func::{Func, Iterator};
use crate::q::lex::{Token, TokenKind};
use crate::q::noun::{DEPTH, Noun};
use crate::q::symbols::Sym;
use crate::q::verb;

impl Parser<'_, '_> {
    fn ends_phrase(&self) -> bool {
        self.phrase && (self.is_word(b",") || [&b"by"[..], b"from", b"where"].iter().any(|word| self.is_from(word)))
    }

    /// `where` is also a keyword; in a phrase it always ends the expression.
    fn is_from(&self, word: &[u8]) -> bool {
        self.is_word(word)
    }

    pub(super) fn term(&mut self, first: bool) -> R<Option<Term>> {
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
}
