//! One value per key: [`DogpileMap`], the type behind functions with parameters.
//!
//! Thin on purpose: it finds or makes the flights of a key (`table`), and leaves everything else to them.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;

mod tasks;

use crate::call::{Refresh, resolve};
use crate::dogpile::Ref;
use crate::failing::{Alone, Never, Punctual, Together};
use crate::flight::{Home as _, Missed, Terms};
use crate::key::{KeyOf, Lookup};
use crate::policy::{Caller, Policy, Verdict};
use crate::probed::Probed;
use crate::slot::Guard;
use crate::stats::Stats;
use crate::table::{Kept, Node, Table};
use crate::timeout::{Patience, WaitTimeout};

/// Values that many want and one computes, each under its key.
///
/// What [`Dogpile`](crate::Dogpile) promises of its value holds for each key by itself, and keys do not disturb each
/// other: a call waits for nothing but the first value of its own key.
///
/// # Keys
///
/// A key is `Hash + Eq + Clone + Send + Sync + 'static`. Look-ups take anything that is [`Lookup`] for it: a reference
/// to the key; its borrowed form, such as `&str` for a `String`; for a tuple, a tuple of such, as `("de", &7)` for
/// `(String, u64)`. None of them allocates.
///
/// # Capacity
///
/// The policy's `capacity` (10 000 unless told otherwise) bounds the number of keys that have a value. When it is
/// exceeded, values that may not be served any more go first, then those that were asked for least. A key under
/// computation counts only once its value has landed, and one whose value is being regenerated is not evicted; so the
/// map may hold, beyond its capacity, as many keys as there are computations under way. Each time a value lands the map
/// also looks at a few others, and forgets those that are too old to be served.
///
/// Evicted values are dropped a few dozen at a time, unless that were more than an eighth of the capacity: one system
/// call serves them all. Of any key at most one old value waits, and none after [`invalidate`](Self::invalidate).
///
/// # Hashing
///
/// With `foldhash`, seeded at random for every map: whoever chooses keys cannot know which of them collide.
///
/// # Panics of `Hash`, `Eq`, `Clone` and `Drop`
///
/// They go to the caller, and leave the map as it was; only a panic in the destructor of a *key* is swallowed (after the
/// panic hook has seen it), because keys are dropped when nobody looks at them any more, on whatever thread that is.
/// All four may call back into the map.
///
/// # Examples
///
/// ```
/// # use dogpile_runtime as dogpile;
/// use dogpile::{DogpileMap, Policy};
/// use std::time::Duration;
///
/// static LENGTHS: DogpileMap<String, usize> =
///     DogpileMap::new(Policy::expire(Duration::from_secs(3600)).capacity(1_000));
///
/// assert_eq!(LENGTHS.get_or_compute("four".to_owned(), || 4), 4);
/// assert_eq!(LENGTHS.get("four"), Some(4));
/// LENGTHS.invalidate("four");
/// assert_eq!(LENGTHS.len(), 0);
/// ```
pub struct DogpileMap<K, V, R = Caller> {
    policy: Policy<V, R>,
    table: OnceCell<Arc<Table<K, V>>>,
}

impl<K, V, R> DogpileMap<K, V, R> {
    /// An empty map. Nothing is allocated before the first value is wanted.
    pub const fn new(policy: Policy<V, R>) -> Self {
        Self { policy, table: OnceCell::new() }
    }

