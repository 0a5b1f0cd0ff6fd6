//! What all keys of a dogpile have in common.

use crate::clock::{Source, Tick};
use crate::era::{Eras, Fate};
use crate::policy::{Policy, Verdict};
use crate::slot::Entry;
use crate::stats::Counters;

/// What all keys of a dogpile have in common.
pub(crate) struct Terms<V> {
    pub(super) policy: Policy<V>,
    pub(super) source: Source,
    pub(crate) eras: Eras,
    pub(crate) counters: Counters,
}

impl<V> Terms<V> {
    pub(crate) fn new(policy: Policy<V>) -> Self {
        Self { source: policy.source(), policy, eras: Eras::new(), counters: Counters::new() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        self.source.now()
    }

    pub(crate) fn policy(&self) -> &Policy<V> {
        &self.policy
    }

    /// Everything that any key has now is stale from here on.
    pub(crate) fn expire_all(&self) {
        self.eras.expire(self.now(), self.policy.stale_ticks());
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
