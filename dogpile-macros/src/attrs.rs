//! Which of the function's attributes also belong on the items emitted beside it.
//!
//! Invariants: only attributes known to be harmless are repeated (an `#[instrument]` must not run twice);
//! `#[cfg_attr(…)]` is looked into; `#[expect(…)]` becomes `#[allow(…)]`, because neither what is emitted beside the
//! function nor the function itself, whose body is in a closure, is sure to meet the expectation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Meta, MetaList, Token};

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

/// The attributes among `attrs` whose names are in `names`.
pub(crate) fn kept(attrs: &[Attribute], names: &[&str]) -> Vec<Attribute> {
    let keep = |attr: &Attribute| Some(Attribute { meta: kept_meta(&attr.meta, names)?, ..attr.clone() });
    attrs.iter().filter_map(keep).collect()
}

fn kept_meta(meta: &Meta, names: &[&str]) -> Option<Meta> {
    if meta.path().is_ident("cfg_attr") {
        return kept_conditional(meta, names);
    }
    let is_kept = |name: &&str| meta.path().is_ident(name) || (is_hidden(meta) && *name == "doc(hidden)");
    if !names.iter().any(is_kept) {
        return None;
    }
    let mut meta = meta.clone();
    unexpect_meta(&mut meta);
    Some(meta)
}

/// Does it keep an item out of the documentation?
fn is_hidden(meta: &Meta) -> bool {
    matches!(meta, Meta::List(list) if list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
}

/// Makes `#[allow(…)]` of `#[expect(…)]`, on a function or a parameter that is not what the user sees.
pub(crate) fn unexpect(attr: &mut Attribute) {
    unexpect_meta(&mut attr.meta);
}

/// The same of those at the top of a body.
pub(crate) fn unexpected(inner: &TokenStream) -> TokenStream {
    let Ok(mut attrs) = Attribute::parse_inner.parse2(inner.clone()) else { return inner.clone() };
    attrs.iter_mut().for_each(unexpect);
    quote!(#(#attrs)*)
}

fn unexpect_meta(meta: &mut Meta) {
    let Meta::List(list) = meta else { return };
    if list.path.is_ident("expect") {
        list.path = syn::Ident::new("allow", list.path.span()).into();
    } else if list.path.is_ident("cfg_attr") {
        let Some((condition, mut metas)) = conditional(list) else { return };
        metas.iter_mut().for_each(unexpect_meta);
        list.tokens = quote!(#condition, #(#metas),*);
    }
}

/// The parts of `cfg_attr(condition, attributes…)`.
fn conditional(list: &MetaList) -> Option<(Meta, Vec<Meta>)> {
    let mut metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?.into_iter();
    Some((metas.next()?, metas.collect()))
}

/// `cfg_attr(condition, attributes…)` with only the attributes that are kept.
fn kept_conditional(meta: &Meta, names: &[&str]) -> Option<Meta> {
    let mut list = meta.require_list().ok()?.clone();
    let (condition, metas) = conditional(&list)?;
    let kept: Vec<_> = metas.iter().filter_map(|meta| kept_meta(meta, names)).collect();
    list.tokens = quote!(#condition, #(#kept),*);
    (!kept.is_empty()).then_some(Meta::List(list))
}

#[cfg(test)]
mod tests {
    use super::{FOR_HANDLE, FOR_ORIGINAL, kept, unexpect};
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
        let mut attrs = attrs;
        attrs.iter_mut().for_each(unexpect);
        assert_eq!(kept_of(&attrs, FOR_ORIGINAL), softened);
    }
}
