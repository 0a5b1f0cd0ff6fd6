//! What a dogpile was told: how long values live, who regenerates them, what happens after a failure.
//!
//! Pure: nothing here knows a lock, an atomic or the time; [`Policy::judge`] is given the tick to judge at.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::clock::{NEVER, Source, Tick, ticks};

/// The elected caller regenerates a stale value itself, inline (`refresh = "caller"`, the default).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller;

/// A worker thread regenerates a stale value while every caller gets the stale one at once
/// (`refresh = "background"`).
///
/// The closures given to such a dogpile must be `Send + 'static`, for they may run on the worker. The workers are
/// at most as many as the machine has processors (but at least four), shared by all dogpiles, named
/// `dogpile-refresh-N`, started when needed, and they end after ten seconds without work. A first value is computed
/// by the caller that wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Background;

/// How a value of some age is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Young enough.
    Fresh,
    /// Expired, still servable.
    Stale,
    /// Too old even for that.
    Gone,
}

/// The longest back-off, as a multiple of `retry`.
const MOST_BACK_OFF: u64 = 60;

/// How many keys are kept unless the policy says otherwise.
const DEFAULT_CAPACITY: usize = 10_000;

/// The options of a [`Dogpile`](crate::Dogpile) or a [`DogpileMap`](crate::DogpileMap), checked.
///
/// The `policy!` macro writes these calls for you and checks the options at compile time. The builder is `const` and
/// also takes values known only at run time. Durations beyond the clock's range of 584 years, above all
/// [`Duration::MAX`], mean "never" or "for ever". All of them are measured on a monotonic clock.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use dogpile_runtime as dogpile;
/// use dogpile::{Dogpile, Policy};
///
/// static RATES: Dogpile<Vec<f64>> = Dogpile::new(
///     Policy::expire(Duration::from_secs(30)).stale(Duration::from_secs(600)).cache_if(|rates| !rates.is_empty()),
/// );
/// assert!(!RATES.has_value());
/// ```
pub struct Policy<V, R = Caller> {
    expire: Tick,
    stale: Tick,
    retry: Tick,
    cache_if: Option<fn(&V) -> bool>,
    capacity: Option<usize>,
    name: Option<&'static str>,
    refresh: PhantomData<fn() -> R>,
}

impl<V> Policy<V> {
    /// Values are fresh for `duration`, counted from the end of their computation. A value whose age equals it is
    /// still fresh.
    ///
    /// # Panics
    ///
    /// If `duration` is zero; in a constant that is a compile-time error.
    #[track_caller]
    pub const fn expire(duration: Duration) -> Self {
        assert!(
            !duration.is_zero(),
            "`expire` is zero, so that no value would ever be fresh\nhelp: give a duration above zero, such as `\"1s\"`"
        );
        Self {
            expire: ticks(duration),
            stale: NEVER,
            retry: ticks(Duration::from_secs(1)),
            cache_if: None,
            capacity: None,
            name: None,
            refresh: PhantomData,
        }
    }

    /// Values stay fresh until [`Dogpile::expire`](crate::Dogpile::expire) or
    /// [`Dogpile::invalidate`](crate::Dogpile::invalidate) says otherwise.
    pub const fn never() -> Self {
        Self::expire(Duration::MAX)
    }
}

impl<V, R> Policy<V, R> {
    /// How long after expiry a value may still be served; [`Duration::MAX`], the default, is for ever, and
    /// [`Duration::ZERO`] makes callers wait as soon as the value has expired.
    #[must_use]
    pub const fn stale(mut self, duration: Duration) -> Self {
        self.stale = ticks(duration);
        self
    }

    /// Who regenerates a stale value: [`Caller`] or [`Background`].
    #[must_use]
    pub const fn refresh<S: Copy>(self, _who: S) -> Policy<V, S> {
        Policy {
            expire: self.expire,
            stale: self.stale,
            retry: self.retry,
            cache_if: self.cache_if,
            capacity: self.capacity,
            name: self.name,
            refresh: PhantomData,
        }
    }

    /// After a failed regeneration the stale value is served this long before the next attempt; the time doubles
    /// with each failure in a row, up to 60 times `duration`. The default is one second.
    #[must_use]
    pub const fn retry(mut self, duration: Duration) -> Self {
        self.retry = ticks(duration);
        self
    }

    /// Values that `predicate` refuses are returned, but not stored.
    #[must_use]
    pub const fn cache_if(mut self, predicate: fn(&V) -> bool) -> Self {
        self.cache_if = Some(predicate);
        self
    }

    /// The most keys that a [`DogpileMap`](crate::DogpileMap) keeps values of; [`usize::MAX`] is without bound. The
    /// default is 10 000. A [`Dogpile`](crate::Dogpile) has no keys, and refuses a policy with a capacity.
    ///
    /// # Panics
    ///
    /// If `keys` is zero; in a constant that is a compile-time error.
    #[track_caller]
    #[must_use]
    pub const fn capacity(mut self, keys: usize) -> Self {
        assert!(
            keys > 0,
            "`capacity` is zero, so that no value would ever be kept\nhelp: give a number above zero, or call the \
             function without a cache"
        );
        self.capacity = Some(keys);
        self
    }

    /// How the dogpile appears in panics and in its `Debug` form.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// How long a value is fresh; `None` is for ever.
    pub const fn lifetime(&self) -> Option<Duration> {
        duration(self.expire)
    }

