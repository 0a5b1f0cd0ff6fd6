//! Every rule there is: what was written -> a [`Model`] that can be expanded without failing.
//!
//! Invariants: all rules run, and all violations are reported, before anything is given up; a model exists only if no
//! rule was broken; a rule that rustc states better at the user's own tokens is left to rustc.

use crate::args::{Args, Given, Refresh, Time};
use crate::errors::Errors;
use crate::item::Item;
use crate::scan;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::time::Duration;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, FnArg, GenericParam, Ident, LitStr, Path, ReturnType, Type};

/// A function to cache.
pub(crate) struct Model {
    pub(crate) item: Item,
    pub(crate) policy: Policy,
    pub(crate) handle: Option<Ident>,
    pub(crate) original: Option<Ident>,
    pub(crate) outcome: Outcome,
}

/// The options that make a policy.
pub(crate) struct Policy {
    pub(crate) krate: Option<Path>,
    pub(crate) expire: Length,
    pub(crate) stale: Option<Length>,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) retry: Option<Length>,
    pub(crate) cache_if: Option<Expr>,
    pub(crate) name: Option<LitStr>,
}

/// A length of time that passed the rules, and where it was written.
pub(crate) enum Length {
    Fixed(Duration, Span),
    Endless(Span),
    Const(Expr),
}

/// What a call brings.
pub(crate) enum Outcome {
    /// The value itself. `is_said` if the user ruled out that it is a `Result`.
    Value { is_said: bool },
    /// A `Result`, of which the `Ok` part is kept.
    Fallible {
        /// The kept type, if it must be spelled out because the error part mentions what a static cannot.
        spelled: Option<Box<Type>>,
        /// Does the error borrow? Then nobody can share it.
        is_borrowing: bool,
    },
}

impl Model {
    pub(crate) fn new(args: Args, item: Item, errors: &mut Errors) -> Option<Self> {
        signature(&item, errors);
        names(&args, &item, errors);
        let outcome = outcome(&args, &item, errors);
        let (handle, original) = (args.handle.as_ref(), args.original.as_ref());
        let (handle, original) = (handle.map(|h| h.value.clone()), original.map(|o| o.value.clone()));
        let policy = Policy::new(args, errors);
        Some(Self { item, policy: policy?, handle, original, outcome: outcome? })
            .filter(|_| errors.is_empty())
    }
}

/// What kinds of functions can be cached.
fn signature(item: &Item, errors: &mut Errors) {
    let sig = &item.sig;
    let name = sig.ident.unraw();
    if let Some(token) = sig.constness {
        errors.at(
            token,
            "a `const fn` cannot be cached, because it may run at compile time",
            "remove `const`",
        );
    }
    if let Some(token) = sig.asyncness {
        let problem = format!("`{name}` is async, and this version caches sync functions only");
        errors.at(
            token,
            problem,
            "remove `async`, or keep the values in a `static` of type `dogpile::Dogpile`",
        );
    }
    let foreign = "cache a plain Rust function and call it from this one";
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a variadic function cannot be cached", foreign);
    } else if let Some(abi) = &sig.abi {
        errors.at(abi, "an `extern` function cannot be cached", foreign);
    }
    for param in &sig.generics.params {
        let param = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        let problem =
            format!("`{name}` is generic over `{param}`, and one static would serve all its instances");
        errors.at(param, problem, "write one function for each type, and cache those");
    }
    parameters(item, errors);
    for attr in &item.attrs {
        if attr.path().segments.last().is_some_and(|segment| segment.ident == "dogpile") {
            errors.at(attr.path(), format!("`{name}` has two `dogpile` attributes"), "remove one of them");
        }
    }
}

fn parameters(item: &Item, errors: &mut Errors) {
    let sig = &item.sig;
    let name = sig.ident.unraw();
    if let Some(receiver) = sig.receiver() {
        errors.at(
            receiver,
            format!("`{name}` takes `self`, and this version caches functions without parameters only"),
            "keep a `dogpile::Dogpile` in a field and call its `get_or_compute` here",
        );
    }
    let typed: Vec<_> = sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).collect();
    if !typed.is_empty() && sig.variadic.is_none() {
        errors.at(
            quote!(#(#typed),*),
            format!("`{name}` takes parameters, and this version caches functions without parameters only"),
            "move the expensive part into a function without parameters and cache that",
        );
    }
}

