//! The frozen clock, and the policies that read a precise one.

use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};

use crate::support::{NANOSECOND, eventually};

#[test]
fn clock_never_runs_backwards_over_a_thaw() {
    let dogpile = Dogpile::new(Policy::expire(Duration::from_secs(3600)));
    let time = freeze();
    dogpile.set(());
    time.advance(Duration::from_secs(60));
    let frozen_age = dogpile.age().unwrap();
    drop(time);
    let time = freeze();
    assert!(dogpile.age().unwrap() >= frozen_age);
    drop(time);
}

#[test]
fn short_lives_are_measured_precisely() {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::expire(Duration::from_micros(1)));
    dogpile.set(1);
    time.advance(Duration::from_micros(1));
    assert!(!dogpile.is_expired());
    time.advance(NANOSECOND);
    assert!(dogpile.is_expired());
}

#[test]
fn real_clock_expires_values_too() {
    // No frozen clock in this one: whoever holds it is waited for, and both clock sources must run by themselves.
    drop(freeze());
    for millis in [1, 1_000] {
        let dogpile = Dogpile::new(Policy::expire(Duration::from_millis(millis)));
        dogpile.set(1);
        eventually("expiry", || dogpile.is_expired());
        assert_eq!(dogpile.get(), Some(1));
    }
}