    /// The options it was made with.
    pub const fn policy(&self) -> &Policy<V, R> {
        &self.policy
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a look-up is a reference, or a few of them in a tuple")]
impl<K, V, R> DogpileMap<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn table(&self) -> &Arc<Table<K, V>> {
        self.table.get_or_init(|| Arc::new(Table::new(Terms::new(self.policy.refresh(Caller)))))
    }

    /// The value, cloned, if that is all there is to do.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `Flights::hit`")]
    fn hit(&self, query: &impl Lookup<Key = K>) -> Result<V, Missed> {
        let table = self.table.get().ok_or(Missed::Nothing)?;
        let (now, hash) = (table.now(), table.hash(query));
        let newest = table.terms().eras.newest();
        let look = |node: &Node<K, V>| {
            node.hit(now, newest, |entry| {
                node.home.visit();
                entry.value.clone()
            })
        };
        table.look(query, hash, look).unwrap_or(Err(Missed::Nothing))
    }

    #[cold]
    fn node(&self, query: &impl Lookup<Key = K>) -> Arc<Node<K, V>> {
        let table = self.table();
        table.node(query, table.hash(query))
    }

    /// The key's node, if there is one.
    fn known(&self, query: &impl Lookup<Key = K>) -> Option<Arc<Node<K, V>>> {
        let table = self.table.get()?;
        table.known(query, table.hash(query))
    }

    fn servable(&self, query: &impl Lookup<Key = K>) -> Option<(Guard<V>, Verdict)> {
        let table = self.table.get()?;
        let hash = table.hash(query);
        let look = |node: &Node<K, V>| {
            let found = node.servable();
            if found.is_some() {
                node.home.visit();
            }
            found
        };
        match table.look(query, hash, look) {
            Some(found) => found,
            None => look(&*table.known(query, hash)?),
        }
    }

    /// The key's value; computed by `compute` if there is none, or if it is stale and this caller is the one elected.
    ///
    /// Waits only while the key has no servable value and somebody else computes it.
    ///
    /// # Panics
    ///
    /// With the panic of `compute`, if this caller ran it, or if waiting would never end (see
    /// [Recursion](crate::Dogpile#recursion)).
    #[inline]
    pub fn get_or_compute<F>(&self, key: K, compute: F) -> V
    where
        F: FnOnce() -> V,
        R: Refresh<F>,
    {
        match self.hit(&&key) {
            Ok(value) => value,
            Err(missed) => {
                match resolve::<V, Kept<K, V>, R, F, Never>(self.node(&&key), missed, compute, None) {
                    Ok(value) => value,
                    Err(never) => match never {},
                }
            }
        }
    }

    /// As [`get_or_compute`](Self::get_or_compute), for a computation that can fail.
    ///
    /// An error is never stored; see [`Dogpile::try_get_or_compute`](crate::Dogpile::try_get_or_compute).
    ///
    /// # Errors
    ///
    /// With the error of `compute`, if this caller ran it and there is no servable value.
    ///
    /// # Panics
    ///
    /// As [`get_or_compute`](Self::get_or_compute).
    #[inline]
    pub fn try_get_or_compute<F, E>(&self, key: K, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        R: Refresh<F>,
    {
        match self.hit(&&key) {
            Ok(value) => Ok(value),
            Err(missed) => resolve::<V, Kept<K, V>, R, F, Alone<E>>(self.node(&&key), missed, compute, None),
        }
    }

    /// As [`try_get_or_compute`](Self::try_get_or_compute), but a failed computation answers everybody who waited for
    /// it, each with a clone of the error.
    ///
    /// # Errors
    ///
    /// With the error of `compute`, or a clone of the one that this caller waited for.
    ///
    /// # Panics
    ///
    /// As [`get_or_compute`](Self::get_or_compute).
    #[inline]
    pub fn try_get_or_compute_shared<F, E>(&self, key: K, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        E: Clone + Send + Sync + 'static,
        R: Refresh<F>,
    {
        match self.hit(&&key) {
            Ok(value) => Ok(value),
            Err(missed) => {
                resolve::<V, Kept<K, V>, R, F, Together<E>>(self.node(&&key), missed, compute, None)
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
    pub fn get_or_compute_timeout<F>(&self, key: K, wait: Duration, compute: F) -> Result<V, WaitTimeout>
    where
        F: FnOnce() -> V,
        R: Refresh<F>,
    {
        let missed = match self.hit(&&key) {
            Ok(value) => return Ok(value),
            Err(missed) => missed,
        };
        let patience = Some(Patience { wait, error: |timeout| timeout });
        resolve::<V, Kept<K, V>, R, F, Punctual>(self.node(&&key), missed, compute, patience)
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
    pub fn try_get_or_compute_timeout<F, E>(&self, key: K, wait: Duration, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Result<V, E>,
        E: From<WaitTimeout>,
        R: Refresh<F>,
    {
        let missed = match self.hit(&&key) {
            Ok(value) => return Ok(value),
            Err(missed) => missed,
        };
        let patience = Some(Patience { wait, error: E::from });
        resolve::<V, Kept<K, V>, R, F, Alone<E>>(self.node(&&key), missed, compute, patience)
    }

    /// The first step of a call, for generated code.
    #[doc(hidden)]
    #[inline]
    pub fn __dogpile_probe(&self, query: impl KeyOf<K>) -> Probed<Kept<K, V>, V, R> {
        match self.hit(&query) {
            Ok(value) => Probed::hit(value),
            Err(missed) => Probed::missed(self.node(&query), missed),
        }
    }

    /// The key's servable value, fresh or stale. Never computes, never waits.
    pub fn get(&self, query: impl KeyOf<K>) -> Option<V> {
        self.servable(&query).map(|(guard, _)| guard.value.clone())
    }

    /// The key's servable value without cloning it. Never computes, never waits; while the guard lives, so does this
    /// value, whatever becomes of the key meanwhile.
    pub fn read(&self, query: impl KeyOf<K>) -> Option<Ref<'_, V>> {
        self.servable(&query).map(|(guard, _)| Ref { guard, _lives: PhantomData })
    }

    /// Stores `value` under `key`, fresh from now on, as [`Dogpile::set`](crate::Dogpile::set) does. Wins over a
    /// computation under way: its result is not stored, and those who wait for it get `value`.
    pub fn set(&self, key: K, mut value: V) {
        let mut node = self.node(&&key);
        while let Err(returned) = node.set(value) {
            value = returned;
            node = Kept::successor(&node);
        }
    }

    /// Forgets the key's value. No call for the key that starts after this returns sees a value computed from before
    /// it.
    ///
    /// Wins over a computation under way: its result goes to those who wait for it already, and is not stored.
    pub fn invalidate(&self, query: impl KeyOf<K>) {
        if let Some(node) = self.known(&query) {
            node.invalidate();
        }
        if let Some(table) = self.table.get() {
            table.flush();
        }
    }

    /// Makes the key's value stale: the next call regenerates it, the others keep it meanwhile, as far as the policy's
    /// `stale` allows. What a computation under way comes to is stored, already stale.
    pub fn expire(&self, query: impl KeyOf<K>) {
        if let Some(node) = self.known(&query) {
            node.expire();
        }
    }

    /// Forgets all values, at the same price for any number of keys. No call that starts after this returns sees a value
    /// computed from before it.
    ///
    /// Computations under way are treated as by [`invalidate`](Self::invalidate). The values themselves are dropped
    /// when their keys are asked for, evicted, or met by the looks around that come with every value that lands.
    pub fn invalidate_all(&self) {
        if let Some(table) = self.table.get() {
            table.terms().eras.invalidate();
            table.flush();
        }
    }

    /// Makes all values stale, at the same price for any number of keys; otherwise as [`expire`](Self::expire).
    pub fn expire_all(&self) {
        if let Some(table) = self.table.get() {
            table.terms().expire_all();
        }
    }

    /// Forgets every servable value of which `keep` says `false`, as [`invalidate`](Self::invalidate) does. Values that
    /// land while this runs may be missed. Its time grows with the number of keys.
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        let Some(table) = self.table.get() else { return };
        for node in table.all() {
            if let Some((guard, _)) = node.servable() {
                if !keep(&node.home.key, &guard.value) {
                    node.invalidate_entry(&guard);
                }
            }
        }
        table.flush();
    }

    /// How many keys have a servable value. Counts them: its time grows with the number of keys.
    pub fn len(&self) -> usize {
        let nodes = self.table.get().map(|table| table.all()).unwrap_or_default();
        nodes.iter().filter(|node| node.servable().is_some()).count()
    }

    /// Whether no key has a servable value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long ago the key's servable value was made.
    pub fn age(&self, query: impl KeyOf<K>) -> Option<Duration> {
        let (guard, _) = self.servable(&query)?;
        let now = self.table.get()?.terms().now();
        Some(Duration::from_nanos(now.saturating_sub(guard.made)))
    }

    /// Whether the key has a servable value, fresh or stale.
    pub fn has_value(&self, query: impl KeyOf<K>) -> bool {
        self.servable(&query).is_some()
    }

    /// Whether the next call for the key would have to regenerate: there is no servable value, or it is stale.
    pub fn is_expired(&self, query: impl KeyOf<K>) -> bool {
        !matches!(self.servable(&query), Some((_, Verdict::Fresh)))
    }

    /// Whether a computation for the key is under way, or waits for a worker, whose result would be stored.
    pub fn is_computing(&self, query: impl KeyOf<K>) -> bool {
        self.known(&query).is_some_and(|node| node.is_computing())
    }

    /// What happened so far, to all keys together.
    pub fn stats(&self) -> Stats {
        Stats::of(self.policy.shown_name(), self.table.get().map(|table| &table.terms().counters))
    }
}

impl<K, V, R> fmt::Debug for DogpileMap<K, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DogpileMap").field("policy", &self.policy).finish_non_exhaustive()
    }
}

// A panic of the user's code is never observed half-way: values are swapped whole, flights end in every case.
impl<K, V, R> UnwindSafe for DogpileMap<K, V, R> {}
impl<K, V, R> RefUnwindSafe for DogpileMap<K, V, R> {}