/// The new names must not collide with each other, nor with the function's.
fn names(args: &Args, item: &Item, errors: &mut Errors) {
    let name = item.sig.ident.unraw();
    for given in [&args.handle, &args.original].into_iter().flatten() {
        if given.value.unraw() == name {
            let problem = format!("`{}` would have the name of the function itself", given.option);
            errors.at(
                &given.value,
                problem,
                format!("write another name, such as {}", other_name(given, &name)),
            );
        }
    }
    if let (Some(handle), Some(original)) = (&args.handle, &args.original) {
        if handle.value.unraw() == original.value.unraw() {
            let help = format!("write another name, such as {}", other_name(original, &name));
            errors.at(&original.value, "`handle` and `original` have the same name", help);
        }
    }
}

fn other_name(given: &Given<Ident>, function: &Ident) -> String {
    if given.option == "handle" {
        format!("`handle = {}`", function.to_string().to_uppercase())
    } else {
        format!("`original = {function}_uncached`")
    }
}

/// What can be kept in a static, and what of it.
fn outcome(args: &Args, item: &Item, errors: &mut Errors) -> Option<Outcome> {
    let said = args.fallible.as_ref().map(|given| given.value);
    let ReturnType::Type(_, ty) = &item.sig.output else {
        return Some(match said {
            Some(true) => Outcome::Fallible { spelled: None, is_borrowing: false },
            _ => Outcome::Value { is_said: true },
        });
    };
    if matches!(scan::peeled(ty), Type::Never(_)) {
        errors.at(
            ty,
            "`!` never returns, so there is no value to keep",
            "return a value, or remove the attribute",
        );
        return None;
    }
    if let Some(token) = scan::word(ty, "impl") {
        let help = "write the name of the type, or box it, such as `Arc<dyn Trait + Send + Sync>`";
        errors.at(
            token,
            "`impl Trait` is a type without a name, and the static that keeps it needs one",
            help,
        );
        return None;
    }
    if said.unwrap_or_else(|| scan::is_result(ty)) {
        fallible(args, ty, errors)
    } else {
        storable(ty, errors).then_some(Outcome::Value { is_said: said.is_some() })
    }
}

/// Only the `Ok` part goes into the static; the error part may borrow and may mention `Self`.
fn fallible(args: &Args, ty: &Type, errors: &mut Errors) -> Option<Outcome> {
    // Behind an alias the first argument need not be the `Ok` part.
    let ok = if scan::is_result(ty) { scan::first_argument(ty) } else { None };
    if !storable(ok.unwrap_or(ty), errors) {
        return None;
    }
    let borrow = scan::borrow(ty);
    if let (Some(borrow), Some(Given { value: Refresh::Background, option })) = (&borrow, &args.refresh) {
        let problem = format!("an error that borrows for `{borrow}` cannot come from a background worker");
        errors.at(option, problem, "write `refresh = \"caller\"`, or return an error that owns its data");
    }
    let spelled =
        (borrow.is_some() || scan::word(ty, "Self").is_some()).then(|| ok.cloned().map(Box::new)).flatten();
    Some(Outcome::Fallible { spelled, is_borrowing: borrow.is_some() })
}

fn storable(ty: &Type, errors: &mut Errors) -> bool {
    let borrow = scan::borrow(ty);
    if let Some(lifetime) = &borrow {
        let problem = format!("`{lifetime}` may end before the static that keeps the value");
        errors.at(lifetime, problem, "return an owned value, or write `'static`");
    }
    borrow.is_none() && nameable(ty, errors)
}

/// A static is an item of its own, outside of any `impl` block.
fn nameable(tokens: impl ToTokens, errors: &mut Errors) -> bool {
    let found = scan::word(tokens, "Self");
    if let Some(token) = &found {
        errors.at(
            token,
            "`Self` cannot be used in the static that keeps the value",
            "write the name of the type",
        );
    }
    found.is_none()
}

