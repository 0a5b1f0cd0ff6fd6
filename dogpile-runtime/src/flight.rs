//! The only state machine: who computes, who waits, what becomes of the result.
//!
//! ```text
//!                  elect (gone, or stale and the gate open)
//!        no flight ───────────────────────────────────────▶ live flight ◀─ elect, its lease over: the old one is orphaned
//!            ▲                                                  │ │ │
//!            ├── land: slot := value, gate open, back-off over ─┘ │ │
//!            ├── end: error, panic, abandoned; gate closed for the back-off
//!            └── invalidate, set, taken over while queued ────────┘
//!                     └▶ orphaned: still has followers and an outcome, but no way to the slot
//!
//!        no value, no flight, not even an orphan ── in a map ──▶ removed: whoever finds it asks the map anew
//! ```
//!
//! Invariants, all under the one lock of the slot: at most one flight is live; while one is, the gate is closed
//! until its lease ends; an outcome is set once, by the leader or by whoever replaces it, and every change that a
//! follower may be waiting for notifies the crowd; what has been removed has neither a value nor a flight, and never
//! gets one again. No code of the user runs under the lock: values leave it as [`Replaced`] or `Arc` and are dropped,
//! cloned and judged outside.

mod change;
mod crowd;
mod elect;
mod hit;
mod lead;
mod terms;
mod times;

use std::any::Any;
use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::clock::{Source, Tick};
use crate::era::Fate;
use crate::policy::Verdict;
use crate::slot::{Entry, Guard, Locked, Replaced, Slot};
use crate::sync::{AtomicU64, Condvar, Mutex, Ordering, ThreadId, current_thread};
use crate::wait::Cycle;

use crowd::{Tasks, Woken};
pub(crate) use elect::Step;
pub(crate) use lead::Lead;
pub(crate) use terms::Terms;

/// An error that a herd shares.
pub(crate) type SharedError = Arc<dyn Any + Send + Sync>;

/// What the computation of a value came to.
pub(crate) enum Computed<V> {
    /// It succeeded.
    Value(V),
    /// It failed; the error is with the caller, and a clone of it here if followers may have one.
    Failed(Option<SharedError>),
}

/// One attempt of a caller to get a value: its computation, and which shared errors it can take for an answer.
pub(crate) struct Attempt<'a, V> {
    pub(crate) compute: &'a mut dyn FnMut() -> Computed<V>,
    pub(crate) takes: fn(&(dyn Any + Send + Sync)) -> bool,
    pub(crate) manner: Manner,
    /// How long it has the patience to follow.
    pub(crate) until: Tick,
    /// Why it did not hit.
    pub(crate) missed: Missed,
}

/// How a caller computes if it is elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// On its thread.
    Inline,
    /// A worker regenerates what is stale; what is gone, the caller computes on its thread.
    Queue,
    /// In a task, whoever polls it.
    Task,
    /// In a task of its own; what it regenerates is queued until that is polled.
    Spawn,
}

/// Why a look at the slot was no hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// There was nothing to take.
    Nothing,
    /// There was a value that is fresh until then, and this caller was drawn to regenerate it early.
    Drawn(Tick),
}

/// How an attempt ended.
pub(crate) enum Answer<V, H: Home<V>> {
    Value(V),
    /// This caller led, failed, and there is nothing to fall back on; the error is its own.
    Failed,
    /// Another caller led and failed.
    Shared(SharedError),
    /// This caller was elected, and is to find somebody else to do it; it gets the stale value.
    Elected(Lead<V, H>, Arc<Entry<V>>),
    /// Waiting would never end.
    Circular(Cycle),
    /// It ran out of patience.
    TimedOut,
    /// The key is not kept here any more.
    Removed,
}

/// Where the flights of a key are at home: alone, or in a map that wants to know what it holds.
///
/// All hooks are called with no lock held. `filled` and `removed` are called by whoever made it so, and may come
/// late: look before acting.
pub trait Home<V>: Sized + Send + Sync + 'static {
    /// What its flights compute for.
    type Key;

    /// Whether a key without a value and without a flight is removed.
    const REMOVES: bool = false;

    /// There is a value in the slot that was not there before.
    fn filled(_: &Arc<Flights<V, Self>>) {}

    /// It has been removed.
    fn removed(_: &Arc<Flights<V, Self>>) {}

    /// Whoever was to begin a flight has not.
    fn vacated(_: &Arc<Flights<V, Self>>) {}

    fn key(&self) -> &Self::Key;

    /// What serves the same key in place of the one that has been removed.
    fn successor(removed: &Arc<Flights<V, Self>>) -> Arc<Flights<V, Self>>;
}

/// The home of a value without a key.
impl<V> Home<V> for () {
    type Key = ();

    fn key(&self) -> &() {
        self
    }

    fn successor(_: &Arc<Flights<V, Self>>) -> Arc<Flights<V, Self>> {
        unreachable!("a value without a key is never removed")
    }
}

/// One computation under way, as its followers see it.
struct Flight<V> {
    name: &'static str,
    /// The era in which it began, and in which its value is at home.
    era: u64,
    /// When its leader was elected.
    since: Tick,
    /// Empty while the flight is queued, for a worker or as a task that has not been polled.
    leader: OnceCell<Leader>,
    outcome: OnceCell<Outcome<V>>,
}

/// Who computes.
enum Leader {
    Thread(ThreadId),
    /// A task, and the thread that is polling it right now.
    Task(Mutex<Option<ThreadId>>),
}

impl Leader {
    fn this_thread() -> Self {
        Self::Thread(current_thread())
    }

    fn task() -> Self {
        Self::Task(Mutex::new(None))
    }

