//! Every interleaving of a map's index, its books and its flights, within the preemption bound of [`check`].
//!
//! Run with `RUSTFLAGS="--cfg dogpile_loom" cargo test -p dogpile-runtime --test loom_map --release --features test-util`.
#![cfg(dogpile_loom)]

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dogpile_runtime::{DogpileMap, Policy};
use loom::thread;

fn check(model: impl Fn() + Sync + Send + 'static) {
    check_with(2, model);
}

/// What a model of many steps is bound to: two take minutes, which is for the long run.
const FEW: usize = if cfg!(dogpile_stress) { 2 } else { 1 };

fn check_with(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(model);
}

/// All of them are in one chain, whatever the number of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key(u32);

impl Hash for Key {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

const A: Key = Key(1);
const B: Key = Key(2);
const C: Key = Key(3);

type Map<V> = Arc<DogpileMap<Key, V>>;

/// A map whose inside exists already: it is made in a `OnceCell`, which the model cannot see through.
fn map<V: Clone + Send + Sync + 'static>(
    policy: Policy<V>,
    values: impl IntoIterator<Item = (Key, V)>,
) -> Map<V> {
    let map = DogpileMap::new(policy);
    assert!(map.try_get_or_compute(Key(0), || Err(())).is_err());
    for (key, value) in values {
        map.set(key, value);
    }
    Arc::new(map)
}

/// A counter of std's: it adds no interleavings of its own.
fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

fn next(counter: &AtomicUsize) -> usize {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

/// A computation during which no other of its kind may run.
fn alone<T>(running: &AtomicUsize, compute: impl FnOnce() -> T) -> T {
    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two live flights of one key");
    thread::yield_now();
    let value = compute();
    running.fetch_sub(1, Ordering::SeqCst);
    value
}

#[test]
fn first_value_of_a_key_is_computed_once() {
    check(|| {
        let map = map(Policy::never(), []);
        let computed = counter();
        let other = {
            let (map, computed) = (Arc::clone(&map), Arc::clone(&computed));
            thread::spawn(move || map.get_or_compute(A, || next(&computed)))
        };
        assert_eq!(map.get_or_compute(A, || next(&computed)), 1);
        assert_eq!(other.join().unwrap(), 1);
        assert_eq!((computed.load(Ordering::SeqCst), map.len()), (1, 1));
    });
}

#[test]
fn two_keys_of_one_chain_come_at_once() {
    check(|| {
        let map = map(Policy::never(), []);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || {
                assert_eq!(map.get_or_compute(A, || 1), 1);
                map.get(&A)
            })
        };
        assert_eq!(map.get_or_compute(B, || 2), 2);
        assert_eq!(map.get(&B), Some(2));
        assert_eq!(other.join().unwrap(), Some(1));
        assert_eq!((map.get(&A), map.get(&B), map.stats().computations), (Some(1), Some(2), 3));
    });
}

#[test]
fn reader_finds_what_is_there_while_the_map_grows() {
    check_with(2, || {
        // The third node makes the map grow; a reader may be on its way through the chain.
        let map = map(Policy::never(), [(A, 1), (B, 2)]);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || map.set(C, 3))
        };
        assert_eq!((map.get(&A), map.get_or_compute(B, || unreachable!("it is there"))), (Some(1), 2));
        other.join().unwrap();
        assert_eq!([A, B, C].map(|key| map.get(&key)), [Some(1), Some(2), Some(3)]);
    });
}

#[test]
fn reader_finds_what_is_there_while_its_neighbours_go() {
    check_with(2, || {
        let map = map(Policy::never(), [(A, 1), (B, 2), (C, 3)]);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || [C, B].map(|key| map.invalidate(&key)))
        };
        assert_eq!(map.get_or_compute(A, || unreachable!("it is there")), 1);
        other.join().unwrap();
        assert_eq!([A, B, C].map(|key| map.get(&key)), [Some(1), None, None]);
    });
}

#[test]
fn failed_key_is_removed_and_its_follower_takes_over_elsewhere() {
    check(|| {
        let map = map(Policy::never(), []);
        let (attempts, running) = (counter(), counter());
        let call = |map: &Map<usize>, attempts: &AtomicUsize, running: &AtomicUsize| {
            map.try_get_or_compute(A, || {
                alone(running, || if next(attempts) == 1 { Err("the first attempt fails") } else { Ok(2) })
            })
        };
        let other = {
            let (map, attempts, running) = (Arc::clone(&map), Arc::clone(&attempts), Arc::clone(&running));
            thread::spawn(move || call(&map, &attempts, &running))
        };
        let results = [call(&map, &attempts, &running), other.join().unwrap()];
        assert!(results.contains(&Ok(2)), "the other one took over");
        assert_eq!((map.get(&A), map.len(), attempts.load(Ordering::SeqCst)), (Some(2), 1, 2));
    });
}

