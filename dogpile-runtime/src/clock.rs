//! Monotonic time as plain numbers: a [`Tick`] is a nanosecond count since an arbitrary, fixed instant.
//!
//! Two sources stand behind it. The coarse one is read without a trip to the hardware counter and lags by at most a
//! kernel tick (1 to 10 ms); the precise one costs several times as much. A policy settles on one of them, so that
//! the stamps and the readings that are compared always come from the same source.

use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;

/// Nanoseconds since an arbitrary fixed instant of this process.
pub(crate) type Tick = u64;

/// Later than every reading: "never", "for ever".
pub(crate) const NEVER: Tick = u64::MAX;

#[cfg(any(target_os = "linux", target_os = "android"))]
const NANOS_PER_SECOND: Tick = 1_000_000_000;

/// Readings start here, so that there is a tick before the first one.
const FIRST: Tick = 1;

/// Which source a policy reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Good to a few nanoseconds.
    Precise,
    /// Good to a kernel tick, at a fifth of the price.
    Coarse,
}

/// The longest step of the coarse clock that is expected anywhere: the tick of a 100 Hz kernel.
const COARSE_STEP: Duration = Duration::from_millis(10);

impl Source {
    /// The cheapest source whose error stays within 1 % of each of the `lengths`; those of no length do not count.
    pub(crate) fn for_lengths(lengths: &[Tick]) -> Self {
        let is_short = |length: &Tick| (1..ticks(100 * COARSE_STEP)).contains(length);
        if lengths.iter().any(is_short) { Self::Precise } else { Self::Coarse }
    }

    /// The time now.
    #[inline]
    pub(crate) fn now(self) -> Tick {
        #[cfg(feature = "test-util")]
        return frozen::now().unwrap_or_else(|| self.flowing());
        #[cfg(not(feature = "test-util"))]
        self.real()
    }

    /// The time now if it is not frozen: it went on from wherever it was left at the last thaw.
    #[cfg(feature = "test-util")]
    fn flowing(self) -> Tick {
        self.real().saturating_add(frozen::skew(self))
    }

    #[inline]
    fn real(self) -> Tick {
        match self {
            Self::Coarse => coarse_now(),
            Self::Precise => precise_now(),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
#[expect(clippy::cast_sign_loss, reason = "the clock starts at zero")]
fn coarse_now() -> Tick {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    (time.tv_sec as Tick).wrapping_mul(NANOS_PER_SECOND).wrapping_add(time.tv_nsec as Tick).max(FIRST)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn coarse_now() -> Tick {
    const ORIGIN: coarsetime::Instant = coarsetime::Instant::from_ticks(0);
    // `Instant::now` of that crate also stores the reading into a shared static; this one does not.
    coarsetime::Instant::now_without_cache_update().duration_since(ORIGIN).as_nanos().max(FIRST)
}

#[inline(never)]
fn precise_now() -> Tick {
    // It begins where the coarse one is, so that freezing, which stops both at the same tick, moves neither of them far.
    static EPOCH: OnceCell<(Instant, Tick)> = OnceCell::new();
    let (epoch, first) = EPOCH.get_or_init(|| (Instant::now(), coarse_now()));
    ticks(epoch.elapsed()).saturating_add(*first)
}

#[expect(clippy::cast_possible_truncation, reason = "checked in the same line")]
/// A duration in ticks; beyond the range (584 years) it counts as for ever.
pub(crate) const fn ticks(duration: Duration) -> Tick {
    let nanos = duration.as_nanos();
    if nanos >= NEVER as u128 { NEVER } else { nanos as Tick }
}

/// The clock that tests stop; for [`testing`](crate::testing) alone.
#[cfg(feature = "test-util")]
pub(crate) mod frozen {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::Waker;

    use parking_lot::Mutex;

    use super::{NEVER, Source, Tick};
    use crate::sync::wake_all;

    /// The frozen time; 0 while it flows.
    static FROZEN: AtomicU64 = AtomicU64::new(0);
    /// What each of the real clocks is behind by since the last thaw.
    static SKEWS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

    /// Who waits by the clock, and is to look at it again whenever it is moved.
    /// Shared, for a waker is the executor's code, and not to be cloned under the lock.
    static WATCHERS: Mutex<BTreeMap<u64, Arc<Waker>>> = Mutex::new(BTreeMap::new());

    /// A place among the watchers, until it is dropped.
    #[derive(Debug)]
    pub(crate) struct Watch(u64);

    /// Wakes `waker` whenever the clock is moved.
    pub(crate) fn watch(waker: Waker) -> Watch {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let waker = Arc::new(waker);
        WATCHERS.lock().insert(number, waker);
        Watch(number)
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            let waker = WATCHERS.lock().remove(&self.0);
            drop(waker);
        }
    }

    fn wake_watchers() {
        let watchers: Vec<Arc<Waker>> = WATCHERS.lock().values().map(Arc::clone).collect();
        wake_all(watchers.iter().map(|waker| Waker::clone(waker)));
    }

    // SeqCst throughout: tests are to see what they moved, wherever they look.

    pub(super) fn now() -> Option<Tick> {
        Some(FROZEN.load(Ordering::SeqCst)).filter(|&now| now != 0)
    }

    pub(super) fn skew(source: Source) -> Tick {
        SKEWS[source as usize].load(Ordering::SeqCst)
    }

    fn flowing() -> Tick {
        // Both sources are to be at or before the frozen time.
        Source::Precise.flowing().max(Source::Coarse.flowing())
    }

    /// Stops the clock where it is.
    pub(crate) fn freeze() {
        FROZEN.store(flowing(), Ordering::SeqCst);
    }

    /// Moves the stopped clock.
    pub(crate) fn advance(by: Tick) {
        // The largest tick stands for "never", and is not to be reached.
        let moved = |now: Tick| Some(now.saturating_add(by).min(NEVER - 1));
        let _ = FROZEN.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
        wake_watchers();
    }

    /// Lets the clock go on from where it was stopped.
    pub(crate) fn thaw() {
        for source in [Source::Precise, Source::Coarse] {
            let ahead = FROZEN.load(Ordering::SeqCst).saturating_sub(source.flowing());
            SKEWS[source as usize].fetch_add(ahead, Ordering::SeqCst);
        }
        FROZEN.store(0, Ordering::SeqCst);
        wake_watchers();
    }
}
