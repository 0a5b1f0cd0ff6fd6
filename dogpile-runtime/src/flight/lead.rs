//! Leading: what a leader owes its crowd.

use std::sync::Arc;
use std::thread::panicking;

use super::{Aftermath, Answer, Computed, Flight, Flights, Home, Leader, OPEN, Outcome, State};
use crate::clock::Tick;
use crate::policy::{Stamp, Verdict};
use crate::slot::{Entry, Locked};
use crate::sync::{Mutex, ThreadId, current_thread};

/// Of a value that goes to those who wait for it, and is not stored.
const NO_TIME: Stamp = Stamp { fresh_until: 0, quiet_until: 0 };

/// The leader's duty. Fails by default: whoever drops it without having landed abandons the flight.
pub(crate) struct Lead<V, H: Home<V>> {
    flights: Arc<Flights<V, H>>,
    flight: Arc<Flight<V>>,
    /// When its computation began.
    begun: Tick,
    has_ended: bool,
}

impl<V, H: Home<V>> Flights<V, H> {
    /// Whether everything that `flight` was computed from has been declared gone since.
    pub(super) fn is_outdated(&self, flight: &Flight<V>) -> bool {
        self.terms.eras.landing(flight.era).is_none()
    }
}

impl<V, H: Home<V>> Lead<V, H> {
    pub(super) fn new(flights: Arc<Flights<V, H>>, flight: Arc<Flight<V>>) -> Self {
        Self { begun: flight.since, flights, flight, has_ended: false }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.flight.name
    }

    /// Whether nobody has begun it yet.
    pub(crate) fn is_queued(&self) -> bool {
        self.flight.leader.get().is_none()
    }

    /// Takes the flight out of the queue, on the thread that will run it. `false` if it is not wanted any more.
    pub(crate) fn begin(&mut self) -> bool {
        self.begin_as(Leader::this_thread)
    }

    /// The same, in the task that will run it.
    pub(crate) fn begin_in_task(&mut self) -> bool {
        self.begin_as(Leader::task)
    }

    fn begin_as(&mut self, leader: fn() -> Leader) -> bool {
        self.begun = self.flights.terms.now();
        let locked = self.flights.slot.lock();
        let is_live = self.is_live(&locked);
        if is_live {
            self.flight.leader.get_or_init(leader);
        }
        is_live
    }

    /// Whether a lease has run out since this was asked first.
    pub(crate) fn overdue(&self) -> impl Fn() -> bool + Send + use<V, H> {
        let (terms, begun) = (self.flights.shared_terms(), std::cell::OnceCell::new());
        move || {
            let now = terms.now();
            now >= terms.policy.lease_ends(*begun.get_or_init(|| now))
        }
    }

    fn end(mut self, outcome: Outcome<V>) {
        self.has_ended = true;
        self.fail(outcome, true);
    }

    /// Ends the flight without a value; with a back-off unless nothing speaks against the next attempt.
    fn fail(&self, outcome: Outcome<V>, backs_off: bool) {
        let flights = &self.flights;
        let now = flights.terms.now();
        let mut locked = flights.slot.lock();
        // What was announced while it was under way is no reason to forget this failure.
        flights.settle(&mut locked);
        if self.is_live(&locked) {
            locked.live = None;
            let mut until = OPEN;
            if backs_off {
                locked.failures_in_a_row = locked.failures_in_a_row.saturating_add(1);
                until = flights.terms.policy.retry_at(now, locked.failures_in_a_row);
            }
            flights.set_gate(&locked, until);
        }
        let mut aftermath = Aftermath::nothing();
        self.arrive(&mut locked, outcome, &mut aftermath);
        drop(locked);
        flights.settle_up(aftermath);
    }

    fn is_live(&self, state: &State<V>) -> bool {
        state.live.as_ref().is_some_and(|live| Arc::ptr_eq(&live.flight, &self.flight))
    }

    /// Tells the crowd, unless that was told already that it comes too late.
    fn arrive(&self, locked: &mut Locked<'_, V, State<V>>, outcome: Outcome<V>, after: &mut Aftermath<V>) {
        after.too_late = self.flight.outcome.set(outcome).err();
        locked.aloft -= 1;
        after.woken = self.flights.call_crowd(locked);
        after.is_removed = Flights::<V, H>::remove_if_vacant(locked);
    }

    /// Runs `poll`, a part of the computation, with this thread known as the one that the flight depends on.
    pub(crate) fn while_polling<T>(&self, poll: impl FnOnce() -> T) -> T {
        let _polled = match self.flight.leader.get() {
            Some(Leader::Task(by)) => Some(Polled::now(by)),
            _ => None,
        };
        poll()
    }
}

/// While it lives, a task is polled. One that panics when polled stays marked so.
struct Polled<'a> {
    by: &'a Mutex<Option<ThreadId>>,
    before: Option<ThreadId>,
    was_panicking: bool,
}

impl<'a> Polled<'a> {
    fn now(by: &'a Mutex<Option<ThreadId>>) -> Self {
        let before = by.lock().replace(current_thread());
        Self { by, before, was_panicking: panicking() }
    }
}

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        if self.was_panicking || !panicking() {
            *self.by.lock() = self.before;
        }
    }
}

