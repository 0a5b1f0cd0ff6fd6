//! The hit: a call that need do nothing but take the value.
//!
//! Made so that the compiler can write it down in one piece, wherever it is called from: whatever is unusual is done in
//! functions of its own, and to the end, so that nothing has to be kept for coming back.

use super::{Flights, Home, Missed};
use crate::clock::{NEVER, Source, Tick};
use crate::policy::Verdict;
use crate::slot::{Entry, Guard};
use crate::sync::Ordering;

impl<V, H: Home<V>> Flights<V, H> {
    /// The time by which a hit is judged; [`NEVER`] if values do not expire by themselves. To be asked for before anything
    /// else: a call keeps nothing across it but `self`. And of a value that is made meanwhile it says "fresh".
    #[inline]
    pub(crate) fn now(&self) -> Tick {
        self.clock.map_or(NEVER, Source::now)
    }

    /// What `take` makes of the value, if this caller need do nothing but take it: fresh, or stale with the gate closed; and
    /// of the `newest` era, so that nothing announced to all keys is left to look up.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a third of the whole")]
    pub(crate) fn hit<T>(
        &self,
        now: Tick,
        newest: u64,
        take: impl FnOnce(&Entry<V>) -> T,
    ) -> Result<T, Missed> {
        let elsewhere = match self.slot.read_at_once() {
            Some(guard) if H::REMOVES && guard.era() != newest => Err(Missed::Nothing),
            Some(guard) if now <= guard.quiet_until() => return Ok(take(&guard)),
            Some(guard) if self.serves_stale_at_once(guard.fresh_until(), now) => return Ok(take(&guard)),
            Some(guard) => self.hit_beyond_quiet(guard, now, take),
            None => self.hit_by_detour(now, newest, take),
        };
        // Taken apart and put together, so that a hit has its result in registers.
        match elsewhere {
            Ok(value) => Ok(value),
            Err(missed) => Err(missed),
        }
    }

    /// As [`hit`](Self::hit), where there is nothing to read, or no hazard at hand, or the value is just being replaced.
    #[cold]
    #[inline(never)]
    fn hit_by_detour<T>(
        &self,
        now: Tick,
        newest: u64,
        take: impl FnOnce(&Entry<V>) -> T,
    ) -> Result<T, Missed> {
        match self.slot.read() {
            Some(guard) if H::REMOVES && guard.era() != newest => Err(Missed::Nothing),
            Some(guard) if now <= guard.quiet_until() => Ok(take(&guard)),
            Some(guard) => self.hit_beyond_quiet(guard, now, take),
            None => Err(Missed::Nothing),
        }
    }

    /// As [`hit`](Self::hit), for a value of the newest era whose quiet time is over.
    #[cold]
    #[inline(never)]
    #[expect(clippy::needless_pass_by_value, reason = "its caller is to keep nothing")]
    fn hit_beyond_quiet<T>(
        &self,
        guard: Guard<V>,
        now: Tick,
        take: impl FnOnce(&Entry<V>) -> T,
    ) -> Result<T, Missed> {
        let now = if self.clock.is_some() { now } else { self.terms.now() };
        let fresh_until = guard.fresh_until();
        if now > fresh_until {
            if self.is_served_stale(fresh_until, now) {
                self.terms.counters.stale_served();
                return Ok(take(&guard));
            }
            return Err(Missed::Nothing);
        }
        if self.serves_early(fresh_until, now) { Ok(take(&guard)) } else { Err(Missed::Drawn(fresh_until)) }
    }

    /// Whether a caller may take the fresh value after its quiet time, or is to ask for the lock and regenerate it.
    fn serves_early(&self, fresh_until: Tick, now: Tick) -> bool {
        // Acquire: as in `is_served_stale`.
        now < self.gate.load(Ordering::Acquire) || !self.terms.elects_early(fresh_until, now)
    }

    /// Whether a caller may take the stale value without asking for the lock, and has been counted already.
    #[inline]
    fn serves_stale_at_once(&self, fresh_until: Tick, now: Tick) -> bool {
        now != NEVER && self.is_served_stale(fresh_until, now) && self.terms.counters.stale_served_at_once()
    }

    /// Whether a caller may take the stale value without asking for the lock.
    #[inline]
    fn is_served_stale(&self, fresh_until: Tick, now: Tick) -> bool {
        // Acquire: pairs with the Release stores under the lock; a caller that finds the gate open also finds the
        // value that opened it, or elects under the lock.
        let is_gate_closed = now < self.gate.load(Ordering::Acquire);
        is_gate_closed && self.terms.policy.judge(fresh_until, now) == Verdict::Stale
    }
}
