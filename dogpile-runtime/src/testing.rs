//! A clock that stands still until a test moves it.
//!
//! Process-wide, because values outlive threads and workers read the same clock. After the guard is gone the real
//! clock goes on from where the frozen one stood, never backwards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::clock::{Source, Tick, ticks};

/// The frozen time; 0 while it flows.
static FROZEN: AtomicU64 = AtomicU64::new(0);
/// What the real clocks are behind by since the last thaw.
static SKEW: AtomicU64 = AtomicU64::new(0);
static TURN: Mutex<()> = Mutex::new(());

/// Stops the clock of every dogpile in the process until the guard is dropped.
///
/// Tests that freeze run one after another, by holding the guard. A test that does not freeze but runs in the same
/// process sees the frozen clock as well; let everything that depends on time freeze.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use dogpile_runtime::{Dogpile, Policy, testing};
///
/// static HOURLY: Dogpile<u32> = Dogpile::new(Policy::expire(Duration::from_secs(3600)));
///
/// let time = testing::freeze();
/// assert_eq!(HOURLY.get_or_compute(|| 1), 1);
/// time.advance(Duration::from_secs(3600));
/// assert!(!HOURLY.is_expired(), "age == expire is still fresh");
/// time.advance(Duration::from_nanos(1));
/// assert_eq!(HOURLY.get_or_compute(|| 2), 2);
/// ```
pub fn freeze() -> Frozen {
    let turn = TURN.lock();
    FROZEN.store(real(), Ordering::SeqCst);
    Frozen { _turn: turn }
}

/// The clock stands still while this lives: [`freeze`].
#[must_use = "the clock goes on as soon as it is dropped"]
#[derive(Debug)]
pub struct Frozen {
    _turn: MutexGuard<'static, ()>,
}

impl Frozen {
    /// Moves the clock forward, for all threads at once.
    pub fn advance(&self, by: Duration) {
        // The largest tick stands for "never", and is not to be reached.
        let moved = FROZEN.load(Ordering::SeqCst).saturating_add(ticks(by)).min(u64::MAX - 1);
        FROZEN.store(moved, Ordering::SeqCst);
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let ahead = FROZEN.load(Ordering::SeqCst).saturating_sub(real());
        SKEW.fetch_add(ahead, Ordering::SeqCst);
        FROZEN.store(0, Ordering::SeqCst);
    }
}

fn real() -> Tick {
    // Both sources are to be at or before the frozen time.
    let skew = skew();
    [Source::Precise, Source::Coarse]
        .map(|source| source.real_now().saturating_add(skew))
        .into_iter()
        .max()
        .unwrap_or(1)
}

#[inline]
pub(crate) fn skew() -> Tick {
    SKEW.load(Ordering::Relaxed)
}

#[inline]
pub(crate) fn frozen_now() -> Option<Tick> {
    match FROZEN.load(Ordering::SeqCst) {
        0 => None,
        tick => Some(tick),
    }
}
