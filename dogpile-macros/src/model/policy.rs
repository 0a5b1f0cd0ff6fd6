//! The rules of the options that make a policy.

use super::nameable;
use crate::args::{Args, Capacity, Early, Expire, Given, Percent, Refresh, Time};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use std::time::Duration;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, LitStr};

/// The options that make a policy.
pub(crate) struct Policy {
    pub(crate) expire: Lifetime,
    pub(crate) stale: Option<Length>,
    pub(crate) early: Option<Ahead>,
    pub(crate) jitter: Option<Percent>,
    pub(crate) refresh: Option<Given<Refresh>>,
    pub(crate) retry: Option<Length>,
    pub(crate) lease: Option<Length>,
    pub(crate) cache_if: Option<Expr>,
    pub(crate) capacity: Option<Capacity>,
    pub(crate) name: Option<LitStr>,
}

/// How long a value is fresh.
pub(crate) enum Lifetime {
    Fixed(Length),
    /// As the closure says of each.
    Of(Expr),
}

/// When a fresh value may be regenerated.
pub(crate) enum Ahead {
    Before(Length),
    Percent(Percent),
    Auto,
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
        nothing_expires(&args, errors);
        not_early(&args, errors);
        if args.expire.is_none() && !args.expire_attempted {
            let help = "write how long a value is fresh: `expire = \"1h\"`, or `expire = \"never\"`";
            errors.at(TokenStream::new(), "`expire` is missing", help);
        }
        let expire = args.expire.and_then(|given| expire(given.value, errors));
        let stale = args.stale.and_then(|given| stale(given.value, errors));
        let early = args.early.and_then(|given| early(given.value, errors));
        let retry = args.retry.and_then(|given| retry(given.value, errors));
        let lease = args.lease.and_then(|given| lease(given.value, errors));
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
        let jitter = args.jitter.map(|given| given.value);
        let (expire, refresh) = (expire?, args.refresh);
        Some(Self { expire, stale, early, jitter, refresh, retry, lease, cache_if, capacity, name })
    }

    /// Does a closure look at the values?
    pub(crate) fn has_closure(&self) -> bool {
        self.cache_if.is_some() || matches!(self.expire, Lifetime::Of(_))
    }
}

/// With `stale = "0s"` nothing stale is ever served, so options about regenerating beside a value do nothing, unless that
/// happens while it is fresh.
fn nothing_stale(args: &Args, errors: &mut Errors) {
    let Some(Time::Literal(_, Duration::ZERO)) = args.stale.as_ref().map(|given| &given.value) else {
        return;
    };
    if args.early.is_some() {
        return;
    }
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

/// Values that never expire have no end that something could happen before.
fn nothing_expires(args: &Args, errors: &mut Errors) {
    let Some(Expire::After(Time::Word(_))) = args.expire.as_ref().map(|given| &given.value) else {
        return;
    };
    let given =
        [args.early.as_ref().map(|given| &given.option), args.jitter.as_ref().map(|given| &given.option)];
    for option in given.into_iter().flatten() {
        let problem =
            format!("`{option}` is about the end of a lifetime, and values that never expire have none");
        errors.at(option, problem, format!("remove `{option}`, or write a duration for `expire`"));
    }
}

/// `early` must leave some of the lifetime, as far as literals tell.
fn not_early(args: &Args, errors: &mut Errors) {
    let (Some(Expire::After(Time::Literal(_, expire))), Some(Early::Before(Time::Literal(text, early)))) =
        (args.expire.as_ref().map(|given| &given.value), args.early.as_ref().map(|given| &given.value))
    else {
        return;
    };
    let jitter = args.jitter.as_ref().map_or(0.0, |given| given.value.value);
    let help = "write a shorter duration, or a percentage, such as `early = \"10%\"`";
    if expire.is_zero() {
        // There is an error about that.
    } else if early >= expire {
        let problem = "`early` is not shorter than `expire`, so that every call would regenerate";
        errors.at(text, problem, help);
    } else if *early >= expire.mul_f64(1.0 - jitter / 100.0) {
        let problem = "`early` is not shorter than what `jitter` may leave of `expire`";
        errors.at(text, problem, help);
    }
}

fn expire(expire: Expire, errors: &mut Errors) -> Option<Lifetime> {
    match expire {
        Expire::After(time) => expire_after(time, errors).map(Lifetime::Fixed),
        Expire::Of(closure) => nameable(&closure, errors).then_some(Lifetime::Of(closure)),
    }
}

fn expire_after(time: Time, errors: &mut Errors) -> Option<Length> {
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

fn early(early: Early, errors: &mut Errors) -> Option<Ahead> {
    match early {
        Early::Before(Time::Word(word)) => {
            let problem = format!("`early` takes a duration, not `\"{}\"`", word.value());
            errors.at(
                word,
                problem,
                "remove `early` to regenerate nothing early, or write `early = \"10%\"`",
            );
            None
        }
        Early::Before(Time::Literal(text, Duration::ZERO)) => {
            let help = "remove `early`, or write a duration above zero";
            errors.at(text, "`early` is zero, which is what happens without it", help);
            None
        }
        Early::Before(time) => length(time, errors).map(Ahead::Before),
        Early::Percent(percent) => Some(Ahead::Percent(percent)),
        Early::Auto => Some(Ahead::Auto),
    }
}

fn lease(time: Time, errors: &mut Errors) -> Option<Length> {
    match time {
        Time::Word(word) => {
            let problem = format!("`lease` takes a duration, not `\"{}\"`", word.value());
            errors.at(word, problem, "remove `lease`, and a computation takes as long as it takes");
            None
        }
        Time::Literal(text, Duration::ZERO) => {
            let help = "write more than a computation should ever take, such as `lease = \"30s\"`";
            errors.at(text, "`lease` is zero, so that every computation would be replaced at once", help);
            None
        }
        other => length(other, errors),
    }
}

/// How long a follower waits; part of the call, not of the policy.
pub(super) fn wait(time: Time, errors: &mut Errors) -> Option<Length> {
    match time {
        Time::Word(word) => {
            let problem = format!("`wait` takes a duration, not `\"{}\"`", word.value());
            errors.at(word, problem, "remove `wait`, and followers wait as long as it takes");
            None
        }
        // In the function itself, where more can be named than in a static.
        Time::Const(expr) => Some(Length::Const(expr)),
        other @ Time::Literal(..) => length(other, errors),
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
