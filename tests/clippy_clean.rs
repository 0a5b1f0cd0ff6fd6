//! Code under the attribute is as clean to clippy as it was before: every option, every group.
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::cargo)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::absolute_paths,
    clippy::missing_docs_in_private_items,
    clippy::shadow_unrelated,
    clippy::mem_forget,
    clippy::print_stdout,
    clippy::min_ident_chars,
    clippy::std_instead_of_core,
    clippy::single_call_fn
)]
// About the manifest and about this file, not about what is emitted.
#![allow(clippy::cargo_common_metadata, clippy::multiple_crate_versions, clippy::single_call_fn)]

use core::error::Error;
use core::future::{Future, ready};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use dogpile::{Dogpile, DogpileMap, dogpile, policy};
use std::io;
use std::thread::yield_now;
use std::time::Instant;

#[path = "clippy_clean/lints.rs"]
mod lints;

/// How long values live.
const LIFETIME: Duration = Duration::from_secs(60);

/// Every option that an infallible function can have.
#[dogpile(
    expire = LIFETIME,
    stale = "1d",
    refresh = "caller",
    retry = "2s",
    cache_if = |value| !value.is_empty(),
    handle = TEXT,
    original = text_uncached,
    name = "text",
    fallible = false,
    crate = ::dogpile
)]
fn text() -> String {
    String::from("text")
}

/// Every option that a fallible one can have.
#[dogpile(
    expire = "never",
    stale = "forever",
    refresh = "background",
    retry = Duration::from_secs(2),
    cache_if = is_full,
    handle = NUMBERS,
    original = numbers_uncached,
    fallible = true
)]
fn numbers() -> Result<[u32; 8], String> {
    if text().is_empty() {
        return Err(text());
    }
    Ok([1; 8])
}

/// Every option about time.
#[dogpile(
    expire = |values| lifetime(values),
    stale = "0s",
    early = "10%",
    jitter = "2.5%",
    refresh = "background",
    lease = LIFETIME,
    wait = LIFETIME,
    handle = TIMED,
    original = timed_uncached
)]
fn timed(number: u32) -> Result<[u32; 8], Box<dyn Error + Send + Sync>> {
    if number == 0 { Err(text().into()) } else { Ok([number; 8]) }
}

/// What values say themselves.
const fn lifetime(values: &[u32; 8]) -> Duration {
    Duration::from_secs(values[0] as u64)
}

/// Every option about time, in a task.
#[dogpile(expire = |word| word.lifetime(), early = "auto", lease = "30s", wait = "2s", fallible = true)]
async fn timed_task(length: u8) -> io::Result<Word> {
    ready(()).await;
    Ok(Word(length))
}

/// What lives as long as it is.
#[derive(Clone, Copy)]
struct Word(u8);

impl Word {
    /// As long as it is.
    const fn lifetime(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

/// Worth keeping.
const fn is_full(values: &[u32; 8]) -> bool {
    values[0] > 0
}

/// What a library's function is to say of itself holds of its original as well.
///
/// # Errors
///
/// For zero.
///
/// # Panics
///
/// For one.
#[dogpile(expire = "1h", original = documented_uncached)]
pub fn documented(number: u32) -> Result<u32, String> {
    assert_ne!(number, 1, "one");
    if number == 0 { Err(text()) } else { Ok(number) }
}

/// A settings type with cached functions.
struct Settings;

impl Settings {
    /// Of the type.
    #[dogpile(expire = "1h")]
    #[must_use]
    fn depth() -> u32 {
        let depth = u32::try_from(text().len());
        depth.unwrap_or(0)
    }

    /// Nothing to return.
    #[dogpile(expire = "1h")]
    fn prepare() {
        drop(text());
    }

    /// Borrows in its error.
    #[dogpile(expire = "1h", stale = "0s")]
    fn borrowing<'text>() -> Result<u32, &'text str> {
        let number = text_uncached();
        if number.is_empty() { Err("empty") } else { Ok(1) }
    }
}

/// Every option about keys.
#[dogpile(
    expire = "1h",
    refresh = "background",
    capacity = 1_000,
    skip(_),
    handle = LENGTHS,
    original = length_uncached
)]
fn length(
    word: &str,
    mut found: Vec<u32>,
    (low, high): (u32, u32),
    &[last, ..]: &[u32; 4],
    _: f64,
) -> Result<u32, String> {
    found.push(low + high + last);
    if word.is_empty() { Err(word.to_owned()) } else { Ok(found.into_iter().sum()) }
}

