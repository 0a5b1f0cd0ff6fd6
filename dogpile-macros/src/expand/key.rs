//! The key in tokens: its type, the borrowed form that a call is looked up by, and the parameters as the body gets them.
//!
//! Invariants: a name that the user can see is never ours; what stands in the signature is looked at before the body
//! takes it apart.

use super::krate;
use crate::attrs;
use crate::model::{Key, Model, Parameter, Part, plain_name};
use crate::scan;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Index, PatType};

/// The type of the key in a static.
pub(super) fn owned_type(model: &Model<'_>, at: Span) -> TokenStream {
    let parts = model.key.parts.iter().map(|part| {
        let ty = part.looked_up();
        let (first, _) = super::ends(&ty.to_token_stream());
        let krate = krate(model.krate.as_ref(), first);
        quote_spanned!(first=> <#ty as #krate::__private::Keyable>::Owned)
    });
    tuple(&model.key, parts, at)
}

/// What a call is looked up by: a reference, or a tuple of such; `()` without a key.
pub(super) fn query(model: &Model<'_>, at: Span) -> TokenStream {
    let parts = model.key.parts.iter().map(|part| {
        let ty = part.looked_up();
        match part {
            Part::Expr(expr, _) => {
                let at = Span::mixed_site().located_at(expr.span());
                quote_spanned!(at=> ::core::convert::identity::<&#ty>(&(#expr)))
            }
            Part::Parameter(parameter) => {
                let name = name(*parameter);
                let at = Span::mixed_site().located_at(name.span());
                if part.is_borrowed() { name.to_token_stream() } else { quote_spanned!(at=> &#name) }
            }
        }
    });
    tuple(&model.key, parts, at)
}

/// The part itself where there is one; else a tuple.
fn tuple(key: &Key<'_>, parts: impl Iterator<Item = TokenStream>, at: Span) -> TokenStream {
    if key.parts.len() == 1 { quote_spanned!(at=> #(#parts)*) } else { quote_spanned!(at=> (#(#parts),*)) }
}

/// The parameters as emitted: those that the key looks at have a name each.
pub(super) fn inputs(model: &Model<'_>) -> TokenStream {
    let mut out = TokenStream::new();
    for (place, input) in model.item.sig.inputs.pairs().enumerate() {
        let comma = input.punct();
        match model.key.parameters().find(|parameter| parameter.place == place) {
            None => input.value().to_tokens(&mut out),
            Some(parameter) => {
                let PatType { attrs, pat, colon_token, ty } = parameter.typed;
                out.extend(if is_rebound(model, parameter) {
                    let name = name(parameter);
                    quote!(#name #colon_token #ty)
                } else {
                    // The key uses it, whatever the body does.
                    let attrs = attrs.iter().map(attrs::unexpected);
                    quote!(#(#attrs)* #pat #colon_token #ty)
                });
            }
        }
        comma.to_tokens(&mut out);
    }
    out
}

/// Statements at the start of the computation that give the body its parameters: those with patterns, and for a
/// background worker, which has the key alone, all of them.
pub(super) fn rebindings(model: &Model<'_>) -> TokenStream {
    let here = Span::mixed_site();
    let mut out = TokenStream::new();
    for (position, part) in model.key.parts.iter().enumerate() {
        let Part::Parameter(parameter) = *part else { continue };
        let PatType { attrs, pat, .. } = parameter.typed;
        if model.refreshes_in_background() {
            let value = from_key(&model.key, part, position);
            // The names are the user's own; that there are two of each is our doing.
            let shadows = quote_spanned!(here=> #[allow(clippy::shadow_unrelated, clippy::shadow_reuse)]);
            out.extend(quote_spanned!(here=> #(#attrs)* #shadows let #pat #value;));
        } else if is_rebound(model, parameter) {
            let name = name(parameter);
            // What a pattern borrows mutably must be mutable itself, as parameters are to their own patterns.
            let changeable = scan::has_ref_mut(pat).then(|| quote_spanned!(here=> let mut #name = #name;));
            out.extend(quote_spanned!(here=> #changeable #(#attrs)* let #pat = #name;));
        }
    }
    out
}

/// A statement that takes what was passed by value, since a background worker has no use for it: without it the user would
/// be told to pass it by reference.
pub(super) fn consumption(model: &Model<'_>) -> TokenStream {
    let owned = model.key.parts.iter().filter(|part| !part.is_borrowed());
    let names: Vec<_> = owned
        .filter_map(|part| match part {
            Part::Parameter(parameter) => Some(name(*parameter)),
            Part::Expr(..) => None,
        })
        .collect();
    if names.is_empty() {
        return TokenStream::new();
    }
    let lint = underscores_used(model);
    quote_spanned!(Span::mixed_site()=> { #lint let __dogpile_consumed = (#(#names,)*); })
}

/// An attribute for statements that use parameters: that the key looks at a `_name` is our doing.
pub(super) fn underscores_used(model: &Model<'_>) -> Option<TokenStream> {
    let is_used = model.key.parts.iter().any(|part| match part {
        Part::Parameter(parameter) => plain_name(&parameter.typed.pat).is_some_and(scan::has_unused_name),
        Part::Expr(expr, _) => scan::has_unused_name(expr),
    });
    is_used.then(|| quote_spanned!(Span::mixed_site()=> #[allow(clippy::used_underscore_binding)]))
}

/// `: type = value` of a parameter, out of the key.
fn from_key(key: &Key<'_>, part: &Part<'_>, position: usize) -> TokenStream {
    let here = Span::mixed_site();
    let owned = if key.parts.len() == 1 {
        quote_spanned!(here=> *__dogpile_key)
    } else {
        let position = Index { index: u32::try_from(position).unwrap_or_default(), span: here };
        quote_spanned!(here=> __dogpile_key.#position)
    };
    let ty = part.looked_up();
    if part.is_borrowed() {
        quote_spanned!(here=> : &#ty = ::core::borrow::Borrow::<#ty>::borrow(&#owned))
    } else {
        quote_spanned!(here=> : #ty = ::core::clone::Clone::clone(&#owned))
    }
}

fn is_rebound(model: &Model<'_>, parameter: Parameter<'_>) -> bool {
    model.refreshes_in_background() || plain_name(&parameter.typed.pat).is_none()
}

/// What a parameter is called in the signature: its own name, or, for a pattern, one that the body does not see.
fn name(parameter: Parameter<'_>) -> Ident {
    let pat = &parameter.typed.pat;
    let own =
        || format_ident!("__dogpile_{}", parameter.place, span = Span::mixed_site().located_at(pat.span()));
    plain_name(pat).cloned().unwrap_or_else(own)
}
