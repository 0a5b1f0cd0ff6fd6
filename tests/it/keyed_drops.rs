//! Values go promptly, and so do keys, once nobody looks at them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Background, DogpileMap, Policy};

use crate::drops::{Counted, alive};
use crate::support::{DEADLINE, Event, HOUR, NANOSECOND, eventually, hourly, panic_of, until_waiting_in};

/// A key of which all clones are counted.
#[derive(Clone)]
pub(crate) struct CountedKey(u32, #[expect(dead_code, reason = "its end is the point")] Counted);

impl CountedKey {
    pub(crate) fn new(id: u32, keys: &Arc<AtomicUsize>) -> Self {
        Self(id, Counted::new(keys))
    }
}

impl Hash for CountedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for CountedKey {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for CountedKey {}

/// How many keys and values are alive.
#[derive(Default)]
struct Census {
    keys: Arc<AtomicUsize>,
    values: Arc<AtomicUsize>,
}

impl Census {
    fn key(&self, id: u32) -> CountedKey {
        CountedKey::new(id, &self.keys)
    }

    fn value(&self) -> Counted {
        Counted::new(&self.values)
    }

    fn take(&self) -> (usize, usize) {
        (alive(&self.keys), alive(&self.values))
    }
}

fn census() -> (DogpileMap<CountedKey, Counted>, Census) {
    (DogpileMap::new(hourly()), Census::default())
}

#[test]
fn superseded_value_of_a_key_is_dropped_at_once() {
    let time = freeze();
    let (map, census) = census();
    for _ in 0..10 {
        for id in 0..3 {
            drop(map.get_or_compute(census.key(id), || census.value()));
        }
        assert_eq!(census.take(), (3, 3));
        time.advance(HOUR + NANOSECOND);
    }
    map.set(census.key(0), census.value());
    assert_eq!(census.take(), (3, 3));
    for left in [2, 1, 0] {
        map.invalidate(&census.key(u32::try_from(left).unwrap()));
        assert_eq!(census.take(), (left, left), "neither key nor value after `invalidate`");
    }
}

#[test]
fn looking_keeps_no_key() {
    let _time = freeze();
    let (map, census) = census();
    let key = census.key(0);
    assert!(map.get(&key).is_none() && map.read(&key).is_none() && !map.is_computing(&key));
    map.invalidate(&key);
    map.expire(&key);
    assert_eq!(census.take(), (1, 0), "ours");
    map.set(key.clone(), census.value());
    assert!(map.get(&key).is_some() && map.age(&key).is_some());
    assert_eq!(census.take(), (2, 1));
}

#[test]
fn reader_keeps_its_value_whatever_becomes_of_its_key() {
    let time = freeze();
    let census = Census::default();
    let map = DogpileMap::new(hourly().capacity(1));
    let read = || {
        map.set(census.key(0), census.value());
        map.read(&census.key(0)).unwrap()
    };
    let invalidated = read();
    map.invalidate(&census.key(0));
    assert_eq!(census.take(), (0, 1), "the value is read, the key is not");
    let evicted = read();
    map.set(census.key(1), census.value());
    assert_eq!((map.len(), census.take()), (1, (1, 3)));
    let replaced = read();
    map.set(census.key(0), census.value());
    assert_eq!(census.take(), (1, 4));
    let expired = read();
    time.advance(HOUR * 2);
    map.invalidate_all();
    drop(map.get_or_compute(census.key(0), || census.value()));
    assert_eq!(census.take(), (1, 5));
    for (reader, left) in [invalidated, evicted, replaced, expired].into_iter().zip([4, 3, 2, 1]) {
        drop(reader);
        assert_eq!(census.take(), (1, left));
    }
}

#[test]
fn many_guards_of_one_thread_are_no_harm() {
    let _time = freeze();
    let (map, census) = census();
    for _ in 0..2 {
        let key = |id| map.set(census.key(id), census.value());
        (0..20).for_each(key);
        let readers: Vec<_> = (0..100).map(|n| map.read(&census.key(n % 20)).unwrap()).collect();
        map.retain(|_, _| false);
        assert_eq!(census.take(), (0, 20));
        drop(readers);
        assert_eq!(census.take(), (0, 0));
    }
}

#[test]
fn guard_may_be_dropped_by_another_thread() {
    let _time = freeze();
    let (map, census) = census();
    map.set(census.key(0), census.value());
    let reader = map.read(&census.key(0)).unwrap();
    map.invalidate(&census.key(0));
    thread::scope(|scope| {
        scope.spawn(move || drop(reader));
    });
    assert_eq!(census.take(), (0, 0));
}

#[test]
fn evicted_keys_and_values_are_dropped_promptly() {
    let _time = freeze();
    for (capacity, waiting) in [(1, 0), (10, 0), (100, 12), (1_000, 64)] {
        let census = Census::default();
        let map = DogpileMap::new(hourly().capacity(capacity));
        for id in 0..2_000 {
            map.set(census.key(id), census.value());
            let (keys, values) = census.take();
            assert!(map.len() <= capacity);
            assert!(keys <= capacity + waiting && values <= capacity + waiting, "{keys} {values} {capacity}");
        }
        map.invalidate(&census.key(0));
        assert_eq!(census.take(), (map.len(), map.len()), "none waits after `invalidate`");
    }
}

#[test]
fn at_most_one_old_value_of_a_key_is_alive() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(16));
    let alive_of = [const { AtomicUsize::new(0) }; 40].map(Arc::new);
    for n in 0..2_000_usize {
        let id = (n * n + n / 7) % 40;
        map.set(id, Counted::new(&alive_of[id]));
        for counter in &alive_of {
            assert!(alive(counter) <= 2, "the new one and one old");
        }
        if n % 5 == 0 {
            map.invalidate(&id);
            assert_eq!(alive(&alive_of[id]), 0, "none after `invalidate`");
        }
    }
}