/// One borrowed part, and a worker.
#[dogpile(expire = "1h", refresh = "background")]
fn size(word: &str) -> usize {
    word.len()
}

/// One part, and patterns that the caller takes apart.
#[dogpile(expire = "1h", capacity = "unbounded")]
fn pattern((mut low, high): (u32, u32)) -> u32 {
    low += high;
    low
}

/// Parts that are written out.
#[dogpile(expire = "1h", key(word.as_ref().trim(): &str, ratio.to_bits(): u64))]
fn picked(word: impl AsRef<str>, ratio: f64, log: &mut Vec<String>) -> usize {
    log.push(word.as_ref().to_owned());
    word.as_ref().len() + usize::from(ratio > 0.5)
}

/// Every option that an async function can have.
#[dogpile(
    expire = LIFETIME,
    stale = "1d",
    retry = "2s",
    cache_if = |value| !value.is_empty(),
    handle = TASK,
    original = task_uncached,
    name = "task",
    fallible = false
)]
async fn task() -> String {
    ready(()).await;
    text()
}

/// Takes what an async function can take.
#[dogpile(expire = "1h", capacity = 1_000, skip(_, log), handle = TASKS, original = keyed_task_uncached)]
async fn keyed_task(
    word: &str,
    mut found: Vec<u32>,
    (low, high): (u32, u32),
    &[last, ..]: &[u32; 4],
    _: f64,
    log: &mut Vec<String>,
) -> Result<u32, String> {
    let text = task().await;
    found.push(low + high + last);
    log.push(text);
    if word.is_empty() { Err(word.to_owned()) } else { Ok(found.into_iter().sum()) }
}

/// One part.
#[dogpile(expire = "1h")]
async fn part(word: String) -> usize {
    task().await.len() + word.len()
}

/// Returns nothing.
#[dogpile(expire = "1h")]
async fn nothing() {
    drop(task().await);
}

/// Values of its own.
struct Store {
    /// One value.
    one: Dogpile<u32>,
    /// Many values.
    many: DogpileMap<(String, u32), u32>,
    /// What tells instances apart.
    number: u32,
}

impl Store {
    /// A slot of one value.
    #[dogpile(slot = self.one)]
    fn one(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    /// A slot of many.
    #[dogpile(slot = self.many)]
    fn many(&self, word: &str, number: u32) -> Result<u32, String> {
        if word.is_empty() { Err(word.to_owned()) } else { Ok(number + self.number) }
    }

    /// A slot of one value, in a task.
    #[dogpile(slot = self.one)]
    async fn one_task(&self) -> u32 {
        nothing().await;
        self.number
    }

    /// A slot of many, in a task.
    #[dogpile(slot = self.many)]
    async fn many_tasks(&mut self, word: &str, number: u32) -> Result<u32, String> {
        nothing().await;
        self.number += 1;
        if word.is_empty() { Err(word.to_owned()) } else { Ok(number + self.number) }
    }

    /// A key out of the instance.
    #[dogpile(expire = "1h", key(self.number: u32))]
    fn by_number(&self) -> u32 {
        self.number
    }
}

/// One value, in the background of tasks.
#[cfg(feature = "tokio")]
#[dogpile(expire = "1h", refresh = "background")]
async fn spawned_one() -> u32 {
    nothing().await;
    1
}

/// Many values, in the background of tasks.
#[cfg(feature = "tokio")]
#[dogpile(expire = "1h", refresh = "background", skip(_))]
async fn spawned_many(
    word: &str,
    mut found: Vec<u32>,
    (low, high): (u32, u32),
    _: f64,
) -> Result<u32, String> {
    nothing().await;
    found.push(low + high);
    if word.is_empty() { Err(word.to_owned()) } else { Ok(found.into_iter().sum()) }
}

/// Without the attribute.
static BY_HAND: Dogpile<u32> = Dogpile::new(policy!(
    expire = |value: &u32| Duration::from_secs(u64::from(*value)),
    stale = LIFETIME,
    early = LIFETIME,
    jitter = "10%",
    lease = LIFETIME,
    refresh = "caller",
    retry = "2s",
    cache_if = |value: &u32| *value > 1,
    name = "by hand",
    crate = ::dogpile
));

/// Asks until there is an answer: nothing here has to wait, but for another test that computes the same value.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = core::pin::pin!(future);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        yield_now();
    }
    unreachable!("nothing here has to wait for so long")
}

