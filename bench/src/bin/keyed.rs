//! What a hit costs with a key: `u64` and `&str`, from one thread and from two on the same key.
//!
//! Prints one table of latencies and one of bars. With `--check` it exits with 1 unless every bar is met; `--quick`
//! only shows that everything runs.

use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use cached::macros::concurrent_cached;
use dogpile::{Dogpile, Policy, dogpile};
use dogpile_bench::{Bar, Contender, Plan, Round, conclude, print_conditions, print_latencies, race};

const HOUR: Duration = Duration::from_secs(3600);
const THREADS: [usize; 2] = [1, 2];
/// As many keys as are looked up in turn: few enough to stay in the processor's caches, too many to be predicted.
const KEYS: u64 = 64;

#[dogpile(expire = "1h", capacity = 10_000)]
fn by_dogpile(key: u64) -> u64 {
    compute(key)
}

#[dogpile(expire = "1h", capacity = 10_000)]
fn text_by_dogpile(key: &str) -> u64 {
    length(key)
}

#[concurrent_cached(ttl_secs = 3600)]
fn by_cached(key: u64) -> u64 {
    compute(key)
}

#[allow(clippy::needless_pass_by_value, reason = "its keys are owned")]
#[concurrent_cached(ttl_secs = 3600)]
fn text_by_cached(key: String) -> u64 {
    length(&key)
}

fn by_moka(key: u64) -> u64 {
    static CACHE: OnceLock<moka::sync::Cache<u64, u64>> = OnceLock::new();
    let cache =
        CACHE.get_or_init(|| moka::sync::Cache::builder().max_capacity(10_000).time_to_live(HOUR).build());
    cache.get_with(key, || compute(key))
}

fn text_by_moka(key: &str) -> u64 {
    static CACHE: OnceLock<moka::sync::Cache<String, u64>> = OnceLock::new();
    let cache =
        CACHE.get_or_init(|| moka::sync::Cache::builder().max_capacity(10_000).time_to_live(HOUR).build());
    cache.get_with_by_ref(key, || length(key))
}

/// Each value behind a hash map from the registry, instead of the index of our own: without a bound, and for that reason
/// without a note of who was asked for.
fn by_papaya(key: u64) -> u64 {
    type Values = papaya::HashMap<u64, Dogpile<u64>, foldhash::quality::RandomState>;
    static VALUES: OnceLock<Values> = OnceLock::new();
    let values = VALUES.get_or_init(Values::default).pin();
    let make = || values.get_or_insert_with(key, || Dogpile::new(Policy::expire(HOUR)));
    values.get(&key).unwrap_or_else(make).get_or_compute(|| compute(key))
}

fn by_quick_cache(key: u64) -> u64 {
    static CACHE: OnceLock<quick_cache::sync::Cache<u64, u64>> = OnceLock::new();
    let cache = CACHE.get_or_init(|| quick_cache::sync::Cache::new(10_000));
    cache.get_or_insert_with(&key, || Ok::<_, ()>(compute(key))).unwrap_or_default()
}

#[cold]
#[inline(never)]
fn compute(key: u64) -> u64 {
    key.wrapping_mul(3)
}

#[cold]
#[inline(never)]
fn length(key: &str) -> u64 {
    key.len() as u64
}

fn number(at: u64) -> u64 {
    at % KEYS
}

fn texts() -> Vec<String> {
    (0..KEYS).map(|key| format!("customer {key:>8}")).collect()
}

/// A contender that is asked for one key after the other, each thread on its own way around.
fn in_turn(name: &str, call: impl Fn(u64) -> u64 + Send + Sync + 'static) -> Contender {
    Contender::in_turn(name, move |at| call(number(at)))
}

const OURS: usize = 0;
const OURS_ONE_KEY: usize = 1;
const CACHED: usize = 2;
const OURS_TEXT: usize = 6;
const CACHED_TEXT: usize = 7;

fn contenders() -> Vec<Contender> {
    let text = |name: &str, call: fn(&str) -> u64| {
        let texts = texts();
        in_turn(name, move |key| call(&texts[usize::try_from(key).unwrap_or_default()]))
    };
    vec![
        in_turn("**dogpile**, `u64`, capacity 10 000", by_dogpile),
        Contender::new("**dogpile**, the same `u64` all the time", || by_dogpile(7)),
        in_turn("cached `#[concurrent_cached(ttl_secs = 3600)]`, `u64`", by_cached),
        in_turn("moka `sync::Cache::get_with`, `u64`", by_moka),
        in_turn("quick_cache `get_or_insert_with`, `u64`, no expiry", by_quick_cache),
        in_turn("*alternative:* `papaya` from `u64` to `Dogpile`, no bound", by_papaya),
        text("**dogpile**, `&str`, capacity 10 000", text_by_dogpile),
        text("cached `#[concurrent_cached(ttl_secs = 3600)]`, `String`", |key| {
            text_by_cached(key.to_owned())
        }),
        text("moka `sync::Cache::get_with_by_ref`, `&str`", text_by_moka),
    ]
}

fn bars(figures: &[Vec<Round>]) -> Vec<Bar> {
    let [one, two] = [0, 1].map(|column| figures[OURS_ONE_KEY][column]);
    let first = |row: usize| figures[row][0].nanos;
    vec![
        Bar::new("key `u64`, 1 thread, against cached", first(OURS) / first(CACHED), 0.40),
        Bar::new("key `u64`, 2 threads on the same key, against our 1 thread", two.nanos / one.nanos, 1.25)
            .if_overlapping(two, THREADS[1]),
        Bar::new(
            "key `&str`, 1 thread, against cached with `String`",
            first(OURS_TEXT) / first(CACHED_TEXT),
            0.30,
        ),
    ]
}

fn main() -> ExitCode {
    let plan = Plan::from_args();
    print_conditions(plan);
    let contenders = contenders();
    let figures = race(&contenders, &THREADS, plan);
    print_latencies("hit by key", &contenders, &figures, None);
    conclude(&bars(&figures))
}
