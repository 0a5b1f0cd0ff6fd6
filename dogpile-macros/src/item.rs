//! The function under the attribute, read just far enough to wrap it.
//!
//! Invariants: the body is kept as raw tokens and never parsed, so that a half-typed one reaches the compiler (and the
//! editor) as it is; printing all parts in order gives the function as written.

use crate::errors::error;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Signature, Token, Visibility};

/// A function with a body.
pub(crate) struct Item {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// `#![…]` at the top of the body. A closure must not have them, so they stay with the function.
    pub(crate) inner_attrs: TokenStream,
    /// The braces and everything else in them.
    pub(crate) body: Group,
}

impl Item {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        syn::parse2(ungrouped(tokens))
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse::<Visibility>()?;
        if !is_function(input) {
            return Err(not_a_function(input));
        }
        if input.fork().parse::<Ident>().is_ok_and(|word| word == "safe") {
            // Of a foreign function, which has no body: there will be an error about that.
            input.parse::<Ident>()?;
        }
        let sig = input.parse::<Signature>()?;
        if input.peek(Token![;]) {
            let problem = format!("`{}` has no body to cache", sig.ident.unraw());
            let help = match sig.receiver() {
                Some(_) => "put the attribute on the method in the `impl` block",
                None => {
                    "put the attribute on the function in the `impl` block, or on one of yours that calls this one"
                }
            };
            return Err(error(&sig.ident, problem, help));
        }
        let (inner_attrs, body) = body(input)?;
        Ok(Self { attrs, vis, sig, inner_attrs, body })
    }
}

/// Takes an item out of the invisible group that a `macro_rules!` fragment comes in.
fn ungrouped(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungrouped(group.stream())
        }
        _ => tokens,
    }
}

/// Do only qualifiers stand between here and `fn`?
fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let is_qualifier = ahead.call(Ident::parse_any).is_ok_and(|word| {
            ["const", "async", "unsafe", "extern", "safe", "default"]
                .iter()
                .any(|qualifier| word == qualifier)
        });
        if !is_qualifier {
            return false;
        }
        // The name of an ABI.
        let _ = ahead.parse::<Option<syn::LitStr>>();
    }
    true
}

fn not_a_function(input: ParseStream<'_>) -> syn::Error {
    let mut found = input.fork().parse::<TokenTree>().ok();
    let word = found.as_ref().map(ToString::to_string).unwrap_or_default();
    if word == "unsafe" {
        // `unsafe impl`, `unsafe trait`, `unsafe extern`: the second word names the item.
        let ahead = input.fork();
        let _ = ahead.parse::<TokenTree>();
        found = ahead.parse::<TokenTree>().ok().or(found);
    }
    let word = found.as_ref().map(ToString::to_string).unwrap_or_default();
    let (what, help) = match word.as_str() {
        "impl" => ("an `impl` block", "put the attribute on the functions in it"),
        "mod" => ("a module", "put the attribute on the functions in it"),
        "trait" => ("a trait", "put the attribute on the functions of its implementations"),
        "const" | "static" => (
            "a constant or static",
            "put the attribute on a `fn`, or write `static NAME: Dogpile<T> = Dogpile::new(policy!(…))`",
        ),
        "struct" | "enum" | "union" | "type" => {
            ("a type", "put the attribute on the `fn` that makes its values")
        }
        _ => ("something else", "put the attribute on a `fn` with a body"),
    };
    error(found, format!("only functions can be cached, and this is {what}"), help)
}

/// Splits the body into its inner attributes and the rest, without parsing the rest.
fn body(input: ParseStream<'_>) -> syn::Result<(TokenStream, Group)> {
    let tree = input.parse::<TokenTree>()?;
    let found = match ungrouped(tree.clone().into()).into_iter().next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group,
        _ => return Err(error(tree, "expected the body of the function", "write `{ … }`")),
    };
    let mut inner_attrs = TokenStream::new();
    let mut rest: Vec<TokenTree> = found.stream().into_iter().collect();
    while let [TokenTree::Punct(pound), TokenTree::Punct(bang), TokenTree::Group(group), ..] = &rest[..] {
        if pound.as_char() != '#' || bang.as_char() != '!' || group.delimiter() != Delimiter::Bracket {
            break;
        }
        inner_attrs.extend(rest.drain(..3));
    }
    let mut group = Group::new(Delimiter::Brace, rest.into_iter().collect());
    // Type errors about what the body returns underline its braces.
    group.set_span(found.span());
    Ok((inner_attrs, group))
}

#[cfg(test)]
mod tests {
    use super::Item;

    fn parse(tokens: &str) -> syn::Result<Item> {
        Item::parse(tokens.parse().unwrap())
    }

    fn problem(tokens: &str) -> String {
        let error = parse(tokens).err().unwrap_or_else(|| panic!("accepted {tokens}"));
        error.to_string().lines().next().unwrap().to_owned()
    }

    #[test]
    fn half_typed_bodies_survive() {
        let item = parse("pub fn f() -> u32 { let x = foo. ; match }").unwrap();
        assert_eq!(item.body.stream().to_string().replace(' ', ""), "letx=foo.;match");
    }

    #[test]
    fn inner_attributes_stay_with_the_function() {
        let item = parse("fn f() { #![allow(unused)] #![deny(dead_code)] #[cfg(x)] 1; }").unwrap();
        assert_eq!(item.inner_attrs.to_string().matches('!').count(), 2);
        assert!(
            item.body.stream().to_string().starts_with("# [cfg")
                || item.body.stream().to_string().starts_with("#[cfg")
        );
    }

    #[test]
    fn qualifiers_make_no_difference_to_being_a_function() {
        for tokens in
            ["const fn f() {}", "async unsafe fn f() {}", "extern \"C\" fn f() {}", "extern fn f() {}"]
        {
            assert!(parse(tokens).is_ok(), "{tokens}");
        }
    }

    #[test]
    fn other_items_are_named() {
        for (tokens, what) in [
            ("struct S;", "a type"),
            ("pub enum E {}", "a type"),
            ("impl S {}", "an `impl` block"),
            ("unsafe impl Send for S {}", "an `impl` block"),
            ("const X: u32 = 1;", "a constant or static"),
            ("mod m {}", "a module"),
            ("trait T {}", "a trait"),
            ("use a::b;", "something else"),
        ] {
            assert_eq!(
                problem(tokens),
                format!("only functions can be cached, and this is {what}"),
                "{tokens}"
            );
        }
        assert_eq!(problem("fn f() -> u32;"), "`f` has no body to cache");
    }
}
