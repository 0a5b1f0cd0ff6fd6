//! A [`Model`] -> tokens.
//!
//! Invariants: cannot fail; decides nothing that `model` could decide; every path is absolute, and there is no local
//! (a user's constant of the same name would turn it into a pattern), so that no name of the user's is shadowed or
//! needed. The body stands *outside* the block that holds our static, and sees nothing of it. Calls bear the span of
//! the return type, because what can still be wrong then is a bound on it.

use crate::attrs;
use crate::item::Item;
use crate::model::{Length, Model, Outcome, Policy};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

/// The cached function, and beside it what the user named: the handle, the original.
pub(crate) fn attribute(model: &Model) -> TokenStream {
    let Item { attrs, vis, sig, inner_attrs, .. } = &model.item;
    let here = Span::mixed_site();
    let (at, _) = ends(&model.returns());
    let (beside, dogpile) = if let Some(name) = &model.handle {
        let mut used = name.clone();
        // The name keeps its own context (it may come out of a `macro_rules!`), only its place changes.
        used.set_span(name.span().located_at(at));
        (Some(handle_item(model, name)), quote_spanned!(at=> &#used))
    } else {
        let item = local_item(model);
        (None, quote_spanned!(at=> { #item &__DOGPILE }))
    };
    let original = model.original.as_ref().map(|name| original(model, name));
    let check = alias_check(model);
    let call = call(model, &dogpile);
    // With braces of ours the compiler would take the whole function for generated, and not warn about dead code.
    let block = Group::new(Delimiter::Brace, quote_spanned!(here=> #inner_attrs #check #call));
    let block = with_span(block, model.item.body.span());
    quote_spanned!(here=> #beside #original #(#attrs)* #vis #sig #block)
}

/// The value of `policy!`.
pub(crate) fn policy(policy: &Policy) -> TokenStream {
    let here = Span::mixed_site();
    calls(policy, &quote_spanned!(here=> _), policy.name.as_ref().map(ToTokens::to_token_stream))
}

/// `Policy::<V>::expire(…).stale(…)…`: one method per option that was given.
fn calls(policy: &Policy, value: &TokenStream, name: Option<TokenStream>) -> TokenStream {
    let here = Span::mixed_site();
    let expire = &policy.expire;
    // A const duration of zero is found by the builder: its panic is to point at the expression.
    let start = here.located_at(expire.span());
    let krate = krate(policy, start);
    let mut out = quote_spanned!(start=> #krate::__private::Policy::<#value>::expire(#expire));
    for (method, length) in [("stale", &policy.stale), ("retry", &policy.retry)] {
        if let Some(length) = length {
            let method = Ident::new(method, here.located_at(length.span()));
            out.extend(quote_spanned!(here=> .#method(#length)));
        }
    }
    if let Some(refresh) = &policy.refresh {
        let refresh = Ident::new(&format!("{refresh:?}"), here);
        out.extend(quote_spanned!(here=> .refresh(#krate::__private::#refresh)));
    }
    if let Some(predicate) = &policy.cache_if {
        out.extend(quote_spanned!(here=> .cache_if(#predicate)));
    }
    if let Some(name) = name {
        out.extend(quote_spanned!(here=> .name(#name)));
    }
    out
}

impl ToTokens for Length {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let here = Span::mixed_site();
        tokens.extend(match self {
            Self::Fixed(duration, _) => {
                let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
                quote_spanned!(here=> ::core::time::Duration::new(#secs, #nanos))
            }
            Self::Endless(_) => quote_spanned!(here=> ::core::time::Duration::MAX),
            Self::Const(expr) => expr.to_token_stream(),
        });
    }
}

/// Where the facade lives.
fn krate(policy: &Policy, span: Span) -> TokenStream {
    policy.krate.as_ref().map_or_else(|| quote_spanned!(span=> ::dogpile), ToTokens::to_token_stream)
}

/// The static inside the function.
fn local_item(model: &Model) -> TokenStream {
    let (ty, value) = static_parts(model);
    let (at, _) = ends(&model.returns());
    quote_spanned!(at=> static __DOGPILE: #ty = #value;)
}

/// The static beside the function.
fn handle_item(model: &Model, name: &Ident) -> TokenStream {
    let (ty, value) = static_parts(model);
    let vis = &model.item.vis;
    let attrs = attrs::kept(&model.item.attrs, attrs::FOR_HANDLE);
    let doc = format!("The values of `{}`: read, replaced, invalidated here.", model.name());
    // In an `impl` block there are no statics: the compiler is to say so at the name.
    let at = Span::mixed_site().located_at(name.span());
    quote_spanned!(at=> #(#attrs)* #[doc = #doc] #vis static #name: #ty = #value;)
}

/// Type and initializer of the static.
fn static_parts(model: &Model) -> (TokenStream, TokenStream) {
    let policy = &model.policy;
    let (first, last) = ends(&model.returns());
    let krate = krate(policy, first);
    let value = value_type(model);
    let refresh = Ident::new(if model.refreshes_in_background() { "Background" } else { "Caller" }, first);
    let close = quote_spanned!(last=> >);
    let ty = quote_spanned!(first=> #krate::__private::Dogpile<#value, #krate::__private::#refresh #close);
    // The type of the static tells the value's type, except to a closure: what that may do with its parameter is
    // decided before. Said once, a type that cannot be kept is complained about once.
    let inferred = quote_spanned!(first=> _);
    let policy =
        calls(policy, if policy.cache_if.is_some() { &value } else { &inferred }, Some(shown_name(model)));
    (ty, quote_spanned!(first=> #krate::__private::Dogpile::new(#policy)))
}

/// The type that is kept.
fn value_type(model: &Model) -> TokenStream {
    let returns = model.returns();
    let (first, _) = ends(&returns);
    let krate = krate(&model.policy, first);
    let value = match &model.outcome {
        Outcome::Value { .. } => returns,
        Outcome::Fallible { spelled: Some(ty), .. } => ty.to_token_stream(),
        Outcome::Fallible { spelled: None, .. } => {
            quote_spanned!(first=> <#returns as #krate::__private::Fallible>::Value)
        }
    };
    quote_spanned!(first=> <#value as #krate::__private::Cacheable>::Value)
}

/// How the function appears in panics: its path, unless it was given a name.
fn shown_name(model: &Model) -> TokenStream {
    let function = model.name();
    let path =
        || quote_spanned!(Span::mixed_site()=> ::core::concat!(::core::module_path!(), "::", #function));
    model.policy.name.as_ref().map_or_else(path, ToTokens::to_token_stream)
}

/// Hands the body to the run time. It is a closure, so that `return`, `?` and `Self` mean what they meant.
fn call(model: &Model, dogpile: &TokenStream) -> TokenStream {
    let returns = model.returns();
    let body = &model.item.body;
    let (at, _) = ends(&returns);
    let krate = krate(&model.policy, at);
    let compute = quote_spanned!(Span::mixed_site()=> move || -> #returns #body);
    match model.outcome {
        Outcome::Value { .. } => quote_spanned! {at=>
            <#returns as #krate::__private::Cacheable>::__dogpile_call(#dogpile, #compute)
        },
        Outcome::Fallible { is_borrowing: true, .. } => {
            let value = value_type(model);
            quote_spanned!(at=> <#value as #krate::__private::Cacheable>::__dogpile_try_alone(#dogpile, #compute))
        }
        // Method resolution finds out whether the error can be shared: `ShareError` first, behind its bounds.
        Outcome::Fallible { is_borrowing: false, .. } => quote_spanned! {at=>
            use #krate::__private::{NotFallible as _, ShareError as _, TakeOver as _};
            #krate::__private::Attempt::<#returns>::probe().__dogpile_try(#dogpile, #compute)
        },
    }
}

/// Refuses, in const evaluation, a `Result` that the macro could not see.
fn alias_check(model: &Model) -> Option<TokenStream> {
    if !model.may_hide_result() {
        return None;
    }
    let returns = model.returns();
    let (at, _) = ends(&returns);
    let krate = krate(&model.policy, at);
    let message = format!(
        "`{}` returns a `Result` behind an alias, and its errors would be cached\nhelp: write `fallible = true` to \
         cache only what is `Ok`, or `fallible = false` to cache errors too",
        model.name()
    );
    Some(quote_spanned! {at=>
        const _: () = {
            use #krate::__private::NotAResult as _;
            ::core::assert!(!#krate::__private::ReturnType::<#returns>::IS_RESULT, #message)
        };
    })
}

/// The function as it would be without us, under another name.
fn original(model: &Model, name: &Ident) -> TokenStream {
    let Item { attrs, vis, sig, inner_attrs, body } = &model.item;
    let attrs = attrs::kept(attrs, attrs::FOR_ORIGINAL);
    let mut sig = sig.clone();
    sig.ident = name.clone();
    let doc = format!("`{}`, uncached.", model.name());
    let stream = body.stream();
    let block = with_span(Group::new(Delimiter::Brace, quote!(#inner_attrs #stream)), body.span());
    quote!(#(#attrs)* #[doc = #doc] #vis #sig #block)
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
