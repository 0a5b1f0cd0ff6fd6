//! The load harness of the lineage: N threads, each using the value M times, while time goes by.
//!
//! What must hold: never two creators at once; no value older than its period when it is handed out to anybody but
//! for the time one computation takes; at most `creations + threads - 1` slow entries (calls that computed or
//! waited); no more creations than periods.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};

use crate::support::NANOSECOND;

const THREADS: u64 = 8;
const USES: u64 = 500;
const PERIOD: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(100);

/// One run; `stale` as in the policy. Every call advances the frozen clock by a step.
fn load(stale: Duration) {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::expire(PERIOD).stale(stale));
    let clock = AtomicU64::new(0);
    let creating = AtomicBool::new(false);
    let creations = AtomicU64::new(0);
    let create = || {
        assert!(!creating.swap(true, Ordering::SeqCst), "two creators at once");
        let number = creations.fetch_add(1, Ordering::SeqCst) + 1;
        thread::yield_now();
        creating.store(false, Ordering::SeqCst);
        number
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut last = 0;
                for _ in 0..USES {
                    let number = dogpile.get_or_compute(create);
                    assert!(number >= last, "a thread never sees an older value again");
                    last = number;
                    time.advance(STEP);
                    clock.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let creations = creations.into_inner();
    let stats = dogpile.stats();
    let slow = stats.computations + stats.waits;
    let elapsed = STEP * u32::try_from(clock.into_inner()).unwrap();
    let periods = elapsed.as_nanos() / (PERIOD + NANOSECOND).as_nanos() + 1;
    assert_eq!(creations, stats.computations);
    assert!(u128::from(creations) <= periods, "{creations} creations in {periods} periods");
    assert!(creations > 1, "values expired under way");
    if stale == Duration::MAX {
        assert!(slow < creations + THREADS, "{slow} slow entries, {creations} creations");
    } else {
        assert!(slow < creations * THREADS + 1, "{slow} slow entries, {creations} creations");
    }
}

#[test]
fn herd_with_stale_values_waits_for_the_first_only() {
    load(Duration::MAX);
}

#[test]
fn herd_without_stale_values_still_creates_once_per_period() {
    load(Duration::ZERO);
}

#[test]
fn age_is_bounded_by_the_period_and_one_computation() {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::expire(PERIOD));
    let computation = STEP * 3;
    for _ in 0..1_000 {
        dogpile.get_or_compute(|| time.advance(computation));
        assert!(dogpile.age().unwrap() <= PERIOD, "whoever finds it older has just renewed it");
        time.advance(STEP);
    }
    let periods = (STEP * 1_000).as_nanos() / PERIOD.as_nanos() + 1;
    assert!(u128::from(dogpile.stats().computations) <= periods);
}
