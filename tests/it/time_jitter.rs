//! `jitter`: each value lives shorter by a share of its own, uniform up to the one given, and never longer.

#![expect(clippy::unchecked_time_subtraction, reason = "a test that gets its times wrong is to fail")]

use std::time::Duration;

use dogpile::testing::{Frozen, freeze, seed};
use dogpile::{Dogpile, DogpileMap, Policy};

use crate::statistics::{Chance, follows, kolmogorov_smirnov, mean};
use crate::support::{HOUR, NANOSECOND};

/// The clock of the process has room for a few hundred of them.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const VALUES: u32 = 1_000;
/// How finely lifetimes are told apart: far below what the tests can see in a thousand of them.
const STEPS: u32 = 1_000;

/// By what share of the longest possible shortening each value of a map made now lives shorter.
fn shortenings(time: &Frozen, map: &DogpileMap<u32, u32>, longest: Duration) -> Vec<f64> {
    time.advance(HOUR - longest);
    let mut alive: Vec<u32> = (0..VALUES).collect();
    assert!(alive.iter().all(|key| !map.is_expired(key)), "one was shortened by more than the policy says");
    let mut shortenings = Vec::new();
    for step in 0..STEPS {
        time.advance(longest / STEPS);
        let left = 1.0 - (f64::from(step) + 0.5) / f64::from(STEPS);
        alive.retain(|key| {
            let is_expired = map.is_expired(key);
            shortenings.extend(is_expired.then_some(left));
            !is_expired
        });
    }
    time.advance(NANOSECOND);
    assert!(alive.iter().all(|key| map.is_expired(key)), "one lives longer than `expire` says");
    shortenings.resize(VALUES as usize, 0.0);
    shortenings
}

/// A map of jittered values, each made by `make`.
fn jittered(percent: f64, make: impl Fn(&DogpileMap<u32, u32>, u32)) -> DogpileMap<u32, u32> {
    seed(29);
    let map = DogpileMap::new(Policy::expire(HOUR).jitter(percent));
    (0..VALUES).for_each(|key| make(&map, key));
    map
}

#[test]
fn shortening_is_uniform_for_computed_values() {
    let time = freeze();
    let map = jittered(10.0, |map, key| _ = map.get_or_compute(key, || key));
    assert!(follows(&shortenings(&time, &map, HOUR / 10), |share| share));
}

#[test]
fn shortening_is_uniform_for_values_set_from_outside() {
    let time = freeze();
    let map = jittered(50.0, |map, key| map.set(key, key));
    assert!(follows(&shortenings(&time, &map, HOUR / 2), |share| share));
}

#[test]
fn test_of_uniformity_rejects_planted_bugs() {
    let judge = |bug: fn(f64) -> f64| {
        let mut draws = Chance::new(29);
        let sample: Vec<_> = (0..VALUES).map(|_| bug(draws.draw())).collect();
        follows(&sample, |share| share.clamp(0.0, 1.0))
    };
    assert!(judge(|draw| draw), "without a bug");
    assert!(judge(|draw| 1.0 - draw), "nor is this one");
    assert!(!judge(|draw| draw / 2.0), "half of the range");
    assert!(!judge(|draw| 2.0 * draw), "twice the range");
    assert!(!judge(|draw| draw - 0.5), "longer as often as shorter");
    assert!(!judge(|draw| draw * draw), "a share of a share");
    assert!(!judge(|_| 0.5), "the same for all");
    assert!(!judge(|draw| draw * 1e-9), "seconds for nanoseconds, so that it never fires");
}

#[test]
fn each_value_of_a_key_is_given_a_lifetime_of_its_own() {
    let time = freeze();
    seed(31);
    let dogpile = Dogpile::new(Policy::expire(HOUR).jitter(20.0));
    let lifetime = |made: u32| {
        dogpile.get_or_compute(|| made);
        let mut lived = HOUR - HOUR / 5;
        time.advance(lived);
        while !dogpile.is_expired() {
            time.advance(HOUR / 10_000);
            lived += HOUR / 10_000;
        }
        lived.as_secs_f64() / HOUR.as_secs_f64()
    };
    let lifetimes: Vec<_> = (0..100).map(lifetime).collect();
    assert!(follows(&lifetimes, |share| ((share - 0.8) / 0.2).clamp(0.0, 1.0)));
    assert!((mean(&lifetimes) - 0.9).abs() < 0.02);
    // The second of each pair says nothing about the first.
    let steps: Vec<_> = lifetimes.windows(2).map(|pair| (pair[1] - pair[0]).abs() / 0.2).collect();
    assert!(kolmogorov_smirnov(&steps, |step| 1.0 - (1.0 - step.clamp(0.0, 1.0)).powi(2)) < 2.0);
}

#[test]
fn early_share_is_one_of_the_shortened_lifetime() {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::expire(HOUR).jitter(50.0).early_percent(10.0));
    for number in 0..20 {
        seed(number);
        dogpile.set(0);
        let shortened = HOUR.mul_f64(1.0 - 0.5 * Chance::new(number).draw());
        time.advance(shortened.mul_f64(0.9) - Duration::from_micros(1));
        assert_eq!(dogpile.get_or_compute(|| unreachable!("quiet")), 0);
        time.advance(Duration::from_micros(2));
        assert!(!dogpile.is_expired());
        assert_eq!(dogpile.get_or_compute(|| 1), 1);
    }
}

#[test]
fn values_that_never_expire_are_not_shortened() {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::never().jitter(99.0));
    dogpile.set(1);
    time.advance(10 * YEAR);
    assert!(!dogpile.is_expired());
}
