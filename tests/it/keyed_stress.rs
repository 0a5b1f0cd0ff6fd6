//! Many keys, little room, and everything at once; and growth under readers. Long under `--cfg dogpile_stress`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{DogpileMap, Policy};

use crate::drops::{Counted, alive};
use crate::keyed_drops::CountedKey;
use crate::support::{NANOSECOND, hourly};

const ROUNDS: u64 = if cfg!(dogpile_stress) { 10_000_000 } else { 10_000 };
const THREADS: u32 = 4;
const PERIOD: Duration = Duration::from_secs(1);
const KEYS: u32 = 40;
const CAPACITY: usize = 16;
/// As many may be under computation.
const SLACK: usize = THREADS as usize;

/// The generation of what was `set`, and not computed from anything.
const OF_NO_TIME: u64 = u64::MAX;

/// A value that knows its key, and counts those of its kind.
struct Kept {
    key: u32,
    generation: Box<u64>,
    _alive: Counted,
}

type Map = DogpileMap<CountedKey, Arc<Kept>>;

/// What all threads share.
struct World {
    map: Map,
    keys: Arc<AtomicUsize>,
    values: Arc<AtomicUsize>,
    generation: AtomicU64,
    /// The generation below which everything was declared gone, for each key.
    floors: Vec<AtomicU64>,
}

impl World {
    fn new(capacity: usize) -> Self {
        Self {
            map: Map::new(Policy::expire(PERIOD).stale(PERIOD).capacity(capacity)),
            keys: Arc::default(),
            values: Arc::default(),
            generation: AtomicU64::new(1),
            floors: (0..KEYS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn key(&self, key: u32) -> CountedKey {
        CountedKey::new(key, &self.keys)
    }

    fn make(&self, key: u32, generation: u64) -> Arc<Kept> {
        Arc::new(Kept { key, generation: Box::new(generation), _alive: Counted::new(&self.values) })
    }

    fn compute(&self, key: u32) -> Arc<Kept> {
        self.make(key, self.generation.fetch_add(1, Ordering::SeqCst))
    }

    fn floor(&self, key: u32) -> u64 {
        self.floors[key as usize].load(Ordering::SeqCst)
    }

    fn raise(&self, key: u32, floor: u64) {
        self.floors[key as usize].fetch_max(floor, Ordering::SeqCst);
    }

    fn step(&self, key: u32, dice: u64, advance: impl Fn()) {
        let floor = self.floor(key);
        match dice {
            0..3 => {
                let before = self.generation.fetch_add(1, Ordering::SeqCst);
                self.map.invalidate(&self.key(key));
                self.raise(key, before);
            }
            3 if key == 0 => {
                let before = self.generation.fetch_add(1, Ordering::SeqCst);
                self.map.invalidate_all();
                (0..self.floors.len()).for_each(|key| self.raise(u32::try_from(key).unwrap(), before));
            }
            4..6 => self.map.expire(&self.key(key)),
            6 if key < 4 => self.map.expire_all(),
            7..10 => self.map.set(self.key(key), self.make(key, OF_NO_TIME)),
            10..12 => advance(),
            12 if key < 4 => self.map.retain(|_, kept| *kept.generation % 3 != 0),
            13 => assert!(self.map.len() <= self.floors.len()),
            14..18 => {
                // With the stale value for a fallback.
                if let Ok(seen) = self.map.try_get_or_compute_shared(self.key(key), || Err(())) {
                    check(key, floor, &seen);
                }
            }
            18..22 => {
                let panics =
                    || self.map.get_or_compute(self.key(key), || std::panic::resume_unwind(Box::new(())));
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
            }
            22..40 => self.map.read(&self.key(key)).iter().for_each(|seen| check(key, floor, seen)),
            40..50 => self.map.get(&self.key(key)).iter().for_each(|seen| check(key, floor, seen)),
            _ => check(key, floor, &self.map.get_or_compute(self.key(key), || self.compute(key))),
        }
    }
}

/// P4: what a call returns that began when `floor` was announced is not from before it.
fn check(key: u32, floor: u64, seen: &Kept) {
    assert_eq!(seen.key, key);
    assert!(*seen.generation >= floor, "{} of {key} is from before {floor}", seen.generation);
}

fn play(capacity: usize) {
    let time = freeze();
    let world = World::new(capacity);
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (world, time) = (&world, &time);
            scope.spawn(move || {
                let mut dice = u64::from(seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for _ in 0..ROUNDS {
                    dice ^= dice << 13;
                    dice ^= dice >> 7;
                    dice ^= dice << 17;
                    let key = u32::try_from((dice >> 32) % u64::from(KEYS)).unwrap();
                    world.step(key, dice % 100, || time.advance(PERIOD / 3 + NANOSECOND));
                    assert!(world.map.len() <= capacity.saturating_add(SLACK));
                }
            });
        }
    });
    world.map.retain(|_, _| false);
    let map = world.map;
    assert!((0..KEYS).all(|key| !map.is_computing(&CountedKey::new(key, &world.keys))));
    drop(map);
    assert_eq!((alive(&world.keys), alive(&world.values)), (0, 0), "nothing is left of any key or value");
}

#[test]
fn everything_at_once_with_little_room() {
    play(CAPACITY);
}

#[test]
fn everything_at_once_with_room_for_one() {
    play(1);
}

#[test]
fn everything_at_once_without_bound() {
    play(usize::MAX);
}

#[test]
fn map_grows_while_readers_read() {
    const MANY: u32 = 100_000;
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(usize::MAX));
    let (known, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for seed in 1..3_usize {
            let (map, known, is_done) = (&map, &known, &is_done);
            scope.spawn(move || {
                let mut key = seed;
                while !is_done.load(Ordering::SeqCst) {
                    let known = known.load(Ordering::SeqCst);
                    if known > 0 {
                        key = key.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed) % known;
                        let seen = u32::try_from(key).unwrap();
                        assert_eq!(map.get(&seen), Some(seen), "what was there is found");
                        assert_eq!(map.get_or_compute(seen, || unreachable!("it is fresh")), seen);
                    }
                }
            });
        }
        for key in 0..MANY {
            map.set(key, key);
            known.store(key as usize + 1, Ordering::SeqCst);
        }
        is_done.store(true, Ordering::SeqCst);
    });
    assert_eq!((map.len(), map.stats().computations), (MANY as usize, 0));
    assert!((0..MANY).all(|key| map.get(&key) == Some(key)));
}
