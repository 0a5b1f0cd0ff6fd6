//! Errors, panics, refused values, per key; and that such keys leave nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{DogpileMap, Policy};

use crate::drops::alive;
use crate::keyed_drops::CountedKey;
use crate::support::{Event, HOUR, NANOSECOND, hourly, panic_of, until_waiting_in};

const SECOND: Duration = Duration::from_secs(1);

/// Keys that have been removed, and wait for others so as to go together.
const MOST_WAITING: usize = 64;

/// Not `Clone`.
#[derive(Debug, PartialEq)]
struct Unclonable(u32);

#[derive(Debug, Clone, PartialEq)]
struct Down(u32);

#[test]
fn error_is_never_cached() {
    let _time = freeze();
    let map = DogpileMap::<u32, u32>::new(hourly());
    for attempt in 1..=2 {
        assert_eq!(map.try_get_or_compute(0, || Err(Unclonable(attempt))), Err(Unclonable(attempt)));
        assert!(map.is_empty() && !map.is_computing(&0));
    }
    assert_eq!(map.try_get_or_compute(0, || Ok::<_, Unclonable>(3)), Ok(3));
    assert_eq!(map.try_get_or_compute(0, || Err(Unclonable(4))), Ok(3));
    assert_eq!(map.stats().failures, 2);
}

#[test]
fn leader_too_gets_the_stale_value_instead_of_its_error() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    map.set(0, 1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(map.try_get_or_compute(0, || Err(Unclonable(1))), Ok(1));
    let stats = map.stats();
    assert_eq!((stats.computations, stats.failures, stats.stale_served), (1, 1, 1));
}

#[test]
fn each_key_backs_off_by_itself() {
    let time = freeze();
    let map = DogpileMap::new(hourly().retry(SECOND));
    for key in 0..3 {
        map.set(key, 0);
    }
    time.advance(HOUR + NANOSECOND);
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(map.try_get_or_compute(0, || Err(Unclonable(0))), Ok(0));
        assert_eq!(map.get_or_compute(0, || unreachable!("backing off")), 0);
        time.advance((SECOND * seconds).saturating_sub(NANOSECOND));
        assert_eq!(map.get_or_compute(0, || unreachable!("backing off")), 0);
        time.advance(NANOSECOND);
    }
    assert_eq!(map.try_get_or_compute(1, || Err(Unclonable(0))), Ok(0));
    assert_eq!(map.get_or_compute(2, || 2), 2, "no failure of its own");
    time.advance(SECOND);
    assert_eq!(map.get_or_compute(1, || 1), 1, "its first failure");
    assert_eq!(map.get_or_compute(0, || 3), 3);
}

#[test]
fn expire_and_set_end_the_back_off_of_their_key() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().retry(HOUR));
    for key in ['a', 'b', 'c'] {
        map.set(key, 0);
        map.expire(&key);
        assert_eq!(map.try_get_or_compute(key, || Err(Down(1))), Ok(0));
    }
    map.expire(&'a');
    map.set('b', 1);
    map.expire(&'b');
    assert_eq!(['a', 'b'].map(|key| map.get_or_compute(key, || 2)), [2, 2]);
    assert_eq!(map.get_or_compute('c', || unreachable!("backing off")), 0);
}

#[test]
fn value_set_while_a_computation_fails_is_returned_instead_of_the_error() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let result = map.try_get_or_compute('a', || {
        map.set('a', 7);
        Err(Unclonable(1))
    });
    assert_eq!(result, Ok(7));
    assert_eq!(map.stats().stale_served, 0, "it is fresh");
}

