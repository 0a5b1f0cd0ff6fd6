//! Reads the value of one option: duration, word, name, string, truth value, path, predicate; `keys` reads what is
//! about keys.
//!
//! Invariants: every reader consumes `= value` and nothing behind it; every refusal says what to write for this very
//! option; a value that a `macro_rules!` fragment wrapped in an invisible group is read like any other.

pub(crate) mod keys;

use crate::args::{Early, Entry, Expire, Percent, Refresh, Time};
use crate::errors::{error, nearest};
use crate::{duration, percent};
use proc_macro2::TokenTree;
use quote::{ToTokens, quote};
use std::time::Duration;
use syn::parse::ParseStream;
use syn::{Expr, ExprClosure, ExprLit, Ident, Lit, LitStr, Path, Token};

impl Entry {
    /// An error about this option's value whose help is the example.
    fn wrong(&self, tokens: impl ToTokens, problem: impl std::fmt::Display) -> syn::Error {
        error(tokens, problem, format!("write `{}`", self.row.example))
    }

    fn equals(&self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.is_empty() || input.peek(Token![,]) {
            return Err(self.wrong(&self.name, format!("`{}` has no value", self.row.name)));
        }
        if !input.peek(Token![=]) || input.peek(Token![==]) {
            let stray = input.fork().parse::<TokenTree>().ok();
            return Err(self.wrong(stray, format!("expected `=` after `{}`", self.row.name)));
        }
        let equals = input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            let name = &self.name;
            return Err(self.wrong(quote!(#name #equals), format!("`{}` has no value", self.row.name)));
        }
        Ok(())
    }

    fn value(&self, input: ParseStream<'_>) -> syn::Result<Expr> {
        self.equals(input)?;
        if input.peek(Token![#]) {
            let problem = format!("the value of `{}` has an attribute", self.row.name);
            return Err(error(input.parse::<TokenTree>()?, problem, "remove it"));
        }
        let expr = input.parse::<Expr>().map_err(|error| {
            let problem = format!("the value of `{}` cannot be read: {error}", self.row.name);
            // The end of the input has no token to underline.
            let is_at_end = error.to_string().starts_with("unexpected end of input");
            let span = if is_at_end { self.name.span() } else { error.span() };
            syn::Error::new(span, format!("{problem}\nhelp: write `{}`", self.row.example))
        })?;
        let expr = peeled(expr);
        match &expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.suffix().is_empty() => {
                let problem = format!("a string has no suffix, and this one has `{}`", text.suffix());
                Err(error(text, problem, format!("write `{} = {}`", self.row.name, without_suffix(text))))
            }
            _ => Ok(expr),
        }
    }
}

/// The expression without parentheses, and without the invisible group that a `macro_rules!` fragment comes in.
fn peeled(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => peeled(*group.expr),
        Expr::Paren(paren) if paren.attrs.is_empty() => peeled(*paren.expr),
        other => other,
    }
}

/// The literal as it is written, up to its suffix.
fn without_suffix(text: &LitStr) -> String {
    let written = text.to_token_stream().to_string();
    written.strip_suffix(text.suffix()).unwrap_or(&written).to_owned()
}

/// The name, if `expr` is nothing but one.
pub(crate) fn as_identifier(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => path.path.get_ident(),
        _ => None,
    }
}

pub(crate) fn expire(option: &Entry, input: ParseStream<'_>) -> syn::Result<Expire> {
    match option.value(input)? {
        Expr::Closure(closure) => {
            takes_the_value(option, &closure)?;
            Ok(Expire::Of(Expr::Closure(closure)))
        }
        expr => time_of(option, expr).map(Expire::After),
    }
}

pub(crate) fn early(option: &Entry, input: ParseStream<'_>) -> syn::Result<Early> {
    const AUTO: &str = "auto";
    let expr = option.value(input)?;
    if as_identifier(&expr).is_some_and(|word| word == AUTO) {
        return Err(error(expr, "`auto` is written in quotes", "write `early = \"auto\"`"));
    }
    let text = match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text,
        other => return time_of(option, other).map(Early::Before),
    };
    let value = text.value();
    if value == AUTO {
        return Ok(Early::Auto);
    }
    if percent::is_meant(&value) {
        return percent_of(text).map(Early::Percent);
    }
    if nearest(&value, &[AUTO]).is_some() {
        let problem = format!("`{value}` is not a time to refresh early");
        return Err(error(text, problem, format!("did you mean `\"{AUTO}\"`?")));
    }
    literal_time(option, text).map(Early::Before)
}

