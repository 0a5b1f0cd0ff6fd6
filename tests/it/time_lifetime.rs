//! `expire` as a closure: each value says how long it lives.

use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap, Policy};

use crate::support::{Event, HOUR, NANOSECOND, panic_of, until_waiting};

/// The clock of the process has room for a few hundred of them.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A value that lives as long as it says.
type Token = (u32, Duration);

fn as_it_says() -> Policy<Token> {
    Policy::expire_with(|(_, lifetime)| *lifetime)
}

/// A policy that finds fault with one of the values.
fn panics_for_seven() -> Policy<u32> {
    Policy::expire_with(|value| {
        assert!(*value != 7, "seven has no lifetime");
        HOUR
    })
}

#[test]
fn each_value_lives_as_long_as_it_says() {
    let time = freeze();
    let dogpile = Dogpile::new(as_it_says());
    for (number, lifetime) in (0..).zip([HOUR, NANOSECOND, Duration::from_secs(7)]) {
        dogpile.get_or_compute(|| (number, lifetime));
        time.advance(lifetime);
        assert!(!dogpile.is_expired(), "an age of {lifetime:?} is still fresh");
        time.advance(NANOSECOND);
        assert!(dogpile.is_expired());
        assert_eq!(dogpile.get(), Some((number, lifetime)), "and servable");
    }
}

#[test]
fn lifetime_counts_from_the_end_of_the_computation() {
    let time = freeze();
    let dogpile = Dogpile::new(as_it_says());
    dogpile.get_or_compute(|| {
        time.advance(HOUR);
        (1, HOUR)
    });
    time.advance(HOUR);
    assert!(!dogpile.is_expired());
}

#[test]
fn value_without_a_lifetime_is_returned_and_not_stored() {
    let _time = freeze();
    let dogpile = Dogpile::new(as_it_says());
    assert_eq!(dogpile.get_or_compute(|| (1, Duration::ZERO)), (1, Duration::ZERO));
    assert!(!dogpile.has_value());
    dogpile.expire();
    assert_eq!(dogpile.get_or_compute(|| (2, HOUR)).0, 2);
    dogpile.expire();
    assert_eq!(dogpile.get_or_compute(|| (3, Duration::ZERO)).0, 3);
    assert_eq!(dogpile.get().unwrap().0, 2, "the old value stays, as with `cache_if`");
    let map = DogpileMap::new(as_it_says());
    assert_eq!(map.get_or_compute("key", || (1, Duration::ZERO)).0, 1);
    assert_eq!((map.len(), map.has_value(&"key")), (0, false));
}

#[test]
fn set_value_without_a_lifetime_leaves_nothing_behind() {
    let _time = freeze();
    let dogpile = Dogpile::new(as_it_says());
    let map = DogpileMap::new(as_it_says());
    for lifetime in [Duration::ZERO, HOUR, Duration::ZERO] {
        dogpile.set((1, lifetime));
        map.set("key", (1, lifetime));
        assert_eq!(dogpile.has_value(), !lifetime.is_zero());
        assert_eq!(map.has_value(&"key"), !lifetime.is_zero());
    }
    assert_eq!(map.len(), 0);
}

#[test]
fn followers_of_a_value_without_a_lifetime_get_it() {
    let _time = freeze();
    let dogpile = Dogpile::new(as_it_says());
    let (begun, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                begun.happen();
                release.wait("followers wait");
                (1, Duration::ZERO)
            })
        });
        begun.wait("the leader computes");
        let followers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| dogpile.get_or_compute(|| unreachable!("the herd is answered"))))
            .collect();
        until_waiting(&dogpile, 4);
        release.happen();
        assert_eq!(leader.join().unwrap().0, 1);
        for follower in followers {
            assert_eq!(follower.join().unwrap().0, 1);
        }
    });
    assert!(!dogpile.has_value());
    assert!(!dogpile.is_computing());
}

#[test]
fn value_that_lives_for_ever_never_expires() {
    let time = freeze();
    let dogpile = Dogpile::new(as_it_says());
    dogpile.get_or_compute(|| (1, Duration::MAX));
    time.advance(10 * YEAR);
    assert!(!dogpile.is_expired());
    dogpile.expire();
    assert_eq!(dogpile.get_or_compute(|| (2, HOUR)).0, 2, "unless somebody says so");
}

#[test]
fn panic_of_the_lifetime_wedges_nothing() {
    let _time = freeze();
    let dogpile = Dogpile::new(panics_for_seven());
    for stored in [None, Some(1)] {
        assert_eq!(panic_of(|| dogpile.get_or_compute(|| 7)), "seven has no lifetime");
        assert_eq!(panic_of(|| dogpile.set(7)), "seven has no lifetime");
        assert!(!dogpile.is_computing());
        assert_eq!(dogpile.get(), stored);
        dogpile.set(1);
        dogpile.expire();
    }
    assert_eq!(dogpile.stats().panics, 2);
    let map = DogpileMap::new(panics_for_seven());
    panic_of(|| map.get_or_compute("key", || 7));
    panic_of(|| map.set("key", 7));
    assert_eq!((map.len(), map.get_or_compute("key", || 2)), (0, 2));
}

#[test]
fn follower_takes_over_when_the_lifetime_panics() {
    let _time = freeze();
    let dogpile = Dogpile::new(panics_for_seven());
    let begun = Event::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            panic_of(|| {
                dogpile.get_or_compute(|| {
                    begun.happen();
                    until_waiting(&dogpile, 1);
                    7
                })
            })
        });
        begun.wait("the leader computes");
        assert_eq!(dogpile.get_or_compute(|| 8), 8);
        assert_eq!(leader.join().unwrap(), "seven has no lifetime");
    });
}

#[test]
fn early_share_and_jitter_are_those_of_the_values_own_lifetime() {
    let time = freeze();
    let dogpile = Dogpile::new(as_it_says().early_percent(50.0));
    dogpile.set((1, HOUR));
    time.advance(HOUR / 2 + NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| (2, HOUR * 10)).0, 2);
    time.advance(HOUR * 5);
    assert_eq!(dogpile.get_or_compute(|| unreachable!("half of ten hours are quiet")).0, 2);
    time.advance(NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| (3, HOUR)).0, 3);
}

#[test]
fn early_time_longer_than_a_value_lives_lets_it_be_regenerated_at_any_time() {
    let time = freeze();
    let dogpile = Dogpile::new(as_it_says().early(HOUR));
    dogpile.set((1, HOUR / 2));
    assert_eq!(dogpile.get_or_compute(|| unreachable!("not in the tick it was made in")).0, 1);
    time.advance(NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| (2, HOUR)).0, 2);
}
