//! Bounded memory, whatever the policy: how many, the newest, and those under computation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dogpile::testing::freeze;
use dogpile::{DogpileMap, Policy};

use crate::drops::{Counted, alive};
use crate::keyed_drops::CountedKey;
use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly};

#[test]
fn capacity_bounds_entries_at_all_times() {
    let _time = freeze();
    for capacity in [1, 2, 7, 64, 100] {
        let (map, keys) = (DogpileMap::new(hourly().capacity(capacity)), Arc::default());
        for id in 0..400_u32 {
            // Some of them again, and some asked for more often.
            let id = if id % 5 == 0 { id / 2 } else { id };
            map.get_or_compute(CountedKey::new(id, &keys), || id);
            map.get(&CountedKey::new(id / 3, &keys));
            assert!(map.len() <= capacity && alive(&keys) <= capacity + capacity / 8);
            assert_eq!(map.get(&CountedKey::new(id, &keys)), Some(id), "the newest stays");
        }
        map.invalidate(&CountedKey::new(1_000, &keys));
        assert_eq!((map.len(), alive(&keys)), (capacity, capacity), "all of the room is used");
        assert_eq!(map.stats().evictions, map.stats().computations - capacity as u64);
    }
}

#[test]
fn default_capacity_is_ten_thousand() {
    let _time = freeze();
    let (bounded, unbounded) = (DogpileMap::new(hourly()), DogpileMap::new(hourly().capacity(usize::MAX)));
    for key in 0..10_050 {
        bounded.set(key, ());
        unbounded.set(key, ());
    }
    assert_eq!((bounded.len(), unbounded.len()), (10_000, 10_050));
    assert_eq!((bounded.stats().evictions, unbounded.stats().evictions), (50, 0));
}

#[test]
fn set_and_regenerated_values_take_the_room_they_had() {
    let time = freeze();
    let map = DogpileMap::new(hourly().capacity(3));
    for round in 0..20 {
        for key in 0..3 {
            map.set(key, round);
            map.get_or_compute(key, || unreachable!("it is fresh"));
        }
        time.advance(HOUR + NANOSECOND);
        for key in 0..3 {
            assert_eq!(map.get_or_compute(key, || round), round);
        }
    }
    assert_eq!((map.len(), map.stats().evictions), (3, 0));
}

#[test]
fn invalidated_keys_make_room() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(10));
    for key in 0..100 {
        map.set(key, key);
        if key >= 9 {
            map.invalidate(&(key - 5));
        }
    }
    assert_eq!(map.stats().evictions, 0);
}

#[test]
fn key_whose_value_is_regenerated_is_not_evicted() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(2));
    map.set(0_u32, 1);
    map.expire(&0);
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(0, || {
                leads.happen();
                release.wait("the others have come and gone");
                2
            })
        });
        leads.wait("a leader");
        for key in 1..200 {
            assert_eq!(map.get_or_compute(key, || 0), 0);
            assert_eq!(map.get(&key), Some(0), "the newest stays");
            assert!(map.len() <= 3, "the capacity and one under computation");
            assert_eq!(map.get_or_compute(0, || unreachable!("one is at it (P1)")), 1);
            assert!(map.is_computing(&0));
        }
        release.happen();
        assert_eq!(leader.join().unwrap(), 2);
    });
    assert_eq!(map.get(&0), Some(2), "it lands where it was");
    // Unpinned, it may go, and the map is within its capacity again.
    for key in 200..220 {
        map.set(key, 0);
    }
    assert_eq!(map.len(), 2);
}

#[test]
fn key_that_was_spared_and_then_failed_makes_room_like_any_other() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(2));
    map.set(0_u32, 1);
    map.expire(&0);
    let wanted = |key| {
        map.set(key, 0);
        // Wanted more than the other one.
        assert_eq!((map.get(&key), map.get(&key)), (Some(0), Some(0)));
    };
    let failed = map.try_get_or_compute(0, || {
        (1..200).for_each(wanted);
        Err("down")
    });
    assert_eq!(failed, Ok(1), "spared while it was under way");
    (200..220).for_each(wanted);
    assert_eq!(map.len(), 2);
}

