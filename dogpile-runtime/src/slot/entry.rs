//! A value and its stamp.

use crate::clock::Tick;
use crate::policy::Stamp;
use crate::sync::{AtomicU64, Ordering};

/// A value and its stamp.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: V,
    /// When its computation ended.
    pub(crate) made: Tick,
    fresh_until: AtomicU64,
    quiet_until: AtomicU64,
    era: AtomicU64,
}

impl<V> Entry<V> {
    /// A value made at `made`, computed from what was there in `era`.
    pub(crate) fn new(value: V, made: Tick, stamp: Stamp, era: u64) -> Self {
        Self {
            value,
            made,
            fresh_until: AtomicU64::new(stamp.fresh_until),
            quiet_until: AtomicU64::new(stamp.quiet_until),
            era: AtomicU64::new(era),
        }
    }

    /// The last tick at which nobody may be elected to regenerate it.
    #[inline]
    pub(crate) fn quiet_until(&self) -> Tick {
        // Relaxed: as below.
        self.quiet_until.load(Ordering::Relaxed)
    }

    /// The last tick at which the value is fresh.
    #[inline]
    pub(crate) fn fresh_until(&self) -> Tick {
        // Relaxed: a number on its own; calls that start after `expire` returned are ordered by whatever told them.
        self.fresh_until.load(Ordering::Relaxed)
    }

    /// Makes the value stale from `now` on, unless it already was.
    pub(crate) fn expire(&self, now: Tick) {
        // Relaxed: as above. A reader between the two finds a value that is fresh, and nobody to regenerate it early.
        self.quiet_until.fetch_min(now.saturating_sub(1), Ordering::Relaxed);
        self.fresh_until.fetch_min(now.saturating_sub(1), Ordering::Relaxed);
    }

    /// The era whose announcements the stamp has taken in: see `era`.
    #[inline]
    pub(crate) fn era(&self) -> u64 {
        // Acquire: pairs with the Release in `settle`; who sees the era sees what it did to the stamp.
        self.era.load(Ordering::Acquire)
    }

    /// Notes that the stamp has taken in everything up to `era`. Under the slot's lock.
    pub(crate) fn settle(&self, era: u64) {
        // Release: pairs with the Acquire in `era`.
        self.era.store(era, Ordering::Release);
    }
}