#[test]
fn set_finds_the_successor_of_a_key_that_is_being_removed() {
    check(|| {
        let map = map(Policy::never(), []);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || map.try_get_or_compute(A, || Err::<u32, _>("down")))
        };
        map.set(A, 2);
        assert_eq!(map.get(&A), Some(2), "nothing lost");
        assert!([Err("down"), Ok(2)].contains(&other.join().unwrap()));
        assert_eq!((map.get(&A), map.len()), (Some(2), 1));
    });
}

#[test]
fn set_and_invalidate_of_one_key_leave_all_of_it_or_nothing() {
    check_with(2, || {
        let map = map(Policy::never(), [(A, 1)]);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || map.set(A, 2))
        };
        map.invalidate(&A);
        let seen = map.get(&A);
        assert_ne!(seen, Some(1), "from before");
        other.join().unwrap();
        assert!(seen.is_none() || map.get(&A) == seen);
        assert_eq!(map.len(), usize::from(map.get(&A).is_some()));
        assert!([2, 3].contains(&map.get_or_compute(A, || 3)));
    });
}

/// P4 for each way to forget a value, with a neighbour in the chain and without.
fn nothing_from_before_is_seen_after(forget: fn(&DogpileMap<Key, usize>)) {
    check_forgetting(3, None, forget);
    check_forgetting(FEW, Some((B, 0)), forget);
}

fn check_forgetting(
    preemptions: usize,
    neighbour: Option<(Key, usize)>,
    forget: fn(&DogpileMap<Key, usize>),
) {
    check_with(preemptions, move || {
        let map = map(Policy::never(), neighbour);
        // The model's own, for when it is read is what matters.
        let source = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let other = {
            let (map, source) = (Arc::clone(&map), Arc::clone(&source));
            thread::spawn(move || map.get_or_compute(A, || source.load(Ordering::SeqCst)))
        };
        source.store(1, Ordering::SeqCst);
        forget(&map);
        assert_eq!(map.get_or_compute(A, || source.load(Ordering::SeqCst)), 1);
        assert!(other.join().unwrap() <= 1);
        assert_eq!(map.get(&A), Some(1));
    });
}

#[test]
fn nothing_from_before_invalidate_is_seen_after_it() {
    nothing_from_before_is_seen_after(|map| map.invalidate(&A));
}

#[test]
fn nothing_from_before_invalidate_all_is_seen_after_it() {
    nothing_from_before_is_seen_after(DogpileMap::invalidate_all);
}

#[test]
fn expire_all_regenerates_once() {
    check(|| {
        let map = map(Policy::never(), [(A, 0)]);
        map.expire_all();
        let (computed, running) = (counter(), counter());
        let call = |map: &Map<usize>, computed: &AtomicUsize, running: &AtomicUsize| {
            map.get_or_compute(A, || alone(running, || next(computed)))
        };
        let other = {
            let (map, computed, running) = (Arc::clone(&map), Arc::clone(&computed), Arc::clone(&running));
            thread::spawn(move || call(&map, &computed, &running))
        };
        let mine = call(&map, &computed, &running);
        assert!(mine + other.join().unwrap() >= 1);
        assert_eq!((computed.load(Ordering::SeqCst), map.get(&A)), (1, Some(1)));
    });
}

#[test]
fn key_whose_flight_is_live_is_not_evicted() {
    check_with(FEW, || {
        let map = map(Policy::never().capacity(1), [(A, 0)]);
        map.expire(&A);
        let running = counter();
        let call = |map: &Map<usize>, running: &AtomicUsize| map.get_or_compute(A, || alone(running, || 1));
        let other = {
            let (map, running) = (Arc::clone(&map), Arc::clone(&running));
            thread::spawn(move || call(&map, &running))
        };
        map.set(B, 2);
        assert!(call(&map, &running) <= 1, "stale, or computed");
        assert_eq!(other.join().unwrap(), 1);
        assert!(map.len() <= 2, "the capacity, and one that was under way");
        map.set(C, 3);
        assert_eq!((map.get(&C), map.len()), (Some(3), 1));
    });
}

#[test]
fn key_is_evicted_or_invalidated_or_both() {
    check(|| {
        let map = map(Policy::never().capacity(1), [(A, 1)]);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || map.set(B, 2))
        };
        map.invalidate(&A);
        assert_eq!(map.get(&A), None);
        other.join().unwrap();
        assert_eq!((map.get(&B), map.len()), (Some(2), 1));
        map.set(A, 3);
        assert_eq!((map.get(&A), map.len()), (Some(3), 1), "the books agree");
    });
}

#[test]
fn key_that_lands_while_it_is_invalidated_stays_out_of_the_books() {
    check(|| {
        let map = map(Policy::never().capacity(1), []);
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || map.get_or_compute(A, || 1))
        };
        map.invalidate(&A);
        assert_eq!(other.join().unwrap(), 1);
        map.invalidate(&A);
        // A ghost of it in the books would cost this one its room, or be counted as evicted.
        map.set(B, 2);
        assert_eq!((map.get(&B), map.len(), map.stats().evictions), (Some(2), 1, 0));
    });
}

