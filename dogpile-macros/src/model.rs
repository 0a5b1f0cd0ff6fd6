//! Every rule there is: what was written -> a [`Model`] that can be expanded without failing.
//!
//! Invariants: all rules run, and all violations are reported, before anything is given up; a model exists only if no
//! rule was broken; a rule that rustc states better at the user's own tokens is left to rustc.

mod key;
mod keyable;
mod policy;

use crate::args::{Args, Given, Refresh};
use crate::errors::Errors;
use crate::item::Item;
use crate::scan;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Expr, GenericParam, Ident, Path, ReturnType, Type};

pub(crate) use key::{Key, Parameter, Part, plain_name};
pub(crate) use policy::{Ahead, Length, Lifetime, Policy};

/// A function to cache.
pub(crate) struct Model<'a> {
    pub(crate) item: &'a Item,
    pub(crate) krate: Option<Path>,
    pub(crate) place: Place,
    pub(crate) key: Key<'a>,
    pub(crate) original: Option<Ident>,
    pub(crate) outcome: Outcome,
    /// How long a follower waits.
    pub(crate) wait: Option<Given<Length>>,
}

/// Where the values are kept.
pub(crate) enum Place {
    /// In a static of ours, which `handle` names.
    Static { policy: Box<Policy>, handle: Option<Ident> },
    /// In a field of the user's.
    Slot(Expr),
}

/// What a call brings.
pub(crate) enum Outcome {
    /// The value itself. `is_said` if the user ruled out that it is a `Result`.
    Value { is_said: bool },
    /// A `Result`, of which the `Ok` part is kept.
    Fallible {
        /// The kept type, if it must be spelled out because the error part mentions what a static cannot.
        spelled: Option<TokenStream>,
        /// Does the error borrow? Then nobody can share it.
        is_borrowing: bool,
    },
}

impl<'a> Model<'a> {
    pub(crate) fn new(mut args: Args, item: &'a Item, errors: &mut Errors) -> Option<Self> {
        signature(item, errors);
        names(&args, item, errors);
        let key = Key::new(&mut args, item, errors);
        generics(&args, item, key.as_ref(), errors);
        let outcome = outcome(&args, item, errors);
        let wait = patience(&mut args, item, outcome.as_ref(), errors);
        let (krate, original) = (args.krate.take(), args.original.take());
        let (krate, original) = (krate.map(|given| given.value), original.map(|given| given.value));
        let place = Place::new(args, item, errors);
        Some(Self { item, krate, place: place?, key: key?, original, outcome: outcome?, wait })
            .filter(|_| errors.is_empty())
    }
}

impl Place {
    fn new(mut args: Args, item: &Item, errors: &mut Errors) -> Option<Self> {
        let Some(slot) = args.slot.take() else {
            let handle = args.handle.take().map(|given| given.value);
            let mut policy = Policy::new(args, errors)?;
            if let Some(refresh) = policy.refresh.as_mut().filter(|_| item.sig.asyncness.is_some()) {
                refresh.value = refresh.value.of_tasks();
            }
            return Some(Self::Static { policy: Box::new(policy), handle });
        };
        if item.sig.receiver().is_none() {
            let problem =
                format!("`{}` has no `self` whose field could keep the values", item.sig.ident.unraw());
            errors.at(&slot.value, problem, "remove `slot`, or make the function a method, with `&self`");
        }
        let policy = [
            args.expire.map(|given| given.option),
            args.stale.map(|given| given.option),
            args.early.map(|given| given.option),
            args.jitter.map(|given| given.option),
            args.refresh.map(|given| given.option),
            args.retry.map(|given| given.option),
            args.lease.map(|given| given.option),
            args.cache_if.map(|given| given.option),
            args.capacity.map(|given| given.option),
            args.name.map(|given| given.option),
        ];
        for option in policy.into_iter().flatten() {
            let problem = format!("with `slot` the policy of the field rules, and `{option}` belongs there");
            errors.at(
                &option,
                problem,
                "remove it here, and write it in the `policy!(…)` that the field is made with",
            );
        }
        if let Some(handle) = args.handle {
            let problem = "with `slot` there is no static that `handle` could name";
            errors.at(&handle.option, problem, "remove `handle`, and use the field");
        }
        Some(Self::Slot(slot.value))
    }
}

