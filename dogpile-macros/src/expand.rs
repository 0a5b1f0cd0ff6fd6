//! A [`Model`] -> tokens.
//!
//! Invariants: cannot fail; decides nothing that `model` could decide; every path is absolute, and locals bear names that
//! begin with `__dogpile_` and that the user's code does not see, so that no name of the user's is shadowed or needed. The body stands *outside* the block that holds our static, and sees nothing of it. Calls bear the span of
//! the return type, because what can still be wrong then is a bound on it.

mod call;
mod key;
mod policy;

pub(crate) use policy::policy;

use crate::attrs;
use crate::item::Item;
use crate::model::{Model, Outcome, Place, Policy};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Path, Signature};

/// The cached function, and beside it what the user named: the handle, the original.
pub(crate) fn attribute(model: &Model<'_>) -> TokenStream {
    let Item { attrs, vis, sig, inner_attrs, .. } = &model.item;
    let here = Span::mixed_site();
    let (beside, dogpile) = dogpile(model);
    let original = model.original.as_ref().map(|name| original(model, name));
    let checks = [alias_check(model), call::spawning_check(model)];
    let call = call::call(model, &dogpile);
    let sig = signature(sig, &sig.ident, &key::inputs(model));
    let attrs = attrs.iter().map(attrs::unexpected);
    let inner_attrs = attrs::unexpected_inner(inner_attrs);
    // With braces of ours the compiler would take the whole function for generated, and not warn about dead code.
    let block = Group::new(Delimiter::Brace, quote_spanned!(here=> #inner_attrs #(#checks)* #call));
    let block = with_span(block, model.item.body.span());
    quote_spanned!(here=> #beside #original #(#attrs)* #vis #sig #block)
}

/// The signature, with another name or other parameters.
fn signature(sig: &Signature, name: &Ident, inputs: &TokenStream) -> TokenStream {
    // All its parts are named, so that another one would be an error here. A variadic function is refused before.
    let Signature {
        constness,
        asyncness,
        safety,
        abi,
        fn_token,
        ident: _,
        generics,
        paren_token,
        inputs: _,
        variadic: _,
        output,
    } = sig;
    let mut parameters = TokenStream::new();
    paren_token.surround(&mut parameters, |tokens| inputs.to_tokens(tokens));
    let bounds = &generics.where_clause;
    quote!(#constness #asyncness #safety #abi #fn_token #name #generics #parameters #output #bounds)
}

/// What is emitted beside the function, and what is asked for the value: our static, or the user's field.
fn dogpile(model: &Model<'_>) -> (Option<TokenStream>, TokenStream) {
    let (at, _) = ends(&model.returns());
    match &model.place {
        Place::Slot(slot) => (None, slot.to_token_stream()),
        Place::Static { policy, handle: Some(name) } => {
            let mut used = name.clone();
            // The name keeps its own context (it may come out of a `macro_rules!`), only its place changes.
            used.set_span(name.span().located_at(at));
            (Some(handle_item(model, policy, name)), used.into_token_stream())
        }
        Place::Static { policy, handle: None } => {
            let (ty, value) = static_parts(model, policy);
            (None, quote_spanned!(at=> { static __DOGPILE: #ty = #value; &__DOGPILE }))
        }
    }
}

/// Where the facade lives.
fn krate(path: Option<&Path>, span: Span) -> TokenStream {
    path.map_or_else(|| quote_spanned!(span=> ::dogpile), ToTokens::to_token_stream)
}

/// The static beside the function.
fn handle_item(model: &Model<'_>, policy: &Policy, name: &Ident) -> TokenStream {
    let (ty, value) = static_parts(model, policy);
    let vis = &model.item.vis;
    let attrs = attrs::kept(&model.item.attrs, attrs::FOR_HANDLE);
    let doc = format!("The values of `{}`: read, replaced, invalidated here.", model.name());
    // In an `impl` block there are no statics: the compiler is to say so at the name.
    let at = Span::mixed_site().located_at(name.span());
    quote_spanned!(at=> #(#attrs)* #[doc = #doc] #vis static #name: #ty = #value;)
}

/// Type and initializer of the static.
fn static_parts(model: &Model<'_>, policy: &Policy) -> (TokenStream, TokenStream) {
    let (first, last) = ends(&model.returns());
    let krate = krate(model.krate.as_ref(), first);
    let value = value_type(model);
    let refresh = policy::refresher(model.refresh(), first);
    let close = quote_spanned!(last=> >);
    let (name, key) = if model.key.parts.is_empty() {
        ("Dogpile", None)
    } else {
        let key = key::owned_type(model, first);
        ("DogpileMap", Some(quote_spanned!(first=> #key,)))
    };
    let name = Ident::new(name, first);
    let ty = quote_spanned!(first=> #krate::__private::#name<#key #value, #krate::__private::#refresh #close);
    // The type of the static tells the value's type, except to a closure: what that may do with its parameter is
    // decided before. Said once, a type that cannot be kept is complained about once.
    let inferred = quote_spanned!(first=> _);
    let shown_name = policy.name.as_ref().map_or_else(|| path_of(model), ToTokens::to_token_stream);
    let shown_type = if policy.has_closure() { &value } else { &inferred };
    let policy = policy::calls(policy, model.krate.as_ref(), shown_type, Some(shown_name));
    (ty, quote_spanned!(first=> #krate::__private::#name::new(#policy)))
}

/// The type that is kept.
fn value_type(model: &Model<'_>) -> TokenStream {
    let returns = model.returns();
    let (first, _) = ends(&returns);
    let krate = krate(model.krate.as_ref(), first);
    let value = match &model.outcome {
        Outcome::Value { .. } => returns,
        Outcome::Fallible { spelled: Some(ty), .. } => ty.clone(),
        Outcome::Fallible { spelled: None, .. } => {
            quote_spanned!(first=> <#returns as #krate::__private::Fallible>::Value)
        }
    };
    quote_spanned!(first=> <#value as #krate::__private::Cacheable>::Value)
}

/// How the function appears in panics unless it was given a name.
fn path_of(model: &Model<'_>) -> TokenStream {
    let function = model.name();
    quote_spanned!(Span::mixed_site()=> ::core::concat!(::core::module_path!(), "::", #function))
}

/// Refuses, in const evaluation or in type checking, a `Result` that the macro could not see.
fn alias_check(model: &Model<'_>) -> Option<TokenStream> {
    if !model.may_hide_result() {
        return None;
    }
    let returns = model.returns();
    let (at, _) = ends(&returns);
    let krate = krate(model.krate.as_ref(), at);
    let message = format!(
        "`{}` returns a `Result` behind an alias, and its errors would be cached\nhelp: write `fallible = true` to \
         cache only what is `Ok`, or `fallible = false` to cache errors too",
        model.name()
    );
    Some(match model.place {
        Place::Static { .. } => quote_spanned! {at=>
            const _: () = {
                use #krate::__private::NotAResult as _;
                ::core::assert!(!#krate::__private::ReturnType::<#returns>::__DOGPILE_IS_RESULT, #message)
            };
        },
        // The type may name what the items in a function cannot: `Self`, parameters of an `impl` block.
        Place::Slot(_) => quote_spanned! {at=>
            {
                use #krate::__private::NotAResult as _;
                #krate::__private::keep_whole(&#krate::__private::ReturnType::<#returns>::__DOGPILE_KIND);
            }
        },
    })
}

/// The function as it would be without us, under another name.
fn original(model: &Model<'_>, name: &Ident) -> TokenStream {
    let Item { attrs, vis, sig, inner_attrs, body } = &model.item;
    let kept = attrs::kept(attrs, attrs::FOR_ORIGINAL);
    let sig = signature(sig, name, &sig.inputs.to_token_stream());
    // What is known of the function (its errors, panics, demands) holds of this one.
    let (doc, rule) = (format!("`{}`, uncached.", model.name()), "");
    // It could be `const` where the function cannot; whether it should is not up to the user.
    let mut lints = quote!(#[allow(clippy::missing_const_for_fn)]);
    // The compiler lets a deprecated function call itself, under its own name.
    if !attrs::kept(attrs, &["deprecated"]).is_empty() {
        lints.extend(quote!(#[allow(deprecated)]));
    }
    let (inner_attrs, stream) = (attrs::unexpected_inner(inner_attrs), body.stream());
    let block = with_span(Group::new(Delimiter::Brace, quote!(#inner_attrs #stream)), body.span());
    quote!(#[doc = #doc] #[doc = #rule] #(#kept)* #lints #vis #sig #block)
}

fn with_span(mut group: Group, span: Span) -> Group {
    group.set_span(span);
    group
}

/// The spans of the first and of the last token, for names that resolve as ours do.
fn ends(tokens: &TokenStream) -> (Span, Span) {
    let here = Span::mixed_site();
    let mut spans = tokens.clone().into_iter().map(|token| here.located_at(token.span()));
    let first = spans.next().unwrap_or(here);
    (first, spans.last().unwrap_or(first))
}
