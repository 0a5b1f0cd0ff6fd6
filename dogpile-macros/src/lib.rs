//! The attribute and the policy macro of the [`dogpile`](https://docs.rs/dogpile) crate. Use that one.
//!
//! A call goes through one stage per module: tokens are read by `args` (with `value`, `duration`, `percent`) and `item`, judged
//! by `model` (which also turns parameters into a key), written by `expand`; `fallback` answers when `errors` collected any. Invariant: user input never makes
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
mod percent;
mod scan;
mod value;

use args::{Args, Place};
use errors::Errors;

/// Caches what a function returns, per key where it has parameters, and lets one caller at a time regenerate it.
///
/// The function keeps its name, signature, attributes and visibility; its body becomes the computation. Its return
/// type must be `Clone + Send + Sync + 'static`. Of a `Result` only the `Ok` part is cached, and only that needs to
/// be so.
///
/// ```text
/// #[dogpile(expire = "1h")]
/// fn config() -> Config { … }
///
/// #[dogpile(expire = "5m", capacity = 50_000)]
/// fn profile(tenant: &str, id: u64) -> Result<Profile, DbError> { … } // one value per (tenant, id)
/// ```
///
/// # Options
///
/// | option | value | default | meaning |
/// |---|---|---|---|
/// | `expire` | duration, `"never"`, closure | required | how long a value is fresh, counted from the end of its computation; a closure says so of each value |
/// | `stale` | duration, `"forever"` | `"forever"` | how long after expiry the old value may be served; `"0s"`: not at all |
/// | `early` | duration, `"10%"` of `expire`, `"auto"` | none | how long before expiry one caller may regenerate; `"auto"`: as chance decides |
/// | `jitter` | percentage | none | each lifetime is shortened by a random share up to this |
/// | `refresh` | `"caller"`, `"background"` | `"caller"` | who regenerates a stale value: the elected caller, or a worker thread (of an async function, a task) |
/// | `retry` | duration | `"1s"` | how long a failed regeneration holds the next one back; doubles per failure in a row |
/// | `lease` | duration | none | a computation that takes longer may be replaced, and its late result is dropped |
/// | `wait` | duration | none | how long a caller waits for somebody else's first value, before it gets an error made of a `WaitTimeout` |
/// | `cache_if` | closure, path | all | a value that this `fn(&T) -> bool` refuses is returned, but not stored |
/// | `capacity` | integer, `const` expression, `"unbounded"` | `10_000` | the most keys that values are kept of, for functions with parameters |
/// | `key(…)` | parameters, `expr: Type` | all parameters | what identifies a call: `key(id, user.tenant: &str)` |
/// | `skip(…)` | parameters, `self`, `_` | – | parameters left out of the key |
/// | `slot` | `self.field` | – | keeps the values in a `Dogpile` or `DogpileMap` field instead of a static; its policy rules |
/// | `handle` | identifier | – | names the static that keeps the value, with the function's visibility |
/// | `original` | identifier | – | also emits the function uncached under that name, with the function's visibility |
/// | `name` | string | path of the function | how it appears in panics, and in the handle's statistics and `Debug` form |
/// | `fallible` | `true`, `false` | by the return type | whether the return type is a `Result`, for aliases and look-alikes |
/// | `crate` | path | `::dogpile` | where the `dogpile` crate lives, if it is re-exported, or called otherwise in `Cargo.toml` |
///
/// A **duration** is a string of numbers and units, such as `"1h 30m"` or `"250ms"`, or a constant expression of type
/// `core::time::Duration`. The units are `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, `w`, `months` (30.44 days), `y` (365.25
/// days), and their longer names. A **percentage** is a string too, above 0 and below 100: `"10%"`, `"2.5%"`. Whatever is
/// wrong with an option is a compile error, and all of them are reported at once.
///
/// # Time
///
/// * **`expire = |value| …`** returns a `Duration` for each value, of which it gets a reference. It captures nothing, and
///   is always a closure, for a path is a constant: `|token| lifetime_of(token)`. What it gives no time to is not stored.
/// * **`early`** must be shorter than what `jitter` may leave of `expire`, also where they are constant expressions. With
///   it, `stale = "0s"` and `refresh = "background"` go together: nobody waits, and nobody sees an expired value, while
///   calls are frequent.
/// * **`wait`** is for functions that return a `Result` whose error implements `From<dogpile::WaitTimeout>`, as
///   `std::io::Error` and `Box<dyn Error>` do. It bounds the waiting alone: what a caller computes itself takes as long as
///   it takes. `"0s"` does not wait at all.
///
/// # Keys
///
/// The key is the tuple of the parameters' owned types, or that type alone if there is one parameter; twelve parts at
/// most. `&T` is looked up borrowed, so a hit copies nothing: `&str` for the key `String`, `&[T]` for `Vec<T>`, `&T` for
/// `T`. A call that computes clones what it was given by value. The owned types must be
/// `Eq + Hash + Clone + Send + Sync + 'static`. What cannot be in a key (`&mut`, floats, `impl Trait`, `dyn Trait`,
/// borrows inside of a type) is refused unless `key(…)` or `skip(…)` settles it, and so is `_`.
///
/// * **`key(…)`** names the parts, and leaves the other parameters out. A part is a parameter, or an expression with its
///   type behind a colon; the expression sees all parameters and `self`. With a reference type it is borrowed as if
///   passed to a function: `user.tenant: &str` works for a `String`.
/// * **`skip(…)`** leaves parameters out. If none is left, there is one value for all calls.
/// * **`self`** is no part of a key. A method says what tells instances apart (`key(self.id: u64)`), or that they share
///   their values (`skip(self)`), or keeps them in the instance (`slot = self.field`).
/// * **`slot = self.field`** takes any expression that begins with `self.` and comes to a `Dogpile` (without a key) or a
///   `DogpileMap`. There is no static then, so that types may name `Self` and generic parameters; options that make a
///   policy are written where the field is made.
/// * **`refresh = "background"`** has the key alone to compute with: every parameter must be a part of it as it is. A
///   parameter that borrows borrows from the key then, for as long as the computation takes: the body cannot name that
///   lifetime, and a `&'static` one is refused.
/// * **`handle`** is a `DogpileMap` of that key: `NAME.invalidate(("north", &7))`.
///
/// # What the body may do
///
/// Everything a function's body may: `return`, `?`, `Self`, `.await`, recursion, taking its parameters apart or consuming
/// them. It runs in a closure, so `Location::caller()` in a `#[track_caller]` function names the function itself.
///
/// # Functions that return a `Result`
///
/// An error may borrow what the function borrows, in a sync function without `refresh = "background"`, if that can be seen:
/// `ParseError<'_>`, not `ParseError`; `Failure<'a>`, not `Self::Error`. One that is a type parameter is `'static`.
///
/// With `slot` in a generic `impl`, what `T::Output` turns out to be cannot be seen, and it is kept whole. Where it may be a
/// `Result`, return `Result<T::Value, T::Error>` instead.
///
/// # Async functions
///
/// They look when they are first polled, and a hit is ready then. The future is `Send` if the body's is, and may borrow what
/// it is passed. Dropping it is safe at any time: if it was computing, one of those who wait computes in its place. With
/// `refresh = "background"`, for which the crate `dogpile` needs its feature `tokio`, all computations run in tasks of
/// their own, the first one too, and whoever calls must be in a tokio runtime. An async function that calls itself boxes the
/// call, as always: `Box::pin(fib(n - 1)).await`; with `refresh = "background"`, in a plain function that returns
/// `Pin<Box<dyn Future<Output = u64> + Send>>`, without which the compiler cannot tell that it is `Send`. Its error must be
/// `'static`.
///
/// # Not supported
///
/// `const`, `extern`; parameters under `#[cfg(…)]` in the key. Functions that return a future without being `async`, those
/// that `#[async_trait]` makes among them: annotate an async function that they call. Type and const parameters without
/// `slot`, if the key or the return type names them or nothing was said about them (with `key(…)` or with `skip(…)` of what
/// they are the type of). Those of an enclosing `impl` block or trait the attribute cannot see: without `slot`, all
/// instances of a generic type, and all types that inherit a trait's provided function, share their values.
///
/// With `original`, the body is emitted twice, and so are the items in it: a `static` in the body has two copies. It stands
/// beside the function, where the `impl` of a trait has no place for it, nor for a `handle`.
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
/// It takes `expire`, `stale`, `early`, `jitter`, `refresh`, `retry`, `lease`, `cache_if`, `capacity` (for a `DogpileMap`),
/// `name` and `crate`, and can stand in constants. The parameter of a closure needs its type written:
/// `cache_if = |config: &Config| …`. How long to wait is said call by call, with the `…_timeout` methods.
#[proc_macro]
pub fn policy(options: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut args = Args::parse(options.into(), Place::Policy, &mut errors);
    let facade = args.krate.take().map(|given| given.value);
    match model::Policy::new(args, &mut errors).filter(|_| errors.is_empty()) {
        Some(policy) => expand::policy(&policy, facade.as_ref()),
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
    match item.as_ref().and_then(|item| model::Model::new(args, item, &mut errors)) {
        Some(model) => expand::attribute(&model),
        None => fallback::item(&errors, written),
    }
}
