//! The attribute and the policy macro of the [`dogpile`](https://docs.rs/dogpile) crate. Use that one.
//!
//! A call goes through one stage per module: tokens are read by `args` (with `value`, `duration`) and `item`, judged
//! by `model`, written by `expand`; `fallback` answers when `errors` collected any. Invariant: user input never makes
//! a macro panic.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod args;
mod attrs;
mod duration;
mod errors;
mod expand;
mod fallback;
mod item;
mod model;
mod scan;
mod value;

use args::{Args, Place};
use errors::Errors;

/// Caches what a function returns, and lets one caller at a time regenerate it.
///
/// The function keeps its name, signature, attributes and visibility; its body becomes the computation. Its return
/// type must be `Clone + Send + Sync + 'static`. Of a `Result` only the `Ok` part is cached, and only that needs to
/// be so.
///
/// ```text
/// #[dogpile(expire = "1h")]
/// fn config() -> Config { … }
/// ```
///
/// # Options
///
/// | option | value | default | meaning |
/// |---|---|---|---|
/// | `expire` | duration, `"never"` | required | how long a value is fresh, counted from the end of its computation |
/// | `stale` | duration, `"forever"` | `"forever"` | how long after expiry the old value may be served; `"0s"`: not at all |
/// | `refresh` | `"caller"`, `"background"` | `"caller"` | who regenerates a stale value: the elected caller, or a worker thread |
/// | `retry` | duration | `"1s"` | how long a failed regeneration holds the next one back; doubles per failure in a row |
/// | `cache_if` | closure, path | all | a value that this `fn(&T) -> bool` refuses is returned, but not stored |
/// | `handle` | identifier | – | names the static that keeps the value, with the function's visibility |
/// | `original` | identifier | – | also emits the function uncached under that name, with the function's visibility |
/// | `name` | string | path of the function | how it appears in panics and in the handle's `Debug` form |
/// | `fallible` | `true`, `false` | by the return type | whether the return type is a `Result`, for aliases and look-alikes |
/// | `crate` | path | `::dogpile` | where the `dogpile` crate lives, for re-exports |
///
/// A **duration** is a string of numbers and units, such as `"1h 30m"` or `"250ms"`, or a constant expression of type
/// `core::time::Duration`. The units are `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, `w`, `months` (30.44 days), `y` (365.25
/// days), and their longer names. Whatever is wrong with an option is a compile error, and all of them are reported
/// at once.
///
/// # What the body may do
///
/// Everything a function's body may: `return`, `?`, `Self`, recursion. It runs in a closure, so `Location::caller()`
/// in a `#[track_caller]` function names the function itself.
///
/// # Not supported
///
/// Parameters, `self`, `async`, `const`, `extern`; type and const parameters, also those of an enclosing `impl` block
/// or trait, which the attribute cannot see: all instances of a generic type, and all types that inherit a trait's
/// provided function, share one value.
///
/// With `original`, the body is emitted twice, and so are the items in it: a `static` in the body has two copies.
#[proc_macro_attribute]
pub fn dogpile(options: TokenStream, item: TokenStream) -> TokenStream {
    let written = item.into();
    attribute(options.into(), &written).into()
}

/// A policy from the same checked options as [`macro@dogpile`]'s, for a `Dogpile` without the attribute.
///
/// ```text
/// static CONFIG: Dogpile<Config> = Dogpile::new(policy!(expire = "1h", stale = "1d"));
/// ```
///
/// It takes `expire`, `stale`, `refresh`, `retry`, `cache_if`, `name` and `crate`, and can stand in constants. The
/// parameter of a `cache_if` closure needs its type written: `cache_if = |config: &Config| …`.
#[proc_macro]
pub fn policy(options: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(options.into(), Place::Policy, &mut errors);
    match model::Policy::new(args, &mut errors).filter(|_| errors.is_empty()) {
        Some(policy) => expand::policy(&policy),
        None => fallback::expression(&errors),
    }
    .into()
}

fn attribute(
    options: proc_macro2::TokenStream,
    written: &proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(options, Place::Attribute, &mut errors);
    let item = errors.ok(item::Item::parse(written.clone()));
    match item.and_then(|item| model::Model::new(args, item, &mut errors)) {
        Some(model) => expand::attribute(&model),
        None => fallback::item(&errors, written),
    }
}
