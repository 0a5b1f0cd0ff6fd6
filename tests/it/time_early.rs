//! `early`, fixed and as a share: the election opens before expiry, and nobody notices.

#![expect(clippy::unchecked_time_subtraction, reason = "a test that gets its times wrong is to fail")]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use dogpile::testing::{freeze, seed};
use dogpile::{Background, Dogpile, DogpileMap, Policy};

use crate::support::{DEADLINE, HOUR, NANOSECOND, eventually, hourly, panic_of};

const MINUTE: Duration = Duration::from_secs(60);

/// The policies that open the election six minutes before expiry.
fn six_minutes_early<V>() -> [Policy<V>; 2] {
    [hourly().early(6 * MINUTE), hourly().early_percent(10.0)]
}

#[test]
fn election_opens_one_tick_after_the_quiet_time() {
    let time = freeze();
    for policy in six_minutes_early() {
        let dogpile = Dogpile::new(policy);
        dogpile.set(1);
        time.advance(54 * MINUTE);
        assert_eq!(dogpile.get_or_compute(|| unreachable!("still quiet")), 1);
        time.advance(NANOSECOND);
        assert!(!dogpile.is_expired());
        assert_eq!(dogpile.get_or_compute(|| 2), 2);
        assert_eq!(dogpile.age(), Some(Duration::ZERO));
        time.advance(54 * MINUTE);
        assert_eq!(dogpile.get_or_compute(|| unreachable!("a new quiet time has begun")), 2);
    }
}

#[test]
fn one_caller_regenerates_early_and_everybody_else_keeps_the_value() {
    let time = freeze();
    for policy in six_minutes_early() {
        let dogpile = Dogpile::new(policy);
        dogpile.set(1);
        time.advance(55 * MINUTE);
        let others = || {
            for _ in 0..8 {
                assert_eq!(dogpile.get_or_compute(|| unreachable!("somebody is at it")), 1);
            }
        };
        let new = dogpile.get_or_compute(|| {
            thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(others)));
            2
        });
        assert_eq!(new, 2);
        let stats = dogpile.stats();
        assert_eq!((stats.computations, stats.waits, stats.stale_served), (1, 0, 0));
    }
}

#[test]
fn early_failure_serves_the_fresh_value_and_backs_off() {
    let time = freeze();
    for policy in six_minutes_early() {
        let dogpile = Dogpile::new(policy.retry(MINUTE));
        dogpile.set(1);
        time.advance(54 * MINUTE + NANOSECOND);
        assert_eq!(dogpile.try_get_or_compute(|| Err("down")), Ok(1));
        time.advance(MINUTE - NANOSECOND);
        assert_eq!(dogpile.get_or_compute(|| unreachable!("backing off")), 1);
        time.advance(NANOSECOND);
        panic_of(|| dogpile.get_or_compute(|| panic!("meant")));
        time.advance(2 * MINUTE - NANOSECOND);
        assert_eq!(dogpile.get_or_compute(|| unreachable!("backing off twice as long")), 1);
        assert!(!dogpile.is_expired());
        time.advance(NANOSECOND);
        assert_eq!(dogpile.get_or_compute(|| 2), 2);
        assert_eq!(dogpile.stats().stale_served, 0, "all of that was before expiry");
    }
}

#[test]
fn back_off_that_began_early_goes_on_after_expiry() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().early(6 * MINUTE).retry(10 * MINUTE));
    dogpile.set(1);
    time.advance(55 * MINUTE);
    assert_eq!(dogpile.try_get_or_compute(|| Err("down")), Ok(1));
    time.advance(10 * MINUTE - NANOSECOND);
    assert!(dogpile.is_expired());
    assert_eq!(dogpile.get_or_compute(|| unreachable!("backing off")), 1);
    time.advance(NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| 2), 2);
}

#[test]
fn nobody_waits_or_sees_an_expired_value_when_workers_regenerate_early() {
    let time = freeze();
    for policy in six_minutes_early().map(|policy| policy.stale(Duration::ZERO)) {
        let dogpile = Dogpile::new(policy.refresh(Background));
        dogpile.get_or_compute(|| 0);
        for minute in 1..=600 {
            time.advance(MINUTE);
            let made = dogpile.get_or_compute(move || minute);
            assert!(minute - made <= 60, "made at minute {made}, served at {minute}");
            assert!(!dogpile.is_expired());
            // A worker has until the next call, which is as long as the traffic is steady.
            eventually("the worker has landed", || !dogpile.is_computing());
        }
        let stats = dogpile.stats();
        assert_eq!((stats.waits, stats.stale_served), (0, 0));
        assert_eq!(stats.computations, 1 + 600 / 55, "one in each quiet time and the minute after it");
    }
}

