//! Options -> [`Args`]: the grammar of the parentheses of `#[dogpile(…)]` and `policy!(…)`.
//!
//! Invariants: [`TABLE`] is the only list of options; a bad option costs no other option its error; values are read
//! as expressions, never split at commas beforehand (a closure may contain some). What values *mean* together is the
//! business of `model`.

use crate::errors::{Errors, error, nearest};
use crate::value::keys::{capacity, key, skip, slot};
use crate::value::{identifier, path, predicate, refresh, text, time, truth};
use proc_macro2::{TokenStream, TokenTree};
use std::time::Duration;
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, LitInt, LitStr, Path, Token, Type};

/// Everything that was written, as it was written.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) expire: Option<Given<Time>>,
    pub(crate) stale: Option<Given<Time>>,
    pub(crate) refresh: Option<Given<Refresh>>,
    pub(crate) retry: Option<Given<Time>>,
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
        read: |args, option, input| put(&mut args.expire, option, time(option, input)),
    },
    Row {
        name: "stale",
        in_policy: true,
        example: "stale = \"1d\"",
        aliases: &["grace", "max_stale", "stale_while_revalidate"],
        read: |args, option, input| put(&mut args.stale, option, time(option, input)),
    },
    Row {
        name: "refresh",
        in_policy: true,
        example: "refresh = \"background\"",
        aliases: &["revalidate"],
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

impl Args {
    /// Reads all options; every bad one leaves its error in `errors`.
    pub(crate) fn parse(tokens: TokenStream, place: Place, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        let all = |input: ParseStream<'_>| {
            let mut seen = Vec::new();
            while !input.is_empty() {
                args.one(input, place, &mut seen, errors);
            }
            Ok(())
        };
        let outcome = all.parse2(tokens);
        errors.ok(outcome);
        args
    }

    /// Reads one option and the comma behind it; after an error, looks for the next option.
    fn one(&mut self, input: ParseStream<'_>, place: Place, seen: &mut Vec<String>, errors: &mut Errors) {
        let ahead = input.fork();
        let outcome = self.name(&ahead, place).and_then(|option| {
            if seen.iter().any(|name| name == option.row.name) {
                let problem = format!("`{}` is given twice", option.row.name);
                return Err(error(&option.name, problem, "remove one of them"));
            }
            seen.push(option.row.name.to_owned());
            (option.row.read)(self, &option, &ahead).inspect_err(|_| {
                // No "missing `expire`" on top of what is wrong with it.
                self.expire_attempted |= matches!(option.row.name, "expire" | "slot");
                self.key_attempted |= matches!(option.row.name, "key" | "skip" | "slot");
            })
        });
        match outcome {
            Ok(()) => {
                input.advance_to(&ahead);
                if !input.is_empty() && input.parse::<Option<Token![,]>>().is_ok_and(|comma| comma.is_none())
                {
                    let stray = input.fork().parse::<TokenTree>().ok();
                    errors.at(stray, "expected a comma", "separate the options by commas");
                    // Only the comma was forgotten.
                    if !is_option(input) {
                        recover(input);
                    }
                }
            }
            Err(error) => {
                errors.push(error);
                recover(input);
            }
        }
    }

    /// Reads the name of an option and finds its row.
    fn name(&mut self, input: ParseStream<'_>, place: Place) -> syn::Result<Entry> {
        let Ok(name) = input.call(Ident::parse_any) else {
            self.expire_attempted |= input.peek(syn::Lit);
            let stray = input.parse::<TokenTree>()?;
            return Err(error(
                stray,
                "expected an option",
                "write `option = value`, for example `expire = \"1h\"`",
            ));
        };
        let written = name.unraw().to_string();
        let Some(row) = TABLE.iter().find(|row| row.name == written) else {
            return Err(self.unknown(&name, &written, place));
        };
        if place == Place::Policy && !row.in_policy {
            let problem = format!("`{written}` belongs to the attribute, because a policy has no function");
            let help = format!("remove it here, or write it in `#[dogpile(…, {})]`", row.example);
            return Err(error(name, problem, help));
        }
        Ok(Entry { name, row })
    }

    fn unknown(&mut self, name: &Ident, written: &str, place: Place) -> syn::Error {
        let mut known = TABLE.iter().filter(|row| place == Place::Attribute || row.in_policy);
        let alias = known.clone().find(|row| row.aliases.contains(&written)).map(|row| row.name);
        let meant = alias.or_else(|| nearest(written, known.clone().map(|row| row.name)));
        self.expire_attempted |= meant == Some("expire");
        let help = match meant.and_then(|meant| known.find(|row| row.name == meant)) {
            Some(row) => format!("did you mean `{}`? write `{}`", row.name, row.example),
            None => format!("the options are {}", list(known.map(|row| row.name))),
        };
        error(name, format!("unknown option `{written}`"), help)
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn put<T>(place: &mut Option<Given<T>>, option: &Entry, value: syn::Result<T>) -> syn::Result<()> {
    *place = Some(Given { option: option.name.clone(), value: value? });
    Ok(())
}

/// Does an option start here, or at least something that was meant to be one?
fn is_option(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    if ahead.call(Ident::parse_any).is_err() {
        return false;
    }
    let is_assignment = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    is_assignment || ahead.peek(syn::token::Paren) || ahead.peek(syn::Lit)
}

/// Goes on to the next option: behind a comma that something like `name =` or `name (` follows, or at the end. Other
/// commas may belong to the value that could not be read.
fn recover(input: ParseStream<'_>) {
    while !input.is_empty() {
        if let Ok(Some(_)) = input.parse::<Option<Token![,]>>() {
            if is_option(input) {
                return;
            }
        } else if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, Capacity, Errors, Place, Refresh, Time};

    fn parse(tokens: &str, place: Place) -> (Args, Vec<String>) {
        let mut errors = Errors::default();
        let args = Args::parse(tokens.parse().unwrap(), place, &mut errors);
        (args, errors.messages())
    }

    #[test]
    fn all_options_are_read() {
        let tokens = r#"expire = "1h", stale = "forever", refresh = "background", retry = RETRY * 2,
            cache_if = |v: &HashMap<K, V>| v.len() > 1, handle = H, original = o, name = "n", fallible = true,
            crate = crate::re::dogpile, capacity = 1_000, key(a, b.len(): usize,), skip(_, self), slot = self.a,"#;
        let (args, errors) = parse(tokens, Place::Attribute);
        assert_eq!(errors, [""; 0]);
        assert!(
            matches!(args.expire.unwrap().value, Time::Literal(_, duration) if duration.as_secs() == 3600)
        );
        assert!(matches!(args.stale.unwrap().value, Time::Word(_)));
        assert_eq!(args.refresh.unwrap().value, Refresh::Background);
        assert!(matches!(args.retry.unwrap().value, Time::Const(_)));
        assert!(args.cache_if.is_some() && args.krate.is_some() && args.name.is_some());
        assert_eq!(args.handle.unwrap().value, "H");
        assert_eq!(args.original.unwrap().value, "o");
        assert!(args.fallible.unwrap().value);
        assert!(matches!(args.capacity.unwrap().value, Capacity::Literal(_)));
        let types = args.key.unwrap().value.into_iter().map(|part| part.ty.is_some());
        assert_eq!(types.collect::<Vec<_>>(), [false, true]);
        assert_eq!(args.skip.unwrap().value, ["_", "self"]);
        assert!(args.slot.is_some());
    }

    #[test]
    fn each_bad_option_has_its_error_and_good_ones_survive() {
        let tokens = r#"expire = 1h, colour = (1, 2), stale "1d", cache_if = |a, b| a > b, retry = , name = "n" handle = H"#;
        let (args, errors) = parse(tokens, Place::Attribute);
        let problems: Vec<_> = errors.iter().map(|error| error.lines().next().unwrap()).collect();
        assert_eq!(
            problems,
            [
                "a duration is written in quotes",
                "unknown option `colour`",
                "expected `=` after `stale`",
                "`cache_if` takes one parameter, a reference to the value",
                "`retry` has no value",
                "expected a comma",
            ]
        );
        assert!(args.expire_attempted);
        assert_eq!(args.name.unwrap().value.value(), "n");
        assert_eq!(args.handle.unwrap().value, "H");
    }

    #[test]
    fn recovery_is_not_fooled_by_commas_of_a_broken_value() {
        let (args, errors) =
            parse(r#"cache_if = |v: &M<K, V>, w expire = "1h", stale = "2h""#, Place::Attribute);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(args.stale.is_some());
    }

    #[test]
    fn repeated_and_misplaced_options_are_refused() {
        let (_, errors) = parse(r#"expire = "1h", expire = "2h""#, Place::Attribute);
        assert_eq!(errors, ["`expire` is given twice\nhelp: remove one of them"]);
        let (_, errors) = parse(r#"expire = "1h", handle = H"#, Place::Policy);
        assert!(errors[0].starts_with("`handle` belongs to the attribute"), "{errors:?}");
    }

    #[test]
    fn names_from_other_crates_are_understood() {
        let (args, errors) = parse(r#"ttl = "1h""#, Place::Attribute);
        assert_eq!(errors, ["unknown option `ttl`\nhelp: did you mean `expire`? write `expire = \"1h\"`"]);
        assert!(args.expire_attempted);
    }
}
