//! Parses lambdas: parameters, parameter patterns, and the names in a body.

use std::sync::Arc;

use super::code::{Chain, Node, Place, Step};
use super::fault::{Fault, R};
use super::func::{Func, Lambda, Slot};
use super::lex::{Token, TokenKind};
use super::noun::Noun;
use super::parse::{Parser, finished};
use super::symbols::Sym;

/// The parameters of a lambda that declares none.
const IMPLICIT: [&[u8]; 3] = [b"x", b"y", b"z"];

/// Bounds on the names and the parameters of a lambda, similar to q's.
const NAMES: usize = 250;
const PARAMS: usize = 8;

/// The names of the lambda being parsed.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) slots: Vec<Slot>,
    /// `None` if parameters are declared. Otherwise x, y and z have the first slots, and this is how many of them
    /// are used.
    implicit: Option<usize>,
    /// Whether the lambda has more names than allowed.
    too_many: bool,
}

impl<'a> Parser<'a, '_> {
    /// Whether a name is an implicit parameter that has not been read yet. Assigning it with `z::x` does not make
    /// it a parameter.
    pub(crate) fn is_unused_parameter(&self, name: Sym) -> bool {
        let Some(Scope { slots, implicit: Some(used), .. }) = &self.scope else { return false };
        slots.iter().take(IMPLICIT.len()).skip(*used).any(|slot| slot.name == name)
    }

    /// The place of a name that is read.
    pub(crate) fn place(&mut self, name: Sym) -> Place {
        let global = self.qualified(name);
        let Some(scope) = &mut self.scope else { return Place::Global(global) };
        if self.vm.q.symbols.text(name).contains(&b'.') {
            return Place::Global(global);
        }
        if scope.too_many {
            return Place::Global(global);
        }
        if let Some(slot) = scope.slots.iter().position(|slot| slot.name == name) {
            let counts = slot < IMPLICIT.len() && !self.quoted;
            scope.implicit = scope.implicit.map(|used| if counts { used.max(slot + 1) } else { used });
            return Place::Local(slot);
        }
        scope.slots.push(Slot { name, global, local: false });
        scope.too_many |= scope.slots.len() > NAMES;
        Place::Local(scope.slots.len() - 1)
    }

    /// The place of a name that is assigned with a single colon, which makes it a local.
    pub(crate) fn assigned(&mut self, name: Sym) -> Place {
        let place = self.place(name);
        if let (Place::Local(slot), Some(scope)) = (place, &mut self.scope)
            && let Some(slot) = scope.slots.get_mut(slot)
        {
            slot.local = true;
        }
        place
    }

    /// The full name of a global in the current namespace.
    pub(crate) fn qualified(&mut self, name: Sym) -> Sym {
        let text = self.vm.q.symbols.text(name);
        if self.context == Sym::NULL || text.first() == Some(&b'.') {
            return name;
        }
        let context = self.vm.q.symbols.text(self.context);
        let full = [b".", context, b".", text].concat();
        self.vm.intern(&full)
    }

    /// Parses `{x+y}`, after the opening brace.
    pub(crate) fn braces(&mut self, start: usize) -> R {
        self.vm.check_stack()?;
        let phrase = std::mem::replace(&mut self.phrase, false);
        let quoted = std::mem::replace(&mut self.quoted, false);
        let is_top = std::mem::replace(&mut self.is_top, false);
        let outer = self.scope.replace(Scope::default());
        let inside = self.function(start);
        self.scope = outer;
        self.phrase = phrase;
        self.quoted = quoted;
        self.is_top = is_top;
        inside
    }

    /// Parses parameters and statements up to the closing brace.
    fn function(&mut self, start: usize) -> R {
        let mut patterns = Vec::new();
        let declared = self.open(b'[');
        let params =
            if declared { self.params(&mut patterns)? } else { IMPLICIT.map(|name| self.vm.intern(name)).to_vec() };
        let mut scope = Scope { implicit: (!declared).then_some(1), ..Scope::default() };
        for &name in &params {
            scope.slots.push(Slot { name, global: name, local: true });
        }
        self.scope = Some(scope);
        let mut statements = self.checks(patterns)?;
        statements.extend(self.separated()?);
        let body = finished(statements);
        let end = self.close(b'{', b'}')?.end;
        let mut scope = self.scope.take().unwrap_or_default();
        if scope.too_many {
            return Err(Fault::new("locals"));
        }
        let used = scope.implicit.unwrap_or(params.len());
        // Slots of unused implicit parameters remain, without a name.
        for slot in scope.slots.iter_mut().take(params.len()).skip(used) {
            *slot = Slot { name: Sym::NULL, global: Sym::NULL, local: false };
        }
        let params = params.get(..used).unwrap_or_default().to_vec();
        let source: Arc<[u8]> = match self.k {
            true => [b"k)", self.source(start, end)].concat().into(),
            false => self.source(start, end).into(),
        };
        let lambda = Lambda { source, context: self.context, params, slots: scope.slots, body };
        Ok(Noun::Func(Func::Lambda(Arc::new(lambda))))
    }

    /// Parses `a;b]`. A parameter may be a pattern: `(a;b)`, `a:f`.
    fn params(&mut self, patterns: &mut Vec<(usize, &'a [Token])>) -> R<Vec<Sym>> {
        let mut params = Vec::new();
        loop {
            let length = self.param_length().ok_or_else(|| Fault::named(b"["))?;
            let (param, left) = self.tokens.split_at_checked(length).ok_or(Fault::PARSE)?;
            self.tokens = left;
            let ends = matches!(self.next().map(|token| &token.kind), Some(TokenKind::Close(_)));
            match param {
                [] if ends && params.is_empty() => {}
                [] => params.push(Sym::NULL),
                [Token { kind: TokenKind::Name, .. }] => params.push(self.param_name(param)),
                [Token { kind: TokenKind::Name, .. }, Token { kind: TokenKind::Assign, .. }, ..] => {
                    patterns.push((params.len(), param));
                    params.push(self.param_name(param));
                }
                [Token { kind: TokenKind::Open(b'('), .. }, ..] => {
                    patterns.push((params.len(), param));
                    params.push(Sym::NULL);
                }
                [first, ..] => return Err(self.unexpected(first)),
            }
            if ends {
                return if params.len() > PARAMS { Err(Fault::new("params")) } else { Ok(params) };
            }
        }
    }

    fn param_name(&mut self, param: &[Token]) -> Sym {
        param.first().map_or(Sym::NULL, |token| self.vm.intern(self.token_text(token)))
    }

    /// The number of tokens up to the semicolon or bracket that ends a parameter.
    fn param_length(&self) -> Option<usize> {
        let mut depth = 0_usize;
        self.tokens.iter().position(|token| match token.kind {
            TokenKind::Open(_) => {
                depth += 1;
                false
            }
            TokenKind::Close(_) if depth > 0 => {
                depth -= 1;
                false
            }
            TokenKind::Semicolon | TokenKind::Close(_) => depth == 0,
            _ => false,
        })
    }

    /// Builds the statements that match the patterns of parameters before the body runs.
    fn checks(&mut self, patterns: Vec<(usize, &'a [Token])>) -> R<Vec<Option<Chain>>> {
        let mut checks = Vec::new();
        let after = self.tokens;
        for (slot, tokens) in patterns {
            self.tokens = tokens;
            let chain = self.expression()?.ok_or(Fault::PARSE)?;
            self.end()?;
            let pattern = Box::new(self.pattern_chain(chain)?);
            checks.push(Some(Chain { last: Node::Name(Place::Local(slot)), steps: vec![Step::Match(pattern)] }));
        }
        self.tokens = after;
        Ok(checks)
    }
}