/// Part of a key or a value, of which is known whether it is still there.
///
/// With atomics of std, because the counts of an `Arc`, by which the last one to go knows of the others, are std's too.
struct Tracked {
    dropped: Arc<AtomicUsize>,
    is_alive: Arc<AtomicBool>,
}

impl Tracked {
    fn new(dropped: &Arc<AtomicUsize>) -> Self {
        Self { dropped: Arc::clone(dropped), is_alive: Arc::new(AtomicBool::new(true)) }
    }

    fn assert_alive(&self) {
        assert!(self.is_alive.load(Ordering::SeqCst), "dropped under its reader");
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        self.assert_alive();
        Self::new(&self.dropped)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.is_alive.store(false, Ordering::SeqCst);
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Clone)]
struct TrackedKey(u32, Tracked);

impl Hash for TrackedKey {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialEq for TrackedKey {
    fn eq(&self, other: &Self) -> bool {
        self.1.assert_alive();
        other.1.assert_alive();
        self.0 == other.0
    }
}

impl Eq for TrackedKey {}

/// Two keys in a chain; one thread looks for the further one while another changes the chain.
fn reader_and(preemptions: usize, change: fn(&DogpileMap<TrackedKey, Tracked>, [&TrackedKey; 2])) {
    check_with(preemptions, move || {
        let (keys, values, others) = (counter(), counter(), counter());
        let map = Arc::new(DogpileMap::new(Policy::never().capacity(2)));
        for id in [1, 2] {
            let key = TrackedKey(id, Tracked::new(&keys));
            map.__dogpile_probe(&key).get_or_compute(|| Tracked::new(&values));
        }
        let reader = {
            let (map, others) = (Arc::clone(&map), Arc::clone(&others));
            thread::spawn(move || {
                let key = TrackedKey(1, Tracked::new(&others));
                if let Some(seen) = map.read(&key) {
                    thread::yield_now();
                    seen.assert_alive();
                }
            })
        };
        let queries = [1, 2].map(|id| TrackedKey(id, Tracked::new(&others)));
        change(&map, [&queries[0], &queries[1]]);
        reader.join().unwrap();
        map.invalidate(&queries[0]);
        map.invalidate(&queries[1]);
        // Two of each, and of both one that was lent: a key by the loop, a value by the call.
        assert_eq!(keys.load(Ordering::SeqCst), 4, "each key is dropped, and once");
        assert_eq!(values.load(Ordering::SeqCst), 4, "each value is dropped, and once");
    });
}

#[test]
fn nodes_and_values_outlive_their_readers_when_keys_go() {
    reader_and(2, |map, [first, second]| {
        map.invalidate(second);
        map.invalidate(first);
    });
}

#[test]
fn nodes_and_values_outlive_their_readers_when_keys_go_in_the_other_order() {
    reader_and(2, |map, [first, second]| {
        map.invalidate(first);
        map.invalidate(second);
    });
}

#[test]
fn nodes_and_values_outlive_their_readers_when_they_are_evicted() {
    reader_and(FEW, |map, _| {
        let others = counter();
        map.set(TrackedKey(3, Tracked::new(&others)), Tracked::new(&others));
        map.retain(|key, _| key.0 < 3);
    });
}

/// A value that takes its time to be cloned, and must be there all the while.
struct Slow(Tracked);

impl Clone for Slow {
    fn clone(&self) -> Self {
        self.0.assert_alive();
        thread::yield_now();
        Self(self.0.clone())
    }
}

/// So many threads hit a key whose value `change` takes out of its slot: it goes with the last of them that clones it, and
/// does not stay for those that came later.
fn hits_and(preemptions: usize, hits: usize, change: fn(&DogpileMap<Key, Slow>, &Arc<AtomicUsize>)) {
    check_with(preemptions, move || {
        let (old, new) = (counter(), counter());
        let map = map(Policy::never(), [(A, Slow(Tracked::new(&old)))]);
        let readers: Vec<_> = (0..hits)
            .map(|_| {
                let (map, new) = (Arc::clone(&map), Arc::clone(&new));
                thread::spawn(move || {
                    let seen = map.get_or_compute(A, || Slow(Tracked::new(&new)));
                    // Its drop would count, and it is only lent.
                    std::mem::forget(seen);
                })
            })
            .collect();
        change(&map, &new);
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(old.load(Ordering::SeqCst), 1, "superseded and unread, it is gone");
    });
}

#[test]
fn value_outlives_the_hit_that_came_by_way_of_its_key() {
    hits_and(2, 1, |map, new| map.set(A, Slow(Tracked::new(new))));
}

#[test]
fn value_outlives_the_hit_on_a_key_that_goes() {
    hits_and(2, 1, |map, _| map.invalidate(&A));
}

#[test]
fn value_goes_though_its_key_is_being_hit() {
    // One of them may be reading the new value when the old one's last reader looks who is there.
    hits_and(FEW, 2, |map, new| map.set(A, Slow(Tracked::new(new))));
}
