//! P6 for maps: `Hash`, `Eq`, `Clone` and `Drop` of keys and values run while no lock of ours is held. Each of them calls
//! back into the map in every way that takes a lock, or panics; if a lock were held, it would hang.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use dogpile::DogpileMap;
use dogpile::testing::freeze;

use crate::locks::within_deadline;
use crate::support::{hourly, panic_of};

/// What runs of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Hash,
    Eq,
    CloneKey,
    DropKey,
    CloneValue,
    DropValue,
}

const PARTS: [Part; 6] =
    [Part::Hash, Part::Eq, Part::CloneKey, Part::DropKey, Part::CloneValue, Part::DropValue];

struct Hook {
    map: Weak<Map>,
    meddle: Box<Meddle>,
}

type Meddle = dyn Fn(Part, &Map, &Arc<Hook>) + Send + Sync;

/// Called by all parts, but not by those that run because of it.
struct Hooked(Arc<Hook>);

impl Hooked {
    fn call(&self, part: Part) {
        thread_local! {
            static IS_CALLED: Cell<bool> = const { Cell::new(false) };
        }
        struct Called;
        impl Drop for Called {
            fn drop(&mut self) {
                IS_CALLED.set(false);
            }
        }
        if !IS_CALLED.replace(true) {
            let _called = Called;
            if let Some(map) = self.0.map.upgrade() {
                (self.0.meddle)(part, &map, &self.0);
            }
        }
    }
}

/// All of them collide.
struct Key(u32, Hooked);
struct Value(u32, Hooked);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.1.call(Part::Hash);
        state.write_u8(0);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.1.call(Part::Eq);
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.1.call(Part::CloneKey);
        Self(self.0, Hooked(Arc::clone(&self.1.0)))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.1.call(Part::DropKey);
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.1.call(Part::CloneValue);
        Self(self.0, Hooked(Arc::clone(&self.1.0)))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.1.call(Part::DropValue);
    }
}

type Map = DogpileMap<Key, Value>;

struct Meddled {
    map: Arc<Map>,
    hook: Arc<Hook>,
}

impl Meddled {
    fn new(capacity: usize, meddle: impl Fn(Part, &Map, &Arc<Hook>) + Send + Sync + 'static) -> Self {
        let map = Arc::new(Map::new(hourly().capacity(capacity)));
        let hook = Arc::new(Hook { map: Arc::downgrade(&map), meddle: Box::new(meddle) });
        Self { map, hook }
    }

    fn key(&self, id: u32) -> Key {
        Key(id, Hooked(Arc::clone(&self.hook)))
    }

    fn value(&self, id: u32) -> Value {
        Value(id, Hooked(Arc::clone(&self.hook)))
    }

    /// A bit of everything.
    fn use_it(&self, id: u32) {
        let (map, key) = (&self.map, || self.key(id));
        assert!([id, id + 100].contains(&map.get_or_compute(key(), || self.value(id)).0));
        drop((map.get(&key()), map.read(&key()), map.age(&key())));
        map.set(key(), self.value(id + 100));
        map.expire(&key());
        drop(map.get_or_compute(key(), || self.value(id)));
        drop(map.try_get_or_compute(self.key(id + 10), || Err(())));
        map.retain(|key, _| key.0 % 3 != 0);
        map.invalidate(&self.key(id / 2));
        map.set(self.key(id + 1), self.value(id + 1));
    }
}

#[test]
fn keys_and_values_may_call_back() {
    let _time = freeze();
    within_deadline("keys and values that call back", || {
        let calls = Arc::new([const { AtomicUsize::new(0) }; PARTS.len()]);
        let counted = Arc::clone(&calls);
        let meddled = Meddled::new(4, move |part, map, hook| {
            counted[part as usize].fetch_add(1, Ordering::SeqCst);
            let key = |id| Key(id, Hooked(Arc::clone(hook)));
            let value = |id| Value(id, Hooked(Arc::clone(hook)));
            drop(map.get(&key(2)));
            map.set(key(900), value(900));
            assert_eq!(map.get_or_compute(key(901), || value(901)).0, 901);
            map.expire(&key(901));
            map.invalidate(&key(900));
            assert!(map.len() <= 6);
            map.retain(|key, _| key.0 != 901);
            map.expire_all();
            assert!(map.stats().computations > 0);
        });
        for id in 0..20 {
            meddled.use_it(id);
        }
        for part in PARTS {
            assert!(calls[part as usize].load(Ordering::SeqCst) > 10, "{part:?} called back");
        }
    });
}

