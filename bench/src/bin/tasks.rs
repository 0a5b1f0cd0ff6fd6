//! What tasks pay: a hit, polled by hand, beside that of a thread; and a cold herd of ten thousand of them on tokio, beside
//! `moka`'s, in time and memory.
//!
//! Prints a table of latencies, one of herds and one of bars. With `--check` it exits with 1 unless every bar is met;
//! `--quick` only shows that everything runs. `--herd ROW` is what the program calls itself with: one herd in a process of
//! its own, whose memory it prints.

#![allow(clippy::type_complexity, reason = "a row of a table")]
#![allow(clippy::similar_names, reason = "a side and a size are not mistaken for each other")]

use std::future::Future;
use std::pin::pin;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use dogpile::{Dogpile, DogpileMap, Policy};
use dogpile_bench::{
    Bar, Contender, Plan, Round, conclude, has_flag, median, print_conditions, print_latencies, print_table,
    race,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

const HOUR: Duration = Duration::from_secs(3600);
const THREADS: [usize; 2] = [1, 2];
const KEY: u64 = 7;

static ONE: Dogpile<u64> = Dogpile::new(Policy::expire(HOUR));
static MAP: DogpileMap<u64, u64> = DogpileMap::new(Policy::expire(HOUR));

#[cold]
#[inline(never)]
fn compute() -> u64 {
    42
}

/// What a future comes to that is ready at once. Polled where it is made: what moving it about costs is the caller's.
#[inline]
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit is ready at the first poll"),
    }
}

/// The rows of the table of hits; the bars name some of them.
const SYNC: usize = 0;
const ASYNC: usize = 1;

fn contenders() -> Vec<Contender> {
    let moka = moka::future::Cache::builder().max_capacity(10_000).time_to_live(HOUR).build();
    vec![
        Contender::new("**dogpile**, one value, `get_or_compute`", || ONE.get_or_compute(compute)),
        Contender::new("**dogpile**, one value, `get_or_compute_async`", || {
            at_once(ONE.get_or_compute_async(async || compute()))
        }),
        Contender::new("**dogpile**, the same, the future moved to another function", || {
            elsewhere(ONE.get_or_compute_async(async || compute()))
        }),
        Contender::new("**dogpile**, key `u64`, `get_or_compute`", || MAP.get_or_compute(KEY, compute)),
        Contender::new("**dogpile**, key `u64`, `get_or_compute_async`", || {
            at_once(MAP.get_or_compute_async(KEY, async || compute()))
        }),
        Contender::new("moka `future::Cache::get_with`, key `u64`", move || {
            at_once(moka.get_with(KEY, async { compute() }))
        }),
    ]
}

/// The same, by way of a function that is not inlined: the future is moved to it.
#[inline(never)]
fn elsewhere<T>(future: impl Future<Output = T>) -> T {
    at_once(future)
}

fn bars(figures: &[Vec<Round>]) -> [Bar; 1] {
    let ratio = |row: usize, other: usize| figures[row][0].nanos / figures[other][0].nanos;
    [Bar::new("async hit, against our sync hit", ratio(ASYNC, SYNC), 1.5)]
}

/// Who computes once for a herd.
#[derive(Clone, Copy)]
enum Side {
    One,
    Map,
    Moka,
    OnceCell,
}

const SIDES: [(Side, &str); 4] = [
    (Side::One, "**dogpile**, one value"),
    (Side::Map, "**dogpile**, one key of a map"),
    (Side::Moka, "moka `future::Cache::get_with`"),
    (Side::OnceCell, "tokio `OnceCell::get_or_init` (no expiry)"),
];

type Gathered = std::pin::Pin<Box<dyn Future<Output = u64> + Send>>;

/// The computation: it waits until the whole herd has called.
fn gathered(called: Arc<AtomicUsize>, size: usize) -> Gathered {
    Box::pin(async move {
        while called.load(Ordering::Relaxed) < size {
            yield_now().await;
        }
        compute()
    })
}