    /// How long a value may be served after it has expired; `None` is for ever.
    pub const fn servable_after_expiry(&self) -> Option<Duration> {
        duration(self.stale)
    }

    /// The first back-off after a failed regeneration; `None` is for ever.
    pub const fn back_off(&self) -> Option<Duration> {
        duration(self.retry)
    }

    /// The most keys that values are kept of; `None` is without bound.
    pub const fn most_keys(&self) -> Option<usize> {
        match self.capacity {
            None => Some(DEFAULT_CAPACITY),
            Some(usize::MAX) => None,
            some => some,
        }
    }

    /// Whether it says something about keys.
    pub(crate) const fn has_capacity(&self) -> bool {
        self.capacity.is_some()
    }

    /// The given name, or the name of the value's type.
    pub(crate) fn shown_name(&self) -> &'static str {
        self.name.unwrap_or_else(|| std::any::type_name::<V>())
    }

    /// How long a value may be served after it has expired.
    pub(crate) fn stale_ticks(&self) -> Tick {
        self.stale
    }

    /// The clock that is exact enough for the shortest duration here.
    pub(crate) const fn source(&self) -> Source {
        let mut shortest = self.expire;
        if self.stale != 0 && self.stale < shortest {
            shortest = self.stale;
        }
        if self.retry != 0 && self.retry < shortest {
            shortest = self.retry;
        }
        Source::for_shortest(Duration::from_nanos(shortest))
    }

    /// Until when a value made at `made` is fresh.
    pub(crate) fn fresh_until(&self, made: Tick) -> Tick {
        made.saturating_add(self.expire)
    }

    /// How a value that is fresh until `fresh_until` is to be treated at `now`.
    #[inline]
    pub(crate) fn judge(&self, fresh_until: Tick, now: Tick) -> Verdict {
        if now <= fresh_until {
            Verdict::Fresh
        } else if self.stale != 0 && now <= fresh_until.saturating_add(self.stale) {
            Verdict::Stale
        } else {
            Verdict::Gone
        }
    }

    /// When the next attempt may start after the `failures`th failure in a row, at `now`.
    pub(crate) fn retry_at(&self, now: Tick, failures: u32) -> Tick {
        let doubled = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(MOST_BACK_OFF);
        now.saturating_add(self.retry.saturating_mul(doubled.min(MOST_BACK_OFF)))
    }

    /// Whether `value` is to be stored. Runs the user's closure.
    pub(crate) fn is_cacheable(&self, value: &V) -> bool {
        self.cache_if.is_none_or(|predicate| predicate(value))
    }
}

const fn duration(ticks: Tick) -> Option<Duration> {
    if ticks == NEVER { None } else { Some(Duration::from_nanos(ticks)) }
}

impl<V, R> Clone for Policy<V, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V, R> Copy for Policy<V, R> {}

impl<V, R> fmt::Debug for Policy<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.shown_name())
            .field("expire", &self.lifetime())
            .field("stale", &self.servable_after_expiry())
            .field("retry", &self.back_off())
            .field("refresh", &std::any::type_name::<R>().rsplit("::").next().unwrap_or_default())
            .field("has_cache_if", &self.cache_if.is_some())
            .field("capacity", &self.most_keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(expire: u64, stale: u64) -> Policy<u8> {
        Policy::expire(Duration::from_nanos(expire)).stale(Duration::from_nanos(stale))
    }

    #[test]
    fn age_equal_to_expire_is_still_fresh() {
        let policy = policy(10, 5);
        let until = policy.fresh_until(100);
        assert_eq!(policy.judge(until, 110), Verdict::Fresh);
        assert_eq!(policy.judge(until, 111), Verdict::Stale);
        assert_eq!(policy.judge(until, 115), Verdict::Stale);
        assert_eq!(policy.judge(until, 116), Verdict::Gone);
    }

    #[test]
    fn zero_stale_is_gone_on_expiry() {
        let policy = policy(10, 0);
        assert_eq!(policy.judge(policy.fresh_until(100), 111), Verdict::Gone);
    }

    #[test]
    fn never_and_for_ever_do_not_overflow() {
        let never = Policy::<u8>::never();
        assert_eq!(never.judge(never.fresh_until(NEVER - 1), NEVER - 1), Verdict::Fresh);
        let for_ever = Policy::<u8>::expire(Duration::from_nanos(1));
        assert_eq!(for_ever.judge(for_ever.fresh_until(1), NEVER - 1), Verdict::Stale);
        assert_eq!(never.lifetime(), None);
    }

    #[test]
    fn back_off_doubles_up_to_sixty_times() {
        let policy = Policy::<u8>::expire(Duration::from_secs(1)).retry(Duration::from_nanos(10));
        let waits: Vec<_> = (1..=8).map(|failures| policy.retry_at(0, failures)).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(policy.retry_at(0, u32::MAX), 600);
    }

    #[test]
    fn coarse_clock_only_where_one_per_cent_allows_it() {
        let second = Duration::from_secs(1);
        assert_eq!(Policy::<u8>::expire(second).source(), Source::Coarse);
        assert_eq!(Policy::<u8>::expire(second / 2).source(), Source::Precise);
        assert_eq!(Policy::<u8>::expire(second).stale(second / 2).source(), Source::Precise);
        assert_eq!(Policy::<u8>::expire(second).stale(Duration::ZERO).source(), Source::Coarse);
        assert_eq!(Policy::<u8>::expire(second).retry(second / 2).source(), Source::Precise);
    }
}
