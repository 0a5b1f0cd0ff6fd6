//! Times contenders side by side, and prints Markdown.
//!
//! Invariants: within a round every contender has its turn before any has its next, so that whatever disturbs the
//! machine disturbs all of them; every thread, also a single one, is spawned for the round and times itself.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How long one uninterrupted timing is: shorter than a scheduler's slice, long against the clock's error.
const CHUNK: Duration = Duration::from_millis(1);

/// The share of its threads that a round must have had running at once, on average.
const ENOUGH_OVERLAP: f64 = 0.8;

/// How often a round is tried until its threads overlap.
const ATTEMPTS: usize = 5;

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

    /// A contender whose operation is given the numbers from 0 on, again and again.
    pub fn in_turn<T>(name: &str, operation: impl Fn(u64) -> T + Sync + 'static) -> Self {
        let repeat = move |times| {
            for at in 0..times {
                black_box(operation(black_box(at)));
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

    /// One round.
    fn round(&self, threads: usize, operations: u64, chunks: usize) -> Round {
        let start = Barrier::new(threads);
        let one_thread = || {
            start.wait();
            let started = Instant::now();
            let chunk = median((0..chunks).map(|_| self.time(operations).as_secs_f64()).collect());
            (started, Instant::now(), chunk)
        };
        let turns: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
            running.into_iter().map(|thread| thread.join().expect("a contender panicked")).collect()
        });
        let chunk_sum: f64 = turns.iter().map(|(_, _, chunk)| chunk).sum();
        let first = turns.iter().map(|(started, ..)| *started).min();
        let last = turns.iter().map(|(_, ended, _)| *ended).max();
        let span = last.zip(first).map_or(Duration::ZERO, |(last, first)| last - first);
        Round {
            nanos: chunk_sum / threads as f64 * 1e9 / operations as f64,
            overlap: chunk_sum * chunks as f64 / span.as_secs_f64(),
        }
    }

    /// A round whose threads ran side by side, or the one of some attempts that came closest to it: on a busy machine
    /// threads take turns instead, and then nothing is contended.
    fn overlapping_round(&self, threads: usize, operations: u64, chunks: usize) -> Round {
        let mut best = self.round(threads, operations, chunks);
        for _ in 1..if threads > 1 { ATTEMPTS } else { 1 } {
            if best.has_overlap(threads) {
                break;
            }
            let next = self.round(threads, operations, chunks);
            if next.overlap > best.overlap {
                best = next;
            }
        }
        best
    }
}

/// What came of one turn of one contender; then, of all of its turns.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Per-thread latency, in nanoseconds per operation.
    ///
    /// Each thread's figure is the median of its chunks, so that a preemption by another process counts as the outlier
    /// it is; the mean over the threads is the round's.
    pub nanos: f64,
    /// How many threads ran at once on average: the undisturbed length of all their chunks by the time from the first
    /// start to the last end.
    pub overlap: f64,
}