#[test]
fn orphaned_result_goes_with_those_who_waited_for_it() {
    let _time = freeze();
    let (map, census) = census();
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(census.key(0), || {
                leads.happen();
                release.wait("a follower waits");
                census.value()
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| map.get_or_compute(census.key(0), || unreachable!("it follows")));
        until_waiting_in(&map, 1);
        map.invalidate(&census.key(0));
        release.happen();
        drop((leader.join().unwrap(), follower.join().unwrap()));
    });
    assert_eq!(census.take().1, 0);
    map.invalidate(&census.key(0));
    assert_eq!(census.take(), (0, 0), "and the key with it");
}

#[test]
fn dropping_the_map_drops_everything() {
    let _time = freeze();
    for (count, capacity) in [(1, 10), (1_000, 2_000), (1_000, usize::MAX), (1_000, 100)] {
        let census = Census::default();
        let map = DogpileMap::new(hourly().capacity(capacity));
        for id in 0..count {
            map.set(census.key(id), census.value());
            if id % 3 == 0 {
                map.invalidate(&census.key(id / 3));
            }
        }
        map.invalidate_all();
        drop(map);
        assert_eq!(census.take(), (0, 0));
    }
}

#[test]
fn map_may_be_dropped_while_a_worker_computes() {
    let time = freeze();
    let census = Census::default();
    let map = DogpileMap::new(hourly().refresh(Background));
    for id in 0..3 {
        map.set(census.key(id), census.value());
    }
    time.advance(HOUR + NANOSECOND);
    let (release, released) = mpsc::channel::<()>();
    let (tell, done) = mpsc::channel();
    let values = Arc::clone(&census.values);
    drop(map.get_or_compute(census.key(0), move || {
        released.recv_timeout(DEADLINE).unwrap();
        tell.send(()).unwrap();
        Counted::new(&values)
    }));
    drop(map);
    assert_eq!(census.take(), (1, 1), "those of the flight");
    release.send(()).unwrap();
    done.recv_timeout(DEADLINE).unwrap();
    eventually("the flight has ended, and nothing is left", || census.take() == (0, 0));
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(self.0 != 13 || thread::panicking(), "boom");
    }
}

