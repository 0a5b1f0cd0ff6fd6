//! Parameters -> [`Key`]: what identifies a call, by default or as `key(…)` and `skip(…)` say.
//!
//! Invariants: each parameter, `self` included, is a part of the key or is left out by the user's own word; a part has a
//! type that is written somewhere.

use super::keyable;
use super::nameable;
use crate::args::{Args, KeyPart, Refresh};
use crate::attrs;
use crate::errors::{Errors, list, nearest};
use crate::item::Item;
use crate::scan;
use crate::value::as_identifier;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Expr, FnArg, Ident, Pat, PatType, Receiver, Type};

/// The most parts that std's tuples can be hashed and compared with.
const MOST_PARTS: usize = 12;

/// What identifies a call; without parts all calls are the same.
pub(crate) struct Key<'a> {
    pub(crate) parts: Vec<Part<'a>>,
}

/// One part of a key.
pub(crate) enum Part<'a> {
    Parameter(Parameter<'a>),
    /// What stands in `key(…)`, and the type behind it.
    Expr(Box<Expr>, Box<Type>),
}

/// A parameter and its place in the signature.
#[derive(Clone, Copy)]
pub(crate) struct Parameter<'a> {
    pub(crate) place: usize,
    pub(crate) typed: &'a PatType,
}

impl Part<'_> {
    /// As it is written: `&str` for a part that is looked up as `str` and owned as `String`.
    fn ty(&self) -> &Type {
        match self {
            Self::Parameter(parameter) => &parameter.typed.ty,
            Self::Expr(_, ty) => ty,
        }
    }

    /// The type that it is looked up as, and that its owned form lends.
    pub(crate) fn looked_up(&self) -> &Type {
        keyable::owned_by(self.ty())
    }

    pub(crate) fn is_borrowed(&self) -> bool {
        matches!(scan::peeled(self.ty()), Type::Reference(_))
    }
}

impl<'a> Key<'a> {
    pub(super) fn new(args: &mut Args, item: &'a Item, errors: &mut Errors) -> Option<Self> {
        if args.key_attempted || item.sig.variadic.is_some() || !has_parameters(args, item, errors) {
            return Some(Self { parts: Vec::new() });
        }
        let parts = match (&mut args.key, &args.skip) {
            (Some(key), None) => picked(std::mem::take(&mut key.value), item, errors),
            (Some(_), Some(skip)) => {
                let help = "remove `skip`: what `key` does not name is left out already";
                errors.at(&skip.option, "`key` and `skip` are both given", help);
                None
            }
            (None, skip) => {
                let skipped = skip.as_ref().map(|given| &given.value[..]).unwrap_or_default();
                remaining(skipped, args, item, errors)
            }
        };
        let key = Self { parts: parts? };
        key.check(args, item, errors);
        Some(key)
    }

    /// The parameters that the key has as they are.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = Parameter<'a>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Parameter(parameter) => Some(*parameter),
            Part::Expr(..) => None,
        })
    }

    /// Whether a type in it mentions the generic parameter.
    pub(super) fn names(&self, param: &Ident) -> bool {
        self.parts.iter().any(|part| scan::word(part.ty(), &param.to_string()).is_some())
    }

    /// The rules for parts, wherever they come from, and for all of them together.
    fn check(&self, args: &Args, item: &Item, errors: &mut Errors) {
        for part in &self.parts {
            if let Some(flaw) = keyable::flaw(part.ty()) {
                errors.at(flaw.tokens, flaw.problem, part.way_out());
            } else if args.slot.is_none() {
                nameable(part.ty(), errors);
            }
        }
        if let Some(part) = self.parts.get(MOST_PARTS) {
            let problem =
                format!("this is part {} of the key, and {MOST_PARTS} are the most", MOST_PARTS + 1);
            errors.at(
                part.tokens(),
                problem,
                "pass some of them in a struct, or say what identifies a call: `key(…)`",
            );
        }
        if args.slot.is_some() {
            return;
        }
        if let Some(capacity) = args.capacity.as_ref().filter(|_| self.parts.is_empty()) {
            let problem =
                format!("`capacity` bounds the number of keys, and `{}` has none", item.sig.ident.unraw());
            errors.at(&capacity.option, problem, "remove `capacity`");
        }
        if matches!(&args.refresh, Some(given) if given.value == Refresh::Background) {
            self.suffices(item, errors);
            self.lends(errors);
        }
    }

    /// A background worker has nothing but the key to compute with.
    fn suffices(&self, item: &Item, errors: &mut Errors) {
        for (place, input) in item.sig.inputs.iter().enumerate() {
            let tokens = match input {
                FnArg::Receiver(receiver) => receiver.self_token.to_token_stream(),
                FnArg::Typed(typed) if matches!(&*typed.pat, Pat::Wild(_)) => continue,
                FnArg::Typed(_) if self.parameters().any(|part| part.place == place) => continue,
                FnArg::Typed(typed) => typed.pat.to_token_stream(),
            };
            let help = "write `refresh = \"caller\"`, or make every parameter part of the key as it is";
            errors.at(tokens, "a background worker has the key alone, and this is not part of it", help);
        }
    }

    /// What a background worker passes by reference is its key's, and the key ends.
    fn lends(&self, errors: &mut Errors) {
        for parameter in self.parameters() {
            let Type::Reference(reference) = scan::peeled(&parameter.typed.ty) else { continue };
            let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static")
            else {
                continue;
            };
            let help = "write `&` without `'static`, or an owned type, or `refresh = \"caller\"`";
            errors.at(lifetime, "a background worker lends what its key owns, which is not `'static`", help);
        }
    }
}