impl Round {
    /// Whether `threads` threads ran side by side, so that contention, if there is any, was measured.
    #[must_use]
    pub fn has_overlap(&self, threads: usize) -> bool {
        self.overlap >= ENOUGH_OVERLAP * threads as f64
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

/// Per contender and per entry of `threads`: the medians over the rounds.
#[must_use]
pub fn race(contenders: &[Contender], threads: &[usize], plan: Plan) -> Vec<Vec<Round>> {
    let operations: Vec<_> = contenders.iter().map(Contender::calibrate).collect();
    let chunks = plan.round.as_micros().div_ceil(CHUNK.as_micros()).try_into().unwrap_or(usize::MAX);
    let mut rounds = vec![vec![Vec::new(); threads.len()]; contenders.len()];
    for _ in 0..plan.rounds {
        for (column, &threads) in threads.iter().enumerate() {
            for (row, contender) in contenders.iter().enumerate() {
                let round = contender.overlapping_round(threads, operations[row], chunks);
                rounds[row][column].push(round);
            }
        }
    }
    let medians = |rounds: Vec<Round>| Round {
        nanos: median(rounds.iter().map(|round| round.nanos).collect()),
        overlap: median(rounds.iter().map(|round| round.overlap).collect()),
    };
    rounds.into_iter().map(|row| row.into_iter().map(medians).collect()).collect()
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

/// What stands behind `flag` on the command line.
#[must_use]
pub fn argument(flag: &str) -> Option<String> {
    std::env::args().skip(1).skip_while(|arg| arg != flag).nth(1)
}

/// A Markdown table; every column but the first is right-aligned.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rule = format!("|---|{}", "--:|".repeat(head.len().saturating_sub(1)));
    let rows = rows.iter().map(|row| format!("| {} |\n", row.join(" | ")));
    format!("| {} |\n{rule}\n{}", head.join(" | "), rows.collect::<String>())
}

/// Prints such a table.
pub fn print_table(head: &[&str], rows: &[Vec<String>]) {
    println!("{}", table(head, rows));
}

/// A column of [`print_latencies`] besides the usual ones: its head, and its cell for a contender's figures.
pub type ExtraColumn<'a> = (&'a str, &'a dyn Fn(&[Round]) -> String);

/// Prints the figures that [`race`] found with one thread and with two.
pub fn print_latencies(
    what: &str,
    contenders: &[Contender],
    figures: &[Vec<Round>],
    extra: Option<ExtraColumn<'_>>,
) {
    let what = format!("{what}, ns per operation and thread");
    let mut head = vec![what.as_str(), "1 thread", "2 threads", "overlap", "2 / 1"];
    head.extend(extra.map(|(head, _)| head));
    let row = |(contender, figures): (&Contender, &Vec<Round>)| {
        let (one, two) = (figures[0], figures[1]);
        let mut row = vec![
            contender.name.clone(),
            format!("{:.1}", one.nanos),
            format!("{:.1}", two.nanos),
            format!("{:.1}", two.overlap),
            format!("{:.2}x", two.nanos / one.nanos),
        ];
        row.extend(extra.map(|(_, cell)| cell(figures)));
        row
    };
    print_table(&head, &contenders.iter().zip(figures).map(row).collect::<Vec<_>>());
}

/// What a figure must not exceed.
pub struct Bar {
    what: &'static str,
    ratio: f64,
    at_most: f64,
    /// Whether the threads it is about ran at the same time.
    is_conclusive: bool,
}

impl Bar {
    /// A bar that any measurement settles.
    #[must_use]
    pub fn new(what: &'static str, ratio: f64, at_most: f64) -> Self {
        Self { what, ratio, at_most, is_conclusive: true }
    }

    /// A bar about threads that must have run side by side in `round`.
    #[must_use]
    pub fn if_overlapping(self, round: Round, threads: usize) -> Self {
        Self { is_conclusive: round.has_overlap(threads), ..self }
    }

    fn verdict(&self) -> &'static str {
        match (self.is_conclusive, self.ratio <= self.at_most) {
            (false, _) => "UNSURE",
            (true, true) => "PASS",
            (true, false) => "MISS",
        }
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.what.to_owned(),
            format!("{:.3}x", self.ratio),
            format!("<= {:.2}x", self.at_most),
            self.verdict().to_owned(),
        ]
    }
}

/// Prints the bars. A failure if one is missed and `--check` stands on the command line.
#[must_use]
pub fn conclude(bars: &[Bar]) -> ExitCode {
    print_table(&["bar", "measured", "wanted", "verdict"], &bars.iter().map(Bar::row).collect::<Vec<_>>());
    let is_proven = bars.iter().all(|bar| bar.verdict() == "PASS");
    if has_flag("--check") && !is_proven { ExitCode::FAILURE } else { ExitCode::SUCCESS }
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
