//! Methods: receivers of all forms, keys out of `self`, slots; in inherent and trait impls, generic ones too.
#![deny(warnings)]

use std::hash::Hash;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use dogpile::{Dogpile, DogpileMap, dogpile, policy};

#[derive(Clone)]
struct User {
    id: u64,
    name: String,
    seen: Arc<Mutex<u8>>,
}

impl User {
    #[dogpile(expire = "1h", key(self.id: u64))]
    fn by_reference(&self) -> u64 {
        self.id
    }

    #[dogpile(expire = "1h", key(self.name: &str, suffix))]
    fn by_value(self, suffix: &str) -> String {
        self.name + suffix
    }

    #[dogpile(expire = "1h", key(self.name(): &str, *self.seen.lock().unwrap(): u8))]
    fn by_unique_reference(&mut self) -> u64 {
        // Were the guard of the key's expression still alive, this would hang.
        *self.seen.lock().unwrap() += 1;
        self.id += 1;
        self.id
    }

    #[dogpile(expire = "1h", key(self.id: u64))]
    fn in_arc(self: Arc<Self>) -> u64 {
        self.id
    }

    #[dogpile(expire = "1h", key(self.id: u64))]
    fn in_pinned_box(self: Pin<Box<Self>>) -> u64 {
        self.id
    }

    #[dogpile(expire = "1h", skip(self))]
    fn shared(&self, day: u8) -> u8 {
        day
    }

    #[dogpile(expire = "1h", skip(self))]
    fn shared_keyless(&self) -> Result<u64, Rc<str>> {
        Ok(self.id)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

struct Store<K, V> {
    one: Dogpile<V>,
    many: Maps<K, V>,
    fallback: V,
}

struct Maps<K, V> {
    by_name: DogpileMap<(String, K), V>,
    shared: Arc<DogpileMap<K, V>>,
}

impl<K, V> Store<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    #[dogpile(slot = self.one)]
    fn one(&self) -> V {
        self.fallback.clone()
    }

    #[dogpile(slot = self.many.by_name, original = by_name_uncached)]
    fn by_name<E>(&self, name: &str, key: K) -> Result<V, E>
    where
        E: From<K>,
    {
        if name.is_empty() { Err(key.into()) } else { Ok(self.fallback.clone()) }
    }

    #[dogpile(slot = self.shared(), key(key))]
    fn changing(&mut self, key: &K, value: V) -> V {
        self.fallback = value;
        self.fallback.clone()
    }

    fn shared(&self) -> &DogpileMap<K, V> {
        &self.many.shared
    }
}

trait Load {
    type Value;
    fn load(&self, pair: (u8, u8)) -> Self::Value;
    fn copy(&self) -> Self;
    fn fallible(&self) -> Result<Self::Value, Self>
    where
        Self: Sized;
}

#[derive(Clone)]
struct Loader {
    sums: Arc<DogpileMap<(u8, u8), u8>>,
    copies: Arc<Dogpile<u8>>,
}

#[derive(Clone)]
struct Twin(u8, Arc<Dogpile<Twin>>);

impl Load for Loader {
    type Value = u8;

    #[dogpile(slot = self.sums)]
    fn load(&self, (mut a, b): (u8, u8)) -> Self::Value {
        a += b;
        a
    }

    #[dogpile(expire = "1h", skip(self))]
    fn copy(&self) -> Loader {
        self.clone()
    }

    #[dogpile(slot = self.copies)]
    fn fallible(&self) -> Result<Self::Value, Self> {
        Err(self.clone())
    }
}

impl Twin {
    #[dogpile(slot = self.1)]
    fn again(&self) -> Self {
        Self(self.0 + 1, Arc::clone(&self.1))
    }
}

/// One for each shelf.
struct Shelves([DogpileMap<u8, u8>; 2]);

impl Shelves {
    #[dogpile(slot = self.0[1])]
    fn second(&self, number: u8) -> u8 {
        number + 1
    }
}

fn main() {
    let mut user = User { id: 1, name: "a".to_owned(), seen: Arc::default() };
    assert_eq!((user.by_reference(), user.clone().by_value("b")), (1, "ab".to_owned()));
    assert_eq!((user.by_unique_reference(), user.by_unique_reference()), (2, 3));
    assert_eq!((Arc::new(user.clone()).in_arc(), Box::pin(user.clone()).in_pinned_box()), (3, 3));
    assert_eq!((user.shared(1), user.shared(2), user.shared_keyless()), (1, 2, Ok(3)));

    let many = Maps {
        by_name: DogpileMap::new(policy!(expire = "1h", capacity = 10)),
        shared: Arc::new(DogpileMap::new(policy!(expire = "1h", capacity = "unbounded"))),
    };
    let mut store = Store { one: Dogpile::new(policy!(expire = "1h")), many, fallback: 7 };
    assert_eq!((store.one(), store.by_name::<u64>("", 1_u8)), (7, Err(1)));
    assert_eq!((store.by_name::<u16>("x", 1), store.by_name_uncached::<u16>("", 1)), (Ok(7), Err(1)));
    assert_eq!((store.changing(&1, 8), store.changing(&1, 9), store.fallback), (8, 8, 8));

    let sums = Arc::new(DogpileMap::new(policy!(expire = "1h")));
    let loader = Loader { sums, copies: Arc::new(Dogpile::new(policy!(expire = "1h"))) };
    assert_eq!((loader.load((1, 2)), loader.load((1, 2)), loader.sums.get(&(1, 2))), (3, 3, Some(3)));
    assert!(loader.copy().fallible().is_err());

    let shelves = Shelves([(); 2].map(|()| DogpileMap::new(policy!(expire = "1h"))));
    assert_eq!((shelves.second(1), shelves.0[0].get(&1), shelves.0[1].get(&1)), (2, None, Some(2)));

    let twin = Twin(1, Arc::new(Dogpile::new(policy!(expire = "1h"))));
    assert_eq!((twin.again().0, twin.again().0), (2, 2));
}
