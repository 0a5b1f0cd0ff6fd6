//! Eviction, growth, removal and readers, all at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::testing::{Frozen, freeze};
use dogpile::{DogpileMap, Policy, Ref};

const KEYS: usize = 400;

struct Canary {
    key: usize,
    text: String,
    alive: Arc<AtomicUsize>,
}

impl Canary {
    fn new(key: usize, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self { key, text: key.to_string(), alive: Arc::clone(alive) }
    }
    fn check(&self, key: usize) {
        assert_eq!(self.key, key);
        assert_eq!(self.text, key.to_string());
    }
}

impl Clone for Canary {
    fn clone(&self) -> Self {
        self.check(self.key);
        Self::new(self.key, &self.alive)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.check(self.key);
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Collides a lot.
#[derive(Clone, PartialEq, Eq)]
struct Key(usize, Arc<()>);

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.0 % 64).hash(state);
    }
}

/// How long a storm lasts.
const LENGTH: Duration = Duration::from_secs(if cfg!(dogpile_stress) { 30 } else { 1 });

/// What the threads of a storm have in common.
struct Storm<'a> {
    map: &'a DogpileMap<Key, Canary>,
    /// Which keys are being computed; only one computation of each at once.
    computing: Vec<AtomicBool>,
    alive: Arc<AtomicUsize>,
    keys: Arc<()>,
    time: &'a Frozen,
    /// Whether values are set and forgotten from outside, so that computations run beside each other.
    meddles: bool,
}

impl Storm<'_> {
    fn compute(&self, number: usize, key: Key) {
        let value = self.map.try_get_or_compute(key, || {
            if !self.meddles {
                assert!(!self.computing[number].swap(true, Ordering::SeqCst), "two flights");
            }
            if fastrand(4) == 0 {
                thread::yield_now();
            }
            let value = Canary::new(number, &self.alive);
            self.computing[number].store(false, Ordering::SeqCst);
            if fastrand(8) == 0 { Err(()) } else { Ok(value) }
        });
        if let Ok(value) = value {
            value.check(number);
        }
    }

    fn meddle(&self, what: usize, number: usize, key: Key) {
        match what {
            20..28 => self.map.set(key, Canary::new(number, &self.alive)),
            28..36 => self.map.invalidate(&key),
            36 => self.map.expire(&key),
            37 => self.map.expire_all(),
            38 if fastrand(20) == 0 => self.map.invalidate_all(),
            39 if fastrand(20) == 0 => self.map.retain(|key, value| {
                value.check(key.0);
                fastrand(2) == 0
            }),
            _ => {}
        }
    }

    fn one_thread(&self) {
        let mut held: VecDeque<(usize, Ref<'_, Canary>)> = VecDeque::new();
        for _ in 0..3000 {
            let number = fastrand(KEYS);
            let key = Key(number, Arc::clone(&self.keys));
            match fastrand(if self.meddles { 40 } else { 20 }) {
                0..10 => self.compute(number, key),
                10..15 => {
                    held.extend(self.map.read(&key).map(|value| (number, value)));
                    if held.len() > 8 {
                        let (number, value) = held.pop_front().unwrap();
                        value.check(number);
                    }
                }
                15..19 => {
                    if let Some(value) = self.map.get(&key) {
                        value.check(number);
                    }
                }
                19 => self.time.advance(Duration::from_millis(20)),
                what => self.meddle(what, number, key),
            }
        }
    }
}

fn stress(meddles: bool) {
    let time = freeze();
    let end = Instant::now() + LENGTH;
    let (alive, keys) = (Arc::<AtomicUsize>::default(), Arc::new(()));
    while Instant::now() < end {
        // Anew, so that it grows again and again.
        let map = DogpileMap::<Key, Canary>::new(Policy::expire(Duration::from_secs(10)).capacity(100));
        let computing = (0..KEYS).map(|_| AtomicBool::new(false)).collect();
        let (alive, keys) = (Arc::clone(&alive), Arc::clone(&keys));
        let storm = Storm { map: &map, computing, alive, keys, time: &time, meddles };
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| storm.one_thread());
            }
        });
        assert!(map.len() <= 120, "{} keys in a map of 100", map.len());
        map.invalidate(&Key(0, Arc::clone(&storm.keys)));
        let most = map.len().max(101) + 70;
        let now = storm.alive.load(Ordering::SeqCst);
        assert!(now <= most, "{now} values alive, {} served, {:?}", map.len(), map.stats());
        drop(storm);
        drop(map);
    }
    assert_eq!(alive.load(Ordering::SeqCst), 0, "all values gone");
    assert_eq!(Arc::strong_count(&keys), 1, "all keys gone");
}

fn fastrand(below: usize) -> usize {
    use std::cell::Cell;
    use std::hash::{BuildHasher, RandomState};
    thread_local!(static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0) | 1));
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        (x >> 20) as usize % below
    })
}

#[test]
fn keys_come_and_go_with_one_flight_each() {
    stress(false);
}

#[test]
fn keys_come_and_go_with_meddlers() {
    stress(true);
}
