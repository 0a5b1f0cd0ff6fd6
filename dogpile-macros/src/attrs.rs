//! Which of the function's attributes also belong on the items emitted beside it.
//!
//! Invariants: only attributes known to be harmless are repeated (an `#[instrument]` must not run twice);
//! `#[cfg_attr(…)]` is looked into; a repeated `#[expect(…)]` becomes `#[allow(…)]`, because only the function itself
//! is sure to meet the expectation.

use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// For the handle's static: where it exists, and which lints look away.
pub(crate) const FOR_HANDLE: &[&str] = &["cfg", "allow", "warn", "deny", "forbid", "expect"];

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
    if !names.iter().any(|name| meta.path().is_ident(name)) {
        return None;
    }
    let mut meta = meta.clone();
    unexpect_meta(&mut meta);
    Some(meta)
}

/// Makes `#[allow(…)]` of `#[expect(…)]`, on a parameter of which more use is made than the user knows.
pub(crate) fn unexpect(attr: &mut Attribute) {
    unexpect_meta(&mut attr.meta);
}

fn unexpect_meta(meta: &mut Meta) {
    if let Meta::List(list) = meta {
        if let Some(word) = list.path.segments.first_mut().filter(|word| word.ident == "expect") {
            word.ident = syn::Ident::new("allow", word.ident.span());
        }
    }
}

/// `cfg_attr(condition, attributes…)` with only the attributes that are kept.
fn kept_conditional(meta: &Meta, names: &[&str]) -> Option<Meta> {
    let mut list = meta.require_list().ok()?.clone();
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let mut metas = metas.into_iter();
    let condition = metas.next()?;
    let kept: Vec<_> = metas.filter_map(|meta| kept_meta(&meta, names)).collect();
    list.tokens = quote!(#condition, #(#kept),*);
    (!kept.is_empty()).then_some(Meta::List(list))
}

#[cfg(test)]
mod tests {
    use super::{FOR_HANDLE, FOR_ORIGINAL, kept};
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
        assert_eq!(kept_of(&attrs, FOR_ORIGINAL), "#[cfg(unix)]#[inline]#[allow(dead_code)]");
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
        let attrs: Vec<Attribute> = syn::parse_quote!(#[expect(unused_variables, reason = "r")]);
        assert_eq!(kept_of(&attrs, FOR_ORIGINAL), "#[allow(unused_variables,reason=\"r\")]");
    }
}
