//! What is said to all keys at once: `invalidate_all`, `expire_all`, `retain`; and how many there are: `len`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{DogpileMap, Policy};

use crate::support::{Event, HOUR, NANOSECOND, hourly, panic_of, until_waiting_in};

const SECOND: Duration = Duration::from_secs(1);
const KEYS: u32 = 50;

fn filled<V: Clone + Send + Sync + 'static>(
    policy: Policy<V>,
    value: impl Fn(u32) -> V,
) -> DogpileMap<u32, V> {
    let map = DogpileMap::new(policy);
    for key in 0..KEYS {
        map.set(key, value(key));
    }
    map
}

/// Of all keys, or of the one there is.
fn expire(map: &DogpileMap<u32, u32>, all: bool) {
    if all {
        map.expire_all();
    } else {
        map.expire(&0);
    }
}

#[test]
fn invalidate_all_forgets_every_value() {
    let _time = freeze();
    let map = filled(hourly(), |_| "from before");
    map.invalidate_all();
    assert!(map.is_empty());
    for key in 0..KEYS {
        assert_eq!((map.get(&key), map.age(&key), map.has_value(&key)), (None, None, false));
        assert!(map.read(&key).is_none() && map.is_expired(&key));
        assert_eq!(map.get_or_compute(key, || "from after"), "from after");
        assert_eq!(map.get_or_compute(key, || unreachable!("it is fresh")), "from after");
    }
    assert_eq!(map.len(), KEYS as usize);
    map.invalidate_all();
    map.set(1, "set after");
    assert_eq!((map.len(), map.get(&1)), (1, Some("set after")));
}

#[test]
fn invalidate_all_during_a_flight_keeps_its_result_out() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(0, || {
                leads.happen();
                release.wait("all was invalidated");
                "from before"
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| map.get_or_compute(0, || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        map.invalidate_all();
        release.happen();
        assert_eq!(leader.join().unwrap(), "from before");
        assert_eq!(follower.join().unwrap(), "from before", "it waited already");
    });
    assert_eq!((map.get(&0), map.len()), (None, 0));
    assert_eq!(map.get_or_compute(0, || "from after"), "from after");
}

#[test]
fn caller_after_invalidate_all_joins_no_flight_from_before() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    for (round, stale) in [None, Some("stale")].into_iter().enumerate() {
        let (leads, release) = (Event::default(), Event::default());
        if let Some(stale) = stale {
            map.set(round, stale);
            time.advance(HOUR + NANOSECOND);
        }
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                map.get_or_compute(round, || {
                    leads.happen();
                    release.wait("a new value has landed");
                    "from before"
                })
            });
            leads.wait("a leader");
            map.invalidate_all();
            assert_eq!(map.get_or_compute(round, || "from after"), "from after", "it computes itself");
            release.happen();
            assert_eq!(leader.join().unwrap(), "from before");
        });
        assert_eq!(map.get(&round), Some("from after"), "the late result is dropped");
    }
}

#[test]
fn expire_all_makes_every_key_regenerate() {
    let time = freeze();
    let map = filled(hourly(), |key| key);
    time.advance(SECOND);
    map.expire_all();
    assert_eq!(map.len(), KEYS as usize, "soft");
    for key in 0..KEYS {
        assert!(map.is_expired(&key));
        assert_eq!((map.get(&key), map.age(&key)), (Some(key), Some(SECOND)));
        assert_eq!(map.get_or_compute(key, || key + 1), key + 1);
        assert_eq!(map.get_or_compute(key, || unreachable!("it is fresh")), key + 1);
    }
}

#[test]
fn expired_values_are_served_while_one_caller_regenerates() {
    let _time = freeze();
    let map = filled(hourly(), |_| 1);
    map.expire_all();
    let within = || {
        assert_eq!(map.get_or_compute(7, || unreachable!("one is at it")), 1);
        2
    };
    assert_eq!(map.get_or_compute(7, within), 2);
    assert_eq!(map.stats().stale_served, 1);
}

