//! Which types can be part of a key, as far as their tokens tell. The rest is up to the compiler, see `Keyable` in the
//! runtime.

use crate::scan;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Type, TypePath};

/// Why a type cannot be part of a key, and the tokens at fault.
pub(super) struct Flaw {
    pub(super) tokens: TokenStream,
    pub(super) problem: String,
}

/// The first thing in the type that no key can have.
pub(super) fn flaw(ty: &Type) -> Option<Flaw> {
    if let Type::Reference(reference) = scan::peeled(ty) {
        if let Some(token) = &reference.mutability {
            return Some(Flaw {
                tokens: token.to_token_stream(),
                problem: "a `&mut` cannot be part of a key, because the body may change what it refers to"
                    .to_owned(),
            });
        }
    }
    if let Some(token) = scan::word(ty, "impl") {
        return Some(Flaw {
            tokens: token.into_token_stream(),
            problem: "`impl Trait` cannot be part of a key, because it is a type without a name".to_owned(),
        });
    }
    incomparable(ty).or_else(|| {
        let borrow = scan::borrowed(owned_by(ty))?;
        let problem = format!(
            "what `{borrow}` borrows inside of the type cannot be part of a key, which owns all it has"
        );
        Some(Flaw { tokens: borrow, problem })
    })
}

/// The type without the one reference around it that a key is looked up through.
pub(super) fn owned_by(ty: &Type) -> &Type {
    match scan::peeled(ty) {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

/// What neither `Eq` nor `Hash` will ever hold for: floats, and trait objects. Only std's own wrappers are looked into,
/// because an `OrderedFloat<f64>` is another matter.
fn incomparable(ty: &Type) -> Option<Flaw> {
    const WRAPPERS: [&str; 8] = ["Option", "Vec", "VecDeque", "Box", "Arc", "Rc", "Result", "Cow"];
    let name = match ty {
        Type::TraitObject(object) => {
            return Some(Flaw {
                tokens: object.dyn_token.to_token_stream(),
                problem: "`dyn Trait` cannot be part of a key, because it has neither `Eq` nor `Hash`"
                    .to_owned(),
            });
        }
        Type::Path(TypePath { qself: None, path, .. }) => path.segments.last().map(|last| last.ident.unraw()),
        _ => None,
    };
    if let Some(name) = name {
        if name == "f32" || name == "f64" {
            let problem =
                format!("`{name}` cannot be part of a key, because a float has neither `Eq` nor `Hash`");
            return Some(Flaw { tokens: ty.to_token_stream(), problem });
        }
        if !WRAPPERS.iter().any(|wrapper| name == wrapper) {
            return None;
        }
    }
    scan::inner(ty).into_iter().find_map(incomparable)
}

#[cfg(test)]
mod tests {
    use super::flaw;
    use syn::{Type, parse_quote};

    fn problem(ty: &Type) -> String {
        flaw(ty).map(|flaw| flaw.problem.split(" cannot").next().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn hopeless_types_are_found_at_any_depth() {
        assert_eq!(problem(&parse_quote!(&mut Vec<u8>)), "a `&mut`");
        assert_eq!(problem(&parse_quote!(&[(u8, f32); 2])), "`f32`");
        assert_eq!(problem(&parse_quote!(std::option::Option<core::primitive::f64>)), "`f64`");
        assert_eq!(problem(&parse_quote!(Box<dyn Fn()>)), "`dyn Trait`");
        assert_eq!(problem(&parse_quote!((impl Into<String>, u8))), "`impl Trait`");
        assert_eq!(problem(&parse_quote!(&&str)), "what `&` borrows inside of the type");
        assert_eq!(problem(&parse_quote!(Cow<'a, str>)), "what `'a` borrows inside of the type");
    }

    #[test]
    fn others_are_left_to_the_compiler() {
        for ty in [
            parse_quote!(&'a str),
            parse_quote!((&[u8])),
            parse_quote!(OrderedFloat<f64>),
            parse_quote!(fn(f64, &str) -> f64),
            parse_quote!(Vec<&'static str>),
            parse_quote!(HashMap<u8, u8>),
            parse_quote!(<T as Trait>::f64),
        ] as [Type; 7]
        {
            assert_eq!(problem(&ty), "");
        }
    }
}
