//! Eviction, growth, removal and readers, all at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::testing::freeze;
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

fn seconds() -> u64 {
    std::env::var("REVIEW_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2)
}

fn stress(meddles: bool) {
    let time = freeze();
    let end = Instant::now() + Duration::from_secs(seconds());
    let (alive, keys) = (Arc::<AtomicUsize>::default(), Arc::new(()));
    while Instant::now() < end {
        // Anew, so that it grows again and again.
        let map = DogpileMap::<Key, Canary>::new(Policy::expire(Duration::from_secs(10)).capacity(100));
        let computing: Vec<AtomicBool> = (0..KEYS).map(|_| AtomicBool::new(false)).collect();
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let mut held: VecDeque<(usize, Ref<'_, Canary>)> = VecDeque::new();
                    for _ in 0..3000 {
                        let number = fastrand(KEYS);
                        let key = Key(number, Arc::clone(&keys));
                        match fastrand(if meddles { 40 } else { 20 }) {
                            0..10 => {
                                let value = map.try_get_or_compute(key, || {
                                    if !meddles {
                                        assert!(
                                            !computing[number].swap(true, Ordering::SeqCst),
                                            "two flights"
                                        );
                                    }
                                    if fastrand(4) == 0 {
                                        thread::yield_now();
                                    }
                                    let value = Canary::new(number, &alive);
                                    computing[number].store(false, Ordering::SeqCst);
                                    if fastrand(8) == 0 { Err(()) } else { Ok(value) }
                                });
                                if let Ok(value) = value {
                                    value.check(number);
                                }
                            }
                            10..15 => {
                                if let Some(value) = map.read(&key) {
                                    held.push_back((number, value));
                                }
                                if held.len() > 8 {
                                    let (number, value) = held.pop_front().unwrap();
                                    value.check(number);
                                }
                            }
                            15..19 => {
                                if let Some(value) = map.get(&key) {
                                    value.check(number);
                                }
                            }
                            19 => time.advance(Duration::from_millis(20)),
                            20..28 => map.set(key, Canary::new(number, &alive)),
                            28..36 => map.invalidate(&key),
                            36 => map.expire(&key),
                            37 => map.expire_all(),
                            38 if fastrand(20) == 0 => map.invalidate_all(),
                            39 if fastrand(20) == 0 => map.retain(|key, value| {
                                value.check(key.0);
                                fastrand(2) == 0
                            }),
                            _ => {}
                        }
                    }
                });
            }
        });
        assert!(map.len() <= 120, "{} keys in a map of 100", map.len());
        map.invalidate(&Key(0, Arc::clone(&keys)));
        let stats = map.stats();
        let most = map.len().max(101) + 70;
        let now = alive.load(Ordering::SeqCst);
        assert!(now <= most, "{now} values alive, {} served, {stats:?}", map.len());
        drop(map);
        assert_eq!(alive.load(Ordering::SeqCst), 0, "all values gone");
        assert_eq!(Arc::strong_count(&keys), 1, "all keys gone");
    }
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
