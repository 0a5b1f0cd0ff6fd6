//! Times contenders side by side, and prints Markdown.
//!
//! Invariants: within a round every contender has its turn before any has its next, so that whatever disturbs the
//! machine disturbs all of them; every thread, also a single one, is spawned for the round and times itself.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How long one uninterrupted timing is: shorter than a scheduler's slice, long against the clock's error.
const CHUNK: Duration = Duration::from_millis(1);

/// Something that is timed.
pub struct Contender {
    /// How it is called in tables.
    pub name: String,
    repeat: Box<dyn Fn(u64) + Sync>,
}

impl Contender {
    /// A contender whose one operation is `operation`.
    pub fn new<T>(name: &str, operation: impl Fn() -> T + Sync + 'static) -> Self {
        let repeat = move |times| {
            for _ in 0..times {
                black_box(operation());
            }
        };
        Self { name: name.to_owned(), repeat: Box::new(repeat) }
    }

    fn time(&self, operations: u64) -> Duration {
        let start = Instant::now();
        (self.repeat)(operations);
        start.elapsed()
    }

    /// How many operations take about a [`CHUNK`] on one undisturbed thread.
    fn calibrate(&self) -> u64 {
        let mut operations = 64;
        loop {
            // The shortest of three is the one least disturbed.
            let shortest = (0..3).map(|_| self.time(operations)).min().unwrap_or_default();
            if shortest >= CHUNK * 2 / 3 {
                return operations;
            }
            operations *= 2;
        }
    }

    /// One round: per-thread latency in nanoseconds per operation.
    ///
    /// Each thread's figure is the median of its chunks, so that a preemption by another process counts as the outlier
    /// it is; the round's figure is the mean over the threads.
    fn round(&self, threads: usize, operations: u64, chunks: usize) -> f64 {
        let start = Barrier::new(threads);
        let one_thread = || {
            start.wait();
            let chunk = |_| self.time(operations).as_secs_f64() * 1e9 / operations as f64;
            median((0..chunks).map(chunk).collect())
        };
        thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
            let sum: f64 =
                running.into_iter().map(|thread| thread.join().expect("a contender panicked")).sum();
            sum / threads as f64
        })
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Turns of each contender at each number of threads.
    pub rounds: usize,
    /// How long a turn takes, undisturbed and uncontended.
    pub round: Duration,
}

impl Plan {
    /// The plan the bars are judged by; `--quick` on the command line asks for one that only shows that it all runs.
    #[must_use]
    pub fn from_args() -> Self {
        if has_flag("--quick") {
            Self { rounds: 3, round: Duration::from_millis(10) }
        } else {
            Self { rounds: 11, round: Duration::from_millis(64) }
        }
    }
}

/// Whether `flag` stands on the command line.
#[must_use]
pub fn has_flag(flag: &str) -> bool {
    std::env::args().skip(1).any(|arg| arg == flag)
}

/// Per contender and per entry of `threads`: the median over the rounds of the per-thread latency, in nanoseconds.
#[must_use]
pub fn race(contenders: &[Contender], threads: &[usize], plan: Plan) -> Vec<Vec<f64>> {
    let operations: Vec<_> = contenders.iter().map(Contender::calibrate).collect();
    let chunks = plan.round.as_micros().div_ceil(CHUNK.as_micros()).try_into().unwrap_or(usize::MAX);
    let mut figures = vec![vec![Vec::new(); threads.len()]; contenders.len()];
    for _ in 0..plan.rounds {
        for (column, &threads) in threads.iter().enumerate() {
            for (row, contender) in contenders.iter().enumerate() {
                figures[row][column].push(contender.round(threads, operations[row], chunks));
            }
        }
    }
    figures.into_iter().map(|row| row.into_iter().map(median).collect()).collect()
}

/// The middle one, or the mean of the two in the middle.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

/// Prints a Markdown table; every column but the first is right-aligned.
pub fn print_table(head: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", head.join(" | "));
    println!("|---|{}", "--:|".repeat(head.len().saturating_sub(1)));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

/// Prints what the numbers depend on besides the code.
pub fn print_conditions(plan: Plan) {
    let processors = thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    println!(
        "{} rounds of {} ms, {processors} processors, load average before: {}\n",
        plan.rounds,
        plan.round.as_millis(),
        if load.is_empty() { "unknown" } else { &load },
    );
}