/// How long a herd takes, from its first task to the end of its last. `call` is given the computation.
fn herd<F>(runtime: &Runtime, size: usize, call: impl Fn(Gathered) -> F) -> Duration
where
    F: Future<Output = u64> + Send + 'static,
{
    let called = Arc::<AtomicUsize>::default();
    runtime.block_on(async {
        let start = Instant::now();
        let task = |_| {
            let call = call(gathered(Arc::clone(&called), size));
            let called = Arc::clone(&called);
            tokio::spawn(async move {
                called.fetch_add(1, Ordering::Relaxed);
                call.await
            })
        };
        let tasks: Vec<_> = (0..size).map(task).collect();
        for task in tasks {
            assert_eq!(task.await.expect("a task of the herd"), compute());
        }
        start.elapsed()
    })
}

fn herd_of(side: Side, runtime: &Runtime, size: usize) -> Duration {
    match side {
        Side::One => {
            let dogpile = Arc::new(Dogpile::new(Policy::expire(HOUR)));
            herd(runtime, size, |compute| {
                let dogpile = Arc::clone(&dogpile);
                async move { dogpile.get_or_compute_async(|| compute).await }
            })
        }
        Side::Map => {
            let map = Arc::new(DogpileMap::new(Policy::expire(HOUR)));
            herd(runtime, size, |compute| {
                let map = Arc::clone(&map);
                async move { map.get_or_compute_async(KEY, || compute).await }
            })
        }
        Side::Moka => {
            let cache = moka::future::Cache::builder().max_capacity(10_000).time_to_live(HOUR).build();
            herd(runtime, size, |compute| {
                let cache = cache.clone();
                async move { cache.get_with(KEY, compute).await }
            })
        }
        Side::OnceCell => {
            let cell = Arc::new(tokio::sync::OnceCell::new());
            herd(runtime, size, |compute| {
                let cell = Arc::clone(&cell);
                async move { *cell.get_or_init(|| compute).await }
            })
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(THREADS[1]).build().expect("a runtime")
}

/// The most memory this process has had so far, in bytes.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024.0
}

/// A process of one herd: what that added to its peak.
fn print_memory_of(side: usize, size: usize) {
    let runtime = runtime();
    // What the first task of all sets up is not the herd's.
    herd_of(SIDES[side].0, &runtime, 2);
    let before = peak();
    herd_of(SIDES[side].0, &runtime, size);
    println!("{}", peak() - before);
}

/// The memory of a herd, measured in a process of its own.
fn memory_of(side: usize, size: usize) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["--herd", &side.to_string(), &size.to_string()]).output();
    let output = output.expect("a herd in a process of its own");
    let text = String::from_utf8(output.stdout).expect("a number");
    text.trim().parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

fn print_herds(size: usize, rounds: usize) {
    let runtime = runtime();
    let mut figures = vec![(Vec::new(), Vec::new()); SIDES.len()];
    for _ in 0..rounds {
        for (side, (times, memory)) in figures.iter_mut().enumerate() {
            times.push(herd_of(SIDES[side].0, &runtime, size).as_secs_f64() * 1e3);
            memory.push(memory_of(side, size) / 1024.0 / 1024.0);
        }
    }
    let row = |((_, name), (times, memory)): (&(Side, &str), (Vec<f64>, Vec<f64>))| {
        vec![(*name).to_owned(), format!("{:.2}", median(times)), format!("{:.1}", median(memory))]
    };
    let head = format!("cold herd of {size} tasks, {rounds} rounds");
    let rows: Vec<_> = SIDES.iter().zip(figures).map(row).collect();
    print_table(&[&head, "ms", "peak memory, MiB"], &rows);
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().collect();
    if let [_, flag, side, size] = &args[..] {
        if let ("--herd", Ok(side), Ok(size)) = (flag.as_str(), side.parse(), size.parse()) {
            print_memory_of(side, size);
            return ExitCode::SUCCESS;
        }
    }
    let plan = Plan::from_args();
    print_conditions(plan);
    let contenders = contenders();
    let figures = race(&contenders, &THREADS, plan);
    print_latencies("hit, `u64`", &contenders, &figures, None);
    let (size, rounds) = if has_flag("--quick") { (1_000, 3) } else { (10_000, 11) };
    print_herds(size, rounds);
    conclude(&bars(&figures))
}