    /// The thread that cannot go on before the flight has ended.
    fn thread(&self) -> Option<ThreadId> {
        match self {
            Self::Thread(thread) => Some(*thread),
            Self::Task(polling) => *polling.lock(),
        }
    }
}

enum Outcome<V> {
    Value(Arc<Entry<V>>),
    Error(SharedError),
    /// Panicked, or failed with an error that cannot be shared: the next one tries.
    Abandoned,
}

struct Live<V> {
    flight: Arc<Flight<V>>,
    /// `expire` came while it was under way.
    lands_expired: bool,
}

/// What is known of a key besides its value.
pub(crate) struct State<V> {
    live: Option<Live<V>>,
    failures_in_a_row: u32,
    /// Flights whose leaders have not come back, orphans among them.
    aloft: u32,
    is_removed: bool,
    /// Followers that are tasks.
    tasks: Tasks,
}

/// One key: its value and the flights that make it. What a hit looks at stands together.
#[repr(C)]
pub struct Flights<V, H = ()> {
    pub(crate) home: H,
    slot: Slot<V, State<V>>,
    /// Until when a stale value is served without asking for the lock.
    gate: AtomicU64,
    crowd: Condvar,
    /// How many values have been put into the slot.
    landings: AtomicU64,
    /// Copied from `terms`, so that a hit need look no further; none if values do not expire by themselves.
    clock: Option<Source>,
    terms: Arc<Terms<V>>,
}

const OPEN: Tick = 0;

/// What is done once the lock is given back.
#[must_use = "it is owed to followers, values and the home of the key"]
struct Aftermath<V> {
    /// First of all: followers are woken whatever happens behind.
    woken: Woken,
    /// To be dropped with no lock held: destructors are the user's.
    leaving: (Option<Replaced<V>>, Option<Live<V>>),
    /// What a flight came to that had been given up. To be dropped with no lock held, as well.
    too_late: Option<Outcome<V>>,
    is_filled: bool,
    is_removed: bool,
}

impl<V> Aftermath<V> {
    fn nothing() -> Self {
        Self {
            woken: Woken::default(),
            leaving: (None, None),
            too_late: None,
            is_filled: false,
            is_removed: false,
        }
    }
}

impl<V, H: Home<V>> Flights<V, H> {
    pub(crate) fn new(terms: Arc<Terms<V>>, home: H) -> Self {
        let state =
            State { live: None, failures_in_a_row: 0, aloft: 0, is_removed: false, tasks: Tasks::default() };
        Self {
            slot: Slot::empty(state),
            gate: AtomicU64::new(OPEN),
            crowd: Condvar::new(),
            landings: AtomicU64::new(0),
            clock: terms.clock(),
            terms,
            home,
        }
    }

    pub(crate) fn terms(&self) -> &Terms<V> {
        &self.terms
    }

    pub(crate) fn shared_terms(&self) -> Arc<Terms<V>> {
        Arc::clone(&self.terms)
    }

    /// The value, if it may be served at all.
    pub(crate) fn servable(&self) -> Option<(Guard<V>, Verdict)> {
        let guard = self.slot.read()?;
        match self.terms.judge(&guard, self.terms.now()) {
            Verdict::Gone => None,
            verdict => Some((guard, verdict)),
        }
    }

    /// Whether a map has given it up.
    pub(crate) fn is_removed(&self) -> bool {
        self.slot.lock().is_removed
    }

    pub(crate) fn is_computing(&self) -> bool {
        self.slot.lock().live.as_ref().is_some_and(|live| !self.is_outdated(&live.flight))
    }

    /// Counts a call that was given `entry` although somebody else regenerates it.
    pub(crate) fn count_served(&self, entry: &Entry<V>) {
        if self.terms.judge(entry, self.terms.now()) == Verdict::Stale {
            self.terms.counters.stale_served();
        }
    }

    /// Whether there is nothing here that will ever be served again.
    pub(crate) fn is_gone(&self, now: Tick) -> bool {
        let locked = self.slot.lock();
        locked.live.is_none()
            && locked.entry().is_none_or(|entry| self.terms.judge(entry, now) == Verdict::Gone)
    }

    fn set_gate(&self, _locked: &Locked<'_, V, State<V>>, until: Tick) {
        // Release: pairs with the Acquire in `is_served_stale`.
        self.gate.store(until, Ordering::Release);
    }

    /// Takes in what was announced to all keys since the value was made.
    fn settle(&self, locked: &mut Locked<'_, V, State<V>>) {
        let newest = self.terms.eras.newest();
        let Some(era) = locked.entry().map(Entry::era).filter(|era| *era != newest) else { return };
        let (fate, newest) = self.terms.eras.fate(era);
        let Some(entry) = locked.entry() else { return };
        match fate {
            Fate::Gone => return,
            Fate::Expired(at) => entry.expire(at),
            Fate::Untouched => {}
        }
        entry.settle(newest);
        // Somebody knows better than the back-off.
        locked.failures_in_a_row = 0;
        if locked.live.is_none() {
            self.set_gate(locked, OPEN);
        }
    }

    /// Marks a key without a value and without a flight as removed, if that is its home's wish.
    fn remove_if_vacant(locked: &mut Locked<'_, V, State<V>>) -> bool {
        let is_vacant = H::REMOVES && !locked.is_removed && locked.aloft == 0 && locked.entry().is_none();
        locked.is_removed |= is_vacant;
        is_vacant
    }

    /// What is owed once the lock has been given back.
    fn settle_up(self: &Arc<Self>, aftermath: Aftermath<V>) {
        drop(aftermath.woken);
        // The home before the values: a destructor of the user's may panic.
        if aftermath.is_removed {
            H::removed(self);
        }
        if aftermath.is_filled {
            H::filled(self);
        }
        drop((aftermath.leaving, aftermath.too_late));
    }
}

#[cfg(test)]
mod tests;