pub(crate) fn percentage(option: &Entry, input: ParseStream<'_>) -> syn::Result<Percent> {
    match option.value(input)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => percent_of(text),
        other => Err(option.wrong(other, format!("`{}` takes a percentage in quotes", option.row.name))),
    }
}

fn percent_of(text: LitStr) -> syn::Result<Percent> {
    match percent::parse(&text.value()) {
        Ok(value) => Ok(Percent { text, value }),
        Err(flaw) => Err(error(text, flaw.problem, flaw.help)),
    }
}

pub(crate) fn time(option: &Entry, input: ParseStream<'_>) -> syn::Result<Time> {
    time_of(option, option.value(input)?)
}

fn time_of(option: &Entry, expr: Expr) -> syn::Result<Time> {
    let name = option.row.name;
    let quoted = |text: &str| format!("write `{name} = \"{text}\"`");
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => literal_time(option, text),
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => {
            Err(number(option, &int, int.base10_digits(), int.suffix()))
        }
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => {
            Err(number(option, &float, float.base10_digits(), float.suffix()))
        }
        Expr::Lit(other) => Err(option.wrong(other, format!("`{name}` takes a duration"))),
        Expr::Unary(negative) if matches!(negative.op, syn::UnOp::Neg(_)) => {
            Err(option.wrong(negative, format!("`{name}` takes a duration, and none is negative")))
        }
        Expr::Closure(closure) => {
            Err(option.wrong(closure.inputs_begin, format!("`{name}` takes a duration, not a closure")))
        }
        expr => match as_identifier(&expr).map(Ident::to_string).as_deref() {
            Some(word @ ("never" | "forever")) => {
                Err(error(&expr, format!("`{word}` is written in quotes"), quoted(word)))
            }
            _ => Ok(Time::Const(expr)),
        },
    }
}

fn literal_time(option: &Entry, text: LitStr) -> syn::Result<Time> {
    let value = text.value();
    if matches!(value.as_str(), "never" | "forever") {
        return Ok(Time::Word(text));
    }
    let endless = match option.row.name {
        "expire" => Some("never"),
        "stale" => Some("forever"),
        _ => None,
    };
    match duration::parse(&value, endless) {
        Ok(duration) => Ok(Time::Literal(text, duration)),
        Err(flaw) => Err(error(text, flaw.problem, flaw.help)),
    }
}

/// A number where a duration belongs: `60`, `1h`, `1.5h`, `60u64`.
fn number(option: &Entry, token: &impl ToTokens, digits: &str, suffix: &str) -> syn::Error {
    let name = option.row.name;
    let example = format!("write `{}`", option.row.example);
    // What is proposed must be accepted.
    let is_accepted = |length: Duration| !length.is_zero() || matches!(name, "stale" | "retry" | "wait");
    let proposal = |text: &str| {
        let is_one = duration::parse(text, None).is_ok_and(is_accepted);
        is_one.then(|| format!("write `{name} = \"{text}\"`"))
    };
    let is_rust_suffix = suffix.is_empty()
        || suffix.trim_start_matches(['u', 'i', 'f']).chars().all(|c| c.is_ascii_digit())
        || suffix.ends_with("size");
    if is_rust_suffix {
        let help = proposal(&format!("{digits}s")).map_or(example, |help| format!("{help} for seconds"));
        return error(token, format!("`{digits}` has no unit"), help);
    }
    let help = proposal(&format!("{digits}{suffix}")).unwrap_or(example);
    error(token, "a duration is written in quotes", help)
}

