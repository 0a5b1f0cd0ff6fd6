//! The same herd against caches that everybody writes at first, and against dogpile, side by side.
//!
//! ```text
//! cargo run --release --example stampede
//! ```
//!
//! 64 threads want a value that the origin takes 30 ms to make and that is good for 100 ms. The example checks what
//! it shows and ends with exit code 1 if dogpile did not keep its promises.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::dogpile;

const THREADS: usize = 64;
/// How long the origin takes.
const ORIGIN: Duration = Duration::from_millis(30);
/// A call that takes so long waited for the origin.
const SLOW: Duration = Duration::from_millis(15);
/// How long a value is good.
const TTL: Duration = Duration::from_millis(100);
/// How long each cache is called.
const ROUND: Duration = Duration::from_millis(1500);
/// Between two calls of a thread.
const PAUSE: Duration = Duration::from_millis(5);
const BAR: usize = 50;

static ORIGIN_CALLS: AtomicU64 = AtomicU64::new(0);

/// The thing that must not be stampeded: a database, a remote service.
fn origin() -> u64 {
    thread::sleep(ORIGIN);
    ORIGIN_CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

/// A time-to-live cache as it is written in five minutes.
struct Naive(Mutex<Option<(Instant, u64)>>);

impl Naive {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Computes without the lock: whoever finds the value expired computes.
    fn compute_unlocked(&self) -> u64 {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = fresh(known) {
            return value;
        }
        let value = origin();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), value));
        value
    }

    /// Computes under the lock: one computes, but everybody waits for it.
    fn compute_locked(&self) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = fresh(*known) {
            return value;
        }
        let value = origin();
        *known = Some((Instant::now(), value));
        value
    }
}

fn fresh(known: Option<(Instant, u64)>) -> Option<u64> {
    known.filter(|(made, _)| made.elapsed() <= TTL).map(|(_, value)| value)
}

/// One computes, and the others keep what they have.
#[dogpile(expire = TTL)]
fn by_caller() -> u64 {
    origin()
}

/// The same, and not even the one who finds it expired waits.
#[dogpile(expire = TTL, refresh = "background")]
fn by_worker() -> u64 {
    origin()
}

/// What a cache did to its origin and to its callers.
struct Outcome {
    name: &'static str,
    origin_calls: u64,
    took: Duration,
    latencies: Vec<Duration>,
}

fn main() -> ExitCode {
    static UNLOCKED: Naive = Naive::new();
    static LOCKED: Naive = Naive::new();
    println!(
        "{THREADS} threads call for {ROUND:?}, every {PAUSE:?}; the origin takes {ORIGIN:?}, a value is good for {TTL:?}\n"
    );
    let outcomes = [
        stampede("ttl cache, no lock", || UNLOCKED.compute_unlocked()),
        stampede("ttl cache, locked", || LOCKED.compute_locked()),
        stampede("dogpile", by_caller),
        stampede("dogpile, background", by_worker),
    ];
    table(&outcomes);
    chart("origin calls", &outcomes, |outcome| outcome.origin_calls);
    chart(&format!("calls that took {SLOW:?} or longer"), &outcomes, Outcome::slow);
    match check(&outcomes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("error: this should not happen: {what}");
            ExitCode::FAILURE
        }
    }
}

fn stampede(name: &'static str, get: impl Fn() -> u64 + Sync) -> Outcome {
    let calls_before = ORIGIN_CALLS.load(Ordering::Relaxed);
    let barrier = Barrier::new(THREADS + 1);
    let (start, mut latencies) = thread::scope(|scope| {
        let callers: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| call(&barrier, &get))).collect();
        barrier.wait();
        let start = Instant::now();
        let latencies = callers.into_iter().flat_map(|caller| caller.join().expect("no caller panics"));
        (start, latencies.collect::<Vec<_>>())
    });
    latencies.sort_unstable();
    // A worker may still be at it.
    thread::sleep(2 * ORIGIN);
    let origin_calls = ORIGIN_CALLS.load(Ordering::Relaxed) - calls_before;
    Outcome { name, origin_calls, took: start.elapsed(), latencies }
}

fn call(barrier: &Barrier, get: impl Fn() -> u64) -> Vec<Duration> {
    barrier.wait();
    let mut latencies = Vec::new();
    let start = Instant::now();
    while start.elapsed() < ROUND {
        let called = Instant::now();
        get();
        latencies.push(called.elapsed());
        thread::sleep(PAUSE);
    }
    latencies
}

impl Outcome {
    /// The latency that `per_mille` of a thousand calls stayed within.
    fn quantile(&self, per_mille: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * per_mille / 1000).copied().unwrap_or_default()
    }

    fn slow(&self) -> u64 {
        self.latencies.iter().filter(|latency| **latency >= SLOW).count() as u64
    }
}

fn table(outcomes: &[Outcome]) {
    println!("{:<20} {:>7} {:>13} {:>9} {:>9} {:>9}", "", "calls", "origin calls", "p50", "p99", "max");
    for outcome in outcomes {
        let [p50, p99, max] =
            [500, 990, 1000].map(|per_mille| format!("{:.1?}", outcome.quantile(per_mille)));
        let (name, calls, origin) = (outcome.name, outcome.latencies.len(), outcome.origin_calls);
        println!("{name:<20} {calls:>7} {origin:>13} {p50:>9} {p99:>9} {max:>9}");
    }
}

fn chart(title: &str, outcomes: &[Outcome], amount: impl Fn(&Outcome) -> u64) {
    println!("\n{title}");
    let most = outcomes.iter().map(&amount).max().unwrap_or_default().max(1);
    for outcome in outcomes {
        let amount = amount(outcome);
        let width = (amount * BAR as u64).div_ceil(most);
        println!("{:<20} {} {amount}", outcome.name, "#".repeat(usize::try_from(width).unwrap_or(BAR)));
    }
}

/// The bounds hold on a busy machine as well: none asks for a number of calls, or for a call to be fast.
fn check([unlocked, locked, caller, worker]: &[Outcome; 4]) -> Result<(), String> {
    for outcome in [caller, worker] {
        let Outcome { name, origin_calls, took, .. } = outcome;
        let periods = took.as_nanos() / (TTL + ORIGIN).as_nanos() + 1;
        if u128::from(*origin_calls) > periods {
            return Err(format!("{name}: {origin_calls} origin calls in {periods} periods"));
        }
        if origin_calls * 4 > unlocked.origin_calls {
            return Err(format!(
                "{name}: {origin_calls} origin calls, {}: {}",
                unlocked.name, unlocked.origin_calls
            ));
        }
        if outcome.slow() * 2 > locked.slow() {
            return Err(format!("{name}: {} slow calls, {}: {}", outcome.slow(), locked.name, locked.slow()));
        }
    }
    Ok(())
}
