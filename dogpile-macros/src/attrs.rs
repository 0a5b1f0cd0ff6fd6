//! Which of the function's attributes also belong on the items emitted beside it.
//!
//! Invariants: only attributes known to be harmless are repeated (an `#[instrument]` must not run twice);
//! `#[cfg_attr(…)]` is looked into; `#[expect(…)]` becomes `#[allow(…)]`, because neither what is emitted beside the
//! function nor the function itself, whose body is in a closure, is sure to meet the expectation.

use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{AttrStyle, Attribute, MacroDelimiter, Meta, MetaList, Token};

/// For the handle's static: where it exists, and which lints look away.
pub(crate) const FOR_HANDLE: &[&str] = &["cfg", "allow", "warn", "deny", "forbid", "expect", "doc(hidden)"];

/// For the uncached function.
pub(crate) const FOR_ORIGINAL: &[&str] = &[
    "cfg",
    "allow",
    "warn",
    "deny",
    "forbid",
    "expect",
    "must_use",
    "inline",
    "track_caller",
    "cold",
    "deprecated",
    "target_feature",
    "doc",
];

/// The attributes among `attrs` whose names are in `names`, in tokens.
pub(crate) fn kept(attrs: &[Attribute], names: &[&str]) -> Vec<TokenStream> {
    attrs.iter().filter_map(|attr| Some(with_meta(attr, &kept_meta(&attr.meta, names)?))).collect()
}

/// The attribute with `#[allow(…)]` made of `#[expect(…)]`, for a function or a parameter that is not what the user sees.
pub(crate) fn unexpected(attr: &Attribute) -> TokenStream {
    with_meta(attr, &unexpected_meta(&attr.meta))
}

/// The same of those at the top of a body.
pub(crate) fn unexpected_inner(inner: &TokenStream) -> TokenStream {
    let Ok(attrs) = Attribute::parse_inner.parse2(inner.clone()) else { return inner.clone() };
    attrs.iter().map(unexpected).collect()
}

fn kept_meta(meta: &Meta, names: &[&str]) -> Option<TokenStream> {
    if meta.path().is_ident("cfg_attr") {
        let list = meta.require_list().ok()?;
        let (condition, metas) = conditional(list)?;
        let kept: Vec<_> = metas.iter().filter_map(|meta| kept_meta(meta, names)).collect();
        return (!kept.is_empty()).then(|| with_tokens(list, &list.path, quote!(#condition, #(#kept),*)));
    }
    let is_kept = |name: &&str| meta.path().is_ident(name) || (is_hidden(meta) && *name == "doc(hidden)");
    names.iter().any(is_kept).then(|| unexpected_meta(meta))
}

/// Does it keep an item out of the documentation?
fn is_hidden(meta: &Meta) -> bool {
    matches!(meta, Meta::List(list) if list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
}

fn unexpected_meta(meta: &Meta) -> TokenStream {
    match meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            with_tokens(list, Ident::new("allow", list.path.span()), list.tokens.clone())
        }
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let Some((condition, metas)) = conditional(list) else { return meta.to_token_stream() };
            let metas = metas.iter().map(unexpected_meta);
            with_tokens(list, &list.path, quote!(#condition, #(#metas),*))
        }
        other => other.to_token_stream(),
    }
}

/// The parts of `cfg_attr(condition, attributes…)`.
fn conditional(list: &MetaList) -> Option<(Meta, Vec<Meta>)> {
    let mut metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?.into_iter();
    Some((metas.next()?, metas.collect()))
}

/// The attribute around something else.
fn with_meta(attr: &Attribute, meta: &TokenStream) -> TokenStream {
    let mut tokens = attr.pound_token.to_token_stream();
    if let AttrStyle::Inner(bang) = &attr.style {
        bang.to_tokens(&mut tokens);
    }
    attr.bracket_token.surround(&mut tokens, |tokens| meta.to_tokens(tokens));
    tokens
}

/// `path(…)` in the same parentheses around something else.
fn with_tokens(list: &MetaList, path: impl ToTokens, tokens: TokenStream) -> TokenStream {
    let delimiter = match list.delimiter {
        MacroDelimiter::Paren(_) => Delimiter::Parenthesis,
        MacroDelimiter::Brace(_) => Delimiter::Brace,
        MacroDelimiter::Bracket(_) => Delimiter::Bracket,
    };
    let mut group = Group::new(delimiter, tokens);
    group.set_span(list.delimiter.span().join());
    quote!(#path #group)
}

#[cfg(test)]
mod tests {
    use super::{FOR_HANDLE, FOR_ORIGINAL, kept, unexpected, unexpected_inner};
    use quote::quote;
    use syn::Attribute;

    fn kept_of(attrs: &[Attribute], names: &[&str]) -> String {
        let attrs = kept(attrs, names);
        quote!(#(#attrs)*).to_string().replace(' ', "")
    }

    #[test]
    fn only_harmless_attributes_are_repeated() {
        let attrs: Vec<Attribute> = syn::parse_quote! {
            #[doc = "x"] #[cfg(unix)] #[inline] #[instrument] #[allow(dead_code)] #[tracing::cold]
        };
        assert_eq!(kept_of(&attrs, FOR_HANDLE), "#[cfg(unix)]#[allow(dead_code)]");
        assert_eq!(kept_of(&attrs, FOR_ORIGINAL), "#[doc=\"x\"]#[cfg(unix)]#[inline]#[allow(dead_code)]");
    }

    #[test]
    fn what_is_hidden_stays_so() {
        let attrs: Vec<Attribute> = syn::parse_quote!(#[doc(alias = "x")] #[doc(hidden)]);
        assert_eq!(kept_of(&attrs, FOR_HANDLE), "#[doc(hidden)]");
        assert_eq!(kept_of(&attrs, FOR_ORIGINAL), "#[doc(alias=\"x\")]#[doc(hidden)]");
    }

    #[test]
    fn conditional_attributes_are_looked_into() {
        let attrs: Vec<Attribute> = syn::parse_quote! {
            #[cfg_attr(all(unix, feature = "x"), inline, cfg(y))] #[cfg_attr(x, instrument)]
        };
        assert_eq!(kept_of(&attrs, FOR_HANDLE), "#[cfg_attr(all(unix,feature=\"x\"),cfg(y))]");
    }

    #[test]
    fn expectations_are_not_repeated() {
        let attrs: Vec<Attribute> =
            syn::parse_quote!(#[expect(unused_variables, reason = "r")] #[cfg_attr(x, expect(y), inline)]);
        let softened = "#[allow(unused_variables,reason=\"r\")]#[cfg_attr(x,allow(y),inline)]";
        assert_eq!(kept_of(&attrs, FOR_ORIGINAL), softened);
        let all: proc_macro2::TokenStream = attrs.iter().map(unexpected).collect();
        assert_eq!(all.to_string().replace(' ', ""), softened);
        let inner = unexpected_inner(&quote!(#![expect(x)] #![cfg_attr(y, expect(z))]));
        assert_eq!(inner.to_string().replace(' ', ""), "#![allow(x)]#![cfg_attr(y,allow(z))]");
    }
}
