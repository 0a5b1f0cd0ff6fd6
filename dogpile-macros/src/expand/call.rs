//! The call in tokens: two statements in place of the body.
//!
//! Invariants: what is found under the key borrows nothing from then on, so that the body may take the parameters that
//! the key was made of; the body keeps its `return`, `?`, `Self` and `.await`; a type error in it is found in it.

use super::{ends, key, krate, value_type};
use crate::args::Refresh;
use crate::model::{Model, Outcome, Place};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// What is found under the key, and what becomes of it.
pub(super) fn call(model: &Model<'_>, dogpile: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let returns = model.returns();
    let (first, _) = ends(&returns);
    let at = match &model.place {
        // Of a field the compiler may have to say that it does not fit.
        Place::Slot(slot) => ends(&slot.to_token_stream()).1,
        Place::Static { .. } => first,
    };
    let query = key::query(model, at);
    let key = model.refreshes_in_background().then(|| {
        let (krate, consumption) = (krate(model.krate.as_ref(), here), key::consumption(model));
        quote_spanned!(here=> let __dogpile_key = #krate::__private::key_of(&__dogpile_probed); #consumption)
    });
    let call = resolve(model, &computation(model), first);
    let lint = key::underscores_used(model);
    quote_spanned! {at=>
        #lint
        let __dogpile_probed = #dogpile.__dogpile_probe(#query);
        #key
        #call
    }
}

/// The body as a closure, behind what it needs to have its parameters.
fn computation(model: &Model<'_>) -> TokenStream {
    let here = Span::mixed_site();
    let returns = model.returns();
    let body = &model.item.body;
    let rebindings = key::rebindings(model);
    // In a block of its own, whose items do not turn the parameters into patterns; with a label, it needs its braces.
    let label = quote_spanned!(here.located_at(body.span())=> '__dogpile_body:);
    if model.is_async() {
        let typed = typed_return(model);
        return quote_spanned!(here=> move || async move { #typed #rebindings #label #body });
    }
    if rebindings.is_empty() {
        return quote_spanned!(here=> move || -> #returns #body);
    }
    quote_spanned!(here=> move || -> #returns { #rebindings #label #body })
}

/// An async block cannot say what it returns. So it begins with a `return` of that type, which never happens, and what
/// the body returns is coerced to it, or is the mistake.
fn typed_return(model: &Model<'_>) -> TokenStream {
    let returns = model.returns();
    let (first, _) = ends(&returns);
    quote_spanned! {first=>
        if let ::core::option::Option::Some(__dogpile_never) = ::core::option::Option::None::<#returns> {
            return __dogpile_never;
        }
    }
}

/// Hit, or computation: by way of the return type, so that what it lacks is complained about there. With a `return`, because
/// some crates have a lint against going without.
fn resolve(model: &Model<'_>, compute: &TokenStream, at: Span) -> TokenStream {
    let returns = model.returns();
    let krate = krate(model.krate.as_ref(), at);
    let patience = patience(model);
    match (&model.outcome, model.is_async()) {
        // `Call`, behind its bounds, or `NotKept`, which has nothing to add to what was said of the static.
        (Outcome::Value { .. }, is_async) => {
            let (method, finish) = method("__dogpile_call", is_async, at);
            quote_spanned! {at=>
                use #krate::__private::{Call as _, NotKept as _};
                return #krate::__private::Attempt::<#returns>::probe().#method(__dogpile_probed, #compute) #finish;
            }
        }
        (Outcome::Fallible { is_borrowing: true, .. }, _) => {
            let value = value_type(model);
            quote_spanned! {at=>
                return <#value as #krate::__private::Cacheable>::__dogpile_try_alone(
                    __dogpile_probed,
                    #patience,
                    #compute
                );
            }
        }
        // Method resolution finds out whether the error can be shared: `ShareError` first, behind its bounds.
        (Outcome::Fallible { is_borrowing: false, .. }, is_async) => {
            let (method, finish) = method("__dogpile_try", is_async, at);
            quote_spanned! {at=>
                use #krate::__private::{NotFallible as _, ShareError as _, TakeOver as _};
                return #krate::__private::Attempt::<#returns>::probe().#method(
                    __dogpile_probed,
                    #patience,
                    #compute
                ) #finish;
            }
        }
    }
}

/// The method, or its async twin and what is to be done with the future.
fn method(name: &str, is_async: bool, at: Span) -> (Ident, Option<TokenStream>) {
    if is_async {
        (Ident::new(&format!("{name}_async"), at), Some(quote_spanned!(at=> .await)))
    } else {
        (Ident::new(name, at), None)
    }
}

/// How long the caller waits, and what error it makes of it then; whether it can make one is asked here alone.
fn patience(model: &Model<'_>) -> TokenStream {
    let Some(wait) = &model.wait else {
        return quote_spanned!(Span::mixed_site()=> ::core::option::Option::None);
    };
    let at = Span::mixed_site().located_at(wait.option.span());
    let (krate, returns, length) = (krate(model.krate.as_ref(), at), model.returns(), &wait.value);
    quote_spanned! {at=>
        ::core::option::Option::Some({
            use #krate::__private::NotOfTimeout as _;
            #krate::__private::patience(
                const { #length },
                #krate::__private::ErrorOf::<#returns>::THIS,
                #krate::__private::ErrorOf::<#returns>::__DOGPILE_MAKER
            )
        })
    }
}

/// Refuses to spawn where there is nothing to spawn on.
pub(super) fn spawning_check(model: &Model<'_>) -> Option<TokenStream> {
    let refresh = model.refresh().filter(|refresh| refresh.value == Refresh::Spawning)?;
    let at = Span::mixed_site().located_at(refresh.option.span());
    let krate = krate(model.krate.as_ref(), at);
    Some(quote_spanned!(at=> #krate::__private::spawning!();))
}
