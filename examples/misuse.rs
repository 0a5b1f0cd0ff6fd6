//! What goes wrong when dogpile is used in ways it was not made for, and what it says then.
//!
//! ```text
//! cargo run --example misuse
//! ```
//!
//! Each entry is run, and the message below it is the one that came. Where something else happened than the example
//! says, it ends with exit code 1. What the compiler refuses cannot be run, and is not here.

use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::{Dogpile, Policy, dogpile};

/// Nothing here takes so long, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

type Outcome = Result<(), String>;

/// A title, and what to run under it.
type Entry = (&'static str, fn() -> Outcome);

fn main() -> ExitCode {
    // The messages are shown where they belong, not by the hook.
    panic::set_hook(Box::new(|_| {}));
    let entries: [Entry; 9] = [
        ("a first value that needs itself", own_value),
        ("two first values that need each other", each_other),
        ("the same, over two threads", each_other_over_threads),
        ("a background refresh that panics", background_panic),
        ("no time to live at all, known at run time only", zero_at_run_time),
        ("a large value without an `Arc`", large_value),
        ("counting on an error to be cached", cached_error),
        ("a computation that invalidates its own value", self_invalidation),
        ("a generic `impl` block", generic_impl),
    ];
    let mut code = ExitCode::SUCCESS;
    for (number, (title, run)) in (1..).zip(entries) {
        println!("{number}. {title}");
        if let Err(otherwise) = run() {
            eprintln!("error: this should not happen: {otherwise}");
            code = ExitCode::FAILURE;
        }
        println!();
    }
    println!(
        "not detected: a computation that waits for a thread, by joining it for example, that calls the same"
    );
    println!(
        "   function. Both wait for ever: dogpile knows who waits for its values, not who waits for threads."
    );
    code
}

#[dogpile(expire = "1h", name = "fortune")]
fn fortune() -> u32 {
    fortune() + 1
}

fn own_value() -> Outcome {
    did("`fortune()` calls `fortune()` to compute its first value");
    panics(fortune, "`fortune` is called by the computation of its own first value")
}

#[dogpile(expire = "1h", name = "hen", handle = HEN)]
fn hen() -> u32 {
    meet_the_other_thread();
    egg() + 1
}

#[dogpile(expire = "1h", name = "egg", handle = EGG)]
fn egg() -> u32 {
    meet_the_other_thread();
    hen() + 1
}

/// How many more computations are to begin before any of them goes on.
static EXPECTED: AtomicUsize = AtomicUsize::new(0);

fn meet_the_other_thread() {
    let _ = EXPECTED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
    wait_for(|| EXPECTED.load(Ordering::SeqCst) == 0);
}

fn each_other() -> Outcome {
    did("`hen()` calls `egg()`, which calls `hen()`");
    panics(hen, "`hen`")?;
    did("`HEN.set(1)` gives the circle a beginning");
    HEN.set(1);
    happened(&format!("`egg()` returns {}", egg()));
    HEN.invalidate();
    EGG.invalidate();
    Ok(())
}

fn each_other_over_threads() -> Outcome {
    did("one thread calls `hen()`, another one calls `egg()` at the same time");
    EXPECTED.store(2, Ordering::SeqCst);
    let threads = [hen, egg].map(|function| thread::spawn(move || message(function)));
    let messages = threads.map(|thread| thread.join().ok().flatten());
    for message in messages.iter().flatten() {
        said(message);
    }
    let circle = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains("in a circle"));
    ensure(messages.iter().all(Option::is_some), "a thread got a value")?;
    ensure(messages.iter().any(circle), "no thread was told of the circle")
}

#[dogpile(expire = "20ms", refresh = "background", handle = WEATHER)]
fn weather() -> &'static str {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    assert_eq!(CALLS.fetch_add(1, Ordering::Relaxed), 0, "the weather service is down");
    "sunny"
}

fn background_panic() -> Outcome {
    did("`weather()` is computed once, and panics ever after on its worker");
    ensure(weather() == "sunny", "the first value is another one")?;
    let has_panicked = wait_for(|| {
        weather();
        WEATHER.stats().panics > 0
    });
    ensure(has_panicked, "no refresh panicked")?;
    ensure(weather() == "sunny", "the old value did not stay")?;
    let (stats, age) = (WEATHER.stats(), WEATHER.age().unwrap_or_default());
    happened(&format!("callers notice nothing: `weather()` is still `{}`, {age:.0?} old", weather()));
    happened("the panic went to the panic hook alone (silenced here)");
    let (computations, panics) = (stats.computations, stats.panics);
    happened(&format!("`WEATHER.stats()` tells: computations {computations}, panics {panics}"));
    happened("say `stale = \"…\"` if a value that old is of no use");
    Ok(())
}

fn zero_at_run_time() -> Outcome {
    did("`Policy::expire(seconds)` with 0 seconds, from a settings file for example");
    let seconds = Duration::from_secs(std::hint::black_box(0));
    panics(|| Policy::<u32>::expire(seconds), "`expire` is zero")?;
    happened("(in `#[dogpile(expire = …)]` and in a `static` the same is a compile-time error)");
    Ok(())
}

/// Counts how often it is cloned.
struct Catalogue(Vec<u8>);

