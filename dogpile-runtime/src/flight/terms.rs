//! What all keys of a dogpile have in common.

use super::times::Times;
use crate::chance::draw;
use crate::clock::{Source, Tick};
use crate::era::{Eras, Fate};
use crate::policy::{Policy, Stamp, Verdict};
use crate::slot::Entry;
use crate::stats::Counters;

/// What all keys of a dogpile have in common.
pub(crate) struct Terms<V> {
    pub(super) policy: Policy<V>,
    pub(super) source: Source,
    pub(crate) eras: Eras,
    pub(crate) counters: Counters,
    times: Times,
}

impl<V> Terms<V> {
    pub(crate) fn new(policy: Policy<V>) -> Self {
        let (eras, counters, times) = (Eras::new(), Counters::new(), Times::new());
        Self { source: policy.source(), policy, eras, counters, times }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        self.source.now()
    }

    /// What a hit reads the time from; nothing if values do not expire by themselves.
    pub(crate) fn clock(&self) -> Option<Source> {
        self.policy.expires().then_some(self.source)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.policy.shown_name()
    }

    pub(crate) fn policy(&self) -> &Policy<V> {
        &self.policy
    }

    /// Everything that any key has now is stale from here on.
    pub(crate) fn expire_all(&self) {
        self.eras.expire(self.now(), self.policy.stale_ticks());
    }

    /// The stamp of a value made at `made`, in the course of `took` if it was computed. `None` if it is not to be
    /// stored. Runs the user's closure.
    pub(super) fn stamp(&self, value: &V, made: Tick, took: Option<Tick>) -> Option<Stamp> {
        let delta = match took {
            Some(took) if self.policy.refreshes_by_chance() => self.times.percentile_with(took),
            _ => self.times.percentile(),
        };
        self.policy.stamp(value, made, delta, draw())
    }

    /// Notes how long a computation took whose value has landed.
    pub(super) fn landed_after(&self, took: Tick) {
        if self.policy.refreshes_by_chance() {
            self.times.add(took);
        }
    }

    /// Whether a call at `now` is to regenerate a value after its quiet time.
    pub(super) fn elects_early(&self, fresh_until: Tick, now: Tick) -> bool {
        self.policy.elects_early(fresh_until, now, self.times.percentile(), draw)
    }

    /// How `entry` is to be treated at `now`.
    pub(super) fn judge(&self, entry: &Entry<V>, now: Tick) -> Verdict {
        let fresh_until = entry.fresh_until();
        let era = entry.era();
        if era == self.eras.newest() {
            return self.policy.judge(fresh_until, now);
        }
        match self.eras.fate(era).0 {
            Fate::Gone => Verdict::Gone,
            Fate::Expired(at) => self.policy.judge(fresh_until.min(at.saturating_sub(1)), now),
            Fate::Untouched => self.policy.judge(fresh_until, now),
        }
    }
}
