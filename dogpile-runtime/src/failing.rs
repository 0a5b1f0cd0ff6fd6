//! In which ways a computation can fail, for its caller and for those who wait: not at all, alone, together.

use std::any::Any;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::flight::{Computed, SharedError};
use crate::timeout::WaitTimeout;

/// How the result of a computation splits into value and error, and what followers may have of the error.
pub(crate) trait Failing<V> {
    type Output;
    type Error;

    fn split(output: Self::Output) -> Result<V, Self::Error>;

    /// What a computation returns that fails so.
    fn failed(error: Self::Error) -> Self::Output;

    fn share(_: &Self::Error) -> Option<SharedError> {
        None
    }

    fn takes(_: &(dyn Any + Send + Sync)) -> bool {
        false
    }

    fn unshare(_: &(dyn Any + Send + Sync)) -> Self::Error {
        unreachable!("an error that it does not take")
    }
}

/// It cannot fail.
pub(crate) struct Never;

/// The error is its caller's.
pub(crate) struct Alone<E>(PhantomData<E>);

/// Followers get a clone of the error.
pub(crate) struct Together<E>(PhantomData<E>);

impl<V> Failing<V> for Never {
    type Output = V;
    type Error = Infallible;

    fn split(output: V) -> Result<V, Infallible> {
        Ok(output)
    }

    fn failed(error: Infallible) -> V {
        match error {}
    }
}

/// It cannot fail, but waiting for it can.
pub(crate) struct Punctual;

impl<V> Failing<V> for Punctual {
    type Output = V;
    type Error = WaitTimeout;

    fn split(output: V) -> Result<V, WaitTimeout> {
        Ok(output)
    }

    fn failed(_: WaitTimeout) -> V {
        unreachable!("a computation does not wait for itself")
    }
}

impl<V, E> Failing<V> for Alone<E> {
    type Output = Result<V, E>;
    type Error = E;

    fn split(output: Result<V, E>) -> Result<V, E> {
        output
    }

    fn failed(error: E) -> Result<V, E> {
        Err(error)
    }
}

impl<V, E: Clone + Send + Sync + 'static> Failing<V> for Together<E> {
    type Output = Result<V, E>;
    type Error = E;

    fn split(output: Result<V, E>) -> Result<V, E> {
        output
    }

    fn failed(error: E) -> Result<V, E> {
        Err(error)
    }

    fn share(error: &E) -> Option<SharedError> {
        Some(Arc::new(error.clone()))
    }

    fn takes(error: &(dyn Any + Send + Sync)) -> bool {
        error.is::<E>()
    }

    fn unshare(error: &(dyn Any + Send + Sync)) -> E {
        error.downcast_ref::<E>().expect("`takes` looked at its type").clone()
    }
}

/// Computes, and keeps the error beside what followers may know of it.
pub(crate) fn run<V, K: Failing<V>>(compute: impl FnOnce() -> K::Output) -> (Computed<V>, Option<K::Error>) {
    match K::split(compute()) {
        Ok(value) => (Computed::Value(value), None),
        Err(error) => (Computed::Failed(K::share(&error)), Some(error)),
    }
}