#[test]
fn values_made_in_the_same_tick_after_expire_all_are_fresh() {
    let _time = freeze();
    let map = filled(hourly(), |_| 1);
    map.expire_all();
    map.set(1, 2);
    assert_eq!(map.get_or_compute(0, || 2), 2);
    assert_eq!(map.get_or_compute(KEYS, || 2), 2);
    for key in [0, 1, KEYS] {
        assert!(!map.is_expired(&key));
        assert_eq!(map.get_or_compute(key, || unreachable!("it is fresh")), 2);
    }
    assert!(map.is_expired(&2));
}

#[test]
fn second_expire_all_does_not_prolong_a_life() {
    let time = freeze();
    // One of the values is looked at between the two, so that it has taken in the first; the other has not.
    let map = DogpileMap::new(hourly().stale(SECOND * 10).retry(HOUR));
    map.set('a', 1);
    map.set('b', 1);
    time.advance(SECOND);
    map.expire_all();
    assert_eq!(map.try_get_or_compute('a', || Err("down")), Ok(1));
    time.advance(SECOND * 6);
    map.expire_all();
    for key in ['a', 'b'] {
        assert_eq!(map.get(&key), Some(1));
    }
    time.advance(SECOND * 4);
    for key in ['a', 'b'] {
        assert_eq!(map.get(&key), None, "{key}: ten seconds after the first");
    }
    assert_eq!((map.len(), map.get_or_compute('b', || 2)), (0, 2));
}

#[test]
fn expiry_of_its_own_before_expire_all_counts() {
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(SECOND * 10));
    map.set('a', 1);
    time.advance(HOUR + SECOND * 5);
    map.expire_all();
    assert_eq!(map.get(&'a'), Some(1));
    time.advance(SECOND * 5 + NANOSECOND);
    assert_eq!(map.get(&'a'), None);
}

#[test]
fn expire_all_during_a_flight_lands_its_result_stale() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(0, || {
                leads.happen();
                release.wait("all was expired, and a follower waits");
                1
            })
        });
        leads.wait("a leader");
        map.expire_all();
        let follower = scope.spawn(|| map.get_or_compute(0, || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        release.happen();
        assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (1, 1));
    });
    assert_eq!((map.get(&0), map.is_expired(&0)), (Some(1), true));
    assert_eq!(map.get_or_compute(0, || 2), 2);
    assert!(!map.is_expired(&0));
    time.advance(HOUR);
    assert!(!map.is_expired(&0));
}

#[test]
fn result_that_lands_stale_is_served_as_long_as_stale_allows() {
    // As after `expire`: what counts is when it lands, not when all was expired.
    let time = freeze();
    for all in [false, true] {
        let map = DogpileMap::new(hourly().stale(SECOND * 10));
        map.get_or_compute(0, || {
            expire(&map, all);
            time.advance(SECOND * 20);
            1
        });
        assert_eq!((map.get(&0), map.is_expired(&0)), (Some(1), true), "all: {all}");
        time.advance(SECOND * 10 + NANOSECOND);
        assert_eq!(map.get(&0), None, "all: {all}");
    }
}

#[test]
fn flight_is_joined_however_often_all_was_expired() {
    let time = freeze();
    for stale in [Duration::ZERO, SECOND] {
        let map = DogpileMap::new(hourly().stale(stale));
        let (leads, release) = (Event::default(), Event::default());
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                map.get_or_compute(0, || {
                    leads.happen();
                    release.wait("all was expired, and a follower waits");
                    1
                })
            });
            leads.wait("a leader");
            for _ in 0..3 {
                map.expire_all();
                time.advance(SECOND * 2);
            }
            let follower = scope.spawn(|| map.get_or_compute(0, || 2));
            until_waiting_in(&map, 1);
            release.happen();
            assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (1, 1), "one flight (P1)");
        });
        assert_eq!((map.get(&0).is_some(), map.is_expired(&0)), (!stale.is_zero(), true));
    }
}

#[test]
fn expire_all_ends_every_back_off() {
    let _time = freeze();
    let map = filled(hourly().retry(HOUR), |_| 0);
    map.expire_all();
    let fail = |key| map.try_get_or_compute(key, || Err("down"));
    for key in 0..KEYS {
        assert_eq!(fail(key), Ok(0));
        assert_eq!(map.get_or_compute(key, || unreachable!("backing off")), 0);
    }
    map.expire_all();
    for key in 0..KEYS {
        assert_eq!(map.get_or_compute(key, || 1), 1);
    }
}