#[test]
fn failing_origin_is_asked_once_per_herd_and_key_when_the_error_is_shared() {
    const HERD: u64 = 10;
    let _time = freeze();
    let map = DogpileMap::<u32, u32>::new(hourly());
    let release = Event::default();
    thread::scope(|scope| {
        let call = |key: u32| {
            let (map, release) = (&map, &release);
            scope.spawn(move || {
                map.try_get_or_compute_shared(key, || {
                    release.wait("the herds have gathered");
                    Err(Down(key))
                })
            })
        };
        let herds: Vec<_> = (0..2 * HERD).map(|caller| call(u32::try_from(caller % 2).unwrap())).collect();
        until_waiting_in(&map, 2 * (HERD - 1));
        release.happen();
        for (caller, result) in herds.into_iter().map(|caller| caller.join().unwrap()).enumerate() {
            assert_eq!(result, Err(Down(u32::try_from(caller % 2).unwrap())));
        }
    });
    assert_eq!((map.stats().computations, map.stats().failures), (2, 2));
    assert!(map.is_empty() && !map.is_computing(&0) && !map.is_computing(&1));
}

#[test]
fn followers_of_an_unshared_error_take_over_one_after_the_other() {
    // Each failure removes the key from the map; those who waited for it find each other all the same.
    let _time = freeze();
    let map = DogpileMap::<u32, u32>::new(hourly());
    let release = Event::default();
    let (attempt, running) = (AtomicU32::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let herd: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    map.try_get_or_compute(0, || {
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                        release.wait("the herd has gathered");
                        let number = attempt.fetch_add(1, Ordering::SeqCst) + 1;
                        running.fetch_sub(1, Ordering::SeqCst);
                        if number <= 2 { Err(Unclonable(number)) } else { Ok(number) }
                    })
                })
            })
            .collect();
        until_waiting_in(&map, 3);
        release.happen();
        let results: Vec<_> = herd.into_iter().map(|caller| caller.join().unwrap()).collect();
        // Whoever fails while another one has landed gets that value.
        assert!(results.iter().all(|result| matches!(result, Ok(3) | Err(Unclonable(1 | 2)))), "{results:?}");
        assert!(results.iter().filter(|result| result.is_ok()).count() >= 2, "{results:?}");
    });
    assert_eq!((attempt.into_inner(), map.len()), (3, 1));
}

#[test]
fn panic_goes_to_the_leader_alone_and_a_follower_takes_over() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            panic_of(|| {
                map.get_or_compute('a', || {
                    leads.happen();
                    release.wait("a follower waits");
                    panic!("boom")
                })
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| map.get_or_compute('a', || 2));
        until_waiting_in(&map, 1);
        release.happen();
        assert_eq!(leader.join().unwrap(), "boom");
        assert_eq!(follower.join().unwrap(), 2);
    });
    assert_eq!((map.stats().panics, map.stats().computations), (1, 2));
    assert!(!map.is_computing(&'a'));
}

#[test]
fn panic_keeps_the_stale_value_and_backs_off() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    map.set(0, 1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(panic_of(|| map.get_or_compute(0, || panic!("boom"))), "boom");
    assert_eq!(map.get_or_compute(0, || unreachable!("backing off")), 1);
    time.advance(SECOND);
    assert_eq!(map.get_or_compute(0, || 2), 2);
}