impl Policy {
    pub(crate) fn new(args: Args, errors: &mut Errors) -> Option<Self> {
        nothing_stale(&args, errors);
        if args.expire.is_none() && !args.expire_attempted {
            let help = "write how long a value is fresh: `expire = \"1h\"`, or `expire = \"never\"`";
            errors.at(TokenStream::new(), "`expire` is missing", help);
        }
        let expire = args.expire.and_then(|given| expire(given.value, errors));
        let stale = args.stale.and_then(|given| stale(given.value, errors));
        let retry = args.retry.and_then(|given| retry(given.value, errors));
        let cache_if = args.cache_if.map(|given| given.value);
        if let Some(predicate) = &cache_if {
            nameable(predicate, errors);
        }
        let name = args.name.map(|given| given.value);
        if let Some(name) = name.as_ref().filter(|name| name.value().trim().is_empty()) {
            errors.at(
                name,
                "`name` is empty",
                "write a name, or leave the option out for the function's path",
            );
        }
        let (krate, refresh) = (args.krate.map(|given| given.value), args.refresh.map(|given| given.value));
        Some(Self { krate, expire: expire?, stale, refresh, retry, cache_if, name })
    }
}

/// With `stale = "0s"` nothing stale is ever served, so options about stale values do nothing.
fn nothing_stale(args: &Args, errors: &mut Errors) {
    let Some(Time::Literal(_, Duration::ZERO)) = args.stale.as_ref().map(|given| &given.value) else {
        return;
    };
    let mut refuse = |option: &Ident, what: &str| {
        let problem = format!("{what} does nothing with `stale = \"0s\"`, which never serves a stale value");
        errors.at(option, problem, format!("remove `{option}`, or write a longer `stale`"));
    };
    if let Some(given) = &args.retry {
        refuse(&given.option, "`retry`");
    }
    if let Some(Given { option, value: Refresh::Background }) = &args.refresh {
        refuse(option, "`refresh = \"background\"`");
    }
}

fn expire(time: Time, errors: &mut Errors) -> Option<Length> {
    match time {
        Time::Word(word) if word.value() != "never" => {
            let problem = "`expire` takes `\"never\"`, not `\"forever\"`";
            errors.at(word, problem, "write `expire = \"never\"`");
            None
        }
        Time::Literal(text, Duration::ZERO) => {
            let help = "write a duration above zero, such as `expire = \"1s\"`";
            errors.at(text, "`expire` is zero, so that no value would ever be fresh", help);
            None
        }
        other => length(other, errors),
    }
}

fn stale(time: Time, errors: &mut Errors) -> Option<Length> {
    match time {
        Time::Word(word) if word.value() != "forever" => {
            let help = "write `stale = \"forever\"` to serve old values without limit, or `stale = \"0s\"` to serve none";
            errors.at(word, "`stale = \"never\"` can be read in two ways", help);
            None
        }
        other => length(other, errors),
    }
}

fn retry(time: Time, errors: &mut Errors) -> Option<Length> {
    match time {
        Time::Word(word) => {
            let problem = format!("`retry` takes a duration, not `\"{}\"`", word.value());
            errors.at(
                word,
                problem,
                "write how long a failure holds the next attempt back: `retry = \"10s\"`",
            );
            None
        }
        other => length(other, errors),
    }
}

fn length(time: Time, errors: &mut Errors) -> Option<Length> {
    match time {
        Time::Literal(text, duration) => Some(Length::Fixed(duration, text.span())),
        Time::Word(word) => Some(Length::Endless(word.span())),
        Time::Const(expr) => nameable(&expr, errors).then_some(Length::Const(expr)),
    }
}

impl Model {
    /// The return type; `()` where none is written.
    pub(crate) fn returns(&self) -> TokenStream {
        match &self.item.sig.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => quote_spanned!(Span::mixed_site()=> ()),
        }
    }

    /// The function's name as in messages, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.item.sig.ident.unraw().to_string()
    }

    pub(crate) fn refreshes_in_background(&self) -> bool {
        self.policy.refresh == Some(Refresh::Background)
    }

    /// Can the return type be an alias of a `Result`? Only a path (or a macro that makes one) can hide it.
    pub(crate) fn may_hide_result(&self) -> bool {
        match (&self.outcome, &self.item.sig.output) {
            (Outcome::Value { is_said: false }, ReturnType::Type(_, ty)) => {
                matches!(scan::peeled(ty), Type::Path(_) | Type::Macro(_))
            }
            _ => false,
        }
    }
}

impl Length {
    /// Where it was written.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Fixed(_, span) | Self::Endless(span) => *span,
            Self::Const(expr) => expr.span(),
        }
    }
}
