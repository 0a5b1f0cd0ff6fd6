//! A call in two steps, for generated code: look with what the parameters lend, then compute with what they are.
//!
//! Invariant: what a look-up returns owns all it needs and borrows nothing, so that the computation may consume the
//! parameters, and the receiver.

use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::call::{Refresh, resolve};
use crate::call_async::{RefreshAsync, resolve_async};
use crate::failing::{Alone, Failing, Never, Together};
use crate::flight::{Flights, Missed};
use crate::table::{Kept, Node};
use crate::timeout::Patience;

/// What a look-up found: a value, or where to compute it.
pub struct Probed<K, V, R> {
    found: Found<K, V>,
    refresh: PhantomData<fn() -> R>,
}

enum Found<K, V> {
    Hit(V),
    /// In a dogpile of its own.
    Alone(Arc<Flights<V>>, Missed),
    /// In a map.
    Kept(Reserved<K, V>, Missed),
}

/// A node that was found or made for a call. If the call never begins, for the user's code may panic before it does, a node
/// that holds nothing is not to stay.
struct Reserved<K, V> {
    node: Option<Arc<Node<K, V>>>,
    vacate: fn(&Arc<Node<K, V>>),
}

impl<K, V> Reserved<K, V> {
    fn begin(mut self) -> Arc<Node<K, V>> {
        self.node.take().expect("it begins once")
    }
}

impl<K, V> Drop for Reserved<K, V> {
    fn drop(&mut self) {
        if let Some(node) = &self.node {
            (self.vacate)(node);
        }
    }
}

impl<K, V, R> Probed<K, V, R> {
    #[inline]
    pub(crate) fn hit(value: V) -> Self {
        Self { found: Found::Hit(value), refresh: PhantomData }
    }

    pub(crate) fn alone(flights: Arc<Flights<V>>, missed: Missed) -> Self {
        Self { found: Found::Alone(flights, missed), refresh: PhantomData }
    }

    pub(crate) fn kept(node: Arc<Node<K, V>>, missed: Missed) -> Self
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let reserved = Reserved { node: Some(node), vacate: Flights::remove_vacant };
        Self { found: Found::Kept(reserved, missed), refresh: PhantomData }
    }
}

impl<K, V, R> Probed<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The key, for a computation that outlives the parameters.
    pub fn key(&self) -> ProbedKey<K, V> {
        ProbedKey(match &self.found {
            Found::Kept(reserved, _) => reserved.node.clone(),
            Found::Hit(_) | Found::Alone(..) => None,
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
            Found::Alone(flights, missed) => resolve::<V, (), R, F, E>(flights, missed, compute, patience),
            Found::Kept(reserved, missed) => {
                resolve::<V, Kept<K, V>, R, F, E>(reserved.begin(), missed, compute, patience)
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
            Found::Alone(flights, missed) => {
                resolve_async::<V, (), R, F, Fut, M, O, E>(flights, missed, compute, patience).await
            }
            Found::Kept(reserved, missed) => {
                let node = reserved.begin();
                resolve_async::<V, Kept<K, V>, R, F, Fut, M, O, E>(node, missed, compute, patience).await
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
            Found::Alone(flights, missed) => {
                resolve_async::<V, (), R, F, Fut, Never, _, _>(flights, missed, compute, None).await
            }
            Found::Kept(reserved, missed) => {
                let node = reserved.begin();
                resolve_async::<V, Kept<K, V>, R, F, Fut, Never, _, _>(node, missed, compute, None).await
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
pub struct ProbedKey<K, V>(Option<Arc<Node<K, V>>>);

impl<K, V> Deref for ProbedKey<K, V> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.0.as_ref().expect("only a computation asks for its key").home.key
    }
}
