//! Leading: what a leader owes its crowd.

use std::sync::Arc;

use super::{Aftermath, Answer, Computed, Flight, Flights, Home, Outcome, State};
use crate::era::Fate;
use crate::policy::Verdict;
use crate::slot::{Entry, Locked};
use crate::sync::current_thread;

/// The leader's duty. Fails by default: whoever drops it without having landed abandons the flight.
pub(crate) struct Lead<V, H: Home<V>> {
    flights: Arc<Flights<V, H>>,
    flight: Arc<Flight<V>>,
    has_ended: bool,
}

impl<V, H: Home<V>> Flights<V, H> {
    /// Whether everything that `flight` was computed from has been declared gone since.
    pub(super) fn is_outdated(&self, flight: &Flight<V>) -> bool {
        flight.era != self.terms.eras.newest() && self.terms.eras.fate(flight.era).0 == Fate::Gone
    }
}

impl<V, H: Home<V>> Lead<V, H> {
    pub(super) fn new(flights: Arc<Flights<V, H>>, flight: Arc<Flight<V>>) -> Self {
        Self { flights, flight, has_ended: false }
    }

    /// Takes the flight out of the queue, on the thread that will run it. `false` if it is not wanted any more.
    pub(crate) fn begin(&self) -> bool {
        let locked = self.flights.slot.lock();
        let is_live = self.is_live(&locked);
        if is_live {
            self.flight.leader.get_or_init(current_thread);
        }
        is_live
    }

    fn end(mut self, outcome: Outcome<V>) {
        self.has_ended = true;
        self.fail(outcome);
    }

    fn fail(&self, outcome: Outcome<V>) {
        let flights = &self.flights;
        let now = flights.terms.now();
        let mut locked = flights.slot.lock();
        if self.is_live(&locked) {
            locked.live = None;
            locked.failures_in_a_row = locked.failures_in_a_row.saturating_add(1);
            let until = flights.terms.policy.retry_at(now, locked.failures_in_a_row);
            flights.set_gate(&locked, until);
        }
        let is_removed = self.arrive(&mut locked, outcome);
        drop(locked);
        flights.settle_up(Aftermath { is_removed, ..Aftermath::nothing() });
    }

    fn is_live(&self, state: &State<V>) -> bool {
        state.live.as_ref().is_some_and(|live| Arc::ptr_eq(&live.flight, &self.flight))
    }

    /// Tells the crowd. Whether that removed the key.
    fn arrive(&self, locked: &mut Locked<'_, V, State<V>>, outcome: Outcome<V>) -> bool {
        let is_first = self.flight.outcome.set(outcome).is_ok();
        debug_assert!(is_first, "a flight ends once");
        locked.aloft -= 1;
        self.flights.crowd.notify_all();
        Flights::<V, H>::remove_if_vacant(locked)
    }
}

impl<V: Clone + Send + Sync + 'static, H: Home<V>> Lead<V, H> {
    /// Computes, and lands what comes of it. A panic of the user's code passes through, and abandons the flight.
    pub(crate) fn run(self, compute: &mut dyn FnMut() -> Computed<V>) -> Answer<V, H> {
        let flights = Arc::clone(&self.flights);
        let terms = flights.terms();
        terms.counters.computation();
        match compute() {
            Computed::Value(value) => {
                let is_cacheable = terms.policy.is_cacheable(&value);
                Answer::Value(self.land(value, is_cacheable).value.clone())
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

    pub(super) fn land(mut self, value: V, is_cacheable: bool) -> Arc<Entry<V>> {
        self.has_ended = true;
        let flights = &self.flights;
        let terms = flights.terms();
        let now = terms.now();
        let entry = Arc::new(Entry::new(value, now, terms.policy.fresh_until(now), self.flight.era));
        let mut locked = flights.slot.lock();
        let mut aftermath = Aftermath::nothing();
        if self.is_live(&locked) {
            let live = flights.orphan(&mut locked);
            if is_cacheable && !flights.is_outdated(&self.flight) {
                if live.as_ref().is_some_and(|live| live.lands_expired) {
                    entry.expire(now);
                }
                aftermath.leaving.0 = Some(flights.put(&mut locked, Arc::clone(&entry)));
                aftermath.is_filled = true;
            }
            aftermath.leaving.1 = live;
        }
        aftermath.is_removed = self.arrive(&mut locked, Outcome::Value(Arc::clone(&entry)));
        drop(locked);
        flights.settle_up(aftermath);
        entry
    }
}

impl<V, H: Home<V>> Drop for Lead<V, H> {
    fn drop(&mut self) {
        if !self.has_ended {
            if self.flight.leader.get().is_some() {
                self.flights.terms.counters.panic();
            }
            self.fail(Outcome::Abandoned);
        }
    }
}
