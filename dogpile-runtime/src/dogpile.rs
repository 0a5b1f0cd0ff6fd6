//! One value: [`Dogpile`], the type behind functions without parameters.
//!
//! Thin on purpose: it finds or makes the [`Flights`] of its one key, and turns their answers into return values.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;

mod tasks;

use crate::call::{Refresh, resolve};
use crate::failing::{Alone, Never, Punctual, Together};
use crate::flight::{Flights, Missed, Terms};
use crate::key::Keyless;
use crate::policy::{Caller, Policy, Verdict};
use crate::probed::Probed;
use crate::slot::Guard;
use crate::stats::Stats;
use crate::timeout::{Patience, WaitTimeout};

/// A value that many want and one computes.
///
/// Calls return the cached value at the price of a plain read. They wait only while the very first value is computed;
/// after expiry exactly one caller regenerates it while everybody else keeps the stale one.
///
/// `R` is who regenerates: [`Caller`] or [`Background`](crate::Background), as the policy says.
///
/// # Recursion
///
/// A computation that asks its own dogpile for the value it is just computing for the first time panics at once with
/// the dogpile's name, and so does the last of several computations that wait for each other in a circle, over any
/// number of threads. While a stale value exists such calls return it. Not detected is a computation that waits, by
/// other means, for a thread that asks the same dogpile.
///
/// # Panics
///
/// A panic of a computation goes to its caller alone; a follower takes over, a stale value stays, nothing is poisoned.
///
/// # Examples
///
/// ```
/// # use dogpile_runtime as dogpile;
/// use dogpile::{Dogpile, Policy};
/// use std::time::Duration;
///
/// static ANSWER: Dogpile<u32> = Dogpile::new(Policy::expire(Duration::from_secs(3600)));
///
/// assert_eq!(ANSWER.get(), None);
/// assert_eq!(ANSWER.get_or_compute(|| 42), 42);
/// assert_eq!(ANSWER.get_or_compute(|| unreachable!("it is fresh")), 42);
/// ANSWER.invalidate();
/// assert!(!ANSWER.has_value());
/// ```
pub struct Dogpile<V, R = Caller> {
    policy: Policy<V, R>,
    flights: OnceCell<Arc<Flights<V>>>,
}

impl<V, R> Dogpile<V, R> {
    /// An empty dogpile. Nothing is allocated before the first value is wanted.
    ///
    /// # Panics
    ///
    /// If the policy has a capacity, for there are no keys here; in a constant that is a compile-time error.
    #[track_caller]
    pub const fn new(policy: Policy<V, R>) -> Self {
        assert!(
            !policy.has_capacity(),
            "a `Dogpile` keeps one value and has no `capacity`\nhelp: remove it from the policy, or use a `DogpileMap`"
        );
        Self { policy, flights: OnceCell::new() }
    }

    /// The options it was made with.
    pub const fn policy(&self) -> &Policy<V, R> {
        &self.policy
    }
}

