//! A call in two steps, for generated code: look with what the parameters lend, then compute with what they are.
//!
//! Invariant: what a look-up returns owns all it needs and borrows nothing, so that the computation may consume the
//! parameters, and the receiver.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::call::{Refresh, resolve};
use crate::call_async::{RefreshAsync, resolve_async};
use crate::failing::{Alone, Failing, Never, Together};
use crate::flight::{Flights, Home, Missed};
use crate::timeout::Patience;

/// What a look-up found: a value, or where to compute it. Of one home, so that a value without a key brings no code of a
/// map along.
pub struct Probed<H: Home<V>, V, R> {
    found: Found<H, V>,
    refresh: PhantomData<fn() -> R>,
}

enum Found<H: Home<V>, V> {
    Hit(V),
    Missed(Reserved<H, V>, Missed),
}

/// The flights that were found, or made, for a call. If it never begins, for the user's code may panic before it does, a
/// key that holds nothing is not to stay.
struct Reserved<H: Home<V>, V>(Option<Arc<Flights<V, H>>>);

impl<H: Home<V>, V> Reserved<H, V> {
    fn begin(mut self) -> Arc<Flights<V, H>> {
        self.0.take().expect("it begins once")
    }
}

impl<H: Home<V>, V> Drop for Reserved<H, V> {
    fn drop(&mut self) {
        if let Some(flights) = &self.0 {
            H::vacated(flights);
        }
    }
}

impl<H: Home<V>, V, R> Probed<H, V, R> {
    #[inline]
    pub(crate) fn hit(value: V) -> Self {
        Self { found: Found::Hit(value), refresh: PhantomData }
    }

    pub(crate) fn missed(flights: Arc<Flights<V, H>>, missed: Missed) -> Self {
        Self { found: Found::Missed(Reserved(Some(flights)), missed), refresh: PhantomData }
    }
}

impl<H, V, R> Probed<H, V, R>
where
    H: Home<V>,
    V: Clone + Send + Sync + 'static,
{
    /// The key, for a computation that outlives the parameters.
    pub fn key(&self) -> ProbedKey<H, V> {
        ProbedKey(match &self.found {
            Found::Missed(reserved, _) => reserved.0.clone(),
            Found::Hit(_) => None,
        })
    }

    #[inline]
    fn go_on<F, E>(self, compute: F, patience: Option<Patience<E::Error>>) -> Result<V, E::Error>
    where
        F: FnOnce() -> E::Output,
        E: Failing<V>,
        R: Refresh<F>,
    {
        match self.found {
            Found::Hit(value) => Ok(value),
            Found::Missed(reserved, missed) => {
                resolve::<V, H, R, F, E>(reserved.begin(), missed, compute, patience)
            }
        }
    }

    /// A call that cannot fail.
    #[inline]
    pub fn get_or_compute<F>(self, compute: F) -> V
    where
        F: FnOnce() -> V,
        R: Refresh<F>,
    {
        match self.go_on::<F, Never>(compute, None) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// A call whose error is its caller's, and that waits as long as it has patience.
    ///
    /// # Errors
    ///
    /// With the computation's, or the impatient caller's.
    #[inline]
    pub fn try_alone<F, E>(self, patience: Option<Patience<E>>, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        self.go_on::<F, Alone<E>>(compute, patience)
    }

    /// A call whose error all followers get, and that waits as long as it has patience.
    ///
    /// # Errors
    ///
    /// With the computation's, or the impatient caller's.
    #[inline]
    pub fn try_together<F, E>(self, patience: Option<Patience<E>>, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        E: Clone + Send + Sync + 'static,
        R: Refresh<F>,
    {
        self.go_on::<F, Together<E>>(compute, patience)
    }

    /// As [`go_on`](Self::go_on), for a task.
    #[inline]
    async fn go_on_async<F, Fut, M, O, E>(self, compute: F, patience: Option<Patience<E>>) -> Result<V, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
        M: Failing<V, Output = O, Error = E> + 'static,
        R: RefreshAsync<Fut>,
    {
        match self.found {
            Found::Hit(value) => Ok(value),
            Found::Missed(reserved, missed) => {
                let flights = reserved.begin();
                resolve_async::<V, H, R, F, Fut, M, O, E>(flights, missed, compute, patience).await
            }
        }
    }

    /// As [`get_or_compute`](Self::get_or_compute), for a task. Not by way of [`go_on_async`](Self::go_on_async): each
    /// future in a future costs depth in what the compiler has to prove.
    #[inline]
    pub async fn get_or_compute_async<F, Fut>(self, compute: F) -> V
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
        R: RefreshAsync<Fut>,
    {
        let found = match self.found {
            Found::Hit(value) => return value,
            Found::Missed(reserved, missed) => {
                let flights = reserved.begin();
                resolve_async::<V, H, R, F, Fut, Never, _, _>(flights, missed, compute, None).await
            }
        };
        match found {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`try_alone`](Self::try_alone), for a task.
    ///
    /// # Errors
    ///
    /// As that.
    #[inline]
    pub fn try_alone_async<F, Fut, E>(
        self,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> impl Future<Output = Result<V, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: 'static,
        R: RefreshAsync<Fut>,
    {
        self.go_on_async::<F, Fut, Alone<E>, _, _>(compute, patience)
    }

    /// As [`try_together`](Self::try_together), for a task.
    ///
    /// # Errors
    ///
    /// As that.
    #[inline]
    pub fn try_together_async<F, Fut, E>(
        self,
        patience: Option<Patience<E>>,
        compute: F,
    ) -> impl Future<Output = Result<V, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Clone + Send + Sync + 'static,
        R: RefreshAsync<Fut>,
    {
        self.go_on_async::<F, Fut, Together<E>, _, _>(compute, patience)
    }
}

/// The key of a look-up that found no value.
pub struct ProbedKey<H: Home<V>, V>(Option<Arc<Flights<V, H>>>);

impl<H: Home<V>, V> Deref for ProbedKey<H, V> {
    type Target = H::Key;

    fn deref(&self) -> &H::Key {
        self.0.as_ref().expect("only a computation asks for its key").home.key()
    }
}
