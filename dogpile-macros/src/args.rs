//! Options -> [`Args`]: what can be written in the parentheses of `#[dogpile(…)]` and `policy!(…)`.
//!
//! Invariants: [`TABLE`] is the only list of options. How they are read one after the other is told in `parse`; what
//! values *mean* together is the business of `model`.

mod parse;

use crate::value::keys::{capacity, key, skip, slot};
use crate::value::{early, expire, identifier, path, percentage, predicate, refresh, text, time, truth};
use std::time::Duration;
use syn::parse::ParseStream;
use syn::{Expr, Ident, LitInt, LitStr, Path, Type};

/// Everything that was written, as it was written.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) expire: Option<Given<Expire>>,
    pub(crate) stale: Option<Given<Time>>,
    pub(crate) early: Option<Given<Early>>,
    pub(crate) jitter: Option<Given<Percent>>,
    pub(crate) refresh: Option<Given<Refresh>>,
    pub(crate) retry: Option<Given<Time>>,
    pub(crate) lease: Option<Given<Time>>,
    pub(crate) wait: Option<Given<Time>>,
    pub(crate) cache_if: Option<Given<Expr>>,
    pub(crate) capacity: Option<Given<Capacity>>,
    pub(crate) key: Option<Given<Vec<KeyPart>>>,
    /// Names of parameters, `self` and `_` among them.
    pub(crate) skip: Option<Given<Vec<Ident>>>,
    pub(crate) slot: Option<Given<Expr>>,
    pub(crate) handle: Option<Given<Ident>>,
    pub(crate) original: Option<Given<Ident>>,
    pub(crate) name: Option<Given<LitStr>>,
    pub(crate) fallible: Option<Given<bool>>,
    pub(crate) krate: Option<Given<Path>>,
    /// The user meant to write `expire` and has an error about it already.
    pub(crate) expire_attempted: bool,
    /// The same of an option that may settle what the key is, or that there is no static.
    pub(crate) key_attempted: bool,
}

/// An option and its value.
pub(crate) struct Given<T> {
    pub(crate) option: Ident,
    pub(crate) value: T,
}

/// A length of time as written.
pub(crate) enum Time {
    Literal(LitStr, Duration),
    /// `"never"` or `"forever"`.
    Word(LitStr),
    /// Evaluated by the compiler, checked by the runtime's const builder.
    Const(Expr),
}

/// How long a value is fresh.
pub(crate) enum Expire {
    After(Time),
    /// A closure decides for each value.
    Of(Expr),
}

/// When a fresh value may be regenerated.
pub(crate) enum Early {
    Before(Time),
    /// In the last part of its lifetime.
    Percent(Percent),
    /// As chance decides.
    Auto,
}

/// A part of something, in hundredths.
pub(crate) struct Percent {
    pub(crate) text: LitStr,
    pub(crate) value: f64,
}

/// Who regenerates a stale value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Refresh {
    Caller,
    Background,
    /// In the background of an async function. It is not written so.
    Spawning,
}

impl Refresh {
    /// What the same word means for an async function.
    pub(crate) fn of_tasks(self) -> Self {
        if self == Self::Background { Self::Spawning } else { self }
    }
}

/// How many keys are kept at most.
pub(crate) enum Capacity {
    Literal(LitInt),
    Unbounded(LitStr),
    /// Evaluated by the compiler, checked by the runtime's const builder.
    Const(Expr),
}

/// One part of `key(…)`: a parameter, or an expression and its type.
pub(crate) struct KeyPart {
    pub(crate) expr: Expr,
    pub(crate) ty: Option<Type>,
}

/// Which macro is being read.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Attribute,
    Policy,
}

/// One option: its name, whether a policy can have it (a policy knows no function), an example for help texts, what
/// other crates call it, and its reader.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    in_policy: bool,
    pub(crate) example: &'static str,
    aliases: &'static [&'static str],
    read: fn(&mut Args, &Entry, ParseStream<'_>) -> syn::Result<()>,
}

/// The option being read: the name as the user wrote it, and its row.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    pub(crate) row: &'static Row,
}

