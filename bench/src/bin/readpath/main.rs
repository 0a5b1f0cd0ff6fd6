//! Ways to read a value that is replaced now and then: what a read and a
//! replacement cost, and how long what was replaced stays alive.
//!
//! Prints tables of reads, of replacements and of what they leave behind. `--quick` only shows that everything runs.

mod paths;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use dogpile_bench::{Contender, Plan, print_conditions, print_latencies, print_table, race};
use paths::{Epoch, Hazards, Once, Ours, ParkingLock, Payload, ReadPath, Seize, StdLock, Swap};

const THREADS: [usize; 2] = [1, 2];
const REPLACEMENTS: u64 = 1000;
const READERS: usize = 2;

const OURS: &str = "**dogpile** `get_or_compute`";
const SWAP: &str = "arc-swap `load`";
const SWAP_FULL: &str = "arc-swap `load_full`";
const SEIZE: &str = "seize, default batches";
const SEIZE_1: &str = "seize, `batch_size(1)`";
const EPOCH: &str = "crossbeam-epoch";
const HAZARD: &str = "haphazard, a hazard pointer per read";
const HAZARD_KEPT: &str = "haphazard, one kept per thread";

fn timed<P: ReadPath<()>>(name: &str) -> Contender {
    let path = P::new(Payload::new(42, ()));
    Contender::new(name, move || path.hit())
}

fn contenders() -> Vec<Contender> {
    let (once, once_timed) = (Once::<false>::new(), Once::<true>::new());
    let (std_lock, parking_lock) = (StdLock::new(), ParkingLock::new());
    vec![
        Contender::new("`OnceLock` (no clock, no replacement)", move || once.hit()),
        Contender::new("`OnceLock` + coarse clock (no replacement)", move || once_timed.hit()),
        timed::<Ours<()>>(OURS),
        timed::<Swap<(), false>>(SWAP),
        timed::<Swap<(), true>>(SWAP_FULL),
        timed::<Seize<(), 0>>(SEIZE),
        timed::<Seize<(), 1>>(SEIZE_1),
        timed::<Epoch<()>>(EPOCH),
        timed::<Hazards<(), false>>(HAZARD),
        timed::<Hazards<(), true>>(HAZARD_KEPT),
        Contender::new("`std::sync::RwLock`", move || std_lock.hit()),
        Contender::new("`parking_lot::RwLock`", move || parking_lock.hit()),
    ]
}

fn replacing<P: ReadPath<()>>(name: &str) -> Contender {
    let path = P::new(Payload::new(42, ()));
    Contender::new(name, move || path.replace(Payload::new(7, ())))
}

fn replacements() -> Vec<Contender> {
    let lock = StdLock::new();
    vec![
        replacing::<Ours<()>>("**dogpile** `set`"),
        replacing::<Swap<(), false>>("arc-swap"),
        replacing::<Seize<(), 0>>(SEIZE),
        replacing::<Seize<(), 1>>(SEIZE_1),
        replacing::<Epoch<()>>(EPOCH),
        replacing::<Hazards<(), true>>(HAZARD_KEPT),
        Contender::new("`std::sync::RwLock`", move || lock.replace()),
    ]
}

/// Counts the payloads alive.
struct Alive(&'static AtomicUsize);

impl Alive {
    fn new(count: &'static AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many superseded values were alive.
struct Superseded {
    /// At most, while one thread held the first value and two read in a loop.
    most: usize,
    /// After the guard was gone, the readers had ended, and one more value had been replaced.
    left: usize,
}

/// Replaces a value again and again beside readers, one of which holds on to the first value throughout.
///
/// Each call leaks one counter: late destructors of other crates may still write to it.
fn promptness<P: ReadPath<Alive>>(read: impl Fn(&P) + Sync) -> Superseded {
    let alive: &'static AtomicUsize = Box::leak(Box::default());
    let payload = |value| Payload::new(value, Alive::new(alive));
    let superseded = || alive.load(Ordering::Relaxed).saturating_sub(1);
    let path = P::new(payload(0));
    let (held, released) = (Barrier::new(2), Barrier::new(2));
    let (reading, is_over) = (Barrier::new(READERS + 1), AtomicBool::new(false));
    let mut most = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            path.hold(&mut || {
                held.wait();
                released.wait();
            });
        });
        held.wait();
        for _ in 0..READERS {
            scope.spawn(|| {
                reading.wait();
                while !is_over.load(Ordering::Relaxed) {
                    read(&path);
                }
            });
        }
        reading.wait();
        for value in 1..=REPLACEMENTS {
            path.replace(payload(value));
            most = most.max(superseded());
            // The readers get their turn, also on fewer processors than threads.
            thread::yield_now();
        }
        is_over.store(true, Ordering::Relaxed);
        released.wait();
    });
    path.replace(payload(0));
    Superseded { most, left: superseded() }
}

fn hit<P: ReadPath<Alive>>(path: &P) {
    std::hint::black_box(path.hit());
}

/// Ours is read without cloning, for a clone would be counted as alive.
fn hit_ours(path: &Ours<Alive>) {
    path.look();
}

fn promptness_rows() -> Vec<Vec<String>> {
    let row =
        |name: &str, Superseded { most, left }| vec![name.to_owned(), most.to_string(), left.to_string()];
    vec![
        row("**dogpile** `read`", promptness::<Ours<Alive>>(hit_ours)),
        row(SWAP, promptness::<Swap<Alive, false>>(hit)),
        row(SWAP_FULL, promptness::<Swap<Alive, true>>(hit)),
        row(SEIZE, promptness::<Seize<Alive, 0>>(hit)),
        row(SEIZE_1, promptness::<Seize<Alive, 1>>(hit)),
        row(EPOCH, promptness::<Epoch<Alive>>(hit)),
        row(HAZARD, promptness::<Hazards<Alive, false>>(hit)),
        row(HAZARD_KEPT, promptness::<Hazards<Alive, true>>(hit)),
    ]
}

fn main() {
    let plan = Plan::from_args();
    print_conditions(plan);
    let contenders = contenders();
    let figures = race(&contenders, &THREADS, plan);
    print_latencies("hit", &contenders, &figures, None);
    let contenders = replacements();
    print_latencies("replacement", &contenders, &race(&contenders, &THREADS, plan), None);
    println!("{REPLACEMENTS} replacements, one guard held on the first value, {READERS} threads reading:\n");
    print_table(&["superseded values alive", "at most", "left at the end"], &promptness_rows());
    println!("A guard of a reader-writer lock keeps the value from being replaced at all.");
}