static CLONES: AtomicU64 = AtomicU64::new(0);
const MIB: usize = 1 << 20;
const HITS: u32 = 50;

impl Clone for Catalogue {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

#[dogpile(expire = "1h")]
fn owned() -> Catalogue {
    Catalogue(vec![1; MIB])
}

#[dogpile(expire = "1h")]
fn shared() -> Arc<Catalogue> {
    Arc::new(Catalogue(vec![1; MIB]))
}

fn large_value() -> Outcome {
    did(&format!("{HITS} hits on a value of 1 MiB: every hit clones it"));
    owned();
    shared();
    let before = CLONES.load(Ordering::Relaxed);
    let (clones, time) = hits(|| owned().0.len());
    happened(&format!("`fn owned() -> Catalogue`: {clones} clones, {time:.1?} per hit"));
    let (shared_clones, shared_time) = hits(|| shared().0.len());
    happened(&format!("`fn shared() -> Arc<Catalogue>`: {shared_clones} clones, {shared_time:.1?} per hit"));
    ensure(CLONES.load(Ordering::Relaxed) - before == u64::from(HITS), "the hits were cloned otherwise")?;
    ensure(shared_clones == 0, "an `Arc` was cloned deeply")
}

fn hits(hit: impl Fn() -> usize) -> (u64, Duration) {
    let (before, start) = (CLONES.load(Ordering::Relaxed), Instant::now());
    for _ in 0..HITS {
        std::hint::black_box(hit());
    }
    (CLONES.load(Ordering::Relaxed) - before, start.elapsed() / HITS)
}

#[dogpile(expire = "1h", handle = USER)]
fn user() -> Result<u32, String> {
    Err("no such user".to_owned())
}

#[dogpile(expire = "1h", handle = FOUND)]
fn found() -> Result<Option<u32>, String> {
    Ok(None)
}

fn cached_error() -> Outcome {
    did("`user()` returns `Err` three times");
    let errors = (0..3).filter_map(|_| user().err()).collect::<Vec<_>>();
    let computations = USER.stats().computations;
    happened(&format!("{} errors, {computations} computations: an error is never cached", errors.len()));
    ensure(errors.len() == 3 && computations == 3, "an error was cached")?;
    did("`found()` returns `Ok(None)` three times: that nothing is there is a value");
    let all_none = (0..3).all(|_| found() == Ok(None));
    let computations = FOUND.stats().computations;
    happened(&format!("{computations} computation"));
    ensure(all_none && computations == 1, "`Ok(None)` was not cached")
}

#[dogpile(expire = "1h", handle = REPORT)]
fn report() -> u32 {
    REPORT.invalidate();
    7
}

fn self_invalidation() -> Outcome {
    did("`report()` calls `REPORT.invalidate()` while it is computed; three calls");
    let all_answered = (0..3).all(|_| report() == 7);
    let computations = REPORT.stats().computations;
    happened(&format!("{computations} computations: each answers its caller, and is not stored"));
    ensure(all_answered && computations == 3 && !REPORT.has_value(), "an invalidated value was stored")
}

struct Named<T>(T);

impl<T> Named<T> {
    #[dogpile(expire = "never")]
    fn type_name() -> &'static str {
        std::any::type_name::<T>()
    }
}

struct Holder<T> {
    _value: T,
    name: Dogpile<&'static str>,
}

impl<T> Holder<T> {
    fn new(value: T) -> Self {
        Self { _value: value, name: Dogpile::new(Policy::never()) }
    }

    fn type_name(&self) -> &'static str {
        self.name.get_or_compute(|| std::any::type_name::<T>())
    }
}

fn generic_impl() -> Outcome {
    did("`#[dogpile] fn type_name()` in `impl<T> Named<T>`: only its body uses `T`, so no macro can see it");
    let [byte, char] = [Named::<u8>::type_name(), Named::<char>::type_name()];
    happened(&format!("`u8` is called `{byte}`, and `char` is called `{char}`"));
    happened("one static serves all instances; a trait's default method is the same trap");
    ensure(byte == char, "each instance has a static of its own")?;
    did("a `Dogpile` in a field instead");
    let [byte, char] = [Holder::new(1u8).type_name(), Holder::new('a').type_name()];
    happened(&format!("`u8` is called `{byte}`, and `char` is called `{char}`"));
    ensure([byte, char] == ["u8", "char"], "the names are others")
}

fn did(what: &str) {
    println!("   {what}");
}

fn happened(what: &str) {
    println!("   -> {what}");
}

fn said(message: &str) {
    for line in message.lines() {
        println!("   | {line}");
    }
}

/// Runs `misuse`, which must panic, shows what it says and looks for `expected` in it.
fn panics<T>(misuse: impl FnOnce() -> T, expected: &str) -> Outcome {
    let message = message(misuse).ok_or("it did not panic")?;
    said(&message);
    ensure(message.contains(expected), "it panicked with another message")
}

/// The message that `misuse` panics with.
fn message<T>(misuse: impl FnOnce() -> T) -> Option<String> {
    let payload = panic::catch_unwind(panic::AssertUnwindSafe(misuse)).err()?;
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

/// Whether `condition` came true in time.
fn wait_for(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

fn ensure(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