#[test]
fn keys_under_computation_come_on_top_of_the_capacity() {
    const PINNED: u32 = 4;
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(PINNED as usize));
    for key in 0..PINNED {
        map.set(key, 1);
        map.expire(&key);
    }
    let release = Event::default();
    thread::scope(|scope| {
        for key in 0..PINNED {
            let (map, release) = (&map, &release);
            scope.spawn(move || {
                map.get_or_compute(key, || {
                    release.wait("the others have come and gone");
                    2
                })
            });
        }
        eventually("all lead", || (0..PINNED).all(|key| map.is_computing(&key)));
        for key in 100..200 {
            map.set(key, 0);
            assert!(map.len() <= 2 * PINNED as usize, "{}", map.len());
            assert!((0..PINNED).all(|key| map.get(&key) == Some(1)), "none of them is evicted");
        }
        release.happen();
    });
    assert!((0..PINNED).all(|key| map.get(&key) == Some(2)));
    for key in 200..300 {
        map.set(key, 0);
    }
    assert_eq!(map.len(), PINNED as usize, "back within the capacity");
}

#[test]
fn evicted_key_that_comes_back_is_computed_anew() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(2));
    let computed = AtomicUsize::new(0);
    for round in 0..20 {
        for key in 0..5 {
            map.get_or_compute(key, || computed.fetch_add(1, Ordering::SeqCst));
        }
        assert!(map.len() == 2, "round {round}");
    }
    let stats = map.stats();
    assert_eq!(stats.computations, computed.into_inner() as u64);
    assert_eq!(stats.evictions, stats.computations - 2);
}

#[test]
fn values_too_old_to_be_served_are_forgotten_when_others_land() {
    let time = freeze();
    for capacity in [1_000, usize::MAX] {
        let (keys, values) = (Arc::default(), Arc::default());
        let map = DogpileMap::new(hourly().stale(HOUR).capacity(capacity));
        for id in 0..200 {
            map.set(CountedKey::new(id, &keys), Counted::new(&values));
        }
        time.advance(HOUR * 2 + NANOSECOND);
        assert_eq!((map.len(), alive(&values)), (0, 200));
        // Nobody asks for them again. Each landing looks at a few.
        for id in 200..400 {
            map.set(CountedKey::new(id, &keys), Counted::new(&values));
        }
        map.invalidate(&CountedKey::new(1_000, &keys));
        assert_eq!((map.len(), alive(&keys), alive(&values)), (200, 200, 200));
        assert_eq!(map.stats().evictions, 200);
    }
}

#[test]
fn values_invalidated_together_are_forgotten_when_others_land() {
    let _time = freeze();
    let (keys, values) = (Arc::default(), Arc::default());
    let map = DogpileMap::new(Policy::never());
    let set = |id| map.set(CountedKey::new(id, &keys), Counted::new(&values));
    (0..200).for_each(set);
    map.invalidate_all();
    // The same one again and again: it is the landing that counts.
    (0..400).for_each(|_| set(7));
    map.invalidate(&CountedKey::new(1_000, &keys));
    assert_eq!((map.len(), alive(&keys), alive(&values)), (1, 1, 1));
}

#[test]
fn gone_values_are_evicted_before_servable_ones() {
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(HOUR).capacity(64));
    (0..32).for_each(|key| map.set(key, key));
    time.advance(HOUR * 2);
    (32..64).for_each(|key| map.set(key, key));
    time.advance(NANOSECOND);
    // Of two looks in each landing at least one finds one that is gone, while there are as many of them.
    (64..80).for_each(|key| map.set(key, key));
    assert!((32..80).all(|key| map.get(&key) == Some(key)), "no servable one had to go: {}", map.len());
}

#[test]
fn capacity_holds_and_computations_stay_single_under_concurrency() {
    const THREADS: u32 = 4;
    const CAPACITY: usize = 8;
    const KEYS: u32 = 24;
    let _time = freeze();
    let (map, keys) = (DogpileMap::new(hourly().capacity(CAPACITY)), Arc::default());
    let running = [const { AtomicUsize::new(0) }; KEYS as usize];
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (map, keys, running) = (&map, &keys, &running);
            scope.spawn(move || {
                for n in 0..2_000_u32 {
                    let id = n.wrapping_mul(2_654_435_761).wrapping_add(thread * (n % 7)) % KEYS;
                    let value = map.get_or_compute(CountedKey::new(id, keys), || {
                        let running = &running[id as usize];
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "one live flight per key");
                        thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        id
                    });
                    assert_eq!(value, id);
                    if n % 3 == 0 {
                        map.expire(&CountedKey::new(id, keys));
                    }
                    assert!(map.len() <= CAPACITY + THREADS as usize, "{}", map.len());
                }
            });
        }
    });
    // Nothing is under way, so that the next landings bring it back to its capacity.
    for id in 0..2 * KEYS {
        map.set(CountedKey::new(id, &keys), id);
    }
    assert_eq!((map.len(), alive(&keys)), (CAPACITY, CAPACITY));
}
