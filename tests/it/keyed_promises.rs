//! P1 to P6 and the decision table, for each key by itself; and keys do not disturb each other.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{DogpileMap, Policy, Stats};

use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly, until_waiting_in};

#[test]
fn nothing_is_known_before_the_first_value() {
    let _time = freeze();
    let map = DogpileMap::<String, u32>::new(hourly());
    assert_eq!((map.get("a"), map.age("a"), map.has_value("a")), (None, None, false));
    assert!(map.is_expired("a") && !map.is_computing("a") && map.read("a").is_none());
    assert!(map.is_empty());
    map.invalidate("a");
    map.expire("a");
    map.invalidate_all();
    map.expire_all();
    map.retain(|_, _| unreachable!("there is nothing to keep"));
    let mut nothing = Stats::default();
    nothing.name = map.stats().name;
    assert_eq!((map.len(), map.stats()), (0, nothing));
}

#[test]
fn each_key_has_a_value_and_an_age_of_its_own() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    for key in 1..=3_u32 {
        assert_eq!(map.get_or_compute(key, || key * 10), key * 10);
        time.advance(HOUR / 4);
    }
    assert_eq!([1, 2, 3].map(|key| map.age(&key)), [3, 2, 1].map(|quarters| Some(HOUR / 4 * quarters)));
    time.advance(HOUR / 4);
    assert_eq!(map.get_or_compute(1, || 11), 10, "age == expire is still fresh");
    time.advance(NANOSECOND);
    assert_eq!([1, 2, 3].map(|key| map.get_or_compute(key, || key * 11)), [11, 20, 30]);
    assert_eq!((map.stats().computations, map.len()), (4, 3));
}

#[test]
fn strings_are_looked_up_by_what_they_lend() {
    let _time = freeze();
    let map = DogpileMap::<String, usize>::new(hourly());
    assert_eq!(map.get_or_compute("four".to_owned(), || 4), 4);
    map.set("five".to_owned(), 5);
    assert_eq!((map.get("four"), map.get("five"), map.get("fiv")), (Some(4), Some(5), None));
    assert_eq!(map.get(&"four".to_owned()), Some(4));
    map.expire("four");
    assert!(map.is_expired("four") && !map.is_expired("five"));
    map.invalidate("five");
    assert_eq!((map.get("four"), map.get("five"), map.len()), (Some(4), None, 1));
}

#[test]
fn cold_herd_on_one_key_computes_once_and_everybody_gets_the_value() {
    const HERD: usize = 16;
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let start = Barrier::new(HERD);
    let release = Event::default();
    thread::scope(|scope| {
        let herd: Vec<_> = (0..HERD)
            .map(|caller| {
                let (map, start, release) = (&map, &start, &release);
                scope.spawn(move || {
                    start.wait();
                    map.get_or_compute("key", || {
                        release.wait("the herd has gathered");
                        caller
                    })
                })
            })
            .collect();
        until_waiting_in(&map, HERD as u64 - 1);
        assert!(map.is_computing(&"key"));
        assert_eq!((map.get(&"key"), map.len()), (None, 0), "`get` never waits");
        release.happen();
        let values: Vec<_> = herd.into_iter().map(|caller| caller.join().unwrap()).collect();
        assert!(values.iter().all(|value| *value == values[0]));
    });
    assert_eq!(map.stats().computations, 1);
    assert!(!map.is_computing(&"key"));
}

#[test]
fn blocked_computation_of_one_key_holds_up_no_other() {
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(HOUR).capacity(100));
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let blocked = scope.spawn(|| {
            map.get_or_compute(0_u32, || {
                leads.happen();
                release.wait("the others were served");
                0_u32
            })
        });
        leads.wait("a leader");
        for key in 1..=1_000 {
            assert_eq!(map.get_or_compute(key, || key), key);
        }
        assert!(map.try_get_or_compute(2_000, || Err("no such key")).is_err());
        map.set(1, 7);
        map.expire(&1);
        assert_eq!(map.get_or_compute(1, || 8), 8);
        map.invalidate(&1);
        map.retain(|_, _| true);
        assert!(map.len() <= 100);
        time.advance(HOUR + NANOSECOND);
        map.expire_all();
        for key in 990..=1_000 {
            map.get_or_compute(key, || key);
        }
        assert_eq!(map.stats().waits, 0);
        assert!(map.is_computing(&0));
        release.happen();
        assert_eq!(blocked.join().unwrap(), 0);
    });
    assert_eq!(map.get(&0), Some(0));
}

#[test]
fn computations_of_different_keys_run_at_once() {
    const KEYS: usize = 8;
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let all_lead = Barrier::new(KEYS);
    thread::scope(|scope| {
        for key in 0..KEYS {
            let (map, all_lead) = (&map, &all_lead);
            scope.spawn(move || map.get_or_compute(key, || all_lead.wait().is_leader()));
        }
    });
    assert_eq!((map.len(), map.stats().waits), (KEYS, 0));
}

#[test]
fn stale_value_of_a_key_is_served_while_one_caller_refreshes_it() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    map.set('a', 1);
    map.set('b', 5);
    time.advance(HOUR + NANOSECOND);
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute('a', || {
                leads.happen();
                release.wait("the stale value was served");
                2
            })
        });
        leads.wait("a leader");
        for _ in 0..10 {
            assert_eq!(map.get_or_compute('a', || unreachable!("one is at it")), 1);
        }
        assert_eq!(map.get_or_compute('b', || 6), 6, "the gate of another key is open");
        release.happen();
        assert_eq!(leader.join().unwrap(), 2, "the leader gets what it computed");
    });
    assert_eq!(map.get_or_compute('a', || unreachable!("it is fresh")), 2);
    let stats = map.stats();
    assert_eq!((stats.computations, stats.stale_served, stats.waits), (2, 10, 0));
}