#[test]
fn failure_after_expire_all_backs_off_as_after_expire() {
    let time = freeze();
    for all in [false, true] {
        let map = DogpileMap::new(hourly().retry(SECOND));
        map.set(0, 0);
        map.expire(&0);
        let attempts = AtomicU32::new(0);
        let fail = || {
            map.try_get_or_compute(0, || {
                attempts.fetch_add(1, Ordering::SeqCst);
                Err("down")
            })
        };
        for seconds in [1, 2] {
            assert_eq!(fail(), Ok(0));
            time.advance(SECOND * seconds);
        }
        let failing_meanwhile = map.try_get_or_compute(0, || {
            expire(&map, all);
            // A call that comes now takes the announcement in.
            assert_eq!(map.get_or_compute(0, || unreachable!("one is at it")), 0);
            Err("down")
        });
        assert_eq!(failing_meanwhile, Ok(0));
        assert_eq!(map.get_or_compute(0, || unreachable!("backing off")), 0, "all: {all}");
        time.advance(SECOND);
        assert_eq!(fail(), Ok(0));
        assert_eq!(attempts.load(Ordering::SeqCst), 3, "the first of a new row, all: {all}");
    }
}

#[test]
fn retain_forgets_what_is_not_to_be_kept() {
    let _time = freeze();
    let map = filled(hourly(), |key| key * 2);
    map.invalidate(&3);
    map.retain(|key, value| {
        assert_eq!(*value, key * 2);
        assert_ne!(*key, 3, "it has no value");
        key % 2 == 0
    });
    assert_eq!(map.len(), KEYS as usize / 2);
    for key in 0..KEYS {
        assert_eq!(map.get(&key), (key % 2 == 0).then_some(key * 2));
    }
    assert_eq!(map.get_or_compute(1, || 7), 7);
    map.invalidate_all();
    map.retain(|_, _| unreachable!("all are gone"));
}

#[test]
fn retain_orphans_flights_of_what_it_refuses_only() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    for key in ["kept", "refused"] {
        map.set(key, 1);
    }
    time.advance(HOUR + NANOSECOND);
    let within = |key| {
        map.get_or_compute(key, || {
            map.retain(|key, _| *key == "kept");
            2
        })
    };
    assert_eq!((within("kept"), map.get(&"kept")), (2, Some(2)));
    map.set("refused", 1);
    map.expire(&"refused");
    assert_eq!((within("refused"), map.get(&"refused")), (2, None));
    // A key that is computed for the first time has nothing to judge yet.
    assert_eq!((within("first"), map.get(&"first")), (2, Some(2)));
}

#[test]
fn retain_forgets_no_value_but_the_one_it_judged() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    map.set('a', 1);
    map.retain(|key, _| {
        map.set(*key, 2);
        false
    });
    assert_eq!(map.get(&'a'), Some(2));
}

#[test]
fn closure_of_retain_may_call_back_and_panic() {
    let _time = freeze();
    let map = filled(hourly(), |key| key);
    map.retain(|key, _| {
        map.set(*key, 100 + key);
        map.invalidate(&(key + 1));
        map.get_or_compute(1_000, || 0);
        !map.is_empty() && *key == 0
    });
    let replaced = (0..KEYS).filter_map(|key| map.get(&key)).count();
    assert!(replaced > 0, "what was set meanwhile is not what was judged");
    assert_eq!(panic_of(|| map.retain(|_, _| panic!("no idea"))), "no idea");
    map.retain(|_, _| false);
    assert!(map.is_empty());
    assert_eq!(map.get_or_compute(1, || 1), 1);
}

#[test]
fn len_counts_servable_values() {
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(HOUR));
    for key in 0..10 {
        map.set(key, key);
        assert_eq!(map.len(), key + 1);
    }
    assert!(map.try_get_or_compute(10, || Err("down")).is_err());
    map.set(0, 1);
    assert_eq!(map.get_or_compute(11, || map.len()), 10, "one under computation does not count");
    map.invalidate(&0);
    assert_eq!(map.len(), 10);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(map.len(), 10, "stale ones count");
    time.advance(HOUR);
    assert!(map.is_empty(), "gone ones do not");
}
