//! Electing and following: what becomes of a caller that did not hit.

use std::sync::Arc;

use once_cell::sync::OnceCell;

use super::{Answer, Attempt, Flight, Flights, Home, Lead, Live, Outcome};
use crate::clock::NEVER;
use crate::policy::Verdict;
use crate::slot::Entry;
use crate::sync::{Ordering, ThreadId, current_thread};
use crate::wait::{Awaited, Cycle, Waiting};

/// What a follower waits for: the end of a flight, or a value from elsewhere.
pub(super) struct Following<V, H> {
    flights: Arc<Flights<V, H>>,
    flight: Arc<Flight<V>>,
    /// How many values there had been when there was nothing to serve.
    landings: u64,
}

impl<V, H> Following<V, H> {
    fn is_over(&self) -> bool {
        // Acquire: pairs with the Release in `put`.
        self.flight.outcome.get().is_some() || self.flights.landings.load(Ordering::Acquire) != self.landings
    }
}

impl<V: Send + Sync + 'static, H: Home<V>> Awaited for Following<V, H> {
    fn leader(&self) -> Option<ThreadId> {
        if self.is_over() { None } else { self.flight.leader.get().copied() }
    }

    fn name(&self) -> &'static str {
        self.flight.name
    }
}

/// What a caller is.
pub(super) enum Election<V, H: Home<V>> {
    /// Somebody has just landed, or leads already: look again, the value is servable.
    Look,
    Follow(Arc<Following<V, H>>),
    Lead(Lead<V, H>),
    /// As `Lead`, but queued.
    Queue(Lead<V, H>, Arc<Entry<V>>),
    /// The key is not kept here any more.
    Removed,
}

impl<V: Clone + Send + Sync + 'static, H: Home<V>> Flights<V, H> {
    /// The whole decision table, for a caller that did not hit.
    #[cold]
    pub(crate) fn attempt(self: &Arc<Self>, attempt: &mut Attempt<'_, V>) -> Answer<V, H> {
        loop {
            if let Some(guard) = self.hit(self.terms.eras.newest()) {
                return Answer::Value(guard.value.clone());
            }
            match self.elect(attempt.detaches) {
                Election::Look => {}
                Election::Removed => return Answer::Removed,
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
    pub(super) fn elect(self: &Arc<Self>, detaches: bool) -> Election<V, H> {
        let mut locked = self.slot.lock();
        if locked.is_removed {
            return Election::Removed;
        }
        self.settle(&mut locked);
        let now = self.terms.now();
        let verdict = locked.entry().map_or(Verdict::Gone, |entry| self.terms.judge(entry, now));
        let kept = match verdict {
            Verdict::Fresh => return Election::Look,
            // Relaxed: written under the lock that we hold.
            Verdict::Stale if now < self.gate.load(Ordering::Relaxed) => return Election::Look,
            Verdict::Stale => locked.share(),
            Verdict::Gone => None,
        };
        let joinable = locked.live.as_ref().filter(|live| self.is_joinable(&live.flight));
        if let (None, Some(live)) = (&kept, joinable) {
            // Relaxed: written under the lock that we hold.
            let landings = self.landings.load(Ordering::Relaxed);
            let (flights, flight) = (Arc::clone(self), Arc::clone(&live.flight));
            return Election::Follow(Arc::new(Following { flights, flight, landings }));
        }
        // No flight, or one that is not worth waiting for while we cannot wait for the value: it becomes ours.
        let flight = Arc::new(Flight {
            name: self.terms.policy.shown_name(),
            era: self.terms.eras.newest(),
            leader: OnceCell::new(),
            outcome: OnceCell::new(),
        });
        let superseded = locked.live.replace(Live { flight: Arc::clone(&flight), lands_expired: false });
        locked.aloft += 1;
        self.set_gate(&locked, NEVER);
        let is_queued = detaches && kept.is_some();
        if !is_queued {
            flight.leader.get_or_init(current_thread);
        }
        drop(locked);
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

    /// Whether a caller without a value is to wait for `flight`: somebody has begun it, and what it computes is not gone
    /// already.
    fn is_joinable(&self, flight: &Flight<V>) -> bool {
        flight.leader.get().is_some() && !self.is_outdated(flight)
    }

    /// Waits until the flight has ended or there is a value from elsewhere.
    fn follow(&self, following: &Arc<Following<V, H>>) -> Result<(), Cycle> {
        let waiting = Waiting::enter(Arc::clone(following) as Arc<dyn Awaited>)?;
        self.terms.counters.wait();
        let mut locked = self.slot.lock();
        while !following.is_over() {
            locked.wait(&self.crowd);
        }
        drop(locked);
        drop(waiting);
        Ok(())
    }
}
