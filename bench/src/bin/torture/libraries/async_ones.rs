//! Caches whose callers are tasks. Where a scenario has threads, each of them runs one task.

use std::sync::Arc;
use std::time::Duration;

use dogpile::DogpileMap;

use super::blocking::policy;
use super::{Cache, Settings};
use crate::block_on::{block_on, block_on_for};
use crate::origin::{Answer, Failure, Load, Task, Value};

pub(super) struct Ours(DogpileMap<u64, Value>);

impl Ours {
    pub(super) fn new(settings: Settings) -> Self {
        Self(DogpileMap::new(policy(settings)))
    }
}

impl Cache for Ours {
    fn get(&self, key: u64, load: &Load) -> Answer {
        block_on(self.0.try_get_or_compute_shared_async(key, || async { load() }))
    }

    fn get_within(&self, key: u64, wait: Duration, load: &Load) -> Answer {
        block_on(self.0.try_get_or_compute_timeout_async(key, wait, || async { load() }))
    }

    fn task(&'static self, key: u64, load: Task) -> Option<Task> {
        Some(Box::pin(self.0.try_get_or_compute_shared_async(key, || load)))
    }

    fn put(&self, key: u64, value: Value) {
        self.0.set(key, value);
    }

    fn invalidate(&self, key: u64) {
        self.0.invalidate(&key);
    }
}

/// `moka::future::Cache::try_get_with`, with a time to live. A caller loses patience by dropping its future.
pub(super) struct Moka(moka::future::Cache<u64, Value>);

impl Moka {
    pub(super) fn new(settings: Settings) -> Self {
        let capacity = settings.capacity as u64;
        Self(moka::future::Cache::builder().max_capacity(capacity).time_to_live(settings.ttl).build())
    }
}

fn unshared(answer: Result<Value, Arc<Failure>>) -> Answer {
    answer.map_err(|failure| *failure)
}

impl Cache for Moka {
    fn get(&self, key: u64, load: &Load) -> Answer {
        unshared(block_on(self.0.try_get_with(key, async { load() })))
    }

    fn get_within(&self, key: u64, wait: Duration, load: &Load) -> Answer {
        let answer = block_on_for(wait, self.0.try_get_with(key, async { load() }));
        answer.map_or(Err(Failure::TimedOut), unshared)
    }

    fn task(&'static self, key: u64, load: Task) -> Option<Task> {
        Some(Box::pin(async move { unshared(self.0.try_get_with(key, load).await) }))
    }

    fn put(&self, key: u64, value: Value) {
        block_on(self.0.insert(key, value));
    }

    fn invalidate(&self, key: u64) {
        block_on(self.0.invalidate(&key));
    }
}
