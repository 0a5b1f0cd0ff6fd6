//! Leading: what a leader owes its crowd.

use std::sync::Arc;

use super::{Answer, Computed, Flight, Flights, Outcome, State};
use crate::policy::Verdict;
use crate::slot::Entry;
use crate::sync::{MutexGuard, current_thread};

/// The leader's duty. Fails by default: whoever drops it without having landed abandons the flight.
pub(crate) struct Lead<V> {
    flights: Arc<Flights<V>>,
    flight: Arc<Flight<V>>,
    has_ended: bool,
}

impl<V> Lead<V> {
    pub(super) fn new(flights: Arc<Flights<V>>, flight: Arc<Flight<V>>) -> Self {
        Self { flights, flight, has_ended: false }
    }

    /// Takes the flight out of the queue, on the thread that will run it. `false` if it is not wanted any more.
    pub(crate) fn begin(&self) -> bool {
        let state = self.flights.state.lock();
        let is_live = self.is_live(&state);
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
        let flights = &*self.flights;
        let mut state = flights.state.lock();
        if self.is_live(&state) {
            state.live = None;
            state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
            let until = flights.terms.policy.retry_at(flights.terms.now(), state.failures_in_a_row);
            flights.set_gate(&state, until);
        }
        self.arrive(&state, outcome);
    }

    fn is_live(&self, state: &State<V>) -> bool {
        state.live.as_ref().is_some_and(|live| Arc::ptr_eq(&live.flight, &self.flight))
    }

    fn arrive(&self, _locked: &MutexGuard<'_, State<V>>, outcome: Outcome<V>) {
        let is_first = self.flight.outcome.set(outcome).is_ok();
        debug_assert!(is_first, "a flight ends once");
        self.flights.crowd.notify_all();
    }
}

impl<V: Clone + Send + Sync + 'static> Lead<V> {
    /// Computes, and lands what comes of it. A panic of the user's code passes through, and abandons the flight.
    pub(crate) fn run(self, compute: &mut dyn FnMut() -> Computed<V>) -> Answer<V> {
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
        let flights = &*self.flights;
        let now = flights.terms.now();
        let entry = Arc::new(Entry::new(value, now, flights.terms.policy.fresh_until(now)));
        let mut state = flights.state.lock();
        let mut leaving = None;
        if self.is_live(&state) {
            let live = flights.orphan(&mut state);
            if is_cacheable {
                if live.as_ref().is_some_and(|live| live.lands_expired) {
                    entry.expire(now);
                }
                leaving = Some(flights.put(&state, Arc::clone(&entry)));
            }
        }
        self.arrive(&state, Outcome::Value(Arc::clone(&entry)));
        drop(state);
        drop(leaving);
        entry
    }
}

impl<V> Drop for Lead<V> {
    fn drop(&mut self) {
        if !self.has_ended {
            if self.flight.leader.get().is_some() {
                self.flights.terms.counters.panic();
            }
            self.fail(Outcome::Abandoned);
        }
    }
}
