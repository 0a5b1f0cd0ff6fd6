//! `refresh = "background"`, per key.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Background, DogpileMap, Policy};

use crate::support::{DEADLINE, Event, HOUR, NANOSECOND, eventually, hourly};

fn in_background<V>() -> Policy<V, Background> {
    hourly().refresh(Background)
}

#[test]
fn every_caller_gets_the_stale_value_at_once() {
    let time = freeze();
    let map = DogpileMap::new(in_background());
    for key in ["a", "b"] {
        assert_eq!(map.get_or_compute(key, || 1), 1, "the first is computed by its caller");
    }
    time.advance(HOUR + NANOSECOND);
    let (release, released) = mpsc::channel();
    let (tell, worker) = mpsc::channel();
    let compute = move || {
        tell.send(thread::current().name().map(str::to_owned)).unwrap();
        released.recv_timeout(DEADLINE).unwrap()
    };
    assert_eq!(map.get_or_compute("a", compute), 1);
    let name = worker.recv_timeout(DEADLINE).unwrap().unwrap();
    assert!(name.starts_with("dogpile-refresh-"), "{name}");
    assert_eq!(map.get_or_compute("a", || unreachable!("a worker is at it")), 1);
    assert_eq!(map.get_or_compute("b", || 5), 1);
    eventually("another worker has landed", || map.get(&"b") == Some(5));
    release.send(2).unwrap();
    eventually("the worker has landed", || !map.is_computing(&"a"));
    assert_eq!(map.get_or_compute("a", || unreachable!("it is fresh")), 2);
    assert_eq!(map.stats().stale_served, 3);
}

#[test]
fn failure_of_a_worker_keeps_the_old_value_of_its_key() {
    let _time = freeze();
    let map = DogpileMap::new(in_background());
    for key in [0, 1, 2] {
        map.set(key, key);
        map.expire(&key);
    }
    assert_eq!(map.get_or_compute(0, || panic!("of a worker, and meant")), 0);
    assert_eq!(map.try_get_or_compute(1, || Err("down")), Ok(1));
    assert_eq!(map.get_or_compute(2, || 3), 2);
    eventually("the workers are done", || (0..3).all(|key| !map.is_computing(&key)));
    assert_eq!((map.stats().panics, map.stats().failures), (1, 1));
    assert_eq!([0, 1, 2].map(|key| map.get_or_compute(key, || unreachable!("backing off"))), [0, 1, 3]);
}

#[test]
fn flight_still_queued_is_taken_over_by_whoever_cannot_wait() {
    const KEYS: u32 = 64;
    let time = freeze();
    let map = DogpileMap::new(in_background().stale(HOUR));
    let release = Arc::new(Event::default());
    (0..KEYS).for_each(|key| map.set(key, 1));
    time.advance(HOUR + NANOSECOND);
    for key in 0..KEYS {
        let release = Arc::clone(&release);
        let compute = move || {
            release.wait("the queued one was taken over");
            2
        };
        assert_eq!(map.get_or_compute(key, compute), 1);
    }
    let last = KEYS - 1;
    assert!(map.is_computing(&last), "the pool is bounded, so that it waits for a worker");
    map.invalidate(&last);
    assert_eq!(map.get_or_compute(last, || 3), 3);
    let before_last = last - 1;
    time.advance(HOUR + HOUR);
    assert_eq!(map.get_or_compute(before_last, || 3), 3, "its value gone, the caller computes it itself");
    release.happen();
    eventually("the workers are done", || (0..KEYS).all(|key| !map.is_computing(&key)));
    assert_eq!([0, before_last, last].map(|key| map.get(&key)), [Some(2), Some(3), Some(3)]);
    assert_eq!(map.stats().computations, u64::from(KEYS), "workers did not compute what was taken over");
}

#[test]
fn key_whose_refresh_is_queued_is_not_evicted() {
    const KEYS: u32 = 64;
    let _time = freeze();
    let map = DogpileMap::new(in_background().capacity(KEYS as usize));
    let release = Arc::new(Event::default());
    for key in 0..KEYS {
        map.set(key, 1);
        map.expire(&key);
        let release = Arc::clone(&release);
        let compute = move || {
            release.wait("others have come");
            2
        };
        assert_eq!(map.get_or_compute(key, compute), 1);
    }
    for key in KEYS..2 * KEYS {
        map.set(key, 3);
    }
    assert!((0..KEYS).all(|key| map.get(&key) == Some(1)));
    release.happen();
    eventually("the workers are done", || (0..KEYS).all(|key| !map.is_computing(&key)));
    assert!((0..KEYS).all(|key| map.get(&key) == Some(2)));
    assert_eq!(map.stats().computations, u64::from(KEYS));
}