#[test]
fn panicking_drop_of_a_value_wedges_nothing() {
    let _time = freeze();
    let map = DogpileMap::new(Policy::never().capacity(1));
    map.set(0, Bomb(13));
    assert_eq!(panic_of(|| map.set(0, Bomb(1))), "boom");
    assert!(map.get(&0).is_some_and(|bomb| bomb.0 == 1), "the new value is in place all the same");
    map.set(0, Bomb(13));
    assert_eq!(panic_of(|| map.invalidate(&0)), "boom");
    assert_eq!(map.len(), 0);
    map.set(0, Bomb(13));
    assert_eq!(panic_of(|| map.get_or_compute(1, || Bomb(1))), "boom", "it has to make room");
    assert!(map.get(&1).is_some_and(|bomb| bomb.0 == 1), "but has landed all the same");
    assert_eq!(map.len(), 1);
}

/// Counts, and panics at its end, even while another one panics.
#[derive(Clone)]
struct CountedBomb(#[expect(dead_code, reason = "its end is the point")] Counted);

impl Drop for CountedBomb {
    fn drop(&mut self) {
        std::panic::resume_unwind(Box::new("boom"));
    }
}

fn panics(run: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
}

#[test]
fn values_that_panic_as_they_make_room_let_the_others_go() {
    let time = freeze();
    for capacity in [4, 100, 1_000] {
        let (values, keys) = (Arc::default(), Arc::default());
        let map = DogpileMap::new(hourly().stale(HOUR).capacity(capacity));
        let set = |key: usize| {
            let key = CountedKey::new(u32::try_from(key).unwrap(), &keys);
            panics(|| map.set(key, CountedBomb(Counted::new(&values))));
        };
        (0..capacity * 3).for_each(set);
        time.advance(HOUR * 2 + NANOSECOND);
        (capacity * 3..capacity * 6).for_each(set);
        panics(|| map.invalidate(&CountedKey::new(u32::MAX, &keys)));
        assert_eq!((map.len(), alive(&keys), alive(&values)), (capacity, capacity, capacity));
        while panics(|| map.retain(|_, _| false)) {}
        assert_eq!((alive(&keys), alive(&values)), (0, 0));
    }
}

#[test]
fn panicking_drop_of_a_key_wedges_nothing() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(1));
    let put = |id, value| {
        let key = std::mem::ManuallyDrop::new(Bomb(id));
        // The map's own clone of the key is the only one to be dropped.
        map.__dogpile_probe(&*key).get_or_compute(|| value)
    };
    assert_eq!(put(13, 1), 1);
    let key = std::mem::ManuallyDrop::new(Bomb(13));
    map.invalidate(&*key);
    assert!(map.is_empty());
    assert_eq!(put(13, 2), 2);
    assert_eq!(put(1, 3), 3, "evicts the other");
    assert_eq!((map.get(&Bomb(1)), map.len()), (Some(3), 1));
    assert!(map.__dogpile_probe(&*key).try_alone(None, || Err("down")).is_err());
    assert_eq!((map.get(&Bomb(1)), map.len()), (Some(3), 1));
}

/// A value that says when it is being cloned, and waits until that may go on.
struct Slow(Counted, Arc<[Event; 2]>);

impl Clone for Slow {
    fn clone(&self) -> Self {
        let [begun, go_on] = &*self.1;
        begun.happen();
        go_on.wait("the end of the clone");
        Self(self.0.clone(), Arc::clone(&self.1))
    }
}

#[test]
fn hit_that_takes_its_time_keeps_the_one_value_it_reads() {
    let (values, events) = (Arc::default(), Arc::new([Event::new(), Event::new()]));
    let map = DogpileMap::<u32, Slow>::new(hourly());
    let set = || map.set(1, Slow(Counted::new(&values), Arc::clone(&events)));
    set();
    thread::scope(|threads| {
        let hit = threads.spawn(|| drop(map.get_or_compute(1, || unreachable!("it is there"))));
        events[0].wait("a clone");
        for _ in 0..100 {
            set();
        }
        assert_eq!(alive(&values), 2, "the one that is read, and the newest");
        map.invalidate(&1);
        assert_eq!(alive(&values), 1, "the one that is read");
        events[1].happen();
        hit.join().unwrap();
        assert_eq!(alive(&values), 0);
    });
}
