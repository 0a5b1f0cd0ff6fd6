//! What a dogpile was told: how long values live, who regenerates them, what happens after a failure.
//!
//! Pure: nothing here knows a lock, an atomic or the time; [`Policy::judge`] is given the tick to judge at.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::clock::{NEVER, Tick, ticks};

mod time;

pub(crate) use time::{Early, Stamp};
use time::{Lifetime, Share};

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
    lifetime: Lifetime<V>,
    stale: Tick,
    early: Early,
    jitter: Share,
    retry: Tick,
    lease: Tick,
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
        Self::living(Lifetime::Fixed(ticks(duration)))
    }

    /// Each value is fresh for as long as `lifetime` says of it, counted from the end of its computation. A value with a
    /// lifetime of zero is returned, but not stored.
    ///
    /// Lifetimes that are not known beforehand are measured with the precise clock.
    pub const fn expire_with(lifetime: fn(&V) -> Duration) -> Self {
        Self::living(Lifetime::Of(lifetime))
    }

    const fn living(lifetime: Lifetime<V>) -> Self {
        Self {
            lifetime,
            stale: NEVER,
            early: Early::Never,
            jitter: Share::ZERO,
            retry: ticks(Duration::from_secs(1)),
            lease: NEVER,
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
            lifetime: self.lifetime,
            stale: self.stale,
            early: self.early,
            jitter: self.jitter,
            retry: self.retry,
            lease: self.lease,
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

    /// One caller may regenerate a value from `duration` before its expiry on, while everybody else keeps it.
    ///
    /// # Panics
    ///
    /// If `duration` is zero, or not shorter than what [`jitter`](Self::jitter) may leave of a fixed `expire`; in a
    /// constant that is a compile-time error.
    #[track_caller]
    #[must_use]
    pub const fn early(mut self, duration: Duration) -> Self {
        assert!(
            !duration.is_zero(),
            "`early` is zero, which is what happens without it\nhelp: give a duration above zero, or leave it out"
        );
        self.early = Early::Before(ticks(duration));
        self.checked()
    }

    /// Refuses a window of early elections that would leave nothing of a lifetime.
    #[track_caller]
    const fn checked(self) -> Self {
        if let (Early::Before(early), Lifetime::Fixed(expire)) = (self.early, &self.lifetime) {
            assert!(
                early < *expire,
                "`early` is not shorter than `expire`, so that every call would regenerate\nhelp: give a shorter `early`"
            );
            assert!(
                early < *expire - self.jitter.of(*expire),
                "`early` is not shorter than what `jitter` may leave of `expire`\nhelp: give a shorter `early`, or less \
                 `jitter`"
            );
        }
        self
    }

    /// As [`early`](Self::early), from the last `percent` of each value's lifetime on.
    ///
    /// # Panics
    ///
    /// If `percent` is not above 0 and below 100; in a constant that is a compile-time error.
    #[track_caller]
    #[must_use]
    pub const fn early_percent(mut self, percent: f64) -> Self {
        self.early = Early::Share(Share::percent(percent));
        self
    }

    /// As [`early`](Self::early), at a time that chance decides call by call, the likelier the nearer expiry is and the
    /// longer computations take, so that a value that is asked for often is regenerated in time and rarely twice.
    ///
    /// With *delta* the 90th percentile of the last 64 computation times of the dogpile, and *u* drawn uniformly from
    /// (0, 1] for each call, a call is elected when the time to expiry is at most *delta* · -ln(*u*). More than 36.74
    /// *delta* before expiry nothing is drawn. (`XFetch`: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic
    /// Cache Stampede Prevention", PVLDB 8(8), 2015.) Measured with the precise clock.
    #[must_use]
    pub const fn early_auto(mut self) -> Self {
        self.early = Early::Auto;
        self
    }

    /// Each value's lifetime is shortened by a random share of up to `percent` of it, so that values made together do
    /// not expire together.
    ///
    /// # Panics
    ///
    /// If `percent` is not above 0 and below 100, or leaves less of a fixed `expire` than [`early`](Self::early); in a
    /// constant that is a compile-time error.
    #[track_caller]
    #[must_use]
    pub const fn jitter(mut self, percent: f64) -> Self {
        self.jitter = Share::percent(percent);
        self.checked()
    }

    /// A computation that has been under way for longer than `duration` may be replaced: the next caller, or one that
    /// waits for it, computes anew, and the result, error or panic of the old one is nobody's but its own caller's.
    ///
    /// For tasks that wait, a thread named `dogpile-timer` keeps the time; it ends ten seconds after the last of them. With
    /// [`Background`], a worker that takes longer is written off when the next refresh is queued, and another one may be
    /// started in its place.
    ///
    /// # Panics
    ///
    /// If `duration` is zero; in a constant that is a compile-time error.
    #[track_caller]
    #[must_use]
    pub const fn lease(mut self, duration: Duration) -> Self {
        assert!(
            !duration.is_zero(),
            "`lease` is zero, so that every computation would be replaced at once\nhelp: give a duration longer than \
             any computation should take"
        );
        self.lease = ticks(duration);
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

    /// How the dogpile appears in panics, in its [`Stats`](crate::Stats) and in its `Debug` form.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// How long a value is fresh; `None` is for ever, or as each value says.
    pub const fn lifetime(&self) -> Option<Duration> {
        match self.lifetime {
            Lifetime::Fixed(expire) => duration(expire),
            Lifetime::Of(_) => None,
        }
    }

    /// How long a computation may take before it may be replaced; `None` is for ever.
    pub const fn leased_for(&self) -> Option<Duration> {
        duration(self.lease)
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
            .field("early", &self.early)
            .field("jitter", &self.jitter)
            .field("retry", &self.back_off())
            .field("lease", &self.leased_for())
            .field("refresh", &std::any::type_name::<R>().rsplit("::").next().unwrap_or_default())
            .field("has_cache_if", &self.cache_if.is_some())
            .field("capacity", &self.most_keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
