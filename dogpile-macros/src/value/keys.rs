//! Reads the values of the options about keys: `capacity`, `key(…)`, `skip(…)`, `slot`.

use super::as_identifier;
use crate::args::{Capacity, Entry, KeyPart};
use crate::errors::{error, nearest};
use proc_macro2::TokenTree;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseBuffer, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Token, Type};

const UNBOUNDED: &str = "unbounded";

pub(crate) fn capacity(option: &Entry, input: ParseStream<'_>) -> syn::Result<Capacity> {
    let wrong = "`capacity` takes a whole number of keys";
    match option.value(input)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => word(option, text),
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => match (int.base10_parse::<u128>(), int.suffix()) {
            (Ok(0), _) => Err(error(
                int,
                "`capacity` is zero, so that no value would ever be kept",
                "write a number above zero, such as `capacity = 1_000`",
            )),
            (Ok(_), "" | "usize") => Ok(Capacity::Literal(int)),
            _ => Err(option.wrong(int, wrong)),
        },
        Expr::Lit(other) => Err(option.wrong(other, wrong)),
        Expr::Unary(negative) if matches!(negative.op, syn::UnOp::Neg(_)) => {
            Err(option.wrong(negative, wrong))
        }
        Expr::Closure(closure) => Err(option.wrong(closure.inputs_begin, wrong)),
        expr if as_identifier(&expr).is_some_and(|word| word == UNBOUNDED) => {
            Err(error(expr, "`unbounded` is written in quotes", "write `capacity = \"unbounded\"`"))
        }
        expr => Ok(Capacity::Const(expr)),
    }
}

/// A string where the capacity belongs: the one word, a mistyped one, a number in quotes.
fn word(option: &Entry, text: LitStr) -> syn::Result<Capacity> {
    let value = text.value();
    if value == UNBOUNDED {
        return Ok(Capacity::Unbounded(text));
    }
    let is_number = value.starts_with(|first: char| first.is_ascii_digit());
    if is_number && value.replace('_', "").parse::<usize>().is_ok_and(|number| number > 0) {
        let help = format!("write `capacity = {value}`");
        return Err(error(text, "`capacity` takes its number without quotes", help));
    }
    let problem = format!("`{value}` is not a capacity");
    Err(match nearest(&value, &[UNBOUNDED]) {
        Some(meant) => error(text, problem, format!("did you mean `\"{meant}\"`?")),
        None => option.wrong(text, problem),
    })
}

pub(crate) fn key(option: &Entry, input: ParseStream<'_>) -> syn::Result<Vec<KeyPart>> {
    let parts = option.list(input)?;
    let parts = parts.parse_terminated(KeyPart::parse, Token![,]).map_err(|error| {
        // What else might have stood there is a long list.
        let problem = error.to_string();
        let problem = problem.split(", expected").next().unwrap_or_default();
        let message = format!("`key` cannot be read: {problem}\nhelp: write `{}`", option.row.example);
        syn::Error::new(error.span(), message)
    })?;
    option.not_empty(parts, "write what identifies a call, or remove `key`, and all parameters do")
}

impl Parse for KeyPart {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let expr = super::peeled(input.parse()?);
        let has_type = input.parse::<Option<Token![:]>>()?.is_some();
        let ty = if has_type { Some(input.parse::<Type>()?) } else { None };
        Ok(Self { expr, ty })
    }
}

pub(crate) fn skip(option: &Entry, input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    let names = option.list(input)?;
    let names = names.parse_terminated(parameter_name, Token![,])?;
    option.not_empty(names, "name the parameters that make no difference to the value, or remove `skip`")
}

fn parameter_name(input: ParseStream<'_>) -> syn::Result<Ident> {
    match input.call(Ident::parse_any) {
        Ok(name) if input.is_empty() || input.peek(Token![,]) => Ok(name),
        _ => {
            let stray = input.parse::<TokenTree>().ok();
            Err(error(stray, "`skip` takes names of parameters", "write `skip(database)`"))
        }
    }
}

pub(crate) fn slot(option: &Entry, input: ParseStream<'_>) -> syn::Result<Expr> {
    let expr = option.value(input)?;
    if matches!(expr, Expr::Field(_) | Expr::MethodCall(_) | Expr::Index(_)) && starts_with_self(&expr) {
        return Ok(expr);
    }
    let help = match as_identifier(&expr) {
        Some(field) if field != "self" => format!("write `slot = self.{field}`"),
        _ => format!("write `{}`", option.row.example),
    };
    Err(error(expr, "`slot` takes a field of `self`", help))
}

/// Is this `self.a`, `self.a.b`, `self.a()`, `self.a[0]`, …?
fn starts_with_self(expr: &Expr) -> bool {
    match expr {
        Expr::Field(field) => starts_with_self(&field.base),
        Expr::MethodCall(call) => starts_with_self(&call.receiver),
        Expr::Index(index) => starts_with_self(&index.expr),
        other => as_identifier(other).is_some_and(|word| word == "self"),
    }
}

impl Entry {
    /// What stands in the parentheses behind the name.
    fn list<'a>(&self, input: ParseStream<'a>) -> syn::Result<ParseBuffer<'a>> {
        if !input.peek(syn::token::Paren) {
            return Err(self.wrong(&self.name, format!("`{}` takes parentheses", self.row.name)));
        }
        let list;
        syn::parenthesized!(list in input);
        Ok(list)
    }

    fn not_empty<T>(&self, list: Punctuated<T, Token![,]>, help: &str) -> syn::Result<Vec<T>> {
        if list.is_empty() {
            return Err(error(&self.name, format!("`{}` names nothing", self.row.name), help));
        }
        Ok(list.into_iter().collect())
    }
}
