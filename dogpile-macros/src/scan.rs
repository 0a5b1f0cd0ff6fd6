//! Questions about tokens that need no grammar.
//!
//! Invariants: invisible groups are looked into like any other; nothing here decides what is allowed.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Ident, Lifetime, Pat, Path, PathArguments, Type, TypeParamBound};

/// The first `word` anywhere in `tokens`.
pub(crate) fn word(tokens: impl ToTokens, word: &str) -> Option<Ident> {
    word_in(flat(tokens.into_token_stream()), word)
}

fn word_in(tokens: Vec<TokenTree>, word: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == word => Some(ident),
        _ => None,
    })
}

/// The first `_` in the tokens that stands for something to be inferred; `'_` does not.
pub(crate) fn inferred(ty: &Type) -> Option<Ident> {
    let mut is_lifetime = false;
    flat(ty.to_token_stream()).into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "_" && !is_lifetime => Some(ident),
        token => {
            is_lifetime = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
            None
        }
    })
}

/// Is there a `ref mut` in the tokens?
pub(crate) fn has_ref_mut(pat: &Pat) -> bool {
    let tokens = flat(pat.to_token_stream());
    let is = |token: &TokenTree, word| matches!(token, TokenTree::Ident(ident) if ident == word);
    tokens.windows(2).any(|pair| is(&pair[0], "ref") && is(&pair[1], "mut"))
}

/// Is there a name in the tokens that begins with `_`, as those do that nobody is meant to use?
pub(crate) fn has_unused_name(tokens: impl ToTokens) -> bool {
    let tokens = flat(tokens.into_token_stream());
    tokens.iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident.to_string().starts_with('_')))
}

/// The first named lifetime that is neither `'static` nor bound by a `for<…>` in the tokens themselves.
pub(crate) fn borrow(ty: &Type) -> Option<Lifetime> {
    let tokens = flat(ty.to_token_stream());
    let mut bound = vec!["static".to_owned(), "_".to_owned()];
    let mut found = Vec::new();
    let mut is_binder = false;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if ident == "for" => is_binder = true,
            TokenTree::Punct(punct) if punct.as_char() == '>' => is_binder = false,
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(ident)) = tokens.get(i + 1) {
                    if is_binder {
                        bound.push(ident.to_string());
                    } else {
                        found.push(Lifetime { apostrophe: punct.span(), ident: ident.clone() });
                    }
                }
            }
            _ => {}
        }
    }
    found.into_iter().find(|lifetime| !bound.iter().any(|name| lifetime.ident == name))
}

/// What a type borrows for less than `'static`: the `&` without a lifetime, or the lifetime. The inputs and outputs of
/// function pointers borrow nothing.
pub(crate) fn borrowed(ty: &Type) -> Option<TokenStream> {
    let own = match ty {
        Type::Reference(reference) if reference.lifetime.is_none() => {
            Some(reference.and_token.to_token_stream())
        }
        Type::Reference(reference) => reference.lifetime.as_ref().and_then(short),
        Type::Path(path) => arguments(&path.path).into_iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => short(lifetime),
            _ => None,
        }),
        Type::TraitObject(object) => {
            object.bounds.iter().find_map(bound).or_else(|| borrow(ty).map(ToTokens::into_token_stream))
        }
        Type::FnPtr(_) | Type::ImplTrait(_) => borrow(ty).map(ToTokens::into_token_stream),
        _ => None,
    };
    own.or_else(|| inner(ty).into_iter().find_map(borrowed))
}

/// What a bound of a trait object borrows without a name for it: `'_`, as a bound or as an argument; a reference as one.
fn bound(bound: &TypeParamBound) -> Option<TokenStream> {
    match bound {
        TypeParamBound::Lifetime(lifetime) => nameless(short(lifetime)),
        TypeParamBound::Trait(of) => arguments(&of.path).into_iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => nameless(short(lifetime)),
            GenericArgument::Type(ty) => nameless(borrowed(ty)),
            GenericArgument::AssocType(assoc) => nameless(borrowed(&assoc.ty)),
            _ => None,
        }),
        _ => None,
    }
}

/// The name may be that of a binder around it.
fn nameless(borrow: Option<TokenStream>) -> Option<TokenStream> {
    borrow.filter(|tokens| matches!(tokens.to_string().as_str(), "&" | "'_"))
}

/// A lifetime that may end before the process does.
fn short(lifetime: &Lifetime) -> Option<TokenStream> {
    (lifetime.ident != "static").then(|| lifetime.to_token_stream())
}

/// All generic arguments of a path.
fn arguments(path: &Path) -> Vec<&GenericArgument> {
    let mut all = Vec::new();
    for segment in &path.segments {
        if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
            all.extend(&arguments.args);
        }
    }
    all
}

