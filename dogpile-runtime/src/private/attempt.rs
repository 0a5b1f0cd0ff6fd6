//! A call of a function: method resolution finds out whether its value can be kept, and what becomes of its errors.

use std::future::Future;
use std::marker::PhantomData;

use crate::call::Refresh;
use crate::call_async::RefreshAsync;
use crate::flight::Home;
use crate::probed::Probed;
use crate::timeout::Patience;

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

/// A call of a function that cannot fail; found where its bounds hold.
pub trait Call<V> {
    /// The call.
    fn __dogpile_call<H, R, F>(self, probed: Probed<H, V, R>, compute: F) -> V
    where
        H: Home<V>,
        F: FnOnce() -> V,
        R: Refresh<F>;

    /// As `__dogpile_call`, of an async function.
    fn __dogpile_call_async<H, R, F, Fut>(
        self,
        probed: Probed<H, V, R>,
        compute: F,
    ) -> impl Future<Output = V>
    where
        H: Home<V>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
        R: RefreshAsync<Fut>;
}

impl<V: Clone + Send + Sync + 'static> Call<V> for &Attempt<V> {
    #[inline]
    fn __dogpile_call<H, R, F>(self, probed: Probed<H, V, R>, compute: F) -> V
    where
        H: Home<V>,
        F: FnOnce() -> V,
        R: Refresh<F>,
    {
        probed.get_or_compute(compute)
    }

    #[inline]
    fn __dogpile_call_async<H, R, F, Fut>(
        self,
        probed: Probed<H, V, R>,
        compute: F,
    ) -> impl Future<Output = V>
    where
        H: Home<V>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
        R: RefreshAsync<Fut>,
    {
        probed.get_or_compute_async(compute)
    }
}

/// Found where they do not: the static or the field that was to keep the value has complained already.
pub trait NotKept<V> {
    /// Never runs.
    fn __dogpile_call<P, F: FnOnce() -> V>(self, probed: P, compute: F) -> V;

    /// Never runs.
    fn __dogpile_call_async<P, F, Fut>(self, probed: P, compute: F) -> impl Future<Output = V>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>;
}

impl<V> NotKept<V> for Attempt<V> {
    fn __dogpile_call<P, F: FnOnce() -> V>(self, _: P, compute: F) -> V {
        compute()
    }

    fn __dogpile_call_async<P, F, Fut>(self, _: P, compute: F) -> impl Future<Output = V>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        compute()
    }
}

/// Found first, where its bounds on the error hold. Those on the value hold wherever a static or a field keeps it: one
/// complaint is enough.
pub trait ShareError<V, E> {
    /// A call whose error all followers get.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try<H, R, F>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> Result<V, E>
    where
        H: Home<V>,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>;

    /// As `__dogpile_try`, of an async function.
    fn __dogpile_try_async<H, R, F, Fut>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> impl Future<Output = Result<V, E>>
    where
        H: Home<V>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        R: RefreshAsync<Fut>;
}

impl<V, E> ShareError<V, E> for &Attempt<Result<V, E>>
where
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    #[inline]
    fn __dogpile_try<H, R, F>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> Result<V, E>
    where
        H: Home<V>,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        probed.try_together(patience, compute)
    }

    #[inline]
    fn __dogpile_try_async<H, R, F, Fut>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> impl Future<Output = Result<V, E>>
    where
        H: Home<V>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        R: RefreshAsync<Fut>,
    {
        probed.try_together_async(patience, compute)
    }
}

/// Found second, for every error.
pub trait TakeOver<V, E> {
    /// A call whose error is its caller's.
    ///
    /// # Errors
    ///
    /// With the function's own.
    fn __dogpile_try<H, R, F>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> Result<V, E>
    where
        H: Home<V>,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>;

    /// As `__dogpile_try`, of an async function.
    fn __dogpile_try_async<H, R, F, Fut>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> impl Future<Output = Result<V, E>>
    where
        H: Home<V>,
        E: 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        R: RefreshAsync<Fut>;
}

impl<V: Clone + Send + Sync + 'static, E> TakeOver<V, E> for &&Attempt<Result<V, E>> {
    #[inline]
    fn __dogpile_try<H, R, F>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> Result<V, E>
    where
        H: Home<V>,
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        probed.try_alone(patience, compute)
    }

    #[inline]
    fn __dogpile_try_async<H, R, F, Fut>(
        self,
        probed: Probed<H, V, R>,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> impl Future<Output = Result<V, E>>
    where
        H: Home<V>,
        E: 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        R: RefreshAsync<Fut>,
    {
        probed.try_alone_async(patience, compute)
    }
}

/// Found last, for what is no `Result` at all, or none of a value that can be kept: there is a complaint already.
pub trait NotFallible<T> {
    /// Never runs.
    fn __dogpile_try<P, F: FnOnce() -> T>(self, probed: P, patience: Option<()>, compute: F) -> T;

    /// Never runs.
    fn __dogpile_try_async<P, F, Fut>(
        self,
        probed: P,
        patience: Option<()>,
        compute: F,
    ) -> impl Future<Output = T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>;
}

impl<T> NotFallible<T> for Attempt<T> {
    fn __dogpile_try<P, F: FnOnce() -> T>(self, _: P, _: Option<()>, compute: F) -> T {
        compute()
    }

    fn __dogpile_try_async<P, F, Fut>(self, _: P, _: Option<()>, compute: F) -> impl Future<Output = T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        compute()
    }
}