pub(crate) fn refresh(option: &Entry, input: ParseStream<'_>) -> syn::Result<Refresh> {
    const WORDS: [(&str, Refresh); 2] = [("caller", Refresh::Caller), ("background", Refresh::Background)];
    let expr = option.value(input)?;
    if let Expr::Lit(ExprLit { lit: Lit::Str(word), .. }) = &expr {
        let written = word.value();
        if let Some((_, refresh)) = WORDS.iter().find(|(word, _)| *word == written) {
            return Ok(*refresh);
        }
        let help = match nearest(&written, &WORDS.map(|(word, _)| word)) {
            Some(meant) => format!("did you mean `\"{meant}\"`?"),
            None => "write `\"caller\"` or `\"background\"`".to_owned(),
        };
        return Err(error(word, format!("`{written}` is not a way to refresh"), help));
    }
    let written = as_identifier(&expr).map(Ident::to_string);
    if let Some((word, _)) = WORDS.iter().find(|(word, _)| Some(*word) == written.as_deref()) {
        let help = format!("write `refresh = \"{word}\"`");
        return Err(error(&expr, format!("`{word}` is written in quotes"), help));
    }
    Err(error(
        &expr,
        "`refresh` takes a word in quotes",
        "write `refresh = \"caller\"` or `refresh = \"background\"`",
    ))
}

pub(crate) fn predicate(option: &Entry, input: ParseStream<'_>) -> syn::Result<Expr> {
    let expr = option.value(input)?;
    match &expr {
        Expr::Path(_) => {}
        Expr::Closure(closure) => takes_the_value(option, closure)?,
        other => return Err(option.wrong(other, "`cache_if` takes a closure or the path of a function")),
    }
    Ok(expr)
}

/// A closure decides about a value, which it looks at.
fn takes_the_value(option: &Entry, closure: &ExprClosure) -> syn::Result<()> {
    let name = option.row.name;
    let help = match name {
        "expire" => "write `expire = |value| value.lifetime()`".to_owned(),
        _ => format!("write `{}`", option.row.example),
    };
    if let Some(token) = &closure.asyncness {
        return Err(error(token, format!("`{name}` cannot be async"), help));
    }
    if closure.inputs.len() != 1 {
        let (begin, inputs, end) = (&closure.inputs_begin, &closure.inputs, &closure.inputs_end);
        let problem = format!("`{name}` takes one parameter, a reference to the value");
        return Err(error(quote!(#begin #inputs #end), problem, help));
    }
    Ok(())
}

pub(crate) fn identifier(option: &Entry, input: ParseStream<'_>) -> syn::Result<Ident> {
    let name = option.row.name;
    let expr = option.value(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            let help = match text.parse::<Ident>() {
                Ok(ident) => format!("write `{name} = {ident}`"),
                Err(_) => format!("write `{}`", option.row.example),
            };
            Err(error(text, format!("`{name}` takes a name, not a string"), help))
        }
        _ => match as_identifier(&expr) {
            Some(ident) if !matches!(ident.to_string().as_str(), "self" | "Self" | "super" | "crate") => {
                Ok(ident.clone())
            }
            _ => Err(option.wrong(&expr, format!("`{name}` takes a new name"))),
        },
    }
}

pub(crate) fn text(option: &Entry, input: ParseStream<'_>) -> syn::Result<LitStr> {
    match option.value(input)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => Err(option.wrong(other, format!("`{}` takes a string literal", option.row.name))),
    }
}

pub(crate) fn truth(option: &Entry, input: ParseStream<'_>) -> syn::Result<bool> {
    match option.value(input)? {
        Expr::Lit(ExprLit { lit: Lit::Bool(truth), .. }) => Ok(truth.value),
        other => {
            let help = "write `fallible = true` or `fallible = false`";
            Err(error(other, "`fallible` takes `true` or `false`", help))
        }
    }
}

pub(crate) fn path(option: &Entry, input: ParseStream<'_>) -> syn::Result<Path> {
    option.equals(input)?;
    if input.peek(LitStr) {
        let text = input.parse::<LitStr>()?;
        let help = match text.parse_with(Path::parse_mod_style) {
            Ok(path) => format!("write `crate = {}`", path.to_token_stream().to_string().replace(' ', "")),
            Err(_) => format!("write `{}`", option.row.example),
        };
        return Err(error(text, "`crate` takes a path, not a string", help));
    }
    input.call(Path::parse_mod_style).map_err(|error| {
        let message = format!("`crate` takes a path\nhelp: write `{}`", option.row.example);
        syn::Error::new(error.span(), message)
    })
}
