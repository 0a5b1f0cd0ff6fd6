//! The rules of the options that make a policy.

use super::nameable;
use crate::args::{Args, Capacity, Given, Refresh, Time};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use std::time::Duration;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, LitStr, Path};

/// The options that make a policy.
pub(crate) struct Policy {
    pub(crate) krate: Option<Path>,
    pub(crate) expire: Length,
    pub(crate) stale: Option<Length>,
    pub(crate) refresh: Option<Given<Refresh>>,
    pub(crate) retry: Option<Length>,
    pub(crate) cache_if: Option<Expr>,
    pub(crate) capacity: Option<Capacity>,
    pub(crate) name: Option<LitStr>,
}

/// A length of time that passed the rules, and where it was written.
pub(crate) enum Length {
    Fixed(Duration, Span),
    Endless(Span),
    Const(Expr),
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
        let capacity = args.capacity.map(|given| given.value);
        if let Some(Capacity::Const(expr)) = &capacity {
            nameable(expr, errors);
        }
        let name = args.name.map(|given| given.value);
        if let Some(name) = name.as_ref().filter(|name| name.value().trim().is_empty()) {
            errors.at(
                name,
                "`name` is empty",
                "write a name, or leave the option out for the function's path",
            );
        }
        let krate = args.krate.map(|given| given.value);
        Some(Self { krate, expire: expire?, stale, refresh: args.refresh, retry, cache_if, capacity, name })
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

impl Length {
    /// Where it was written.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Fixed(_, span) | Self::Endless(span) => *span,
            Self::Const(expr) => expr.span(),
        }
    }
}