impl<V: Clone + Send + Sync + 'static, R> Dogpile<V, R> {
    fn flights(&self) -> &Arc<Flights<V>> {
        self.flights.get_or_init(|| {
            let terms = Terms::new(self.policy.refresh(Caller));
            Arc::new(Flights::new(Arc::new(terms), ()))
        })
    }

    /// The value, cloned, if that is all there is to do.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `Flights::hit`")]
    fn hit(&self) -> Result<V, Missed> {
        let flights = self.flights.get().ok_or(Missed::Nothing)?;
        flights.hit(flights.now(), 0, |entry| entry.value.clone())
    }

    fn servable(&self) -> Option<(Guard<V>, Verdict)> {
        self.flights.get()?.servable()
    }

    /// The value; computed by `compute` if there is none, or if it is stale and this caller is the one elected.
    ///
    /// Waits only while there is no servable value and somebody else computes one.
    ///
    /// # Panics
    ///
    /// With the panic of `compute`, if this caller ran it, or if waiting would never end (see
    /// [Recursion](Dogpile#recursion)).
    #[inline]
    pub fn get_or_compute<F>(&self, compute: F) -> V
    where
        F: FnOnce() -> V,
        R: Refresh<F>,
    {
        match self.hit() {
            Ok(value) => value,
            Err(missed) => {
                match resolve::<V, (), R, F, Never>(Arc::clone(self.flights()), missed, compute, None) {
                    Ok(value) => value,
                    Err(never) => match never {},
                }
            }
        }
    }

    /// As [`get_or_compute`](Dogpile::get_or_compute), for a computation that can fail.
    ///
    /// An error is never stored. While the old value may be served, the caller whose regeneration failed gets it
    /// instead of the error, and the next attempt is held back as the policy's `retry` says. Followers of a failed
    /// computation try in their turn, one after the other.
    ///
    /// # Errors
    ///
    /// With the error of `compute`, if this caller ran it and there is no servable value.
    ///
    /// # Panics
    ///
    /// As [`get_or_compute`](Dogpile::get_or_compute).
    #[inline]
    pub fn try_get_or_compute<F, E>(&self, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        match self.hit() {
            Ok(value) => Ok(value),
            Err(missed) => {
                resolve::<V, (), R, F, Alone<E>>(Arc::clone(self.flights()), missed, compute, None)
            }
        }
    }

    /// As [`try_get_or_compute`](Dogpile::try_get_or_compute), but a failed computation answers everybody who waited
    /// for it: each gets a clone of the error, and a failing origin is asked once per herd.
    ///
    /// Followers that expect an error of another type try in their turn.
    ///
    /// # Errors
    ///
    /// With the error of `compute`, or a clone of the one that this caller waited for.
    ///
    /// # Panics
    ///
    /// As [`get_or_compute`](Dogpile::get_or_compute).
    #[inline]
    pub fn try_get_or_compute_shared<F, E>(&self, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        E: Clone + Send + Sync + 'static,
        R: Refresh<F>,
    {
        match self.hit() {
            Ok(value) => Ok(value),
            Err(missed) => {
                resolve::<V, (), R, F, Together<E>>(Arc::clone(self.flights()), missed, compute, None)
            }
        }
    }

    /// As [`get_or_compute`](Self::get_or_compute), but waits for somebody else's computation no longer than `wait`.
    /// What this caller computes itself takes as long as it takes.
    ///
    /// # Errors
    ///
    /// With [`WaitTimeout`] if `wait` has passed and there is still no servable value.
    ///
    /// # Panics
    ///
    /// As [`get_or_compute`](Self::get_or_compute).
    pub fn get_or_compute_timeout<F>(&self, wait: Duration, compute: F) -> Result<V, WaitTimeout>
    where
        F: FnOnce() -> V,
        R: Refresh<F>,
    {
        let missed = match self.hit() {
            Ok(value) => return Ok(value),
            Err(missed) => missed,
        };
        let patience = Some(Patience { wait, error: |timeout| timeout });
        resolve::<V, (), R, F, Punctual>(Arc::clone(self.flights()), missed, compute, patience)
    }

    /// As [`try_get_or_compute`](Self::try_get_or_compute), but waits for somebody else's computation no longer than
    /// `wait`.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_compute`](Self::try_get_or_compute), and with [`WaitTimeout`] as an `E` if `wait` has passed and
    /// there is still no servable value.
    ///
    /// # Panics
    ///
    /// As [`get_or_compute`](Self::get_or_compute).
    pub fn try_get_or_compute_timeout<F, E>(&self, wait: Duration, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        E: From<WaitTimeout>,
        R: Refresh<F>,
    {
        let missed = match self.hit() {
            Ok(value) => return Ok(value),
            Err(missed) => missed,
        };
        let patience = Some(Patience { wait, error: E::from });
        resolve::<V, (), R, F, Alone<E>>(Arc::clone(self.flights()), missed, compute, patience)
    }

    /// The first step of a call, for generated code.
    #[doc(hidden)]
    #[inline]
    pub fn __dogpile_probe<Q: Keyless>(&self, _: Q) -> Probed<(), V, R> {
        match self.hit() {
            Ok(value) => Probed::hit(value),
            Err(missed) => Probed::missed(Arc::clone(self.flights()), missed),
        }
    }

    /// The servable value, fresh or stale. Never computes, never waits.
    pub fn get(&self) -> Option<V> {
        self.servable().map(|(guard, _)| guard.value.clone())
    }

    /// The servable value without cloning it. Never computes, never waits; while the guard lives, so does this value,
    /// whatever becomes of the dogpile meanwhile.
    pub fn read(&self) -> Option<Ref<'_, V>> {
        self.servable().map(|(guard, _)| Ref { guard, _lives: PhantomData })
    }

    /// Stores `value`, fresh from now on, whatever `cache_if` says of it.
    ///
    /// Wins over a computation under way: its result is not stored, those who wait for it get `value`. Where the policy's
    /// closure gives `value` no lifetime, this is an [`invalidate`](Self::invalidate).
    pub fn set(&self, value: V) {
        let outcome = self.flights().set(value);
        debug_assert!(outcome.is_ok(), "a value without a key is never removed");
    }

    /// Forgets the value. No call that starts after this returns sees a value computed from before it.
    ///
    /// Wins over a computation under way: its result goes to those who wait for it already, and is not stored.
    pub fn invalidate(&self) {
        if let Some(flights) = self.flights.get() {
            flights.invalidate();
        }
    }

    /// Makes the value stale: the next call regenerates it, the others keep it meanwhile, as far as the policy's
    /// `stale` allows. What a computation under way comes to is stored, already stale.
    pub fn expire(&self) {
        if let Some(flights) = self.flights.get() {
            flights.expire();
        }
    }

    /// How long ago the servable value was made.
    pub fn age(&self) -> Option<Duration> {
        let (guard, _) = self.servable()?;
        let now = self.flights.get()?.terms().now();
        Some(Duration::from_nanos(now.saturating_sub(guard.made)))
    }

    /// Whether there is a servable value, fresh or stale.
    pub fn has_value(&self) -> bool {
        self.servable().is_some()
    }

    /// Whether the next call would have to regenerate: there is no servable value, or it is stale.
    pub fn is_expired(&self) -> bool {
        !matches!(self.servable(), Some((_, Verdict::Fresh)))
    }

    /// Whether a computation is under way, or waits for a worker, whose result would be stored.
    pub fn is_computing(&self) -> bool {
        self.flights.get().is_some_and(|flights| flights.is_computing())
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        Stats::of(self.policy.shown_name(), self.flights.get().map(|flights| &flights.terms().counters))
    }
}

/// A value being read, not cloned: [`Dogpile::read`].
///
/// It holds up nobody. Whatever replaces the value meanwhile is not seen through it.
pub struct Ref<'a, V> {
    pub(crate) guard: Guard<V>,
    pub(crate) _lives: PhantomData<&'a V>,
}

impl<V> Deref for Ref<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.guard.value
    }
}

impl<V: fmt::Debug> fmt::Debug for Ref<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<V: Clone + Send + Sync + 'static, R> fmt::Debug for Dogpile<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dogpile")
            .field("name", &self.policy.shown_name())
            .field("has_value", &self.has_value())
            .field("is_expired", &self.is_expired())
            .field("is_computing", &self.is_computing())
            .finish_non_exhaustive()
    }
}

// A panic of the user's code is never observed half-way: values are swapped whole, flights end in every case.
impl<V, R> UnwindSafe for Dogpile<V, R> {}
impl<V, R> RefUnwindSafe for Dogpile<V, R> {}