/// The types that a type is directly made of; none of a function pointer, whose values are addresses.
pub(crate) fn inner(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Group(group) => vec![&group.elem],
        Type::Paren(paren) => vec![&paren.elem],
        Type::Reference(reference) => vec![&reference.elem],
        Type::Array(array) => vec![&array.elem],
        Type::Slice(slice) => vec![&slice.elem],
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Path(path) => {
            let mut types: Vec<_> = path.qself.iter().map(|qself| &*qself.ty).collect();
            for argument in arguments(&path.path) {
                if let GenericArgument::Type(ty) = argument {
                    types.push(ty);
                }
            }
            types
        }
        _ => Vec::new(),
    }
}

/// The tokens in order, those in groups included.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut out = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => out.extend(flat(group.stream())),
            other => out.push(other),
        }
    }
    out
}

/// The type without parentheses and invisible groups around it.
pub(crate) fn peeled(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peeled(&group.elem),
        Type::Paren(paren) => peeled(&paren.elem),
        other => other,
    }
}

/// Is this `Result<…>`, `io::Result<…>`, `fmt::Result`, or any other path that ends so?
pub(crate) fn is_result(ty: &Type) -> bool {
    match peeled(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == "Result"),
        _ => false,
    }
}

/// The first type among the generic arguments at the end of a path: the `T` of `Result<T, E>`.
pub(crate) fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peeled(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{borrow, borrowed, first_argument, inferred, is_result, word};
    use quote::{ToTokens as _, quote};
    use syn::parse_quote;

    #[test]
    fn borrows_are_found_at_any_depth_and_binders_are_not_borrows() {
        assert_eq!(borrow(&parse_quote!(Vec<(u8, Cow<'a, str>)>)).unwrap().ident, "a");
        assert!(borrow(&parse_quote!(&'static str)).is_none());
        assert!(borrow(&parse_quote!(for<'b> fn(&'b str) -> Box<dyn for<'c> Fn(&'c u8)>)).is_none());
        assert!(borrow(&parse_quote!(Foo<'_>)).is_none());
        assert_eq!(borrow(&parse_quote!((for<'b> fn(&'b str), &'d str))).unwrap().ident, "d");
    }

    #[test]
    fn what_a_type_borrows_is_found_elided_or_named() {
        let found = |ty: syn::Type| borrowed(&ty).map(|tokens| tokens.to_string().replace(' ', ""));
        assert_eq!(found(parse_quote!(&'a str)).as_deref(), Some("'a"));
        assert_eq!(found(parse_quote!(Vec<(u8, &str)>)).as_deref(), Some("&"));
        assert_eq!(found(parse_quote!(Option<Cow<'_, str>>)).as_deref(), Some("'_"));
        assert_eq!(found(parse_quote!(Box<fn(&'d str)>)).as_deref(), Some("'d"));
        assert_eq!(found(parse_quote!(Arc<dyn Send + '_>)).as_deref(), Some("'_"));
        assert_eq!(found(parse_quote!(Box<dyn Tr<'_>>)).as_deref(), Some("'_"));
        assert_eq!(found(parse_quote!(Box<dyn Iterator<Item = &u8>>)).as_deref(), Some("&"));
        assert_eq!(found(parse_quote!(Box<dyn for<'b> Tr<&'b u8> + 'static>)), None);
        assert_eq!(found(parse_quote!(Box<dyn Fn(&u8) -> Cow<'_, str>>)), None);
        assert_eq!(found(parse_quote!([&'static [Cow<'static, str>]; 2])), None);
        assert_eq!(found(parse_quote!((for<'b> fn(&'b str, &u8), Box<dyn Fn(&u8) -> &u8>))), None);
    }

    #[test]
    fn what_is_to_be_inferred_is_no_lifetime() {
        assert!(inferred(&parse_quote!(Cow<'_, [u8; 3]>)).is_none());
        assert!(
            inferred(&parse_quote!((Cow<'_, str>, [u8; _]))).is_some()
                && inferred(&parse_quote!(_)).is_some()
        );
    }

    #[test]
    fn words_are_found_in_groups() {
        assert!(word(quote!(Box<(impl Fn(), u8)>), "impl").is_some());
        assert!(word(quote!(Simple), "impl").is_none());
    }

    #[test]
    fn results_are_recognised_by_their_last_segment() {
        assert!(is_result(&parse_quote!(std::io::Result<u8>)));
        assert!(is_result(&parse_quote!((fmt::Result))));
        assert!(!is_result(&parse_quote!(Result < u8, u8 > ::Ok)) && !is_result(&parse_quote!(ResultSet)));
        let ty = parse_quote!(Result<'a, T, E>);
        assert_eq!(first_argument(&ty).unwrap().to_token_stream().to_string(), "T");
        assert!(first_argument(&parse_quote!(fmt::Result)).is_none());
    }
}