#[test]
fn at_most_one_flight_is_live_per_key() {
    const KEYS: usize = 3;
    let time = freeze();
    let map = DogpileMap::new(hourly());
    let (running, most) = ([const { AtomicUsize::new(0) }; KEYS], AtomicUsize::new(0));
    let compute = |key: usize| {
        most.fetch_max(running[key].fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::yield_now();
        running[key].fetch_sub(1, Ordering::SeqCst);
    };
    for _ in 0..50 {
        thread::scope(|scope| {
            for caller in 0..4 {
                let (map, compute) = (&map, &compute);
                scope.spawn(move || {
                    for key in 0..KEYS {
                        let key = (key + caller) % KEYS;
                        map.get_or_compute(key, || compute(key));
                    }
                });
            }
        });
        time.advance(HOUR + NANOSECOND);
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    assert_eq!(map.stats().computations, 50 * KEYS as u64, "one successful computation per key and period");
}

#[test]
fn beyond_stale_callers_wait_again() {
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(HOUR));
    map.set(0, 1);
    time.advance(HOUR + HOUR);
    assert_eq!(map.get(&0), Some(1), "as stale as allowed");
    time.advance(NANOSECOND);
    assert_eq!((map.get(&0), map.len(), map.has_value(&0)), (None, 0, false));
    let release = Event::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(0, || {
                release.wait("a follower waits");
                2
            })
        });
        eventually("a leader", || map.is_computing(&0));
        let follower = scope.spawn(|| map.get_or_compute(0, || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        release.happen();
        assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (2, 2));
    });
}

#[test]
fn zero_stale_means_wait_on_expiry() {
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(Duration::ZERO));
    map.set(0, 1);
    time.advance(HOUR);
    assert_eq!(map.get(&0), Some(1));
    time.advance(NANOSECOND);
    assert_eq!(map.get(&0), None);
    assert_eq!(map.get_or_compute(0, || 2), 2);
}

#[test]
fn invalidate_during_a_flight_keeps_its_result_out() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    map.set(1, "of another key");
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(0, || {
                leads.happen();
                release.wait("the value was invalidated");
                "from before"
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| map.get_or_compute(0, || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        map.invalidate(&0);
        assert!(!map.is_computing(&0), "nothing under way would be stored");
        release.happen();
        assert_eq!(leader.join().unwrap(), "from before");
        assert_eq!(follower.join().unwrap(), "from before", "it waited already");
    });
    assert_eq!(map.get(&0), None);
    assert_eq!(map.get_or_compute(0, || "from after"), "from after");
    assert_eq!(map.get(&1), Some("of another key"));
}

#[test]
fn new_flight_may_start_beside_an_invalidated_one() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute('a', || {
                leads.happen();
                release.wait("a new value has landed");
                1
            })
        });
        leads.wait("a leader");
        map.invalidate(&'a');
        assert_eq!(map.get_or_compute('a', || 2), 2, "not held up by the old one");
        map.invalidate(&'a');
        assert_eq!(map.get_or_compute('a', || 3), 3);
        release.happen();
        assert_eq!(leader.join().unwrap(), 1);
    });
    assert_eq!(map.get(&'a'), Some(3));
}

#[test]
fn nobody_waits_for_an_orphan_once_there_is_a_value() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let hung = scope.spawn(|| {
            map.get_or_compute('a', || {
                leads.happen();
                release.wait("the follower was served");
                1
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| map.get_or_compute('a', || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        map.set('a', 2);
        assert_eq!(follower.join().unwrap(), 2, "served although its flight still hangs");
        release.happen();
        assert_eq!(hung.join().unwrap(), 1);
    });
    assert_eq!(map.get(&'a'), Some(2), "`set` wins over the flight under way");
}

#[test]
fn expire_during_a_flight_lands_its_result_stale() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let within = || {
        map.expire(&'a');
        1
    };
    assert_eq!(map.get_or_compute('a', within), 1);
    assert_eq!(map.get(&'a'), Some(1));
    assert!(map.is_expired(&'a'));
    assert_eq!(map.get_or_compute('a', || 2), 2);
}

#[test]
fn expire_makes_the_next_call_for_that_key_regenerate() {
    let _time = freeze();
    let map = DogpileMap::new(Policy::never());
    map.set('a', 1);
    map.set('b', 1);
    map.expire(&'a');
    assert!(map.is_expired(&'a') && !map.is_expired(&'b'));
    assert_eq!(map.get(&'a'), Some(1), "soft");
    assert_eq!((map.get_or_compute('a', || 2), map.get_or_compute('b', || 2)), (2, 1));
    assert_eq!(map.get_or_compute('a', || 3), 2);
}

#[test]
fn late_looker_does_not_regenerate_what_has_just_landed() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    for period in 1..=200_u64 {
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    start.wait();
                    map.get_or_compute("key", || period)
                });
            }
        });
        assert_eq!(map.stats().computations, period);
        if period % 2 == 0 { map.invalidate(&"key") } else { time.advance(HOUR + NANOSECOND) }
    }
}
