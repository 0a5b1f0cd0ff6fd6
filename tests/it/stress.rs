//! Everything at once, for as long as the build says: briefly by default, long under `--cfg dogpile_stress`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};

use crate::support::NANOSECOND;

const ROUNDS: u64 = if cfg!(dogpile_stress) { 40_000_000 } else { 20_000 };
const THREADS: u64 = 4;
const PERIOD: std::time::Duration = std::time::Duration::from_secs(1);

/// A value whose halves must agree: nobody sees half of one.
struct Twin {
    left: Box<u64>,
    right: Box<u64>,
    alive: Arc<AtomicUsize>,
}

impl Twin {
    fn new(number: u64, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self { left: Box::new(number), right: Box::new(number), alive: Arc::clone(alive) }
    }
}

#[test]
fn readers_writers_and_leaders_never_see_half_a_value() {
    let time = freeze();
    // The counter counts stored values, so clones go by `Arc`.
    let dogpile = Dogpile::<Arc<Twin>>::new(Policy::expire(PERIOD).stale(PERIOD));
    let alive = Arc::<AtomicUsize>::default();
    let generation = AtomicU64::new(0);
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (dogpile, alive, generation, time) = (&dogpile, &alive, &generation, &time);
            scope.spawn(move || {
                let mut dice = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for _ in 0..ROUNDS {
                    dice ^= dice << 13;
                    dice ^= dice >> 7;
                    dice ^= dice << 17;
                    step(dice % 100, dogpile, alive, generation, || time.advance(PERIOD / 3 + NANOSECOND));
                }
            });
        }
    });
    dogpile.invalidate();
    assert_eq!(alive.load(Ordering::SeqCst), 0, "nothing is left of any value");
    assert!(!dogpile.is_computing());
}

fn step(
    dice: u64,
    dogpile: &Dogpile<Arc<Twin>>,
    alive: &Arc<AtomicUsize>,
    generation: &AtomicU64,
    advance: impl Fn(),
) {
    let make = || Arc::new(Twin::new(generation.fetch_add(1, Ordering::SeqCst), alive));
    let check = |twin: &Twin| assert_eq!(twin.left, twin.right);
    match dice {
        0..2 => dogpile.invalidate(),
        2..4 => dogpile.expire(),
        4..6 => dogpile.set(make()),
        6..16 => advance(),
        16..20 => {
            if let Ok(twin) = dogpile.try_get_or_compute_shared(|| Err::<Arc<Twin>, _>("down")) {
                check(&twin);
            }
        }
        20..24 => {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // Without a message: thousands of them.
                dogpile.get_or_compute(|| std::panic::resume_unwind(Box::new(())))
            }));
        }
        24..40 => dogpile.read().iter().for_each(|twin| check(twin)),
        40..50 => dogpile.get().iter().for_each(|twin| check(twin)),
        _ => check(&dogpile.get_or_compute(make)),
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        assert_eq!(self.left, self.right);
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}