/// Every option there is.
const TABLE: &[Row] = &[
    Row {
        name: "expire",
        in_policy: true,
        example: "expire = \"1h\"",
        aliases: &["ttl", "ttl_secs", "ttl_millis", "time", "expiry", "expiration", "max_age"],
        read: |args, option, input| put(&mut args.expire, option, expire(option, input)),
    },
    Row {
        name: "stale",
        in_policy: true,
        example: "stale = \"1d\"",
        aliases: &["grace", "max_stale", "stale_while_revalidate"],
        read: |args, option, input| put(&mut args.stale, option, time(option, input)),
    },
    Row {
        name: "early",
        in_policy: true,
        example: "early = \"10%\"",
        aliases: &["xfetch", "refresh_ahead", "refresh_early", "early_expiration", "ahead", "beta"],
        read: |args, option, input| put(&mut args.early, option, early(option, input)),
    },
    Row {
        name: "jitter",
        in_policy: true,
        example: "jitter = \"10%\"",
        aliases: &["spread", "randomize", "ttl_jitter"],
        read: |args, option, input| put(&mut args.jitter, option, percentage(option, input)),
    },
    Row {
        name: "refresh",
        in_policy: true,
        example: "refresh = \"background\"",
        aliases: &["revalidate", "background"],
        read: |args, option, input| put(&mut args.refresh, option, refresh(option, input)),
    },
    Row {
        name: "retry",
        in_policy: true,
        example: "retry = \"1s\"",
        aliases: &["backoff", "back_off"],
        read: |args, option, input| put(&mut args.retry, option, time(option, input)),
    },
    Row {
        name: "lease",
        in_policy: true,
        example: "lease = \"30s\"",
        aliases: &["timeout", "lock_timeout", "compute_timeout"],
        read: |args, option, input| put(&mut args.lease, option, time(option, input)),
    },
    Row {
        name: "wait",
        in_policy: false,
        example: "wait = \"2s\"",
        aliases: &["timeout", "wait_timeout", "max_wait", "patience"],
        read: |args, option, input| put(&mut args.wait, option, time(option, input)),
    },
    Row {
        name: "cache_if",
        in_policy: true,
        example: "cache_if = |value| !value.is_empty()",
        aliases: &["condition", "when", "store_if"],
        read: |args, option, input| put(&mut args.cache_if, option, predicate(option, input)),
    },
    Row {
        name: "capacity",
        in_policy: true,
        example: "capacity = 1_000",
        aliases: &["size", "max_size", "max_capacity", "max_entries", "limit"],
        read: |args, option, input| put(&mut args.capacity, option, capacity(option, input)),
    },
    Row {
        name: "key",
        in_policy: false,
        example: "key(id, user.tenant: &str)",
        aliases: &["keys", "by", "convert"],
        read: |args, option, input| put(&mut args.key, option, key(option, input)),
    },
    Row {
        name: "skip",
        in_policy: false,
        example: "skip(database)",
        aliases: &["ignore", "except", "exclude"],
        read: |args, option, input| put(&mut args.skip, option, skip(option, input)),
    },
    Row {
        name: "slot",
        in_policy: false,
        example: "slot = self.field",
        aliases: &["field", "store"],
        read: |args, option, input| put(&mut args.slot, option, slot(option, input)),
    },
    Row {
        name: "handle",
        in_policy: false,
        example: "handle = CONFIG",
        aliases: &["static_name", "static"],
        read: |args, option, input| put(&mut args.handle, option, identifier(option, input)),
    },
    Row {
        name: "original",
        in_policy: false,
        example: "original = config_uncached",
        aliases: &["uncached"],
        read: |args, option, input| put(&mut args.original, option, identifier(option, input)),
    },
    Row {
        name: "name",
        in_policy: true,
        example: "name = \"config\"",
        aliases: &["label"],
        read: |args, option, input| put(&mut args.name, option, text(option, input)),
    },
    Row {
        name: "fallible",
        in_policy: false,
        example: "fallible = true",
        aliases: &["result"],
        read: |args, option, input| put(&mut args.fallible, option, truth(option, input)),
    },
    Row {
        name: "crate",
        in_policy: true,
        example: "crate = crate::reexported::dogpile",
        aliases: &["crate_path", "krate"],
        read: |args, option, input| put(&mut args.krate, option, path(option, input)),
    },
];

fn put<T>(place: &mut Option<Given<T>>, option: &Entry, value: syn::Result<T>) -> syn::Result<()> {
    *place = Some(Given { option: option.name.clone(), value: value? });
    Ok(())
}
