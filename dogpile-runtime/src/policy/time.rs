//! The arithmetic of time: when a value expires, when it may be regenerated, how long a failure is heeded.
//!
//! Pure: ticks and draws are given, nothing is looked up.

use std::fmt;
use std::time::Duration;

use super::{Policy, Verdict};
use crate::clock::{NEVER, Source, Tick, ticks};

/// How long values are fresh.
pub(super) enum Lifetime<V> {
    Fixed(Tick),
    /// As the user's function says of each.
    Of(fn(&V) -> Duration),
}

impl<V> Clone for Lifetime<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Lifetime<V> {}

/// A part of something, in millionths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share(u32);

const WHOLE: u32 = 1_000_000;

impl Share {
    pub(super) const ZERO: Self = Self(0);

    #[track_caller]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a million, as asserted"
    )]
    pub(super) const fn percent(percent: f64) -> Self {
        assert!(
            percent > 0.0 && percent < 100.0,
            "a percentage is not above 0 and below 100\nhelp: give one that is, such as `10.0`"
        );
        Self((percent * (WHOLE / 100) as f64) as u32)
    }

    /// This part of `whole`.
    #[expect(clippy::cast_possible_truncation, reason = "less than `whole`")]
    pub(super) const fn of(self, whole: Tick) -> Tick {
        (whole as u128 * self.0 as u128 / WHOLE as u128) as Tick
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / f64::from(WHOLE / 100))
    }
}

/// When a fresh value may be regenerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Early {
    Never,
    /// So long before expiry.
    Before(Tick),
    /// In the last part of its lifetime.
    Share(Share),
    /// As chance decides.
    Auto,
}

/// How long a value is what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The last tick at which it is fresh.
    pub(crate) fresh_until: Tick,
    /// The last tick at which nobody may be elected to regenerate it.
    pub(crate) quiet_until: Tick,
}

/// The longest back-off, as a multiple of `retry`.
const MOST_BACK_OFF: u64 = 60;

/// The largest that the negative logarithm of a draw can be: a draw has 53 bits, so that 2⁻⁵³ is the smallest.
const MOST_LOG: f64 = 36.74;

/// A tick count as a real number, to a precision of 53 bits.
#[expect(clippy::cast_precision_loss, reason = "a hundred days, to the nanosecond")]
fn real(ticks: Tick) -> f64 {
    ticks as f64
}

/// Back to ticks; the fraction is dropped, and what is out of range is the nearest that is in it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, as wanted")]
fn whole(ticks: f64) -> Tick {
    ticks as Tick
}

impl<V, R> Policy<V, R> {
    /// The stamp of `value`, made at `made`, when computations take `delta`, with a `draw` from (0, 1]. `None` if it is
    /// not to be stored. Runs the user's closure.
    pub(crate) fn stamp(&self, value: &V, made: Tick, delta: Tick, draw: f64) -> Option<Stamp> {
        let lifetime = match self.lifetime {
            Lifetime::Fixed(lifetime) => lifetime,
            Lifetime::Of(of) => ticks(of(value)),
        };
        if lifetime == 0 {
            return None;
        }
        if lifetime == NEVER {
            return Some(Stamp { fresh_until: NEVER, quiet_until: NEVER });
        }
        let lifetime = lifetime - whole(real(self.jitter.of(lifetime)) * draw);
        let early = match self.early {
            Early::Never => 0,
            Early::Before(early) => early,
            Early::Share(share) => share.of(lifetime),
            Early::Auto => whole(real(delta) * MOST_LOG),
        };
        let fresh_until = made.saturating_add(lifetime);
        Some(Stamp { fresh_until, quiet_until: fresh_until.saturating_sub(early).max(made) })
    }

    /// Whether a call at `now`, after the quiet time of a fresh value, is to regenerate it.
    pub(crate) fn elects_early(
        &self,
        fresh_until: Tick,
        now: Tick,
        delta: Tick,
        draw: impl FnOnce() -> f64,
    ) -> bool {
        match self.early {
            Early::Never => false,
            Early::Before(_) | Early::Share(_) => true,
            Early::Auto => real(fresh_until.saturating_sub(now)) <= real(delta) * -draw().ln(),
        }
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

    /// From when on a flight that began at `since` may be replaced.
    pub(crate) fn lease_ends(&self, since: Tick) -> Tick {
        since.saturating_add(self.lease).saturating_add(1)
    }

    /// How long a value may be served after it has expired.
    pub(crate) fn stale_ticks(&self) -> Tick {
        self.stale
    }

    pub(crate) fn refreshes_by_chance(&self) -> bool {
        self.early == Early::Auto
    }

    /// Whether values expire by themselves.
    pub(crate) fn expires(&self) -> bool {
        !matches!(self.lifetime, Lifetime::Fixed(NEVER))
    }

    /// The clock that is exact enough for the shortest duration here.
    pub(crate) fn source(&self) -> Source {
        let (Lifetime::Fixed(expire), false) = (self.lifetime, self.refreshes_by_chance()) else {
            return Source::Precise;
        };
        let early = match self.early {
            Early::Before(early) => early,
            Early::Share(share) => share.of(expire),
            Early::Never | Early::Auto => 0,
        };
        let shortened = expire - self.jitter.of(expire);
        Source::for_lengths(&[shortened, self.stale, self.retry, early, self.lease])
    }
}
