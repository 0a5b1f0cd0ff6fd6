//! What a key costs that is not there: time per miss, from one thread and from two on different keys, and memory per
//! entry.
//!
//! Prints two tables; `--quick` only shows that everything runs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dogpile::{DogpileMap, Policy};
use dogpile_bench::{Contender, Plan, has_flag, print_conditions, print_latencies, print_table, race};

const HOUR: Duration = Duration::from_secs(3600);
const CAPACITY: usize = 10_000;
const ENTRIES: u64 = 100_000;

/// Counts the bytes that are allocated and not freed.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A key that no thread has asked for yet.
fn next_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

type Moka = moka::sync::Cache<u64, u64>;
type Quick = quick_cache::sync::Cache<u64, u64>;

fn moka(capacity: u64) -> Moka {
    moka::sync::Cache::builder().max_capacity(capacity).time_to_live(HOUR).build()
}

fn contenders() -> Vec<Contender> {
    static OURS: DogpileMap<u64, u64> = DogpileMap::new(Policy::expire(HOUR).capacity(CAPACITY));
    static QUICK: OnceLock<Quick> = OnceLock::new();
    static MOKA: OnceLock<Moka> = OnceLock::new();
    let miss = |name: &str, call: fn(u64) -> u64| Contender::new(name, move || call(next_key()));
    vec![
        miss("**dogpile** `get_or_compute`", |key| OURS.get_or_compute(key, || key)),
        miss("moka `sync::Cache::get_with`", |key| {
            MOKA.get_or_init(|| moka(CAPACITY as u64)).get_with(key, || key)
        }),
        miss("quick_cache `get_or_insert_with`, no expiry", |key| {
            let cache = QUICK.get_or_init(|| Quick::new(CAPACITY));
            cache.get_or_insert_with(&key, || Ok::<_, ()>(key)).unwrap_or_default()
        }),
    ]
}

/// Bytes per entry of what `fill` makes.
fn memory<T>(name: &str, entries: u64, fill: impl FnOnce(u64) -> T) -> Vec<String> {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let filled = fill(entries);
    let after = ALLOCATED.load(Ordering::Relaxed);
    drop(filled);
    vec![name.to_owned(), format!("{:.0}", after.saturating_sub(before) as f64 / entries as f64)]
}

fn main() {
    let plan = Plan::from_args();
    print_conditions(plan);
    let contenders = contenders();
    let figures = race(&contenders, &[1, 2], plan);
    print_latencies("miss on a key of its own, capacity 10 000", &contenders, &figures, None);
    let entries = if has_flag("--quick") { ENTRIES / 10 } else { ENTRIES };
    let room = usize::try_from(entries).unwrap_or(usize::MAX);
    let rows = [
        memory("**dogpile**", entries, |entries| {
            let map = Arc::new(DogpileMap::<u64, u64>::new(Policy::expire(HOUR).capacity(room)));
            (0..entries).for_each(|key| map.set(key, key));
            map
        }),
        memory("moka `sync::Cache`, time to live", entries, |entries| {
            let cache = moka(entries);
            (0..entries).for_each(|key| cache.insert(key, key));
            cache.run_pending_tasks();
            cache
        }),
        memory("quick_cache, no expiry", entries, |entries| {
            let cache = Quick::new(room);
            (0..entries).for_each(|key| cache.insert(key, key));
            cache
        }),
    ];
    print_table(&["full of `u64` to `u64`", "bytes per entry"], &rows);
}
