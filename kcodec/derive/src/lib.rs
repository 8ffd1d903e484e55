//! `#[derive(FromTable, ToTable)]` of `kcodec`, by whose feature `derive` they are reached.

mod expand;
mod fields;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Reads a table: implements `kcodec::FromValue`.
///
/// A struct whose fields all are `Vec`, `Slice`, `Symbols` or `List` is one of columns, read by
/// `value.get::<Columns>()`. Any other is a row, many of which are read by `value.get::<Vec<Row>>()` from a table or
/// keyed table, and one by `value.get::<Row>()` from a dict. `#[kdb(columns)]` or `#[kdb(rows)]` on the struct says
/// which of the two it is. Fields find their columns by name; `#[kdb(name = "...")]` gives another one. Columns without
/// a field are passed over.
#[proc_macro_derive(FromTable, attributes(kdb))]
pub fn from_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::from_table(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a table: implements `kcodec::ToTable` for a struct of columns, `kcodec::ToRow` for a row.
///
/// Which one it is, and the columns' names, are as for `FromTable`. Texts become symbols; with `#[kdb(chars)]` on the
/// field, char vectors. With `#[kdb(symbol)]` or `#[kdb(chars)]` a field, or an item of it, may be anything that is
/// `AsRef<[u8]>`.
#[proc_macro_derive(ToTable, attributes(kdb))]
pub fn to_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::to_table(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
