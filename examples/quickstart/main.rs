//! A configuration file that eight threads read through `#[dogpile]` while it is rewritten, broken and mended.
//!
//! ```text
//! cargo run --example quickstart              # the shipped examples/config/app.toml
//! cargo run --example quickstart -- my.toml   # a file of yours; it is only read, a copy is rewritten
//! ```
//!
//! The example checks what it tells: if something else happened, it says so and ends with exit code 1.

mod copy;
mod file;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

use dogpile::{Stats, dogpile};

use crate::copy::Copy;
use crate::file::{Config, ConfigError};

/// This is all it takes. An `Arc`, so that a hit copies a pointer and not the configuration.
#[dogpile(expire = "150ms", retry = "50ms", handle = CONFIG)]
fn config() -> Result<Arc<Config>, ConfigError> {
    let loaded = load_slowly();
    if let (Err(error), true) = (&loaded, CONFIG.has_value()) {
        println!("   loader: {error}\n   loader: the old configuration stays");
    }
    loaded.map(Arc::new)
}

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/app.toml");
const THREADS: usize = 8;
const OTHERS: u64 = THREADS as u64 - 1;
/// Between two calls of a thread.
const PAUSE: Duration = Duration::from_micros(300);
/// Nothing here takes so long, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// The file to read.
static SOURCE: LazyLock<Mutex<PathBuf>> = LazyLock::new(|| Mutex::new(PathBuf::from(SHIPPED)));
/// Our own count of loads, and of those that began while another was under way.
static LOADS: AtomicU64 = AtomicU64::new(0);
static LOADING: AtomicU64 = AtomicU64::new(0);
static OVERLAPS: AtomicU64 = AtomicU64::new(0);
/// The revision that each thread saw last.
static SEEN: [AtomicI64; THREADS] = [const { AtomicI64::new(0) }; THREADS];

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let file = arguments.next().unwrap_or_else(|| SHIPPED.into());
    let outcome = match arguments.next() {
        None => run(Path::new(&file)),
        Some(_) => Err("expected one file\nhelp: cargo run --example quickstart -- my.toml".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if error.is::<ConfigError>() {
                eprintln!("help: give the path of a TOML file, or none for the shipped one");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(file: &Path) -> Outcome<()> {
    println!("{THREADS} threads call `config()`, which reads `{}`", file.display());
    read_from(file);
    let first = cold_start()?;
    let copy = Copy::new(&first.text).map_err(|error| format!("cannot write a copy of the file: {error}"))?;
    read_from(copy.path());
    rewritten(&copy, &first)?;
    broken_and_mended(&copy, &first)?;
    ensure(OVERLAPS.load(Ordering::Relaxed) == 0, "two loads ran at once")?;
    let (loads, told) = (LOADS.load(Ordering::Relaxed), CONFIG.stats().computations);
    ensure(loads == told, &format!("the file was read {loads} times, and the stats say {told}"))?;
    println!("\nall in all the file was read {loads} times, never twice at once; your file is as it was");
    Ok(())
}

/// Act 1: nothing is cached, and everybody comes at once.
fn cold_start() -> Outcome<Arc<Config>> {
    println!("\n1  cold start: all call at once");
    let barrier = Barrier::new(THREADS);
    let calls = thread::scope(|scope| {
        let callers = SEEN.each_ref().map(|seen| {
            scope.spawn(|| {
                barrier.wait();
                call(seen)
            })
        });
        callers.map(|caller| caller.join().unwrap_or_else(|_| Err("a caller panicked".into())))
    });
    let errors = calls.iter().filter(|call| call.is_err()).count();
    if errors > 0 {
        println!("   calls {THREADS} | computations {} | errors {errors}", LOADS.load(Ordering::Relaxed));
    }
    let times = calls.into_iter().collect::<Outcome<Vec<_>>>()?;
    let stats = CONFIG.stats();
    report(Stats::default(), times);
    ensure(stats.computations == 1, "more than one caller loaded the file")?;
    ensure(stats.waits == OTHERS, "not everybody else waited for the one who loaded the file")?;
    let config = CONFIG.get().ok_or("there is no configuration after the cold start")?;
    println!("   loaded: values {} | revision {}", config.values(), config.revision);
    Ok(config)
}

/// Act 2: new content, while everybody keeps calling.
fn rewritten(copy: &Copy, first: &Config) -> Outcome<()> {
    let wanted = first.revision.wrapping_add(1);
    println!("\n2  (a copy of) the file is rewritten: revision {wanted}");
    let before = CONFIG.stats();
    let times = herd(|| {
        copy.rewrite(&first.with_revision(wanted))?;
        arrival(wanted)
    })?;
    report(before, times);
    let after = CONFIG.stats();
    ensure(after.waits == before.waits, "somebody waited although there was an old configuration")?;
    ensure(after.stale_served - before.stale_served >= OTHERS, "nobody was served while the file was read")
}

/// Act 3: the file breaks, and is mended.
fn broken_and_mended(copy: &Copy, first: &Config) -> Outcome<()> {
    let (old, wanted) = (first.revision.wrapping_add(1), first.revision.wrapping_add(2));
    println!("\n3  the file is broken: its last line reads `[broken`");
    let before = CONFIG.stats();
    let times = herd(|| {
        copy.rewrite(&format!("{}\n[broken", first.text))?;
        wait_for("a failed load", || CONFIG.stats().failures > before.failures)?;
        let failed = CONFIG.stats();
        wait_for("more calls", || CONFIG.stats().stale_served - failed.stale_served > OTHERS)?;
        let kept = SEEN.iter().all(|seen| seen.load(Ordering::Relaxed) == old);
        ensure(kept, "the old configuration did not stay")?;
        println!("   everybody still has revision {old}; the file is mended: revision {wanted}");
        copy.rewrite(&first.with_revision(wanted))?;
        arrival(wanted)
    })?;
    report(before, times);
    ensure(CONFIG.stats().waits == before.waits, "somebody waited although there was an old configuration")
}

/// Waits until every thread has seen `revision`.
fn arrival(revision: i64) -> Outcome<()> {
    let start = Instant::now();
    let everywhere = || SEEN.iter().all(|seen| seen.load(Ordering::Relaxed) == revision);
    wait_for(&format!("revision {revision}"), everywhere)?;
    println!("   revision {revision} arrived at all {THREADS} threads after {:.0?}", start.elapsed());
    Ok(())
}

/// All threads call over and over while `script` runs; how long each call took.
fn herd(script: impl FnOnce() -> Outcome<()>) -> Outcome<Vec<Duration>> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers = SEEN.each_ref().map(|seen| {
            scope.spawn(|| {
                let mut times = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    times.push(call(seen)?);
                    thread::sleep(PAUSE);
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(times)
            })
        });
        let outcome = script();
        is_over.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        for caller in callers {
            times.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        outcome.map(|()| times)
    })
}

fn call(seen: &AtomicI64) -> Outcome<Duration> {
    let start = Instant::now();
    let config = config()?;
    let time = start.elapsed();
    seen.store(config.revision, Ordering::Relaxed);
    Ok(time)
}

/// Loads from a disk so slow that everybody else comes while it works.
fn load_slowly() -> Result<Config, ConfigError> {
    LOADS.fetch_add(1, Ordering::Relaxed);
    if LOADING.fetch_add(1, Ordering::Relaxed) > 0 {
        OVERLAPS.fetch_add(1, Ordering::Relaxed);
    }
    thread::sleep(Duration::from_millis(20));
    let before = CONFIG.stats();
    if CONFIG.has_value() {
        // When an act is over there may be nobody left to come.
        wait_at_most(Duration::from_secs(2), || CONFIG.stats().stale_served - before.stale_served >= OTHERS);
    } else {
        wait_at_most(PATIENCE, || CONFIG.stats().waits >= OTHERS);
    }
    let source = SOURCE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let loaded = Config::load(&source);
    LOADING.fetch_sub(1, Ordering::Relaxed);
    loaded
}

fn read_from(file: &Path) {
    file.clone_into(&mut SOURCE.lock().unwrap_or_else(PoisonError::into_inner));
}

fn report(before: Stats, mut times: Vec<Duration>) {
    times.sort_unstable();
    let now = CONFIG.stats();
    let (slowest, median) = (times.last().copied().unwrap_or_default(), times.get(times.len() / 2));
    println!(
        "   calls {} | computations {} (failed {}) | waits {} | stale hits {} | slowest call {slowest:.1?}, median {:.1?}",
        times.len(),
        now.computations - before.computations,
        now.failures - before.failures,
        now.waits - before.waits,
        now.stale_served - before.stale_served,
        median.copied().unwrap_or_default(),
    );
}

fn ensure(holds: bool, otherwise: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(format!("this should not happen: {otherwise}").into()) }
}

fn wait_for(what: &str, condition: impl Fn() -> bool) -> Outcome<()> {
    if wait_at_most(PATIENCE, condition) {
        return Ok(());
    }
    Err(format!("waited {PATIENCE:?} in vain for {what}").into())
}

/// Whether `condition` came true in time.
fn wait_at_most(patience: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}