/// What kinds of functions can be cached.
fn signature(item: &Item, errors: &mut Errors) {
    let sig = &item.sig;
    let name = sig.ident.unraw();
    if let Some(token) = &sig.constness {
        errors.at(
            token,
            "a `const fn` cannot be cached, because it may run at compile time",
            "remove `const`",
        );
    }
    let foreign = "cache a plain Rust function and call it from this one";
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a variadic function cannot be cached", foreign);
    } else if let Some(abi) = &sig.abi {
        errors.at(abi, "an `extern` function cannot be cached", foreign);
    }
    for attr in &item.attrs {
        if attr.path().segments.last().is_some_and(|segment| segment.ident == "dogpile") {
            errors.at(attr.path(), format!("`{name}` has two `dogpile` attributes"), "remove one of them");
        }
    }
}

/// A static is shared by all instances of a generic function. That is as wanted only if neither the key nor the value
/// depends on the instance, and the user had a say in it.
fn generics(args: &Args, item: &Item, key: Option<&Key<'_>>, errors: &mut Errors) {
    if args.slot.is_some() {
        return;
    }
    for param in &item.sig.generics.params {
        let param = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        let is_named = scan::word(&item.sig.output, &param.to_string()).is_some()
            || key.is_some_and(|key| key.names(param));
        if is_named || !key::is_settled(args, item, param) {
            let problem = format!(
                "`{}` is generic over `{param}`, and one static would serve all its instances",
                item.sig.ident.unraw()
            );
            let help = "write one function for each type, and cache those; or `slot = self.field`, to keep the values in a \
                        field; or, if the value does not depend on it, `key(…)` with what identifies a call";
            errors.at(param, problem, help);
        }
    }
}

/// The new names must not collide with each other, nor with the function's.
fn names(args: &Args, item: &Item, errors: &mut Errors) {
    let name = item.sig.ident.unraw();
    for given in [&args.handle, &args.original].into_iter().flatten() {
        if given.value.unraw() == name {
            let problem = format!("`{}` would have the name of the function itself", given.option);
            errors.at(
                &given.value,
                problem,
                format!("write another name, such as {}", other_name(given, &name)),
            );
        }
    }
    if let (Some(handle), Some(original)) = (&args.handle, &args.original) {
        if handle.value.unraw() == original.value.unraw() {
            let help = format!("write another name, such as {}", other_name(original, &name));
            errors.at(&original.value, "`handle` and `original` have the same name", help);
        }
    }
}

fn other_name(given: &Given<Ident>, function: &Ident) -> String {
    if given.option == "handle" {
        format!("`handle = {}`", function.to_string().to_uppercase())
    } else {
        format!("`original = {function}_uncached`")
    }
}

/// How long a follower waits, and whether the function can say that it did so in vain.
fn patience(
    args: &mut Args,
    item: &Item,
    outcome: Option<&Outcome>,
    errors: &mut Errors,
) -> Option<Given<Length>> {
    let Given { option, value } = args.wait.take()?;
    if let Some(slot) = &args.slot {
        let problem = format!("with `{}` the call is the field's, and `wait` cannot bound it", slot.option);
        let help =
            "remove it here, and call the field's `…_timeout` methods, such as `try_get_or_compute_timeout`";
        errors.at(&option, problem, help);
    } else if let Some(Outcome::Value { .. }) = outcome {
        let problem = format!("`wait` ends with an error, and `{}` returns none", item.sig.ident.unraw());
        let help = "return a `Result` whose error implements `From<dogpile::WaitTimeout>` (and write `fallible = true` if \
                    it is one behind an alias), or remove `wait`";
        errors.at(&option, problem, help);
    }
    Some(Given { option, value: policy::wait(value, errors)? })
}

/// What can be kept in a static, and what of it.
fn outcome(args: &Args, item: &Item, errors: &mut Errors) -> Option<Outcome> {
    let said = args.fallible.as_ref().map(|given| given.value);
    let ReturnType::Type(_, ty) = &item.sig.output else {
        return Some(match said {
            Some(true) => Outcome::Fallible { spelled: None, is_borrowing: false },
            _ => Outcome::Value { is_said: true },
        });
    };
    if matches!(scan::peeled(ty), Type::Never(_)) {
        errors.at(
            ty,
            "`!` never returns, so there is no value to keep",
            "return a value, or remove the attribute",
        );
        return None;
    }
    if let Some(token) = scan::word(ty, "impl") {
        let help = "write the name of the type, or box it, such as `Arc<dyn Trait + Send + Sync>`";
        errors.at(
            token,
            "`impl Trait` is a type without a name, and the static that keeps it needs one",
            help,
        );
        return None;
    }
    if said.unwrap_or_else(|| scan::is_result(ty)) {
        fallible(args, item, ty, errors)
    } else {
        storable(args, item, ty, errors).then_some(Outcome::Value { is_said: said.is_some() })
    }
}

