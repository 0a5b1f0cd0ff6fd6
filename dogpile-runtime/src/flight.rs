//! The only state machine: who computes, who waits, what becomes of the result.
//!
//! ```text
//!                  elect (gone, or stale and the gate open)
//!        no flight ───────────────────────────────────────▶ live flight
//!            ▲                                                  │ │ │
//!            ├── land: slot := value, gate open, back-off over ─┘ │ │
//!            ├── end: error, panic, abandoned; gate closed for the back-off
//!            └── invalidate, set, taken over while queued ────────┘
//!                     └▶ orphaned: still has followers and an outcome, but no way to the slot
//! ```
//!
//! Invariants, all under the one lock of [`Flights::state`]: at most one flight is live; the slot is written there and
//! nowhere else; the gate is [`NEVER`] exactly while a flight is live; an outcome is set at most once, and every
//! change that a follower may be waiting for notifies the crowd. No code of the user runs under the lock: values leave
//! it as [`Replaced`] or `Arc` and are dropped, cloned and judged outside.

mod lead;

use std::any::Any;
use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::clock::{NEVER, Source, Tick};
use crate::policy::{Policy, Verdict};
use crate::slot::{Entry, Guard, Replaced, Slot};
use crate::stats::Counters;
use crate::sync::{AtomicU64, Condvar, Mutex, MutexGuard, Ordering, ThreadId, current_thread};
use crate::wait::{Awaited, Cycle, Waiting};

pub(crate) use lead::Lead;

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
    /// Whether somebody else is to regenerate a stale value.
    pub(crate) detaches: bool,
}

/// How an attempt ended.
pub(crate) enum Answer<V> {
    Value(V),
    /// This caller led, failed, and there is nothing to fall back on; the error is its own.
    Failed,
    /// Another caller led and failed.
    Shared(SharedError),
    /// This caller was elected, and is to find somebody else to do it; it gets the stale value.
    Elected(Lead<V>, Arc<Entry<V>>),
    /// Waiting would never end.
    Circular(Cycle),
}

/// One computation under way, as its followers see it.
struct Flight<V> {
    name: &'static str,
    /// Empty while the flight is queued for a worker.
    leader: OnceCell<ThreadId>,
    outcome: OnceCell<Outcome<V>>,
}

enum Outcome<V> {
    Value(Arc<Entry<V>>),
    Error(SharedError),
    /// Panicked, or failed with an error that cannot be shared: the next one tries.
    Abandoned,
}

/// What a follower waits for: the end of a flight, or a value from elsewhere.
pub(crate) struct Following<V> {
    flights: Arc<Flights<V>>,
    flight: Arc<Flight<V>>,
    /// How many values there had been when there was nothing to serve.
    landings: u64,
}

impl<V> Following<V> {
    fn is_over(&self) -> bool {
        // Acquire: pairs with the Release in `put`.
        self.flight.outcome.get().is_some() || self.flights.landings.load(Ordering::Acquire) != self.landings
    }
}

impl<V: Send + Sync + 'static> Awaited for Following<V> {
    fn leader(&self) -> Option<ThreadId> {
        if self.is_over() { None } else { self.flight.leader.get().copied() }
    }

    fn name(&self) -> &'static str {
        self.flight.name
    }
}

struct Live<V> {
    flight: Arc<Flight<V>>,
    /// `expire` came while it was under way.
    lands_expired: bool,
}

struct State<V> {
    live: Option<Live<V>>,
    failures_in_a_row: u32,
}

/// What all keys of a dogpile have in common.
pub(crate) struct Terms<V> {
    policy: Policy<V>,
    source: Source,
    pub(crate) counters: Counters,
}

