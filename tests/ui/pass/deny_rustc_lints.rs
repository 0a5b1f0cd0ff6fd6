//! Nothing that is emitted trips a lint of rustc's, on whatever level.
#![deny(
    warnings,
    unused,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    future_incompatible,
    let_underscore,
    keyword_idents,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_results,
    unused_qualifications,
    unused_lifetimes,
    unused_import_braces,
    unused_crate_dependencies,
    single_use_lifetimes,
    redundant_lifetimes,
    redundant_imports,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    trivial_casts,
    trivial_numeric_casts,
    variant_size_differences,
    meta_variable_misuse,
    absolute_paths_not_starting_with_crate,
    macro_use_extern_crate,
    missing_copy_implementations,
    non_ascii_idents,
    unit_bindings,
    unnameable_types,
    unsafe_op_in_unsafe_fn
)]
#![forbid(unsafe_code)]
// trybuild links every crate of the test directory.
#![allow(unused_crate_dependencies)]

use core::time::Duration;
use dogpile::{Dogpile, DogpileMap, dogpile, policy};

const LIFETIME: Duration = Duration::from_secs(60);

/// Every option.
#[dogpile(
    expire = LIFETIME,
    stale = "1d",
    refresh = "background",
    retry = "2s",
    cache_if = |value| *value > 0,
    handle = EVERYTHING,
    original = everything_uncached,
    name = "everything",
    crate = ::dogpile
)]
pub fn everything() -> Result<u32, String> {
    Ok(1)
}

/// No option but the one.
#[dogpile(expire = "never")]
#[must_use]
pub fn least() -> Vec<u32> {
    vec![1]
}

/// Nothing to return.
#[dogpile(expire = "never", original = unit_uncached)]
pub fn unit() {}

/// Nothing to return, in so many words.
#[dogpile(expire = "never", fallible = false)]
pub fn error_too() -> Result<(), u8> {
    Err(1)
}

/// Every option that is about keys.
#[dogpile(expire = "1h", refresh = "background", capacity = 100, handle = KEYED, original = keyed_uncached)]
pub fn keyed(name: &str, mut id: u64, (low, high): (u8, u8)) -> Result<u64, String> {
    id += u64::from(low) + u64::from(high);
    if name.is_empty() { Err(name.to_owned()) } else { Ok(id) }
}

/// One part alone.
#[dogpile(expire = "never", skip(scale, _), capacity = "unbounded")]
pub fn one_part(name: &str, scale: f64, _: &mut u8) -> f64 {
    scale + if name.is_empty() { 0.5 } else { 1.5 }
}

/// Patterns.
#[dogpile(expire = "never")]
pub fn patterns((mut low, high): (u8, u8), &id: &u8) -> u8 {
    low += high;
    low + id
}

/// Every option of an async function.
#[dogpile(
    expire = LIFETIME,
    stale = "1d",
    retry = "2s",
    cache_if = |value| *value > 0,
    handle = TASKS,
    original = task_uncached,
    skip(log, _)
)]
pub async fn task(name: &str, (mut low, high): (u8, u8), log: &mut u8, _: f64) -> Result<u8, String> {
    low += high;
    *log += 1;
    core::future::ready(()).await;
    if name.is_empty() { Err(name.to_owned()) } else { Ok(low) }
}

/// Every option about time.
#[dogpile(
    expire = |number| Duration::from_secs(u64::from(*number)),
    early = "10%",
    jitter = "10%",
    lease = LIFETIME,
    wait = LIFETIME
)]
pub fn timed(name: &str) -> std::io::Result<u8> {
    if name.is_empty() { Err(std::io::ErrorKind::NotFound.into()) } else { Ok(1) }
}

/// By a task of its own.
#[dogpile(expire = "1h", refresh = "background")]
pub async fn spawned(name: &str, mut list: Vec<u8>, (low, high): (u8, u8)) -> Vec<u8> {
    list.push(low + high);
    core::future::ready(()).await;
    if name.is_empty() { Vec::new() } else { list }
}

/// Nothing to return, and nothing to wait for.
#[dogpile(expire = "never")]
pub async fn idle() {}

/// Instances of their own.
pub struct Store {
    one: Dogpile<u8>,
    many: DogpileMap<(String, u8), u8>,
    id: u8,
}

impl core::fmt::Debug for Store {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// A slot of one value.
    #[dogpile(slot = self.one)]
    pub fn one(&mut self) -> u8 {
        self.id += 1;
        self.id
    }

    /// A slot of many.
    #[dogpile(slot = self.many)]
    pub fn many(&self, name: &str, id: u8) -> Result<u8, String> {
        if name.is_empty() { Err(name.to_owned()) } else { Ok(id + self.id) }
    }

    /// A slot of one value, in a task.
    #[dogpile(slot = self.one)]
    pub async fn one_task(&mut self) -> u8 {
        core::future::ready(()).await;
        self.id += 1;
        self.id
    }

    /// A key out of `self`.
    #[dogpile(expire = "1h", key(self.id: u8, name.trim(): &str))]
    pub fn by_id(&self, name: &str) -> usize {
        usize::from(self.id) + name.len()
    }
}

mod inner {
    use dogpile::dogpile;

    #[dogpile(expire = "1h", handle = INNER)]
    pub(crate) fn inner() -> u8 {
        2
    }
}

fn main() {
    assert_eq!(everything(), Ok(1));
    assert_eq!(everything_uncached(), Ok(1));
    assert_eq!(EVERYTHING.get(), Some(1));
    assert_eq!(least(), [1]);
    unit();
    unit_uncached();
    assert_eq!(error_too(), Err(1));
    assert_eq!(inner::inner(), 2);
    inner::INNER.invalidate();
    assert_eq!((keyed("a", 1, (2, 3)), keyed_uncached("", 1, (2, 3))), (Ok(6), Err(String::new())));
    assert_eq!(KEYED.get(("a", &1, &(2, 3))), Some(6));
    assert!(one_part("a", 0.5, &mut 1) > 1.0);
    assert_eq!(patterns((1, 2), &3), 6);
    let (one, many) = (Dogpile::new(policy!(expire = "1h")), DogpileMap::new(policy!(expire = "1h")));
    let mut store = Store { one, many, id: 1 };
    assert_eq!((store.one(), store.many("a", 1), store.by_id(" a ")), (2, Ok(3), 5));
    drop((store.one_task(), idle(), spawned("a", Vec::new(), (1, 2))));
    assert_eq!(timed("a").ok(), Some(1));
    let mut log = 1;
    drop((task("a", (1, 2), &mut log, 0.5), TASKS.get(("a", &(1, 2)))));
    drop(task_uncached("a", (1, 2), &mut log, 0.5));
}