impl<V: Clone + Send + Sync + 'static, H: Home<V>> Lead<V, H> {
    /// Computes, and lands what comes of it. A panic of the user's code passes through, and abandons the flight.
    pub(crate) fn run(self, compute: &mut dyn FnMut() -> Computed<V>) -> Answer<V, H> {
        self.count();
        let computed = compute();
        self.conclude(computed)
    }

    /// Notes that the computation begins.
    pub(crate) fn count(&self) {
        self.flights.terms.counters.computation();
    }

    /// Lands what the computation came to.
    pub(crate) fn conclude(self, computed: Computed<V>) -> Answer<V, H> {
        let flights = Arc::clone(&self.flights);
        let terms = flights.terms();
        match computed {
            Computed::Value(value) => {
                let now = terms.now();
                let took = now.saturating_sub(self.begun);
                // With the flight not yet ended: both are the user's code, and may panic.
                let stamp = self.while_polling(|| {
                    let is_cacheable = terms.policy.is_cacheable(&value);
                    if is_cacheable { terms.stamp(&value, now, Some(took)) } else { None }
                });
                Answer::Value(self.land(value, now, stamp).value.clone())
            }
            Computed::Failed(shared) => {
                terms.counters.failure();
                self.end(shared.map_or(Outcome::Abandoned, Outcome::Error));
                match flights.servable() {
                    Some((guard, verdict)) => {
                        if verdict == Verdict::Stale {
                            terms.counters.stale_served();
                        }
                        Answer::Value(guard.value.clone())
                    }
                    None => Answer::Failed,
                }
            }
        }
    }

    /// Puts a value made at `now` into the slot, unless it has no stamp.
    pub(super) fn land(mut self, value: V, now: Tick, stamp: Option<Stamp>) -> Arc<Entry<V>> {
        self.has_ended = true;
        let flights = &self.flights;
        let entry = Arc::new(Entry::new(value, now, stamp.unwrap_or(NO_TIME), self.flight.era));
        let mut locked = flights.slot.lock();
        let mut aftermath = Aftermath::nothing();
        if self.is_live(&locked) {
            let live = flights.orphan(&mut locked);
            let landing = stamp.and_then(|_| flights.terms.eras.landing(self.flight.era));
            if let Some((is_stale, era)) = landing {
                if is_stale || live.as_ref().is_some_and(|live| live.lands_expired) {
                    entry.expire(now);
                }
                entry.settle(era);
                aftermath.leaving.0 = Some(flights.put(&mut locked, Arc::clone(&entry)));
                aftermath.is_filled = true;
            } else if let Some(until) = locked.entry().map(Entry::fresh_until).filter(|until| now <= *until) {
                // Refused, before its time: what is fresh is to be returned, not computed by every call.
                let rest = flights.terms.policy.retry_at(now, 1);
                flights.set_gate(&locked, rest.min(until.saturating_add(1)));
            }
            aftermath.leaving.1 = live;
        }
        self.arrive(&mut locked, Outcome::Value(Arc::clone(&entry)), &mut aftermath);
        drop(locked);
        if aftermath.is_filled {
            flights.terms().landed_after(now.saturating_sub(self.begun));
        }
        flights.settle_up(aftermath);
        entry
    }
}

impl<V, H: Home<V>> Drop for Lead<V, H> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let counters = &self.flights.terms.counters;
        let is_panic = panicking()
            && match self.flight.leader.get() {
                // Others may panic beside it, in the same task or on the same thread.
                Some(Leader::Task(by)) => by.lock().is_some(),
                _ => true,
            };
        match self.flight.leader.get() {
            // It was queued, and has never begun.
            None => {}
            Some(_) if is_panic => counters.panic(),
            Some(_) => counters.cancellation(),
        }
        // That a caller went away says nothing about the next attempt.
        self.fail(Outcome::Abandoned, is_panic);
    }
}

#[cfg(all(test, feature = "test-util", not(dogpile_loom)))]
mod tests {
    use std::time::Duration;

    use super::super::elect::Election;
    use super::super::{Manner, Missed, Terms};
    use super::*;
    use crate::policy::Policy;
    use crate::testing::freeze;

    #[test]
    fn time_of_a_worker_begins_with_its_work() {
        let time = freeze();
        let lease = Duration::from_secs(30);
        let policy = Policy::expire(Duration::from_secs(3600)).lease(lease);
        let flights: Arc<Flights<u32>> = Arc::new(Flights::new(Arc::new(Terms::new(policy)), ()));
        let Election::Lead(lead, None) = flights.elect(Manner::Inline, Missed::Nothing) else {
            panic!("there is nothing yet");
        };
        let is_overdue = lead.overdue();
        // In the queue.
        time.advance(lease);
        assert!(!is_overdue(), "begun now");
        time.advance(lease / 2);
        assert!(!is_overdue());
        time.advance(lease);
        assert!(is_overdue());
    }
}