impl<V> Terms<V> {
    pub(crate) fn new(policy: Policy<V>) -> Self {
        Self { source: policy.source(), policy, counters: Counters::new() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        self.source.now()
    }
}

/// One key: its value and the flights that make it.
pub(crate) struct Flights<V> {
    slot: Slot<V>,
    /// Until when a stale value is served without asking for the lock.
    gate: AtomicU64,
    state: Mutex<State<V>>,
    crowd: Condvar,
    /// How many values have been put into the slot.
    landings: AtomicU64,
    /// Copied from `terms`, so that a hit need look no further.
    source: Source,
    /// Whether values expire by themselves.
    expires: bool,
    terms: Arc<Terms<V>>,
}

enum Election<V> {
    /// Somebody has just landed, or leads already: look again, the value is servable.
    Look,
    Follow(Arc<Following<V>>),
    Lead(Lead<V>),
    /// As `Lead`, but queued.
    Queue(Lead<V>, Arc<Entry<V>>),
}

const OPEN: Tick = 0;

impl<V> Flights<V> {
    pub(crate) fn new(terms: Arc<Terms<V>>) -> Self {
        Self {
            slot: Slot::empty(),
            gate: AtomicU64::new(OPEN),
            state: Mutex::new(State { live: None, failures_in_a_row: 0 }),
            crowd: Condvar::new(),
            landings: AtomicU64::new(0),
            source: terms.source,
            expires: terms.policy.lifetime().is_some(),
            terms,
        }
    }

    pub(crate) fn terms(&self) -> &Terms<V> {
        &self.terms
    }

    /// The value, if this caller need do nothing but take it: fresh, or stale with the gate closed.
    #[inline]
    pub(crate) fn hit(&self) -> Option<Guard<'_, V>> {
        // The clock comes first: a call keeps nothing across it but `self`, which is worth a nanosecond. And of a value
        // that is made meanwhile it says "fresh".
        let now = if self.expires { self.source.now() } else { NEVER };
        let guard = self.slot.read()?;
        let fresh_until = guard.fresh_until();
        if now <= fresh_until {
            return Some(guard);
        }
        let now = if self.expires { now } else { self.source.now() };
        self.serves_stale(fresh_until, now).then_some(guard)
    }

    /// Whether a caller may take the stale value without asking for the lock.
    #[inline]
    fn serves_stale(&self, fresh_until: Tick, now: Tick) -> bool {
        // Acquire: pairs with the Release stores under the lock; a caller that finds the gate open also finds the
        // value that opened it, or elects under the lock.
        let is_gate_closed = now < self.gate.load(Ordering::Acquire);
        let is_served = is_gate_closed && self.terms.policy.judge(fresh_until, now) == Verdict::Stale;
        if is_served {
            self.terms.counters.stale_served();
        }
        is_served
    }

    /// The value, if it may be served at all.
    pub(crate) fn servable(&self) -> Option<(Guard<'_, V>, Verdict)> {
        let guard = self.slot.read()?;
        match self.terms.policy.judge(guard.fresh_until(), self.terms.now()) {
            Verdict::Gone => None,
            verdict => Some((guard, verdict)),
        }
    }

    pub(crate) fn is_computing(&self) -> bool {
        self.state.lock().live.is_some()
    }

    fn set_gate(&self, _locked: &MutexGuard<'_, State<V>>, until: Tick) {
        // Release: pairs with the Acquire in `hit`.
        self.gate.store(until, Ordering::Release);
    }
}

