//! `#[derive(FromTable, ToTable)]` of `kcodec`, which re-exports both under its feature `derive`. Depend on that.
//!
//! | attribute | on | meaning |
//! |---|---|---|
//! | `#[kdb(columns)]`, `#[kdb(rows)]` | struct | a struct of columns, or of a row; by default the types decide |
//! | `#[kdb(name = "...")]` | field | the column's name; by default the field's |
//! | `#[kdb(symbol)]`, `#[kdb(chars)]` | field | anything that is `AsRef<[u8]>`, as symbols or as char vectors |

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
///
/// ```
/// use kcodec::{FromTable, Slice};
///
/// #[derive(FromTable)]
/// struct Trades<'a> {
///     sym: Vec<&'a str>,
///     price: Slice<'a, f64>, // read in place
/// }
///
/// #[derive(FromTable)]
/// struct Trade<'a> {
///     sym: &'a str,
///     #[kdb(name = "price")]
///     last: f64,
/// }
///
/// let body = kcodec::parse("([]sym:`ibm`msft;price:101.5 402.25;size:100 200)")?;
/// let trades: Trades<'_> = body.value().get()?;
/// assert_eq!((trades.sym, trades.price.sum()), (vec!["ibm", "msft"], 503.75));
/// let rows: Vec<Trade<'_>> = body.value().get()?;
/// assert_eq!((rows[1].sym, rows[1].last), ("msft", 402.25));
/// let dict = kcodec::parse("`sym`price!(`ibm;101.5)")?;
/// assert_eq!(dict.value().get::<Trade<'_>>()?.last, 101.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use kcodec::{Batch, ToTable};
///
/// #[derive(ToTable)]
/// struct Trades {
///     sym: Vec<String>,
///     price: Vec<f64>,
/// }
///
/// #[derive(ToTable)]
/// struct Trade {
///     sym: &'static str,
///     #[kdb(name = "price")]
///     last: f64,
///     #[kdb(chars)]
///     note: String,
/// }
///
/// let trades = Trades { sym: vec!["ibm".into()], price: vec![101.5] };
/// assert_eq!(trades.to_body()?.to_string(), "+`sym`price!(,`ibm;,101.5)");
/// let rows = [Trade { sym: "ibm", last: 101.5, note: "first".into() }];
/// assert_eq!(rows.to_body()?.to_string(), "+`sym`price`note!(,`ibm;,101.5;,\"first\")");
/// let mut batch = Batch::new(); // or row by row
/// batch.push(&rows[0])?;
/// assert_eq!(batch.to_body()?, rows.to_body()?);
/// # Ok::<(), kcodec::Error>(())
/// ```
#[proc_macro_derive(ToTable, attributes(kdb))]
pub fn to_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::to_table(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