#[test]
fn async_functions_work_under_every_lint() {
    assert_eq!((at_once(task()), at_once(task_uncached()), TASK.get()), (text(), text(), Some(text())));
    let mut log = Vec::new();
    assert_eq!(at_once(keyed_task("a", vec![1], (2, 3), &[4; 4], 0.5, &mut log)), Ok(10));
    assert_eq!(at_once(keyed_task_uncached("a", vec![1], (2, 3), &[4; 4], 0.5, &mut log)), Ok(10));
    assert_eq!((TASKS.get(("a", &vec![1], &(2, 3), &[4; 4])), log.len()), (Some(10), 2));
    assert_eq!(at_once(part(text())), 8);
    assert_eq!(at_once(timed_task(1)).map(|word| word.0).ok(), Some(1));
    let (one, many) =
        (Dogpile::new(policy!(expire = "1h")), DogpileMap::new(policy!(expire = "1h", capacity = 9)));
    let mut store = Store { one, many, number: 1 };
    assert_eq!((at_once(store.one_task()), at_once(store.many_tasks("a", 1))), (1, Ok(3)));
    #[cfg(feature = "tokio")]
    {
        drop(spawned_one());
        drop(spawned_many("a", vec![1], (2, 3), 0.5));
    }
}

#[test]
fn everything_works_under_every_lint() {
    assert_eq!(text(), text_uncached());
    assert_eq!(TEXT.get(), Some(text()));
    assert_eq!(numbers(), numbers_uncached());
    assert_eq!(NUMBERS.get(), Some([1; 8]));
    assert_eq!((documented(2), documented_uncached(0)), (Ok(2), Err(text())));
    assert_eq!(Settings::depth(), 4);
    Settings::prepare();
    assert_eq!(Settings::borrowing(), Ok(1));
    assert_eq!(BY_HAND.get_or_compute(|| 2), 2);
    assert_eq!(
        length("a", vec![1], (2, 3), &[4; 4], 0.5),
        length_uncached("a", vec![1], (2, 3), &[4; 4], 0.5)
    );
    assert_eq!(LENGTHS.get(("a", &vec![1], &(2, 3), &[4; 4])), Some(10));
    assert_eq!((pattern((1, 2)), picked("word", 0.5, &mut Vec::new())), (3, 4));
    assert_eq!(size("word"), 4);
    assert_eq!(
        (timed(1).ok(), timed_uncached(0).is_err(), TIMED.get(&1)),
        (Some([1; 8]), true, Some([1; 8]))
    );
    let (one, many) =
        (Dogpile::new(policy!(expire = "1h")), DogpileMap::new(policy!(expire = "1h", capacity = 9)));
    let mut store = Store { one, many, number: 1 };
    assert_eq!((store.one(), store.many("a", 1), store.by_number()), (2, Ok(3), 2));
}
