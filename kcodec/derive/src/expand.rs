//! The impls.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Generics, Ident, Lifetime, Result, parse_quote};

use crate::fields::{Field, Struct, Text};

pub(crate) fn from_table(input: &DeriveInput) -> Result<TokenStream> {
    let table = Struct::new(input)?;
    let (ident, fields) = (&input.ident, &table.fields);
    let idents: Vec<&Ident> = fields.iter().map(|field| field.ident).collect();
    let lifetime = table.lifetime.cloned().unwrap_or_else(|| Lifetime::new("'kdb", ident.span()));
    let mut generics = bounded(&input.generics, &quote!(::kcodec::FromValue<#lifetime>));
    if table.lifetime.is_none() {
        generics.params.insert(0, parse_quote!(#lifetime));
    }
    let (generics, _, bounds) = generics.split_for_impl();
    let (_, parameters, _) = input.generics.split_for_impl();

    let methods = if table.is_columns {
        let columns = fields.iter().map(|Field { ident, ty, name, .. }| {
            quote_spanned!(ty.span()=> #ident: ::kcodec::TableIndex::get(&columns, #name)?.get::<#ty>()?)
        });
        quote! {
            fn from_value(
                value: ::kcodec::Value<#lifetime>,
            ) -> ::core::result::Result<Self, ::kcodec::Mismatch> {
                let columns = ::kcodec::Value::columns(value)?;
                ::core::result::Result::Ok(Self { #(#columns,)* })
            }
        }
    } else {
        let items = fields.iter().map(|Field { ident, ty, name, .. }| {
            quote_spanned!(ty.span()=> #ident: ::kcodec::Dict::get(dict, #name)?.get::<#ty>()?)
        });
        let columns = fields.iter().map(|Field { ty, name, .. }| {
            quote_spanned! {ty.span()=>
                ::core::iter::IntoIterator::into_iter(
                    ::kcodec::TableIndex::get(&columns, #name)?.get::<::std::vec::Vec<#ty>>()?,
                )
            }
        });
        let locals: Vec<Ident> = (0..fields.len()).map(|index| format_ident!("column_{index}")).collect();
        let items_of_row: Vec<Ident> = (0..fields.len()).map(|index| format_ident!("item_{index}")).collect();
        let first = locals.first();
        quote! {
            fn from_value(
                value: ::kcodec::Value<#lifetime>,
            ) -> ::core::result::Result<Self, ::kcodec::Mismatch> {
                let dict = ::kcodec::Value::as_dict(value)?;
                ::core::result::Result::Ok(Self { #(#items,)* })
            }

            fn from_items(
                value: ::kcodec::Value<#lifetime>,
            ) -> ::core::result::Result<::std::vec::Vec<Self>, ::kcodec::Mismatch> {
                let columns = ::kcodec::Value::columns(value)?;
                #(let mut #locals = #columns;)*
                let mut rows = ::std::vec::Vec::with_capacity(::core::iter::ExactSizeIterator::len(&#first));
                while let (#(::core::option::Option::Some(#items_of_row),)*) =
                    (#(::core::iter::Iterator::next(&mut #locals),)*)
                {
                    rows.push(Self { #(#idents: #items_of_row,)* });
                }
                ::core::result::Result::Ok(rows)
            }
        }
    };
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::kcodec::FromValue<#lifetime> for #ident #parameters #bounds {
            #methods
        }
    })
}

pub(crate) fn to_table(input: &DeriveInput) -> Result<TokenStream> {
    let table = Struct::new(input)?;
    let (ident, fields) = (&input.ident, &table.fields);
    let names = fields.iter().map(|field| &field.name);
    let bound = if table.is_columns { quote!(::kcodec::ToColumn) } else { quote!(::kcodec::ToItem) };
    let generics = bounded(&input.generics, &bound);
    let (generics, parameters, bounds) = generics.split_for_impl();

    if table.is_columns {
        let columns = fields.iter().map(|Field { ident, ty, text, .. }| match text {
            Some(Text::Symbol) => quote_spanned!(ty.span()=> ::kcodec::Column::symbols(&self.#ident)?),
            Some(Text::Chars) => quote_spanned!(ty.span()=> ::kcodec::Column::chars(&self.#ident)?),
            None => quote_spanned!(ty.span()=> <#ty as ::kcodec::ToColumn>::to_column(&self.#ident)?),
        });
        return Ok(quote! {
            #[automatically_derived]
            impl #generics ::kcodec::ToTable for #ident #parameters #bounds {
                const NAMES: &'static [&'static str] = &[#(#names),*];

                fn to_columns(
                    &self,
                ) -> ::core::result::Result<::std::vec::Vec<::kcodec::Column<'_>>, ::kcodec::Error> {
                    ::core::result::Result::Ok(::std::vec![#(#columns),*])
                }
            }
        });
    }

    let kinds = fields.iter().map(|Field { ty, text, .. }| match text {
        Some(Text::Symbol) => quote!(::kcodec::Kind::Symbol),
        Some(Text::Chars) => quote!(::kcodec::Kind::List),
        None => quote_spanned!(ty.span()=> <#ty as ::kcodec::ToItem>::KIND),
    });
    let locals: Vec<Ident> = (0..fields.len()).map(|index| format_ident!("column_{index}")).collect();
    let pushes = fields.iter().zip(&locals).map(|(Field { ident, ty, text, .. }, column)| {
        let bytes = quote_spanned!(ty.span()=> ::core::convert::AsRef::<[u8]>::as_ref(&self.#ident));
        match text {
            Some(Text::Symbol) => quote!(::kcodec::ColumnBuf::push_symbol(#column, #bytes)?;),
            Some(Text::Chars) => quote!(::kcodec::ColumnBuf::push_chars(#column, #bytes)?;),
            None => quote_spanned!(ty.span()=> <#ty as ::kcodec::ToItem>::append(&self.#ident, #column)?;),
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::kcodec::ToRow for #ident #parameters #bounds {
            const NAMES: &'static [&'static str] = &[#(#names),*];
            const KINDS: &'static [::kcodec::Kind] = &[#(#kinds),*];

            #[inline]
            fn append(
                &self,
                columns: &mut [::kcodec::ColumnBuf],
            ) -> ::core::result::Result<(), ::kcodec::Error> {
                // As many as names, by the contract.
                if let [#(#locals),*] = columns {
                    #(#pushes)*
                }
                ::core::result::Result::Ok(())
            }
        }
    })
}

/// The generics with a bound on each type parameter.
fn bounded(generics: &Generics, bound: &TokenStream) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#bound));
    }
    generics
}
