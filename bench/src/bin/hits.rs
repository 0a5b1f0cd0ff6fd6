//! What a hit costs without parameters: fresh, from two threads, and stale while another thread regenerates.
//!
//! Prints one table of latencies and one of bars. With `--check` it exits with 1 unless every bar is met; `--quick`
//! only shows that everything runs.

use std::process::ExitCode;
use std::sync::{Barrier, Mutex, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use cached::macros::once;
use dogpile::{Dogpile, Policy, dogpile};
use dogpile_bench::{Bar, Contender, Plan, Round, conclude, print_conditions, print_latencies, race};
use memoize::memoize;

const HOUR: Duration = Duration::from_secs(3600);
const THREADS: [usize; 2] = [1, 2];

#[dogpile(expire = "1h")]
fn by_dogpile() -> u64 {
    compute()
}

#[once(ttl_secs = 3600)]
fn by_cached() -> u64 {
    compute()
}

#[memoize(SharedCache, TimeToLive: Duration::from_secs(3600))]
fn by_memoize() -> u64 {
    compute()
}

fn by_moka() -> u64 {
    static CACHE: OnceLock<moka::sync::Cache<(), u64>> = OnceLock::new();
    let cache = CACHE.get_or_init(|| moka::sync::Cache::builder().time_to_live(HOUR).build());
    cache.get_with((), compute)
}

fn by_mutex() -> u64 {
    static CACHE: Mutex<Option<(Instant, u64)>> = Mutex::new(None);
    let mut kept = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    match *kept {
        Some((made, value)) if made.elapsed() <= HOUR => value,
        _ => {
            let value = compute();
            *kept = Some((Instant::now(), value));
            value
        }
    }
}

fn by_rw_lock() -> u64 {
    static CACHE: RwLock<Option<(Instant, u64)>> = RwLock::new(None);
    if let Some((made, value)) = *CACHE.read().unwrap_or_else(PoisonError::into_inner) {
        if made.elapsed() <= HOUR {
            return value;
        }
    }
    let value = compute();
    *CACHE.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), value));
    value
}

fn by_once_lock() -> u64 {
    static CACHE: OnceLock<u64> = OnceLock::new();
    *CACHE.get_or_init(compute)
}

/// The value of [`by_stale_dogpile`]: expired, with a leader that does not come back before the measurement is over.
static STALE: Dogpile<u64> = Dogpile::new(Policy::expire(HOUR));

fn by_stale_dogpile() -> u64 {
    STALE.get_or_compute(|| unreachable!("another thread leads"))
}

#[cold]
#[inline(never)]
fn compute() -> u64 {
    42
}

/// The rows of the table; the bars name some of them.
const OURS: usize = 1;
const OURS_STALE: usize = 2;
const CACHED: usize = 3;

fn contenders() -> Vec<Contender> {
    vec![
        Contender::new("`OnceLock` (the floor: no expiry)", by_once_lock),
        Contender::new("**dogpile** `#[dogpile(expire = \"1h\")]`, fresh", by_dogpile),
        Contender::new("**dogpile**, stale while another thread leads", by_stale_dogpile),
        Contender::new("cached `#[once(ttl_secs = 3600)]`", by_cached),
        Contender::new("memoize `SharedCache`, `TimeToLive`", by_memoize),
        Contender::new("moka `sync::Cache::get_with`", by_moka),
        Contender::new("`Mutex<Option<(Instant, u64)>>`", by_mutex),
        Contender::new("`RwLock<Option<(Instant, u64)>>`", by_rw_lock),
    ]
}

/// Runs `measure` while a thread is in the middle of regenerating [`STALE`].
fn with_leader_under_way<T>(measure: impl FnOnce() -> T) -> T {
    STALE.set(7);
    STALE.expire();
    let (leading, released) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            STALE.get_or_compute(|| {
                leading.wait();
                released.wait();
                8
            })
        });
        leading.wait();
        let served_before = STALE.stats().stale_served;
        let measured = measure();
        assert!(STALE.is_computing(), "the leader came back too early");
        assert!(STALE.stats().stale_served > served_before, "what was measured were no stale hits");
        released.wait();
        measured
    })
}

fn bars(figures: &[Vec<Round>]) -> [Bar; 3] {
    let [one, two] = [0, 1].map(|column| figures[OURS][column]);
    let (stale, cached) = (figures[OURS_STALE][0], figures[CACHED][0]);
    [
        Bar::new("fresh hit, 1 thread, against cached", one.nanos / cached.nanos, 0.30),
        Bar::new("fresh hit, 2 threads, against our 1 thread", two.nanos / one.nanos, 1.2)
            .if_overlapping(two, THREADS[1]),
        Bar::new("stale hit, against our fresh hit", stale.nanos / one.nanos, 1.3),
    ]
}

fn main() -> ExitCode {
    let plan = Plan::from_args();
    print_conditions(plan);
    let contenders = contenders();
    let figures = with_leader_under_way(|| race(&contenders, &THREADS, plan));
    let cached = figures[CACHED][0].nanos;
    let extra = |figures: &[Round]| format!("{:.2}x", figures[0].nanos / cached);
    print_latencies("hit, `u64`", &contenders, &figures, Some(("1 / cached 1", &extra)));
    conclude(&bars(&figures))
}
