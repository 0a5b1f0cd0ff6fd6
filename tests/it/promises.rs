//! P1 to P6, and the decision table.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};

use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly, until_waiting};

#[test]
fn fresh_value_is_returned_without_computing() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    assert_eq!(dogpile.get_or_compute(|| 1), 1);
    time.advance(HOUR);
    assert_eq!(dogpile.get_or_compute(|| 2), 1, "age == expire is still fresh");
    assert_eq!(dogpile.stats().computations, 1);
}

#[test]
fn cold_herd_computes_once_and_everybody_gets_the_value() {
    const HERD: usize = 16;
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    let start = Barrier::new(HERD);
    let release = Event::default();
    thread::scope(|scope| {
        let herd: Vec<_> = (0..HERD)
            .map(|caller| {
                let (dogpile, start, release) = (&dogpile, &start, &release);
                scope.spawn(move || {
                    start.wait();
                    dogpile.get_or_compute(|| {
                        release.wait("the herd has gathered");
                        caller
                    })
                })
            })
            .collect();
        until_waiting(&dogpile, HERD as u64 - 1);
        assert!(dogpile.is_computing());
        assert_eq!(dogpile.get(), None, "`get` never waits");
        release.happen();
        let values: Vec<_> = herd.into_iter().map(|caller| caller.join().unwrap()).collect();
        assert!(values.iter().all(|value| *value == values[0]));
    });
    assert_eq!(dogpile.stats().computations, 1);
    assert!(!dogpile.is_computing());
}

#[test]
fn stale_value_is_served_while_one_caller_refreshes() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                leads.happen();
                release.wait("the stale value was served");
                2
            })
        });
        leads.wait("a leader");
        for _ in 0..10 {
            assert_eq!(dogpile.get_or_compute(|| unreachable!("one is at it")), 1);
        }
        release.happen();
        assert_eq!(leader.join().unwrap(), 2, "the leader gets what it computed");
    });
    assert_eq!(dogpile.get_or_compute(|| unreachable!("it is fresh")), 2);
    let stats = dogpile.stats();
    assert_eq!((stats.computations, stats.stale_served, stats.waits), (1, 10, 0));
}

#[test]
fn at_most_one_flight_is_live_per_key() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let compute = || {
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::yield_now();
        running.fetch_sub(1, Ordering::SeqCst);
    };
    for _ in 0..50 {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| dogpile.get_or_compute(compute));
            }
        });
        time.advance(HOUR + NANOSECOND);
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    assert_eq!(dogpile.stats().computations, 50, "one successful computation per period");
}

#[test]
fn beyond_stale_callers_wait_again() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().stale(HOUR));
    dogpile.set(1);
    time.advance(HOUR + HOUR);
    assert_eq!(dogpile.get(), Some(1), "as stale as allowed");
    time.advance(NANOSECOND);
    assert_eq!(dogpile.get(), None);
    assert!(!dogpile.has_value());
    let release = Event::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                release.wait("a follower waits");
                2
            })
        });
        eventually("a leader", || dogpile.is_computing());
        let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
        until_waiting(&dogpile, 1);
        release.happen();
        assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (2, 2));
    });
}

#[test]
fn zero_stale_means_wait_on_expiry() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().stale(std::time::Duration::ZERO));
    dogpile.set(1);
    time.advance(HOUR);
    assert_eq!(dogpile.get(), Some(1));
    time.advance(NANOSECOND);
    assert_eq!(dogpile.get(), None);
    assert_eq!(dogpile.get_or_compute(|| 2), 2);
}

#[test]
fn invalidate_during_a_flight_keeps_its_result_out() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                leads.happen();
                release.wait("the value was invalidated");
                "from before"
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
        until_waiting(&dogpile, 1);
        dogpile.invalidate();
        assert!(!dogpile.is_computing(), "nothing under way would be stored");
        release.happen();
        assert_eq!(leader.join().unwrap(), "from before");
        assert_eq!(follower.join().unwrap(), "from before", "it waited already");
    });
    assert_eq!(dogpile.get(), None);
    assert_eq!(dogpile.get_or_compute(|| "from after"), "from after");
}

#[test]
fn new_flight_may_start_beside_an_invalidated_one() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                leads.happen();
                release.wait("a new value has landed");
                1
            })
        });
        leads.wait("a leader");
        dogpile.invalidate();
        assert_eq!(dogpile.get_or_compute(|| 2), 2, "not held up by the old one");
        release.happen();
        assert_eq!(leader.join().unwrap(), 1);
    });
    assert_eq!(dogpile.get(), Some(2));
}

#[test]
fn nobody_waits_for_an_orphan_once_there_is_a_value() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let hung = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                leads.happen();
                release.wait("the follower was served");
                1
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
        until_waiting(&dogpile, 1);
        dogpile.set(2);
        assert_eq!(follower.join().unwrap(), 2, "served although its flight still hangs");
        release.happen();
        assert_eq!(hung.join().unwrap(), 1);
    });
    assert_eq!(dogpile.get(), Some(2), "`set` wins over the flight under way");
}

#[test]
fn expire_during_a_flight_lands_its_result_stale() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    assert_eq!(
        dogpile.get_or_compute(|| {
            dogpile.expire();
            1
        }),
        1
    );
    assert_eq!(dogpile.get(), Some(1));
    assert!(dogpile.is_expired());
    assert_eq!(dogpile.get_or_compute(|| 2), 2);
}

#[test]
fn expire_makes_the_next_call_regenerate() {
    let _time = freeze();
    let dogpile = Dogpile::new(Policy::never());
    dogpile.set(1);
    assert!(!dogpile.is_expired());
    dogpile.expire();
    assert!(dogpile.is_expired());
    assert_eq!(dogpile.get(), Some(1), "soft");
    assert_eq!(dogpile.get_or_compute(|| 2), 2);
    assert_eq!(dogpile.get_or_compute(|| 3), 2);
}

#[test]
fn late_looker_does_not_regenerate_what_has_just_landed() {
    // Many threads find the value stale at once; whoever comes to the lock after the landing must look again.
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(0);
    for period in 1..=200_u64 {
        time.advance(HOUR + NANOSECOND);
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    start.wait();
                    dogpile.get_or_compute(|| period)
                });
            }
        });
        assert_eq!(dogpile.stats().computations, period);
    }
}
