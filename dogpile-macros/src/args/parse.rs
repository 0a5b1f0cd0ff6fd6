//! Reads options one after the other.
//!
//! Invariants: a bad option costs no other option its error; values are read as expressions, never split at commas
//! beforehand (a closure may contain some).

use super::{Args, Entry, Place, Row, TABLE};
use crate::errors::{Errors, error, list, nearest};
use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Ident, Token};

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
            let help = match row.name {
                "wait" => {
                    "remove it here, and call the `…_timeout` methods, such as `try_get_or_compute_timeout`"
                        .to_owned()
                }
                _ => format!("remove it here, or write it in `#[dogpile(…, {})]`", row.example),
            };
            return Err(error(name, problem, help));
        }
        Ok(Entry { name, row })
    }

    fn unknown(&mut self, name: &Ident, written: &str, place: Place) -> syn::Error {
        let known: Vec<_> = TABLE.iter().filter(|row| place == Place::Attribute || row.in_policy).collect();
        let names: Vec<_> = known.iter().map(|row| row.name).collect();
        let is_alias = |row: &&Row| row.aliases.contains(&written);
        let near = if known.iter().any(is_alias) { None } else { nearest(written, &names) };
        let meant: Vec<_> = known.into_iter().filter(|row| is_alias(row) || Some(row.name) == near).collect();
        self.expire_attempted |= meant.iter().any(|row| row.name == "expire");
        let help = if meant.is_empty() {
            format!("the options are {}", list(&names, ", "))
        } else {
            let (names, examples): (Vec<_>, Vec<_>) = meant.iter().map(|row| (row.name, row.example)).unzip();
            format!("did you mean {}? write {}", list(&names, " or "), list(&examples, " or "))
        };
        error(name, format!("unknown option `{written}`"), help)
    }
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
    use crate::args::{Args, Capacity, Early, Expire, Place, Refresh, Time};
    use crate::errors::Errors;

    fn parse(tokens: &str, place: Place) -> (Args, Vec<String>) {
        let mut errors = Errors::default();
        let args = Args::parse(tokens.parse().unwrap(), place, &mut errors);
        (args, errors.messages())
    }

    #[test]
    fn all_options_are_read() {
        let tokens = r#"expire = "1h", stale = "forever", refresh = "background", retry = RETRY * 2,
            cache_if = |v: &HashMap<K, V>| v.len() > 1, handle = H, original = o, name = "n", fallible = true,
            early = "2.5 %", jitter = "10%", lease = LEASE, wait = "2s", crate = crate::re::dogpile, capacity = 1_000, key(a, b.len(): usize,), skip(_, self), slot = self.a,"#;
        let (args, errors) = parse(tokens, Place::Attribute);
        assert_eq!(errors, [""; 0]);
        assert!(
            matches!(args.expire.unwrap().value, Expire::After(Time::Literal(_, duration)) if duration.as_secs() == 3600)
        );
        assert!(matches!(args.stale.unwrap().value, Time::Word(_)));
        assert_eq!(args.refresh.unwrap().value, Refresh::Background);
        assert!(matches!(args.retry.unwrap().value, Time::Const(_)));
        assert!(
            matches!(args.early.unwrap().value, Early::Percent(percent) if percent.value.to_bits() == 2.5_f64.to_bits())
        );
        assert_eq!(args.jitter.unwrap().value.text.value(), "10%");
        assert!(matches!(args.lease.unwrap().value, Time::Const(_)));
        assert!(matches!(args.wait.unwrap().value, Time::Literal(_, wait) if wait.as_secs() == 2));
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

    #[test]
    fn names_that_may_mean_either_are_answered_with_both() {
        let (_, errors) = parse(r#"expire = "1h", timeout = "1s""#, Place::Attribute);
        let help = "did you mean `lease` or `wait`? write `lease = \"30s\"` or `wait = \"2s\"`";
        assert_eq!(errors, [format!("unknown option `timeout`\nhelp: {help}")]);
        let (_, errors) = parse(r#"expire = "1h", timeout = "1s""#, Place::Policy);
        assert!(errors[0].ends_with("did you mean `lease`? write `lease = \"30s\"`"), "{errors:?}");
    }
}
