//! Parses q-sql: `select x by y from t where z`.

use super::build;
use super::code::Chain;
use super::fault::{Fault, R};
use super::lex::TokenKind;
use super::noun::{self, Dict, List, Noun};
use super::parse::Parser;
use super::symbols::Sym;
use super::verb::{self, Verb};
use kcodec::Kind;

/// A query. Column phrases are parse trees, as in functional form.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) word: QueryWord,
    /// The expression after `from`.
    pub(crate) table: Chain,
    /// The arguments of the functional form after the table: `(c;b;a)`, `(c;b;a;n)` or `(c;b;a;n;order)`. `n` is a
    /// parse tree.
    pub(crate) args: Vec<Noun>,
}

/// The four words of q-sql.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryWord {
    Select,
    Exec,
    Update,
    Delete,
}

/// A column of a phrase: its name, whether the text gives the name, and its parse tree.
struct Column {
    name: Sym,
    named: bool,
    tree: Noun,
}

impl QueryWord {
    fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"select" => Some(Self::Select),
            b"exec" => Some(Self::Exec),
            b"update" => Some(Self::Update),
            b"delete" => Some(Self::Delete),
            _ => None,
        }
    }

    /// The operator of its functional form.
    pub(crate) fn verb(self) -> R<&'static Verb> {
        verb::require(if matches!(self, Self::Select | Self::Exec) { "?" } else { "!" })
    }
}

impl Parser<'_, '_> {
    /// Parses a query after its first word; `None` if `name` is not one of the four words.
    pub(crate) fn query(&mut self, name: &[u8]) -> R<Option<Query>> {
        match QueryWord::of(name) {
            Some(word) => {
                let outer = std::mem::replace(&mut self.quoted, true);
                let query = self.in_phrase(|parser| parser.query_of(word, outer));
                self.quoted = outer;
                query.map(Some)
            }
            None => Ok(None),
        }
    }

    fn query_of(&mut self, word: QueryWord, outer: bool) -> R<Query> {
        let limit = match word {
            QueryWord::Select if self.open(b'[') => self.inside(b'[', b']', Self::limit)?,
            _ => Vec::new(),
        };
        let distinct = word == QueryWord::Select && self.word(b"distinct");
        let columns = self.phrase_columns()?;
        let by = if self.word(b"by") { Some(self.phrase_columns()?) } else { None };
        if !self.word(b"from") {
            return Err(Fault::new("from"));
        }
        let quoted = std::mem::replace(&mut self.quoted, outer);
        let table = self.expression()?.ok_or(Fault::new("from"))?;
        self.quoted = quoted;
        let mut conditions = Vec::new();
        if self.word(b"where") {
            loop {
                let chain = self.expression()?.ok_or(Fault::PARSE)?;
                conditions.push(self.phrase_tree(&chain)?);
                if !self.comma() {
                    break;
                }
            }
        }
        let conditions = if conditions.is_empty() { noun::empty(Kind::List) } else { List::raw(conditions)? };
        let by = match (word, by) {
            (QueryWord::Exec, None) => noun::empty(Kind::List),
            (QueryWord::Exec, Some(by)) => self.one_or_dict(by)?,
            (_, None) => Noun::bool(distinct),
            (_, Some(by)) => self.column_dict(by)?,
        };
        let columns = match word {
            _ if columns.is_empty() && word == QueryWord::Delete => noun::empty(Kind::Symbol),
            _ if columns.is_empty() => noun::empty(Kind::List),
            QueryWord::Exec => self.one_or_dict(columns)?,
            QueryWord::Delete => Noun::syms(
                columns.iter().map(|column| column.tree.as_sym()).collect::<Option<Vec<Sym>>>().ok_or(Fault::TYPE)?,
            ),
            _ => self.column_dict(columns)?,
        };
        let mut args = vec![conditions, by, columns];
        args.extend(limit);
        Ok(Query { word, table, args })
    }

    /// Parses `n`, `n;>c` or `>c`: the number of rows and their order.
    fn limit(&mut self) -> R<Vec<Noun>> {
        let mut limit = vec![Noun::long(i64::MAX)];
        if !self.is_order() {
            let chain = self.expression()?.ok_or(Fault::PARSE)?;
            limit = vec![self.phrase_tree(&chain)?];
            if !matches!(self.peek(), Some(TokenKind::Semicolon)) {
                return Ok(limit);
            }
            self.next();
        }
        let Some(TokenKind::Verb(verb)) = self.peek() else { return Err(Fault::PARSE) };
        self.next();
        let grade = Noun::Func(super::func::Func::Verb(verb.unary_form().ok_or(Fault::PARSE)?));
        let chain = self.expression()?.ok_or(Fault::PARSE)?;
        let column = self.phrase_tree(&chain)?;
        limit.push(List::raw(vec![grade, column])?);
        Ok(limit)
    }

    fn is_order(&self) -> bool {
        matches!(self.peek(), Some(TokenKind::Verb(verb)) if matches!(verb.name, "<" | ">"))
    }

    /// Parses `x, name:y` up to the next word of q-sql.
    fn phrase_columns(&mut self) -> R<Vec<Column>> {
        let mut columns: Vec<Column> = Vec::new();
        loop {
            let given = self.column_name();
            let Some(chain) = self.expression()? else {
                return if given.is_none() && columns.is_empty() { Ok(columns) } else { Err(Fault::PARSE) };
            };
            let tree = self.phrase_tree(&chain)?;
            let name = match given {
                Some(name) => name,
                None => self.default_name(&tree, &columns)?,
            };
            if columns.iter().any(|column| column.name == name) {
                return Err(Fault::from(format!(
                    "dup names for cols/groups {}",
                    String::from_utf8_lossy(self.vm.text(name))
                )));
            }
            columns.push(Column { name, named: given.is_some(), tree });
            if !self.comma() {
                return Ok(columns);
            }
        }
    }

    fn phrase_tree(&mut self, chain: &Chain) -> R {
        let slots = self.scope.as_ref().map_or(&[][..], |scope| &scope.slots);
        self.vm.tree(chain, slots, self.context)
    }

    /// The default name of a column: that of the column its expression refers to, or `x`, with a number appended if
    /// the name is taken.
    fn default_name(&mut self, tree: &Noun, taken: &[Column]) -> R<Sym> {
        let name = self.vm.tree_name(tree).unwrap_or_else(|| self.vm.intern(b"x"));
        let mut free = name;
        let mut number = 0_usize;
        while taken.iter().any(|column| column.name == free) {
            number += 1;
            let text = [self.vm.text(name), number.to_string().as_bytes()].concat();
            free = self.vm.intern(&text);
        }
        Ok(free)
    }

    fn column_dict(&self, columns: Vec<Column>) -> R {
        let (names, trees) = columns.into_iter().map(|column| (column.name, column.tree)).unzip();
        Dict::new(Noun::syms(names), build::tidy(trees)?)
    }

    /// The phrase of `exec`: a single column without a name is not put into a dict.
    fn one_or_dict(&self, mut columns: Vec<Column>) -> R {
        match columns.as_slice() {
            [Column { named: false, .. }] => Ok(columns.pop().map_or(Noun::Null, |column| column.tree)),
            _ => self.column_dict(columns),
        }
    }
}
