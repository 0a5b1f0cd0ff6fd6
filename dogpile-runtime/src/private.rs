//! The names that generated code uses. Not for people: they change without notice.

use std::marker::PhantomData;

use crate::call::Refresh;
use crate::key::Key;
use crate::probed::Probed;

pub use crate::dogpile::Dogpile;
pub use crate::key::Keyable;
pub use crate::map::DogpileMap;
pub use crate::policy::{Background, Caller, Policy};

/// A type whose values can be kept. Itself, through a trait: so the compiler says what the type lacks, instead of
/// telling what a static is made of.
pub trait Cacheable: Sized {
    /// The type.
    type Value;

    /// A call of an annotated function that cannot fail.
    fn __dogpile_call<K, R, F>(probed: Probed<K, Self, R>, compute: F) -> Self
    where
        K: Key,
        F: FnOnce() -> Self,
        R: Refresh<F>;

    /// A call of an annotated function whose error is its caller's.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try_alone<K, R, F, E>(probed: Probed<K, Self, R>, compute: F) -> Result<Self, E>
    where
        K: Key,
        F: FnOnce() -> Result<Self, E>,
        R: Refresh<F>;

    /// A call of an annotated function whose error all followers get.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try_together<K, R, F, E>(probed: Probed<K, Self, R>, compute: F) -> Result<Self, E>
    where
        K: Key,
        F: FnOnce() -> Result<Self, E>,
        E: Clone + Send + Sync + 'static,
        R: Refresh<F>;
}

impl<T: Clone + Send + Sync + 'static> Cacheable for T {
    type Value = T;

    #[inline]
    fn __dogpile_call<K, R, F>(probed: Probed<K, T, R>, compute: F) -> T
    where
        K: Key,
        F: FnOnce() -> T,
        R: Refresh<F>,
    {
        probed.get_or_compute(compute)
    }

    #[inline]
    fn __dogpile_try_alone<K, R, F, E>(probed: Probed<K, T, R>, compute: F) -> Result<T, E>
    where
        K: Key,
        F: FnOnce() -> Result<T, E>,
        R: Refresh<F>,
    {
        probed.try_get_or_compute(compute)
    }

    #[inline]
    fn __dogpile_try_together<K, R, F, E>(probed: Probed<K, T, R>, compute: F) -> Result<T, E>
    where
        K: Key,
        F: FnOnce() -> Result<T, E>,
        E: Clone + Send + Sync + 'static,
        R: Refresh<F>,
    {
        probed.try_get_or_compute_shared(compute)
    }
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

/// Tells a `Result` behind an alias from every other type: the inherent constant wins over the trait's.
#[derive(Debug)]
pub struct ReturnType<T>(PhantomData<fn() -> T>);

impl<T, E> ReturnType<Result<T, E>> {
    /// It is one.
    pub const IS_RESULT: bool = true;
    /// As a type, for where the type names what a constant cannot.
    pub const KIND: Parts = Parts;
}

/// The answer for every type that is no `Result`.
pub trait NotAResult {
    /// It is none.
    const IS_RESULT: bool = false;
    /// As a type.
    const KIND: Whole = Whole;
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

/// Picks, by method resolution, how an error of the function's type meets its followers.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<T>(PhantomData<fn() -> T>);

impl<T> Attempt<T> {
    /// Where method resolution starts: the reference itself, a reference to it, what it refers to.
    #[must_use]
    pub const fn probe<'a>() -> &'a Self {
        &Self(PhantomData)
    }
}

/// Found first, where its bounds on the error hold.
pub trait ShareError<V, E> {
    /// A call whose error all followers get.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try<K, R, F>(self, probed: Probed<K, V, R>, compute: F) -> Result<V, E>
    where
        K: Key,
        V: Cacheable,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>;
}

impl<V, E: Clone + Send + Sync + 'static> ShareError<V, E> for &Attempt<Result<V, E>> {
    #[inline]
    fn __dogpile_try<K, R, F>(self, probed: Probed<K, V, R>, compute: F) -> Result<V, E>
    where
        K: Key,
        V: Cacheable,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        V::__dogpile_try_together(probed, compute)
    }
}

/// Found second, for every error.
pub trait TakeOver<V, E> {
    /// A call whose error is its caller's.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try<K, R, F>(self, probed: Probed<K, V, R>, compute: F) -> Result<V, E>
    where
        K: Key,
        V: Cacheable,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>;
}

impl<V, E> TakeOver<V, E> for &&Attempt<Result<V, E>> {
    #[inline]
    fn __dogpile_try<K, R, F>(self, probed: Probed<K, V, R>, compute: F) -> Result<V, E>
    where
        K: Key,
        V: Cacheable,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        V::__dogpile_try_alone(probed, compute)
    }
}

/// Found last, for what is no `Result` at all: [`Fallible`] has complained already, and one complaint is enough.
pub trait NotFallible<T> {
    /// Never runs.
    fn __dogpile_try<P, F: FnOnce() -> T>(self, probed: P, compute: F) -> T;
}

impl<T> NotFallible<T> for Attempt<T> {
    fn __dogpile_try<P, F: FnOnce() -> T>(self, _: P, compute: F) -> T {
        compute()
    }
}
