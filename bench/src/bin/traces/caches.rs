//! Who is compared: caches of keys without values, each asked for one key after the other by one thread.

use std::hash::{BuildHasher, Hasher};

use dogpile::{DogpileMap, Policy};
use quick_cache::UnitWeighter;
use quick_cache::sync::DefaultLifecycle;

use crate::requests::mixed;

pub(crate) trait Cache {
    /// Whether the key is there; if not, it is put there.
    fn access(&mut self, key: u64) -> bool;
}

pub(crate) struct Ours(DogpileMap<u64, ()>);

impl Ours {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(DogpileMap::new(Policy::never().capacity(capacity)))
    }
}

impl Cache for Ours {
    fn access(&mut self, key: u64) -> bool {
        let mut is_hit = true;
        self.0.get_or_compute(key, || is_hit = false);
        is_hit
    }
}

pub(crate) struct Quick(quick_cache::sync::Cache<u64, (), UnitWeighter, Seeded>);

impl Quick {
    pub(crate) fn new(capacity: usize) -> Self {
        let weight = capacity as u64;
        Self(quick_cache::sync::Cache::with(
            capacity,
            weight,
            UnitWeighter,
            Seeded,
            DefaultLifecycle::default(),
        ))
    }
}

impl Cache for Quick {
    fn access(&mut self, key: u64) -> bool {
        let is_hit = self.0.get(&key).is_some();
        if !is_hit {
            self.0.insert(key, ());
        }
        is_hit
    }
}

pub(crate) struct Moka(moka::sync::Cache<u64, (), Seeded>);

impl Moka {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(moka::sync::Cache::builder().max_capacity(capacity as u64).build_with_hasher(Seeded))
    }
}

impl Cache for Moka {
    fn access(&mut self, key: u64) -> bool {
        let is_hit = self.0.get(&key).is_some();
        if !is_hit {
            self.0.insert(key, ());
        }
        // It works off what happened in batches; here it may do so at once.
        self.0.run_pending_tasks();
        is_hit
    }
}

/// Hashes that are the same in every run.
#[derive(Clone, Default)]
struct Seeded;

/// What is hashed so far: one key of a trace.
struct Hashed(u64);

impl BuildHasher for Seeded {
    type Hasher = Hashed;

    fn build_hasher(&self) -> Hashed {
        Hashed(0)
    }
}

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        mixed(self.0 ^ 0xD09F_11E5)
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