#[test]
fn refused_value_goes_to_followers_and_an_old_value_stays() {
    let time = freeze();
    let map = DogpileMap::<char, u32>::new(hourly().stale(HOUR).cache_if(|value| *value != 0));
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute('a', || {
                leads.happen();
                release.wait("a follower waits");
                0
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| map.get_or_compute('a', || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        release.happen();
        assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (0, 0));
    });
    assert_eq!((map.stats().computations, map.len()), (1, 0));
    map.set('a', 1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(map.get_or_compute('a', || 0), 0, "refused, to its leader");
    assert_eq!(map.get(&'a'), Some(1), "the old value stays");
}

/// All the ways in which a computation leads to no value.
fn comes_to_nothing(map: &DogpileMap<CountedKey, u32>, key: &CountedKey) {
    assert!(map.try_get_or_compute(key.clone(), || Err("down")).is_err());
    assert!(map.try_get_or_compute_shared(key.clone(), || Err("down")).is_err());
    assert_eq!(panic_of(|| map.get_or_compute(key.clone(), || panic!("boom"))), "boom");
    assert_eq!(map.get_or_compute(key.clone(), || 0), 0, "refused");
    assert_eq!(panic_of(|| map.get_or_compute(key.clone(), || 13)), "unlucky");
    let orphaned = || {
        map.invalidate(key);
        1
    };
    assert_eq!(map.get_or_compute(key.clone(), orphaned), 1);
    map.set(key.clone(), 1);
    map.invalidate(key);
}

/// Refuses zero, and panics at thirteen.
fn refusing() -> Policy<u32> {
    hourly().cache_if(|value| {
        assert!(*value != 13, "unlucky");
        *value != 0
    })
}

#[test]
fn key_that_comes_to_nothing_leaves_nothing_behind() {
    let _time = freeze();
    let (map, keys) = (DogpileMap::new(refusing()), Arc::default());
    for id in 0..100 {
        let key = CountedKey::new(id, &keys);
        comes_to_nothing(&map, &key);
        assert!(map.get(&key).is_none() && !map.is_computing(&key));
        drop(key);
        assert!(alive(&keys) <= MOST_WAITING, "a few wait to go together");
    }
    map.invalidate(&CountedKey::new(0, &keys));
    assert_eq!(alive(&keys), 0, "none in the map");
    for id in 0..1_000 {
        assert!(map.try_get_or_compute(CountedKey::new(id, &keys), || Err("down")).is_err());
        assert!(alive(&keys) <= MOST_WAITING);
    }
}

#[test]
fn keys_that_come_to_nothing_take_no_room() {
    let _time = freeze();
    let (map, keys) = (DogpileMap::new(refusing().capacity(1)), Arc::default());
    let kept = CountedKey::new(0, &keys);
    map.set(kept.clone(), 7);
    for id in 1..100 {
        let key = CountedKey::new(id, &keys);
        assert!(map.try_get_or_compute(key.clone(), || Err("down")).is_err());
        assert_eq!(panic_of(|| map.get_or_compute(key.clone(), || panic!("boom"))), "boom");
        assert_eq!(map.get_or_compute(key, || 0), 0, "refused");
        assert_eq!((map.get(&kept), alive(&keys)), (Some(7), 2), "the map's and ours");
    }
    assert_eq!(map.stats().evictions, 0);
}

#[test]
fn key_that_fails_before_those_who_wait_leaves_nothing_behind() {
    let _time = freeze();
    let (map, keys) = (DogpileMap::<_, u32>::new(hourly()), Arc::default());
    let release = Event::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let failing = || {
                    release.wait("the herd has gathered");
                    Err(Unclonable(0))
                };
                assert!(map.try_get_or_compute(CountedKey::new(0, &keys), failing).is_err());
            });
        }
        until_waiting_in(&map, 3);
        release.happen();
    });
    map.invalidate(&CountedKey::new(0, &keys));
    assert_eq!((alive(&keys), map.stats().computations), (0, 4));
}

#[test]
fn panicking_lifetime_leaves_nothing_behind() {
    let _time = freeze();
    let policy = Policy::expire_with(|value: &u32| if *value == 0 { panic!("no idea") } else { HOUR });
    let (map, keys) = (DogpileMap::new(policy), Arc::default());
    for id in 0..10 {
        assert_eq!(panic_of(|| map.get_or_compute(CountedKey::new(id, &keys), || 0)), "no idea");
        map.invalidate(&CountedKey::new(1_000, &keys));
        assert_eq!(alive(&keys), 0, "after a computation");
        assert_eq!(panic_of(|| map.set(CountedKey::new(id, &keys), 0)), "no idea");
        map.invalidate(&CountedKey::new(1_000, &keys));
        assert_eq!(alive(&keys), 0, "after `set`");
    }
    assert_eq!(map.get_or_compute(CountedKey::new(0, &keys), || 1), 1);
}