/// Only the `Ok` part goes into the static; the error part may borrow and may mention `Self`.
fn fallible(args: &Args, item: &Item, ty: &Type, errors: &mut Errors) -> Option<Outcome> {
    // Behind an alias the first argument need not be the `Ok` part.
    let ok = if scan::is_result(ty) { scan::first_argument(ty) } else { None };
    if !storable(args, item, ok.unwrap_or(ty), errors) {
        return None;
    }
    let borrow = borrowed(item, ty);
    if let (Some(borrow), Some(Given { value: Refresh::Background, option })) = (&borrow, &args.refresh) {
        let problem = format!("an error that borrows for `{borrow}` cannot come from a background worker");
        errors.at(option, problem, "write `refresh = \"caller\"`, or return an error that owns its data");
    } else if let (Some(borrow), Some(_)) = (&borrow, &item.sig.asyncness) {
        let problem = format!(
            "an error that borrows for `{borrow}` cannot go from the task that computes to its caller"
        );
        errors.at(borrow, problem, "return an error that owns its data, or write `'static`");
    }
    let is_unspeakable = borrow.is_some() || scan::word(ty, "Self").is_some();
    let spelled = ok.filter(|_| is_unspeakable).map(ToTokens::to_token_stream);
    Some(Outcome::Fallible { spelled, is_borrowing: borrow.is_some() })
}

/// What the type borrows. Without parameters to borrow from, the compiler itself refuses what has no name.
fn borrowed(item: &Item, ty: &Type) -> Option<TokenStream> {
    if item.sig.inputs.is_empty() {
        scan::borrow(ty).map(ToTokens::into_token_stream)
    } else {
        scan::borrowed(ty)
    }
}

fn storable(args: &Args, item: &Item, ty: &Type, errors: &mut Errors) -> bool {
    let borrow = borrowed(item, ty);
    if let Some(borrow) = &borrow {
        let problem = format!("what `{borrow}` borrows may end before the value that is kept");
        errors.at(borrow, problem, "return an owned value, or write `'static`");
    }
    borrow.is_none() && (args.slot.is_some() || nameable(ty, errors))
}

/// A static is an item of its own, outside of any `impl` block.
fn nameable(tokens: impl ToTokens, errors: &mut Errors) -> bool {
    let found = scan::word(tokens, "Self");
    if let Some(token) = &found {
        errors.at(
            token,
            "`Self` cannot be used in the static that keeps the value",
            "write the name of the type",
        );
    }
    found.is_none()
}

impl Model<'_> {
    /// The return type; `()` where none is written.
    pub(crate) fn returns(&self) -> TokenStream {
        match &self.item.sig.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => quote_spanned!(Span::mixed_site()=> ()),
        }
    }

    /// The function's name as in messages, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.item.sig.ident.unraw().to_string()
    }

    pub(crate) fn is_async(&self) -> bool {
        self.item.sig.asyncness.is_some()
    }

    /// Who refreshes, and the option that says so, if one does.
    pub(crate) fn refresh(&self) -> Option<&Given<Refresh>> {
        match &self.place {
            Place::Static { policy, .. } => policy.refresh.as_ref(),
            Place::Slot(_) => None,
        }
    }

    pub(crate) fn refreshes_in_background(&self) -> bool {
        self.refresh().is_some_and(|refresh| refresh.value != Refresh::Caller)
    }

    /// Can the return type be an alias of a `Result`? Only a path (or a macro that makes one) can hide it.
    pub(crate) fn may_hide_result(&self) -> bool {
        match (&self.outcome, &self.item.sig.output) {
            (Outcome::Value { is_said: false }, ReturnType::Type(_, ty)) => {
                matches!(scan::peeled(ty), Type::Path(_) | Type::Macro(_))
            }
            _ => false,
        }
    }
}