#[test]
fn keys_and_values_may_call_back_from_many_threads() {
    let _time = freeze();
    within_deadline("keys and values that call back", || {
        let meddled = Meddled::new(4, |_, map, hook| {
            let key = |id| Key(id, Hooked(Arc::clone(hook)));
            drop(map.get(&key(2)));
            map.set(key(900), Value(900, Hooked(Arc::clone(hook))));
            map.invalidate(&key(900));
            assert!(map.len() <= 14);
        });
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..40).for_each(|round| meddled.use_it(round % 7)));
            }
        });
    });
}

#[test]
fn keys_and_values_may_panic() {
    // Each part in its turn, at its nth call, for every n. Whatever it was, the map goes on.
    let _time = freeze();
    for part in PARTS {
        for nth in 1..500 {
            let (armed, calls) = (Arc::new(AtomicUsize::new(nth)), Arc::new(AtomicUsize::new(0)));
            let left = Arc::clone(&armed);
            let counted = Arc::clone(&calls);
            let meddled = Meddled::new(2, move |called, _, _| {
                let is_it = called == part && !thread::panicking();
                if is_it && counted.fetch_add(1, Ordering::SeqCst) + 1 == left.load(Ordering::SeqCst) {
                    std::panic::resume_unwind(Box::new(()));
                }
            });
            let run = || (0..3).for_each(|id| meddled.use_it(id));
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            armed.store(0, Ordering::SeqCst);
            let is_beyond = calls.load(Ordering::SeqCst) < nth;
            (0..5).for_each(|id| meddled.use_it(id));
            meddled.map.invalidate_all();
            (0..5).for_each(|id| meddled.use_it(id));
            assert!(meddled.map.len() <= 2, "{part:?} at its call {nth}");
            let hook = Arc::downgrade(&meddled.hook);
            drop(meddled);
            // A panic of the key that a caller hands in leaks what the call returns: rust-lang/rust#47949.
            assert!(hook.strong_count() <= usize::from(part == Part::DropKey), "{part:?} at its call {nth}");
            if is_beyond {
                break;
            }
            assert!(nth < 499, "{part:?} is called less often than that");
        }
    }
}

#[test]
fn clone_of_an_error_and_cache_if_may_call_back() {
    static MAP: DogpileMap<u32, u32> = DogpileMap::new(hourly().cache_if(|value| {
        MAP.expire(&1);
        MAP.set(2, 2);
        assert!(MAP.is_computing(&1));
        *value > 0
    }));
    struct Error;
    impl Clone for Error {
        fn clone(&self) -> Self {
            assert!(MAP.is_computing(&1) && MAP.get_or_compute(2, || unreachable!("it was set")) == 2);
            Self
        }
    }
    let _time = freeze();
    within_deadline("a `cache_if` that calls back", || {
        assert_eq!(MAP.get_or_compute(1, || 0), 0);
        assert!(MAP.try_get_or_compute_shared(1, || Err(Error)).is_err());
        assert_eq!(MAP.get_or_compute(1, || 1), 1);
        assert!(MAP.is_expired(&1), "expired while it was under way");
    });
}

/// All of them collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colliding(u32);

impl Hash for Colliding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(0);
    }
}

#[test]
fn colliding_keys_stay_distinct() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    for id in 0..200 {
        assert_eq!(map.get_or_compute(Colliding(id), || id), id);
    }
    for id in (0..200).step_by(3) {
        map.invalidate(&Colliding(id));
    }
    for id in 0..200 {
        assert_eq!(map.get(&Colliding(id)), (id % 3 != 0).then_some(id));
    }
    assert_eq!(panic_of(|| map.get_or_compute(Colliding(0), || panic!("boom"))), "boom");
    assert_eq!((map.len(), map.stats().computations), (133, 201));
}

#[test]
fn colliding_keys_stay_distinct_while_others_come_and_go() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(12));
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            let map = &map;
            scope.spawn(move || {
                for n in 0..1_500_u32 {
                    let id = (n * (thread + 1)) % 24;
                    match n % 8 {
                        0 => map.invalidate(&Colliding(id)),
                        1 => map.set(Colliding(id), id),
                        2 => drop(map.try_get_or_compute(Colliding(id), || Err(()))),
                        3 => assert!(map.get(&Colliding(id)).is_none_or(|value| value == id)),
                        _ => assert_eq!(map.get_or_compute(Colliding(id), || id), id),
                    }
                }
            });
        }
    });
    map.retain(|key, value| key.0 != *value);
    assert!(map.is_empty(), "each had its own value");
}
