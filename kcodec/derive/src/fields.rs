//! What a struct and its attributes say.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, GenericParam, Ident, Lifetime, LitStr, Result, Type};

/// A struct of columns or of a row's items.
pub(crate) struct Struct<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) is_columns: bool,
    /// The one lifetime that the struct has, if it has any.
    pub(crate) lifetime: Option<&'a Lifetime>,
}

pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) name: String,
    pub(crate) text: Option<Text>,
}

/// What texts are sent as.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Text {
    Symbol,
    Chars,
}

impl<'a> Struct<'a> {
    pub(crate) fn new(input: &'a DeriveInput) -> Result<Self> {
        let fail = |message| Err(Error::new(input.ident.span(), message));
        let Data::Struct(data) = &input.data else {
            return fail("a kdb+ table is a struct: enums and unions have no columns");
        };
        let Fields::Named(named) = &data.fields else {
            return fail("the columns of a kdb+ table have names: use a struct with named fields");
        };
        let fields = named.named.iter().map(Field::new).collect::<Result<Vec<_>>>()?;
        if fields.is_empty() {
            return fail("a kdb+ table has at least one column: add a field");
        }
        let twice = |field: &Field<'_>| fields.iter().filter(|other| other.name == field.name).count() > 1;
        if let Some(field) = fields.iter().rfind(|field| twice(field)) {
            return Err(Error::new(field.ident.span(), format!("more than one column named `{}`", field.name)));
        }
        let mut lifetimes = input.generics.lifetimes();
        let lifetime = lifetimes.next().map(|lifetime| &lifetime.lifetime);
        if let Some(second) = lifetimes.next() {
            return Err(Error::new(second.span(), "one lifetime at most: that of the value that is read"));
        }
        if let Some(constant) = input.generics.params.iter().find(|param| matches!(param, GenericParam::Const(_))) {
            return Err(Error::new(constant.span(), "const parameters are not supported"));
        }
        let is_columns = match shape(&input.attrs)? {
            Some(is_columns) => is_columns,
            None => fields.iter().all(|field| is_column(field.ty)),
        };
        Ok(Self { fields, is_columns, lifetime })
    }
}

impl<'a> Field<'a> {
    fn new(field: &'a syn::Field) -> Result<Self> {
        let Some(ident) = &field.ident else { return Err(Error::new(field.span(), "a field without a name")) };
        let (mut name, mut text) = (ident.unraw().to_string(), None);
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("kdb")) {
            attribute.parse_nested_meta(|meta| {
                let wanted = if meta.path.is_ident("symbol") {
                    Text::Symbol
                } else if meta.path.is_ident("chars") {
                    Text::Chars
                } else if meta.path.is_ident("name") {
                    let literal: LitStr = meta.value()?.parse()?;
                    name = literal.value();
                    return match name.contains('\0') {
                        true => Err(Error::new(literal.span(), "a column's name is a symbol: it holds no NUL")),
                        false => Ok(()),
                    };
                } else {
                    return Err(meta.error("expected `name = \"...\"`, `symbol` or `chars`"));
                };
                match text.replace(wanted) {
                    Some(other) if other != wanted => Err(meta.error("`symbol` and `chars` exclude each other")),
                    _ => Ok(()),
                }
            })?;
        }
        Ok(Self { ident, ty: &field.ty, name, text })
    }
}

/// Whether the attributes of the struct say that its fields are columns.
fn shape(attributes: &[Attribute]) -> Result<Option<bool>> {
    let mut shape = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("kdb")) {
        attribute.parse_nested_meta(|meta| {
            let is_columns = meta.path.is_ident("columns");
            if !is_columns && !meta.path.is_ident("rows") {
                return Err(meta.error("expected `columns` or `rows`; names belong to fields"));
            }
            match shape.replace(is_columns) {
                Some(other) if other != is_columns => Err(meta.error("`columns` and `rows` exclude each other")),
                _ => Ok(()),
            }
        })?;
    }
    Ok(shape)
}

/// Whether the type, by its name, is one of a whole column.
fn is_column(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path
        .segments
        .last()
        .is_some_and(|last| ["Vec", "Slice", "Symbols", "List"].into_iter().any(|name| last.ident == name))
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_str};

    use super::Struct;

    #[test]
    fn errors_say_what_to_do() {
        for (input, expected) in [
            ("enum E { A }", "a kdb+ table is a struct"),
            ("struct T(Vec<i64>);", "use a struct with named fields"),
            ("struct T {}", "add a field"),
            ("struct T { a: i64, #[kdb(name = \"a\")] b: i64 }", "more than one column named `a`"),
            ("struct T<'a, 'b> { a: &'a str, b: &'b str }", "one lifetime at most"),
            ("struct T<const N: usize> { a: i64 }", "const parameters"),
            ("struct T { #[kdb(nam = \"b\")] a: i64 }", "expected `name = \"...\"`, `symbol` or `chars`"),
            ("struct T { #[kdb(symbol, chars)] a: String }", "exclude each other"),
            ("struct T { #[kdb(name = \"a\\0b\")] a: String }", "no NUL"),
            ("#[kdb(name = \"b\")] struct T { a: i64 }", "expected `columns` or `rows`"),
            ("#[kdb(columns, rows)] struct T { a: i64 }", "exclude each other"),
        ] {
            let input: DeriveInput = parse_str(input).expect("Rust");
            let error = Struct::new(&input).map(drop).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn columns_and_rows() {
        for (input, expected) in [
            ("struct T { a: Vec<i64>, b: std::vec::Vec<f64> }", true),
            ("struct T<'a> { a: Slice<'a, i64>, b: Symbols<'a>, c: List<'a> }", true),
            ("struct T { a: Vec<i64>, b: f64 }", false),
            ("#[kdb(rows)] struct T { a: Vec<i64> }", false),
            ("#[kdb(columns)] struct T { a: Prices }", true),
        ] {
            let input: DeriveInput = parse_str(input).expect("Rust");
            assert_eq!(Struct::new(&input).map(|table| table.is_columns).ok(), Some(expected));
        }
    }
}
