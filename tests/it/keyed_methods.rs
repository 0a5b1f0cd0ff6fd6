//! `#[dogpile(…)]` on methods: what instances share, and what is their own.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap, dogpile, policy};

use crate::support::{HOUR, NANOSECOND};

/// Counts its computations.
struct Account {
    id: u64,
    calls: AtomicU32,
}

impl Account {
    fn new(id: u64) -> Self {
        Self { id, calls: AtomicU32::new(0) }
    }

    fn next(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[dogpile(expire = "1h", key(self.id: u64))]
    fn by_id(&self) -> u32 {
        self.next()
    }

    #[dogpile(expire = "1h", skip(self))]
    fn shared(&self, day: u8) -> (u64, u8) {
        (self.id, day)
    }

    #[dogpile(expire = "1h", key(self.id: u64, suffix))]
    fn consumed(self, suffix: &str) -> String {
        format!("{}{suffix}", self.id)
    }

    #[dogpile(expire = "1h", key(self.id: u64))]
    fn in_arc(self: Arc<Self>) -> u32 {
        self.next()
    }
}

#[test]
fn key_out_of_self_tells_instances_apart() {
    let _time = freeze();
    let (one, same, other) = (Account::new(1), Account::new(1), Account::new(2));
    assert_eq!((one.by_id(), same.by_id(), other.by_id()), (1, 1, 1));
    assert_eq!(same.calls.load(Ordering::SeqCst), 0, "of the same key");
    assert_eq!(other.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn skipped_self_is_shared_by_all_instances() {
    let _time = freeze();
    assert_eq!(
        (Account::new(1).shared(1), Account::new(2).shared(1), Account::new(2).shared(2)),
        ((1, 1), (1, 1), (2, 2))
    );
}

#[test]
fn self_may_be_consumed() {
    let _time = freeze();
    assert_eq!(
        (Account::new(3).consumed("a"), Account::new(3).consumed("b")),
        ("3a".to_owned(), "3b".to_owned())
    );
    let account = Arc::new(Account::new(4));
    assert_eq!((Arc::clone(&account).in_arc(), Arc::clone(&account).in_arc()), (1, 1));
}

/// Values of its own.
struct Store<V> {
    one: Dogpile<V>,
    many: DogpileMap<(String, u8), V>,
    computed: u32,
}

impl<V: Clone + Send + Sync + 'static> Store<V> {
    fn new() -> Self {
        let (one, many) =
            (Dogpile::new(policy!(expire = "1h")), DogpileMap::new(policy!(expire = "1h", capacity = 10)));
        Self { one, many, computed: 0 }
    }

    #[dogpile(slot = self.one)]
    fn one(&mut self) -> V
    where
        V: From<u8>,
    {
        self.computed += 1;
        V::from(1)
    }

    #[dogpile(slot = self.many)]
    fn many<E: From<String>>(&mut self, name: &str, id: u8) -> Result<V, E>
    where
        V: From<u8>,
    {
        self.computed += 1;
        if name.is_empty() { Err(E::from(name.to_owned())) } else { Ok(V::from(id)) }
    }
}

#[test]
fn slots_are_the_instances_own() {
    let time = freeze();
    let (mut first, mut second) = (Store::<u64>::new(), Store::<u64>::new());
    assert_eq!((first.one(), first.one(), second.one()), (1, 1, 1));
    assert_eq!((first.computed, second.computed), (1, 1));
    first.one.set(7);
    assert_eq!((first.one(), second.one()), (7, 1));
    time.advance(HOUR + NANOSECOND);
    assert_eq!((first.one(), first.computed), (1, 2));
}

#[test]
fn slots_of_a_map_are_per_key() {
    let _time = freeze();
    let mut store = Store::<u32>::new();
    let mut call = |name, id| store.many::<String>(name, id);
    assert_eq!((call("a", 1), call("a", 1), call("a", 2), call("b", 1)), (Ok(1), Ok(1), Ok(2), Ok(1)));
    assert_eq!((call("", 1), call("", 1)), (Err(String::new()), Err(String::new())));
    assert_eq!(store.computed, 5);
    assert_eq!(store.many.get(("a", &2)), Some(2));
    store.many.invalidate(("a", &2));
    assert_eq!((store.many::<Box<str>>("a", 2), store.computed), (Ok(2), 6));
}

trait Load {
    type Key;
    fn load(&self, key: &Self::Key) -> usize;
    fn sum(&self, pair: (u8, u8)) -> Result<u8, Self>
    where
        Self: Sized;
}

#[derive(Clone)]
struct Loader<K> {
    sizes: Arc<DogpileMap<K, usize>>,
    sums: Arc<DogpileMap<(u8, u8), u8>>,
    calls: Arc<AtomicU32>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Load for Loader<K> {
    type Key = K;

    #[dogpile(slot = self.sizes)]
    fn load(&self, key: &Self::Key) -> usize {
        self.calls.fetch_add(1, Ordering::SeqCst);
        size_of_val(key)
    }

    #[dogpile(slot = self.sums)]
    fn sum(&self, (mut a, b): (u8, u8)) -> Result<u8, Self> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        a += b;
        if a == 0 { Err(self.clone()) } else { Ok(a) }
    }
}

#[test]
fn trait_methods_of_generic_types_have_slots() {
    let _time = freeze();
    let (sizes, sums) = (DogpileMap::new(policy!(expire = "1h")), DogpileMap::new(policy!(expire = "1h")));
    let loader = Loader { sizes: Arc::new(sizes), sums: Arc::new(sums), calls: Arc::default() };
    assert_eq!((loader.load(&[1_u16, 2]), loader.load(&[1, 2]), loader.clone().load(&[1, 2])), (4, 4, 4));
    assert_eq!(loader.calls.load(Ordering::SeqCst), 1);
    assert_eq!(
        (loader.sum((1, 2)).ok(), loader.sum((1, 2)).ok(), loader.sum((0, 0)).is_err()),
        (Some(3), Some(3), true)
    );
    assert_eq!(loader.calls.load(Ordering::SeqCst), 3);
}
