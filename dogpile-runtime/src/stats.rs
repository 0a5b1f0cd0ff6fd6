//! What happened so far, counted where counting costs a hit nothing.
//!
//! A fresh hit counts nothing. A stale hit adds to a cell that no other living thread writes, with a plain load and
//! store; everything else is rare and shared.

use once_cell::race::OnceBox;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::slot;

/// What happened to a dogpile so far. Counts only grow; those taken while calls are under way may lag behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The dogpile's name: what the policy says, or else the type of its values.
    pub name: &'static str,
    /// Computations begun, whatever became of them.
    pub computations: u64,
    /// Computations that ended in `Err`.
    pub failures: u64,
    /// Computations that panicked.
    pub panics: u64,
    /// Computations given up because their future was dropped.
    pub cancellations: u64,
    /// Calls that got a stale value: while somebody else regenerated, while a failure backed off, or instead of an
    /// error.
    pub stale_served: u64,
    /// Times a call waited for somebody else's computation.
    pub waits: u64,
    /// Values of a map that were let go of to make room, or because they were too old to be served.
    pub evictions: u64,
}

impl Stats {
    /// What `counters` say; zeros if there is nothing yet to count for.
    pub(crate) fn of(name: &'static str, counters: Option<&Counters>) -> Self {
        Self { name, ..counters.map(Counters::read).unwrap_or_default() }
    }
}

/// Threads with a cell of their own; the others share a counter.
const CELLS: usize = 32;

/// A counter alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell(AtomicU64);

#[derive(Debug)]
pub(crate) struct Counters {
    computations: AtomicU64,
    failures: AtomicU64,
    panics: AtomicU64,
    cancellations: AtomicU64,
    waits: AtomicU64,
    evictions: AtomicU64,
    stale_elsewhere: AtomicU64,
    stale: OnceBox<[Cell; CELLS]>,
}

// Relaxed throughout: each counter is a number on its own, and orders nothing.
impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            computations: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            cancellations: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            stale_elsewhere: AtomicU64::new(0),
            stale: OnceBox::new(),
        }
    }

    pub(crate) fn computation(&self) {
        self.computations.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn cancellation(&self) {
        self.cancellations.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn eviction(&self) {
        self.evictions.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes room for counting stale hits; called before the first of them, off the hit path.
    pub(crate) fn expect_stale(&self) {
        self.stale.get_or_init(Box::default);
    }

    pub(crate) fn stale_served(&self) {
        if !self.stale_served_by(slot::thread_number()) {
            self.stale_elsewhere.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The same, unless there is something to be done for it first: `false` if nothing has been counted.
    #[inline]
    pub(crate) fn stale_served_at_once(&self) -> bool {
        self.stale_served_by(slot::thread_number_at_once())
    }

    #[inline]
    fn stale_served_by(&self, thread: Option<usize>) -> bool {
        let cell = self.stale.get().and_then(|cells| cells.get(thread?));
        if let Some(Cell(count)) = cell {
            // Two steps instead of one locked one: this thread is the cell's only writer.
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        cell.is_some()
    }

    /// All but the name.
    fn read(&self) -> Stats {
        let in_cells = self
            .stale
            .get()
            .map_or(0, |cells| cells.iter().map(|Cell(count)| count.load(Ordering::Relaxed)).sum());
        Stats {
            name: "",
            computations: self.computations.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            panics: self.panics.load(Ordering::Relaxed),
            cancellations: self.cancellations.load(Ordering::Relaxed),
            stale_served: self.stale_elsewhere.load(Ordering::Relaxed) + in_cells,
            waits: self.waits.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }
}
