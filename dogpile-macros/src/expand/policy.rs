//! A policy in tokens: the calls of the runtime's builder, one for each option that was given.
//!
//! Invariant: what only the builder can find, in a constant, it finds at the expression that the user wrote.

use super::krate;
use crate::args::{Capacity, Given, Refresh};
use crate::model::{Ahead, Length, Lifetime, Policy};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned as _;

/// The value of `policy!`.
pub(crate) fn policy(policy: &Policy, facade: Option<&Path>) -> TokenStream {
    let here = Span::mixed_site();
    calls(policy, facade, &quote_spanned!(here=> _), policy.name.as_ref().map(ToTokens::to_token_stream))
}

/// `Policy::<V>::expire(…).stale(…)…`.
pub(super) fn calls(
    policy: &Policy,
    facade: Option<&Path>,
    value: &TokenStream,
    name: Option<TokenStream>,
) -> TokenStream {
    let here = Span::mixed_site();
    let mut out = start(policy, facade, value);
    for (method, length) in [("stale", &policy.stale), ("retry", &policy.retry), ("lease", &policy.lease)] {
        if let Some(length) = length {
            out.extend(call(method, length.span(), length));
        }
    }
    out.extend(policy.early.as_ref().map(|early| match early {
        Ahead::Before(length) => call("early", length.span(), length),
        Ahead::Percent(percent) => {
            call("early_percent", percent.text.span(), Literal::f64_unsuffixed(percent.value))
        }
        Ahead::Auto => call("early_auto", here, TokenStream::new()),
    }));
    if let Some(jitter) = &policy.jitter {
        out.extend(call("jitter", jitter.text.span(), Literal::f64_unsuffixed(jitter.value)));
    }
    if let Some(refresh) = &policy.refresh {
        let (krate, refresh) = (krate(facade, here), refresher(Some(refresh), here));
        out.extend(call("refresh", here, quote_spanned!(here=> #krate::__private::#refresh)));
    }
    if let Some(predicate) = &policy.cache_if {
        out.extend(call("cache_if", here, predicate));
    }
    if let Some(capacity) = &policy.capacity {
        let (keys, at) = capacity_in_tokens(capacity);
        out.extend(call("capacity", at, keys));
    }
    if let Some(name) = name {
        out.extend(call("name", here, name));
    }
    out
}

/// `Policy::<V>::expire(…)`: what the others are called on.
fn start(policy: &Policy, facade: Option<&Path>, value: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let length = match &policy.expire {
        Lifetime::Fixed(length) => length,
        Lifetime::Of(closure) => {
            let krate = krate(facade, here);
            // A closure is the only form, so there is no point in advising a shorter one.
            return quote_spanned! {here=>
                #krate::__private::Policy::<#value>::expire_with({
                    #[allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)]
                    let __dogpile_lifetime: fn(&#value) -> ::core::time::Duration = #closure;
                    __dogpile_lifetime
                })
            };
        }
    };
    let at = here.located_at(length.span());
    let krate = krate(facade, at);
    quote_spanned!(at=> #krate::__private::Policy::<#value>::expire(#length))
}

/// `.method(argument)`, where a panic of it is to point.
fn call(method: &str, at: Span, argument: impl ToTokens) -> TokenStream {
    let at = Span::mixed_site().located_at(at);
    let method = Ident::new(method, at);
    quote_spanned!(at=> .#method(#argument))
}

/// The type of who refreshes.
pub(super) fn refresher(given: Option<&Given<Refresh>>, at: Span) -> Ident {
    let refresh = given.map_or(Refresh::Caller, |given| given.value);
    Ident::new(&format!("{refresh:?}"), at)
}

/// The number of keys, and where it was written.
fn capacity_in_tokens(capacity: &Capacity) -> (TokenStream, Span) {
    match capacity {
        Capacity::Literal(int) => (int.to_token_stream(), int.span()),
        Capacity::Unbounded(word) => {
            (quote_spanned!(Span::mixed_site()=> ::core::primitive::usize::MAX), word.span())
        }
        Capacity::Const(expr) => (expr.to_token_stream(), expr.span()),
    }
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
