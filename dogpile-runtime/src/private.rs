//! The names that generated code uses. Not for people: they change without notice.

use std::marker::PhantomData;

use crate::call::Refresh;
use crate::flight::Home;
use crate::probed::{Probed, ProbedKey};
use crate::timeout::Patience;

mod attempt;
mod patience;

pub use self::attempt::{Attempt, Call, NotFallible, NotKept, ShareError, TakeOver};
pub use self::patience::{ErrorOf, FromTimeout, Makes, NoMaker, NotOfTimeout, patience};
pub use crate::dogpile::Dogpile;
pub use crate::key::Keyable;
pub use crate::map::DogpileMap;
pub use crate::policy::{Background, Caller, Policy};

/// Who refreshes in the background of tasks.
#[cfg(feature = "tokio")]
pub use crate::policy::Background as Spawning;

/// Nobody does: whoever asks for it has been told so by [`spawning!`], and one complaint is enough.
#[cfg(not(feature = "tokio"))]
pub use crate::policy::Caller as Spawning;

pub use crate::__dogpile_spawning as spawning;

/// Refuses, where it is asked for, what takes a runtime to spawn on.
#[cfg(feature = "tokio")]
#[doc(hidden)]
#[macro_export]
macro_rules! __dogpile_spawning {
    () => {};
}

/// Refuses, where it is asked for, what takes a runtime to spawn on.
#[cfg(not(feature = "tokio"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __dogpile_spawning {
    () => {
        ::core::compile_error!(
            "an async function is refreshed in the background by tokio, and the feature `tokio` of `dogpile` is off\n\
             help: write `dogpile = { version = \"…\", features = [\"tokio\"] }` in `Cargo.toml`, or `refresh = \"caller\"`"
        );
    };
}

/// A type whose values can be kept. Itself, through a trait: so the compiler says what the type lacks, instead of
/// telling what a static is made of.
pub trait Cacheable: Sized {
    /// The type.
    type Value;

    /// A call of an annotated function whose error is its caller's.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try_alone<H, R, F, E>(
        probed: Probed<H, Self, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> Result<Self, E>
    where
        H: Home<Self>,
        F: FnOnce() -> Result<Self, E>,
        R: Refresh<F>;
}

impl<T: Clone + Send + Sync + 'static> Cacheable for T {
    type Value = T;

    #[inline]
    fn __dogpile_try_alone<H, R, F, E>(
        probed: Probed<H, T, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> Result<T, E>
    where
        H: Home<T>,
        F: FnOnce() -> Result<T, E>,
        R: Refresh<F>,
    {
        probed.try_alone(patience, compute)
    }
}

/// The key that a call was made with: as a function, so that no trait's method of that name is found instead.
#[inline]
pub fn key_of<H, V, R>(probed: &Probed<H, V, R>) -> ProbedKey<H, V>
where
    H: Home<V>,
    V: Clone + Send + Sync + 'static,
{
    probed.key()
}

/// A return type whose error part is not to be cached.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`, but the function is treated as one that can fail",
    label = "not a `Result`",
    note = "help: add `fallible = false` to `#[dogpile(…)]` if the type is merely called `Result`, and remove \
            `fallible = true` otherwise"
)]
pub trait Fallible {
    /// What is cached.
    type Value;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
}

/// Tells a `Result` behind an alias from every other type: the inherent constant wins over the trait's. Of a name that no
/// trait of the user's has.
#[derive(Debug)]
pub struct ReturnType<T>(PhantomData<fn() -> T>);

impl<T, E> ReturnType<Result<T, E>> {
    /// It is one.
    pub const __DOGPILE_IS_RESULT: bool = true;
    /// As a type, for where the type names what a constant cannot.
    pub const __DOGPILE_KIND: Parts = Parts;
}

/// The answer for every type that is no `Result`.
pub trait NotAResult {
    /// It is none.
    const __DOGPILE_IS_RESULT: bool = false;
    /// As a type.
    const __DOGPILE_KIND: Whole = Whole;
}

impl<T> NotAResult for ReturnType<T> {}

/// The kind of a `Result`: a value and an error.
#[derive(Debug)]
pub struct Parts;

/// The kind of every other type.
#[derive(Debug)]
pub struct Whole;

/// What is cached whole.
#[diagnostic::on_unimplemented(
    message = "this is a `Result` behind an alias, and its errors would be cached",
    label = "a `Result`",
    note = "help: write `fallible = true` to cache only what is `Ok`, or `fallible = false` to cache errors too"
)]
pub trait KeptWhole {}

impl KeptWhole for Whole {}

/// Refuses, in type checking, a `Result` that the macro could not see.
#[inline]
pub const fn keep_whole<K: KeptWhole>(_: &K) {}
