//! A clock that stands still until a test moves it.
//!
//! Process-wide, because values outlive threads and workers read the same clock. After the guard is gone the real
//! clock goes on from where the frozen one stood, never backwards.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::clock::{frozen, ticks};

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
/// # use dogpile_runtime as dogpile;
/// use dogpile::{Dogpile, Policy, testing};
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
    frozen::freeze();
    Frozen { _turn: turn }
}

/// Makes what `jitter` and `early = "auto"` draw on this thread from now on the same in every run.
pub fn seed(seed: u64) {
    fastrand::seed(seed);
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
        frozen::advance(ticks(by));
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        frozen::thaw();
    }
}
