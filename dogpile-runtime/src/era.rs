//! What is announced to all keys of a map at once: "everything from before is gone", "… is stale".
//!
//! An announcement opens an *era*, whatever the number of keys. Each value carries the era that its stamp has taken
//! account of; where that is not the newest one, the announcements since are looked up. Invariants: eras only grow;
//! the newest is raised after its announcement can be found, so that who sees the number finds what it stands for.

use std::collections::VecDeque;

use crate::clock::{NEVER, Tick};
use crate::sync::{AtomicU64, Mutex, Ordering};

#[derive(Debug)]
pub(crate) struct Eras {
    newest: AtomicU64,
    announced: Mutex<Announcements>,
}

#[derive(Debug)]
struct Announcements {
    /// Values of earlier eras are gone, and so is what is computed from what was there then.
    invalidated: u64,
    /// Values of earlier eras are gone: since they were invalidated, or for having been stale too long.
    floor: u64,
    /// The eras that began with "everything is stale", and when. Those that no servable value can be from are left
    /// out.
    expiries: VecDeque<(u64, Tick)>,
}

/// What became of values of an earlier era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Untouched,
    /// They were made stale at this tick.
    Expired(Tick),
    Gone,
}

impl Eras {
    pub(crate) fn new() -> Self {
        let announced = Announcements { invalidated: 0, floor: 0, expiries: VecDeque::new() };
        Self { newest: AtomicU64::new(0), announced: Mutex::new(announced) }
    }

    #[inline]
    pub(crate) fn newest(&self) -> u64 {
        // Acquire: pairs with the Release in `open`; the announcement can be found.
        self.newest.load(Ordering::Acquire)
    }

    fn open(&self, announce: impl FnOnce(&mut Announcements, u64)) {
        let mut announced = self.announced.lock();
        // Relaxed: written under the lock that we hold.
        let era = self.newest.load(Ordering::Relaxed) + 1;
        announce(&mut announced, era);
        // Release: pairs with the Acquire in `newest`.
        self.newest.store(era, Ordering::Release);
    }

    /// Everything from before is gone.
    pub(crate) fn invalidate(&self) {
        self.open(|announced, era| {
            announced.invalidated = era;
            announced.floor = era;
            announced.expiries.clear();
        });
    }

    /// Everything from before is stale since `now`, and may be served for `stale` more.
    pub(crate) fn expire(&self, now: Tick, stale: Tick) {
        self.open(|announced, era| {
            if stale == NEVER {
                // When it happened is of no consequence, so that the last one speaks for all.
                announced.expiries.clear();
            }
            while let Some(&(era, at)) =
                announced.expiries.front().filter(|(_, at)| at.saturating_add(stale) < now)
            {
                announced.floor = announced.floor.max(era);
                announced.expiries.pop_front();
                debug_assert!(at <= now, "announcements are in order");
            }
            announced.expiries.push_back((era, now));
        });
    }

    /// What a computation that began in `era` comes to now: whether that is stale already, and the era it belongs to.
    /// `None` if it is gone.
    pub(crate) fn landing(&self, era: u64) -> Option<(bool, u64)> {
        if era == self.newest() {
            return Some((false, era));
        }
        let announced = self.announced.lock();
        // Relaxed: written under the lock that we hold. What has been announced since was "everything is stale".
        let newest = self.newest.load(Ordering::Relaxed);
        (era >= announced.invalidated).then_some((era != newest, newest))
    }

    /// What became of the values of `era` until the era that is returned beside.
    pub(crate) fn fate(&self, era: u64) -> (Fate, u64) {
        let announced = self.announced.lock();
        // Relaxed: written under the lock that we hold.
        let newest = self.newest.load(Ordering::Relaxed);
        let before = announced.expiries.partition_point(|(expired, _)| *expired <= era);
        let fate = match announced.expiries.get(before) {
            _ if era < announced.floor => Fate::Gone,
            Some((_, at)) => Fate::Expired(*at),
            None => Fate::Untouched,
        };
        (fate, newest)
    }
}

#[cfg(all(test, not(dogpile_loom)))]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_newest_era_are_untouched() {
        let eras = Eras::new();
        assert_eq!(eras.fate(0), (Fate::Untouched, 0));
        eras.expire(10, 100);
        assert_eq!(eras.fate(eras.newest()), (Fate::Untouched, 1));
    }

    #[test]
    fn first_announcement_after_a_value_counts() {
        let eras = Eras::new();
        eras.expire(10, 100);
        eras.expire(50, 100);
        assert_eq!(eras.fate(0), (Fate::Expired(10), 2), "a second announcement does not prolong its life");
        assert_eq!(eras.fate(1), (Fate::Expired(50), 2));
        eras.invalidate();
        assert_eq!(eras.fate(1), (Fate::Gone, 3));
        assert_eq!(eras.fate(2), (Fate::Gone, 3));
        assert_eq!(eras.fate(3), (Fate::Untouched, 3));
    }

    #[test]
    fn expiries_that_nothing_servable_can_be_from_are_forgotten() {
        let eras = Eras::new();
        for tick in 0..1000 {
            eras.expire(tick * 10, 100);
        }
        assert!(eras.announced.lock().expiries.len() <= 12);
        assert_eq!(eras.fate(0).0, Fate::Gone);
        assert_eq!(eras.fate(999).0, Fate::Expired(9990));
    }

    #[test]
    fn computation_outlives_any_number_of_expiries() {
        let eras = Eras::new();
        assert_eq!(eras.landing(0), Some((false, 0)));
        for tick in 0..10 {
            eras.expire(tick * 100, 1);
        }
        assert_eq!(eras.fate(0).0, Fate::Gone);
        assert_eq!(eras.landing(0), Some((true, 10)));
        assert_eq!(eras.landing(10), Some((false, 10)));
        eras.invalidate();
        assert_eq!((eras.landing(10), eras.landing(11)), (None, Some((false, 11))));
        eras.expire(2_000, 1);
        assert_eq!((eras.landing(10), eras.landing(11)), (None, Some((true, 12))));
    }

    #[test]
    fn endless_service_needs_one_announcement() {
        let eras = Eras::new();
        for tick in 0..1000 {
            eras.expire(tick, NEVER);
        }
        assert_eq!(eras.announced.lock().expiries.len(), 1);
        assert_eq!(eras.fate(0).0, Fate::Expired(999));
    }
}