impl<'a> Part<'a> {
    fn of(place: usize, typed: &'a PatType) -> Self {
        Self::Parameter(Parameter { place, typed })
    }

    fn tokens(&self) -> TokenStream {
        match self {
            Self::Parameter(parameter) => parameter.typed.pat.to_token_stream(),
            Self::Expr(expr, _) => expr.to_token_stream(),
        }
    }

    /// What to write when the type cannot be part of a key.
    fn way_out(&self) -> String {
        let Self::Parameter(parameter) = self else {
            return "write an expression whose type can, such as `ratio.to_bits(): u64` or `names.join(\",\"): &str`"
                .to_owned();
        };
        let key = "say what identifies a call with `key(…)`, such as `key(id, ratio.to_bits(): u64)`";
        match plain_name(&parameter.typed.pat) {
            Some(name) => format!("write `skip({name})` if it makes no difference to the value, or {key}"),
            None => key.to_owned(),
        }
    }
}

/// The name, if the pattern is nothing but one (`mut` aside).
pub(crate) fn plain_name(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        Pat::Paren(pat) => plain_name(&pat.pat),
        _ => None,
    }
}

/// Without parameters there is nothing to say about them.
fn has_parameters(args: &Args, item: &Item, errors: &mut Errors) -> bool {
    if !item.sig.inputs.is_empty() {
        return true;
    }
    let given = [
        args.key.as_ref().map(|given| &given.option),
        args.skip.as_ref().map(|given| &given.option),
        args.capacity.as_ref().map(|given| &given.option),
    ];
    for option in given.into_iter().flatten() {
        let problem = format!("`{option}` is about parameters, and `{}` has none", item.sig.ident.unraw());
        errors.at(option, problem, format!("remove `{option}`"));
    }
    false
}

/// The parts that `key(…)` names.
fn picked<'a>(parts: Vec<KeyPart>, item: &'a Item, errors: &mut Errors) -> Option<Vec<Part<'a>>> {
    let before = errors.len();
    let mut picked = Vec::new();
    let mut seen: Vec<Ident> = Vec::new();
    for KeyPart { expr, ty } in parts {
        if let Some(ty) = ty {
            if let Some(token) = scan::inferred(&ty) {
                errors.at(token, "the key's type cannot be inferred", "write the type of this part");
            }
            picked.push(Part::Expr(Box::new(expr), Box::new(ty)));
            continue;
        }
        let Some(name) = as_identifier(&expr) else {
            let help = "write its type behind it, such as `user.tenant: &str`";
            errors.at(expr, "the type of this part of the key is not known here", help);
            continue;
        };
        if is_repeated(name, &mut seen, errors) {
            continue;
        }
        if name == "self" {
            let help = "write what tells instances apart, such as `key(self.id: u64)`; or `slot = self.field`, to keep the \
                        values in the instance";
            errors.at(name, "`self` cannot be part of a key as a whole", help);
        } else if let Some((place, typed)) = find(name, item) {
            is_only_one(name, item, errors);
            uncut(typed, errors);
            picked.push(Part::of(place, typed));
        } else if is_bound(name, item) {
            let problem = format!("`{name}` is bound by a pattern, and its type is not known here");
            errors.at(name, problem, format!("write its type behind it: `key({name}: …)`"));
        } else {
            unknown(name, item, errors);
        }
    }
    (errors.len() == before).then_some(picked)
}