/// Has another thread compute the first value, which ends after `meanwhile`.
fn compute_first(dogpile: &Dogpile<(), Background>, meanwhile: impl FnOnce()) {
    let (tell, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            dogpile.get_or_compute(move || {
                tell.send(()).expect("somebody waits for it");
                let _ = released.recv_timeout(DEADLINE);
            });
        });
        begun.recv_timeout(DEADLINE).expect("it begins");
        meanwhile();
        drop(release);
    });
}

#[test]
fn nobody_waits_or_sees_an_expired_value_when_workers_regenerate_by_chance() {
    let time = freeze();
    seed(23);
    let dogpile = Dogpile::new(hourly().early_auto().stale(Duration::ZERO).refresh(Background));
    compute_first(&dogpile, || time.advance(MINUTE));
    let mut regenerated = 0;
    for _ in 0..4_000 {
        time.advance(Duration::from_secs(5));
        assert!(!dogpile.is_expired());
        let (release, released) = mpsc::channel::<()>();
        let compute = move || {
            // It begins at once, and ends when the other side is dropped.
            let _ = released.recv_timeout(DEADLINE);
        };
        let before = dogpile.stats().computations;
        dogpile.get_or_compute(compute);
        if dogpile.is_computing() {
            eventually("the worker has begun", || dogpile.stats().computations > before);
            for _ in 0..12 {
                time.advance(Duration::from_secs(5));
                assert!(!dogpile.is_expired(), "elected too late");
                dogpile.get_or_compute(|| unreachable!("a worker is at it"));
            }
            regenerated += 1;
        }
        drop(release);
        eventually("the worker has landed", || !dogpile.is_computing());
    }
    assert!(regenerated >= 5, "it was regenerated {regenerated} times");
    let stats = dogpile.stats();
    assert_eq!((stats.waits, stats.stale_served, stats.computations), (0, 0, regenerated + 1));
}

#[test]
fn expire_within_the_early_window_makes_the_value_stale_at_once() {
    let time = freeze();
    for policy in six_minutes_early() {
        let dogpile = Dogpile::new(policy);
        dogpile.set(1);
        time.advance(55 * MINUTE);
        dogpile.expire();
        assert!(dogpile.is_expired());
        let new = dogpile.get_or_compute(|| {
            assert_eq!(dogpile.get_or_compute(|| unreachable!("somebody is at it")), 1);
            2
        });
        assert_eq!((new, dogpile.stats().stale_served), (2, 1));
        assert!(!dogpile.is_expired());
    }
}

#[test]
fn expire_during_an_early_flight_lets_it_land_stale() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().early(6 * MINUTE));
    dogpile.set(1);
    time.advance(55 * MINUTE);
    let new = dogpile.get_or_compute(|| {
        dogpile.expire();
        2
    });
    assert_eq!(new, 2);
    assert!(dogpile.is_expired());
    assert_eq!(dogpile.get_or_compute(|| 3), 3);
}

#[test]
fn expire_all_ends_quiet_times_early_windows_and_back_offs() {
    let time = freeze();
    for policy in six_minutes_early() {
        let map = DogpileMap::new(policy.retry(HOUR));
        map.set("quiet", 1);
        time.advance(NANOSECOND);
        map.expire_all();
        assert!(map.is_expired(&"quiet"));
        assert_eq!(map.get_or_compute("quiet", || 2), 2);
        time.advance(55 * MINUTE);
        assert_eq!(map.try_get_or_compute("quiet", || Err("down")), Ok(2), "early, and fresh");
        assert_eq!(map.get_or_compute("quiet", || unreachable!("backing off")), 2);
        map.expire_all();
        assert_eq!(map.get_or_compute("quiet", || 3), 3, "somebody knows better than the back-off");
        time.advance(54 * MINUTE);
        assert_eq!(map.get_or_compute("quiet", || unreachable!("a new quiet time")), 3);
    }
}

#[test]
fn expire_all_during_an_early_flight_of_a_key_leaves_its_value_stale() {
    let time = freeze();
    let map = DogpileMap::new(hourly().early(6 * MINUTE));
    map.set(0, 1);
    time.advance(55 * MINUTE);
    let new = map.get_or_compute(0, || {
        map.expire_all();
        assert_eq!(map.get_or_compute(0, || unreachable!("somebody is at it")), 1);
        2
    });
    assert_eq!(new, 2);
    assert!(map.is_expired(&0), "computed from before");
    assert_eq!(map.get_or_compute(0, || 3), 3);
    assert!(!map.is_expired(&0));
}
