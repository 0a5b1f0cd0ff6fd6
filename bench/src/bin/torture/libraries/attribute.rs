//! `#[cached]` with `sync_writes = "by_key"`, its single-flight setting for keys, and as many buckets as its
//! documentation asks for. (`#[once(sync_writes = true)]` has no keys, `#[concurrent_cached]` no single flight.)

use std::sync::OnceLock;
use std::time::Duration;

use cached::macros::cached;
use cached::{Cached as _, TtlCache};

use super::{Cache, Settings};
use crate::origin::{Answer, Failure, Load, Task, Value};

/// The attribute makes statics, so that there is one of it in a process.
static TTL: OnceLock<Duration> = OnceLock::new();

fn store() -> TtlCache<u64, Value> {
    let ttl = TTL.get().copied().expect("it has been opened");
    TtlCache::builder().ttl(ttl).build().expect("a lifetime is all it needs")
}

#[cached(
    ty = "TtlCache<u64, Value>",
    create = { store() },
    key = "u64",
    convert = { number },
    sync_writes = "by_key",
    sync_writes_buckets = 1024
)]
fn by_key(number: u64, load: &Load) -> Result<Value, Failure> {
    let _ = number;
    load()
}

#[cached(
    ty = "TtlCache<u64, Value>",
    create = { store() },
    key = "u64",
    convert = { number },
    sync_writes = "by_key",
    sync_writes_buckets = 1024
)]
async fn task_by_key(number: u64, load: Task) -> Result<Value, Failure> {
    let _ = number;
    load.await
}

struct Attribute;

/// The cache of the process.
pub(super) fn open(settings: Settings) -> &'static dyn Cache {
    TTL.set(settings.ttl).expect("one scenario in a process");
    &Attribute
}

impl Cache for Attribute {
    fn get(&self, key: u64, load: &Load) -> Answer {
        by_key(key, load)
    }

    fn task(&'static self, key: u64, load: Task) -> Option<Task> {
        Some(Box::pin(task_by_key(key, load)))
    }

    fn put(&self, key: u64, value: Value) {
        BY_KEY.write().cache_set(key, value);
    }

    fn invalidate(&self, key: u64) {
        let _ = BY_KEY.write().cache_remove(&key);
    }
}
