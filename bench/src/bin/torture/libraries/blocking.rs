//! Caches whose callers are threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dogpile::{DogpileMap, Policy};
use quick_cache::sync::{Cache as QuickCache, EntryAction, EntryResult};

use super::{Cache, Settings};
use crate::origin::{Answer, Failure, Load, Task, Value};

/// The policy of both of ours.
pub(super) fn policy(settings: Settings) -> Policy<Value> {
    let policy = Policy::expire(settings.ttl).stale(settings.stale).retry(settings.retry);
    policy.lease(settings.lease).capacity(settings.capacity)
}

pub(super) struct Ours(DogpileMap<u64, Value>);

impl Ours {
    pub(super) fn new(settings: Settings) -> Self {
        Self(DogpileMap::new(policy(settings)))
    }
}

impl Cache for Ours {
    fn get(&self, key: u64, load: &Load) -> Answer {
        self.0.try_get_or_compute_shared(key, || load())
    }

    fn get_within(&self, key: u64, wait: Duration, load: &Load) -> Answer {
        self.0.try_get_or_compute_timeout(key, wait, || load())
    }

    fn put(&self, key: u64, value: Value) {
        self.0.set(key, value);
    }

    fn invalidate(&self, key: u64) {
        self.0.invalidate(&key);
    }
}

/// `moka::sync::Cache::try_get_with`, with a time to live.
pub(super) struct Moka(moka::sync::Cache<u64, Value>);

impl Moka {
    pub(super) fn new(settings: Settings) -> Self {
        let capacity = settings.capacity as u64;
        Self(moka::sync::Cache::builder().max_capacity(capacity).time_to_live(settings.ttl).build())
    }
}

impl Cache for Moka {
    fn get(&self, key: u64, load: &Load) -> Answer {
        self.0.try_get_with(key, || load()).map_err(|failure| *failure)
    }

    fn put(&self, key: u64, value: Value) {
        self.0.insert(key, value);
    }

    fn invalidate(&self, key: u64) {
        self.0.invalidate(&key);
    }
}

/// `quick_cache`, whose values carry the end of their lives: it knows no expiry. A hit is a plain `get`; what is missing
/// or expired goes through `entry`, which replaces an expired value by the right to compute the next one, so that there
/// is one flight for each.
pub(super) struct Quick {
    cache: Arc<QuickCache<u64, (Instant, Value)>>,
    ttl: Duration,
}

impl Quick {
    pub(super) fn new(settings: Settings) -> Self {
        Self { cache: Arc::new(QuickCache::new(settings.capacity)), ttl: settings.ttl }
    }

    fn look(&self, key: u64) -> Option<Value> {
        self.cache.get(&key).and_then(|(until, value)| (Instant::now() <= until).then_some(value))
    }

    fn enter(&self, key: u64, wait: Option<Duration>, load: &Load) -> Answer {
        match self.cache.entry(&key, wait, |_, entry| keep_if_fresh(*entry)) {
            EntryResult::Retained(value) => Ok(value),
            EntryResult::Timeout => Err(Failure::TimedOut),
            EntryResult::Removed(..) => unreachable!("nothing is removed"),
            EntryResult::Vacant(guard) | EntryResult::Replaced(guard, _) => {
                let value = load()?;
                let _ = guard.insert((Instant::now() + self.ttl, value));
                Ok(value)
            }
        }
    }
}

fn keep_if_fresh((until, value): (Instant, Value)) -> EntryAction<Value> {
    if Instant::now() <= until { EntryAction::Retain(value) } else { EntryAction::ReplaceWithGuard }
}

impl Cache for Quick {
    fn get(&self, key: u64, load: &Load) -> Answer {
        self.look(key).map_or_else(|| self.enter(key, None, load), Ok)
    }

    fn get_within(&self, key: u64, wait: Duration, load: &Load) -> Answer {
        self.look(key).map_or_else(|| self.enter(key, Some(wait), load), Ok)
    }

    fn task(&'static self, key: u64, load: Task) -> Option<Task> {
        Some(Box::pin(async move {
            match self.cache.entry_async(&key, |_, entry| keep_if_fresh(*entry)).await {
                EntryResult::Retained(value) => Ok(value),
                EntryResult::Timeout | EntryResult::Removed(..) => unreachable!("neither was asked for"),
                EntryResult::Vacant(guard) | EntryResult::Replaced(guard, _) => {
                    let value = load.await?;
                    let _ = guard.insert((Instant::now() + self.ttl, value));
                    Ok(value)
                }
            }
        }))
    }

    fn put(&self, key: u64, value: Value) {
        self.cache.insert(key, (Instant::now() + self.ttl, value));
    }

    fn invalidate(&self, key: u64) {
        self.cache.remove(&key);
    }
}

/// A time-to-live cache as it is written in five minutes: whoever finds no fresh value computes one.
pub(super) struct Naive {
    map: Mutex<HashMap<u64, (Instant, Value)>>,
    ttl: Duration,
}

impl Naive {
    pub(super) fn new(settings: Settings) -> Self {
        Self { map: Mutex::default(), ttl: settings.ttl }
    }
}

impl Cache for Naive {
    fn get(&self, key: u64, load: &Load) -> Answer {
        let known = self.map.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        match known {
            Some((made, value)) if made.elapsed() <= self.ttl => Ok(value),
            _ => load().inspect(|value| self.put(key, *value)),
        }
    }

    fn put(&self, key: u64, value: Value) {
        self.map.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (Instant::now(), value));
    }

    fn invalidate(&self, key: u64) {
        self.map.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}
