//! The names that generated code uses. Not for people: they change without notice.

use std::marker::PhantomData;

use crate::dogpile::Refresh;

pub use crate::dogpile::Dogpile;
pub use crate::policy::{Background, Caller, Policy};

/// A call of an annotated function that cannot fail.
#[inline]
pub fn call<V, R, F>(dogpile: &Dogpile<V, R>, compute: F) -> V
where
    V: Clone + Send + Sync + 'static,
    F: FnOnce() -> V,
    R: Refresh<F>,
{
    dogpile.get_or_compute(compute)
}

/// A call of an annotated function whose error cannot be shared.
///
/// # Errors
///
/// With the function's own.
#[inline]
pub fn try_call<V, R, F, E>(dogpile: &Dogpile<V, R>, compute: F) -> Result<V, E>
where
    V: Clone + Send + Sync + 'static,
    F: FnOnce() -> Result<V, E>,
    R: Refresh<F>,
{
    dogpile.try_get_or_compute(compute)
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
}

/// The answer for every type that is no `Result`.
pub trait NotAResult {
    /// It is none.
    const IS_RESULT: bool = false;
}

impl<T> NotAResult for ReturnType<T> {}

/// Picks, by method resolution, how an error of the function's type meets its followers.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<T>(PhantomData<fn() -> T>);

impl<T> Attempt<T> {
    /// A probe for the return type `T`.
    #[inline]
    #[expect(clippy::new_without_default, reason = "written by the macro only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// Found first, where its bounds on the error hold.
pub trait ShareError<V, E> {
    /// A call whose error all followers get.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try<R, F>(self, dogpile: &Dogpile<V, R>, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>;
}

impl<V, E> ShareError<V, E> for Attempt<Result<V, E>>
where
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    #[inline]
    fn __dogpile_try<R, F>(self, dogpile: &Dogpile<V, R>, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        dogpile.try_get_or_compute_shared(compute)
    }
}

/// Found behind one more reference, for every error.
pub trait TakeOver<V, E> {
    /// A call whose error is its caller's.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try<R, F>(self, dogpile: &Dogpile<V, R>, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>;
}

impl<V, E> TakeOver<V, E> for &Attempt<Result<V, E>>
where
    V: Clone + Send + Sync + 'static,
{
    #[inline]
    fn __dogpile_try<R, F>(self, dogpile: &Dogpile<V, R>, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        dogpile.try_get_or_compute(compute)
    }
}