/// All parameters but the skipped ones.
fn remaining<'a>(
    skipped: &[Ident],
    args: &Args,
    item: &'a Item,
    errors: &mut Errors,
) -> Option<Vec<Part<'a>>> {
    let before = errors.len();
    let mut seen = Vec::new();
    for name in skipped {
        let is_there = name == "self" && item.sig.receiver().is_some()
            || name == "_" && item.sig.inputs.iter().any(is_wild)
            || find(name, item).is_some();
        if !is_repeated(name, &mut seen, errors) {
            if is_there {
                is_only_one(name, item, errors);
            } else {
                unknown(name, item, errors);
            }
        }
        if let Some(slot) = args.slot.as_ref().filter(|_| name == "self") {
            let problem = format!("with `{}` the instance is no part of the key anyway", slot.option);
            errors.at(name, problem, "remove `self` from `skip`");
        }
    }
    let is_skipped = |name: &Ident| skipped.iter().any(|skipped| skipped.unraw() == name.unraw());
    let mut parts = Vec::new();
    for (place, input) in item.sig.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(receiver) => {
                if args.slot.is_none() && !skipped.iter().any(|name| name == "self") {
                    receives_self(receiver, item, errors);
                }
            }
            FnArg::Typed(typed) if matches!(&*typed.pat, Pat::Wild(_)) => {
                if !skipped.iter().any(|name| name == "_") {
                    let help = "write `skip(_)` to leave it out of the key, or give it a name";
                    errors.at(
                        &typed.pat,
                        "a parameter called `_` is not seen by the body, but would be part of the key",
                        help,
                    );
                }
            }
            FnArg::Typed(typed) if plain_name(&typed.pat).is_some_and(is_skipped) => {}
            FnArg::Typed(typed) => {
                uncut(typed, errors);
                parts.push(Part::of(place, typed));
            }
        }
    }
    (errors.len() == before).then_some(parts)
}

fn receives_self(receiver: &Receiver, item: &Item, errors: &mut Errors) {
    let problem =
        format!("`{}` takes `self`, and all instances would share its values", item.sig.ident.unraw());
    let help = "write what tells instances apart, such as `key(self.id: u64)`; or `slot = self.field`, to keep the values \
                in the instance; or `skip(self)`, to share them";
    let token = &receiver.self_token;
    errors.at(token, problem, help);
}

/// A part that is there in some builds only would make keys of different types.
fn uncut(typed: &PatType, errors: &mut Errors) {
    if let Some(attr) = attrs::kept(&typed.attrs, &["cfg"]).first() {
        let help = "leave it out with `skip(…)` or `key(…)`, or write one function for each configuration";
        errors.at(
            attr,
            "a parameter under `#[cfg(…)]` cannot be part of the key, whose type is always the same",
            help,
        );
    }
}

fn is_wild(input: &FnArg) -> bool {
    matches!(input, FnArg::Typed(typed) if matches!(&*typed.pat, Pat::Wild(_)))
}

/// The parameter of that name.
fn find<'a>(name: &Ident, item: &'a Item) -> Option<(usize, &'a PatType)> {
    called(name, item).into_iter().next()
}

fn called<'a>(name: &Ident, item: &'a Item) -> Vec<(usize, &'a PatType)> {
    let mut called = Vec::new();
    for (place, input) in item.sig.inputs.iter().enumerate() {
        let FnArg::Typed(typed) = input else { continue };
        if plain_name(&typed.pat).is_some_and(|found| found.unraw() == name.unraw()) {
            called.push((place, typed));
        }
    }
    called
}

/// To the compiler two names of one spelling differ if only one of them was passed to a `macro_rules!`. Here they do not.
fn is_only_one(name: &Ident, item: &Item, errors: &mut Errors) {
    if called(name, item).len() > 1 {
        let problem = format!("two parameters are called `{name}`, and which one is meant cannot be told");
        errors.at(name, problem, "give one of them another name");
    }
}

/// Does some pattern among the parameters mention the name?
fn is_bound(name: &Ident, item: &Item) -> bool {
    item.sig.inputs.iter().any(|input| match input {
        FnArg::Typed(typed) => scan::word(&typed.pat, &name.to_string()).is_some(),
        FnArg::Receiver(_) => false,
    })
}

fn is_repeated(name: &Ident, seen: &mut Vec<Ident>, errors: &mut Errors) -> bool {
    let is_repeated = seen.iter().any(|seen| seen.unraw() == name.unraw());
    if is_repeated {
        errors.at(name, format!("`{name}` is named twice"), "remove one of them");
    } else {
        seen.push(name.clone());
    }
    is_repeated
}

fn unknown(name: &Ident, item: &Item, errors: &mut Errors) {
    let names: Vec<_> = item
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Receiver(_) => Some("self".to_owned()),
            FnArg::Typed(typed) => plain_name(&typed.pat).map(|name| name.unraw().to_string()),
        })
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let help = match nearest(&name.unraw().to_string(), &names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if names.is_empty() => "give the parameters names".to_owned(),
        None => format!("the parameters are {}", list(&names, ", ")),
    };
    errors.at(name, format!("there is no parameter `{name}`"), help);
}

/// Has the user had a say in whether a generic parameter matters? With `key` on all of them, with `skip` on those of the
/// skipped parameters.
pub(super) fn is_settled(args: &Args, item: &Item, param: &Ident) -> bool {
    let skipped = args.skip.iter().flat_map(|given| &given.value);
    let mut types = skipped.filter_map(|name| find(name, item).map(|(_, typed)| &typed.ty));
    args.key.is_some() || args.key_attempted || types.any(|ty| scan::word(ty, &param.to_string()).is_some())
}