impl<V: Clone + Send + Sync + 'static> Flights<V> {
    /// The whole decision table, for a caller that did not hit.
    #[cold]
    pub(crate) fn attempt(self: &Arc<Self>, attempt: &mut Attempt<'_, V>) -> Answer<V> {
        loop {
            if let Some(guard) = self.hit() {
                return Answer::Value(guard.value.clone());
            }
            match self.elect(attempt.detaches) {
                Election::Look => {}
                Election::Lead(lead) => return lead.run(attempt.compute),
                Election::Queue(lead, stale) => return Answer::Elected(lead, stale),
                Election::Follow(following) => {
                    if let Err(cycle) = self.follow(&following) {
                        return Answer::Circular(cycle);
                    }
                    match following.flight.outcome.get() {
                        Some(Outcome::Value(entry)) => return Answer::Value(entry.value.clone()),
                        Some(Outcome::Error(error)) if (attempt.takes)(&**error) => {
                            return Answer::Shared(Arc::clone(error));
                        }
                        // Woken does not mean done: look again.
                        Some(Outcome::Error(_) | Outcome::Abandoned) | None => {}
                    }
                }
            }
        }
    }

    /// Looks again under the lock, and settles what this caller is.
    fn elect(self: &Arc<Self>, detaches: bool) -> Election<V> {
        let mut state = self.state.lock();
        let now = self.terms.now();
        // Nobody replaces the entry while we hold the lock, so dropping this guard has nothing to reclaim.
        let kept = match self.slot.read() {
            None => None,
            Some(guard) => match self.terms.policy.judge(guard.fresh_until(), now) {
                Verdict::Fresh => return Election::Look,
                // Relaxed: written under the lock that we hold.
                Verdict::Stale if now < self.gate.load(Ordering::Relaxed) => return Election::Look,
                Verdict::Stale => Some(guard.share()),
                Verdict::Gone => None,
            },
        };
        let begun = state.live.as_ref().filter(|live| live.flight.leader.get().is_some());
        if let (None, Some(live)) = (&kept, begun) {
            // Relaxed: written under the lock that we hold.
            let landings = self.landings.load(Ordering::Relaxed);
            let (flights, flight) = (Arc::clone(self), Arc::clone(&live.flight));
            return Election::Follow(Arc::new(Following { flights, flight, landings }));
        }
        // No flight, or one that no worker has begun yet while we cannot wait for the value: it becomes ours.
        let flight = Arc::new(Flight {
            name: self.terms.policy.shown_name(),
            leader: OnceCell::new(),
            outcome: OnceCell::new(),
        });
        let superseded = state.live.replace(Live { flight: Arc::clone(&flight), lands_expired: false });
        self.set_gate(&state, NEVER);
        let is_queued = detaches && kept.is_some();
        if !is_queued {
            flight.leader.get_or_init(current_thread);
        }
        drop(state);
        drop(superseded);
        let lead = Lead::new(Arc::clone(self), flight);
        match kept {
            Some(kept) => {
                self.terms.counters.expect_stale();
                if is_queued { Election::Queue(lead, kept) } else { Election::Lead(lead) }
            }
            None => Election::Lead(lead),
        }
    }

    /// Waits until the flight has ended or there is a value from elsewhere.
    fn follow(&self, following: &Arc<Following<V>>) -> Result<(), Cycle> {
        let waiting = Waiting::enter(Arc::clone(following) as Arc<dyn Awaited>)?;
        self.terms.counters.wait();
        let mut state = self.state.lock();
        while !following.is_over() {
            self.crowd.wait(&mut state);
        }
        drop(state);
        drop(waiting);
        Ok(())
    }

    /// Puts a value into the slot; what was there is let go of when the result is dropped, after the lock.
    fn put(&self, _locked: &MutexGuard<'_, State<V>>, entry: Arc<Entry<V>>) -> Replaced<V> {
        let replaced = self.slot.replace(Some(entry));
        // Release: pairs with the Acquire in `is_over`; who sees the number finds the value.
        self.landings.fetch_add(1, Ordering::Release);
        replaced
    }

    /// Stores a value from outside; a flight under way is orphaned, those who wait for it get this value.
    pub(crate) fn set(&self, value: V) {
        let now = self.terms.now();
        let entry = Arc::new(Entry::new(value, now, self.terms.policy.fresh_until(now)));
        let mut state = self.state.lock();
        let leaving = (self.put(&state, entry), self.orphan(&mut state));
        self.crowd.notify_all();
        drop(state);
        drop(leaving);
    }

    /// Forgets the value; a flight under way is orphaned, those who wait for it get its result.
    pub(crate) fn invalidate(&self) {
        let mut state = self.state.lock();
        let leaving = (self.slot.replace(None), self.orphan(&mut state));
        drop(state);
        drop(leaving);
    }

    fn orphan(&self, state: &mut MutexGuard<'_, State<V>>) -> Option<Live<V>> {
        state.failures_in_a_row = 0;
        self.set_gate(state, OPEN);
        state.live.take()
    }

    /// Makes the value stale; that of a flight under way lands stale.
    pub(crate) fn expire(&self) {
        let mut state = self.state.lock();
        if let Some(guard) = self.slot.read() {
            guard.expire(self.terms.now());
        }
        state.failures_in_a_row = 0;
        match &mut state.live {
            Some(live) => live.lands_expired = true,
            None => self.set_gate(&state, OPEN),
        }
    }
}

#[cfg(test)]
mod tests;
