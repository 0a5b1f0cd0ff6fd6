//! Electing: what becomes of a caller that did not hit.

use std::any::Any;
use std::sync::Arc;

use once_cell::sync::OnceCell;

use super::crowd::Woken;
use super::{Answer, Attempt, Flight, Flights, Home, Lead, Leader, Live, Manner, Missed, Outcome, State};
use crate::clock::Tick;
use crate::policy::Verdict;
use crate::slot::{Entry, Locked};
use crate::sync::{Ordering, ThreadId};
use crate::wait::Awaited;

/// What a follower waits for: the end of a flight, or a value from elsewhere.
pub(crate) struct Following<V, H> {
    pub(super) flights: Arc<Flights<V, H>>,
    pub(super) flight: Arc<Flight<V>>,
    /// How many values there had been when there was nothing to serve.
    landings: u64,
}

impl<V, H> Following<V, H> {
    pub(super) fn is_over(&self) -> bool {
        // Acquire: pairs with the Release in `put`.
        self.flight.outcome.get().is_some() || self.flights.landings.load(Ordering::Acquire) != self.landings
    }
}

impl<V, H: Home<V>> Following<V, H> {
    /// When waiting is of no use any more, whatever `until` the follower has the patience for: then the flight may be
    /// replaced.
    pub(super) fn deadline(&self, until: Tick) -> Tick {
        self.flights.terms.policy.lease_ends(self.flight.since).min(until)
    }
}

impl<V: Clone, H: Home<V>> Following<V, H> {
    /// What the flight came to, as far as this follower can use it. Woken does not mean done: with nothing, look again.
    pub(crate) fn outcome(&self, takes: fn(&(dyn Any + Send + Sync)) -> bool) -> Option<Answer<V, H>> {
        match self.flight.outcome.get()? {
            Outcome::Value(entry) => Some(Answer::Value(entry.value.clone())),
            Outcome::Error(error) if takes(&**error) => Some(Answer::Shared(Arc::clone(error))),
            Outcome::Error(_) | Outcome::Abandoned => None,
        }
    }
}

impl<V: Send + Sync + 'static, H: Home<V>> Awaited for Following<V, H> {
    fn leader(&self) -> Option<ThreadId> {
        if self.is_over() { None } else { self.flight.leader.get().and_then(Leader::thread) }
    }

    fn name(&self) -> &'static str {
        self.flight.name
    }
}

/// What a caller is.
pub(super) enum Election<V, H: Home<V>> {
    /// Somebody has just landed, or leads already: look again, there is a value to take.
    Look,
    Follow(Arc<Following<V, H>>),
    /// And the stale value, if there is one.
    Lead(Lead<V, H>, Option<Arc<Entry<V>>>),
    /// The key is not kept here any more.
    Removed,
}

/// What a caller has to do next.
pub(crate) enum Step<V, H: Home<V>> {
    Take(V),
    Follow(Arc<Following<V, H>>),
    Lead(Lead<V, H>, Option<Arc<Entry<V>>>),
    Removed,
}

impl<V: Clone + Send + Sync + 'static, H: Home<V>> Flights<V, H> {
    /// The decision table, for a caller that looked at the slot a moment ago and `missed`; `None` if it is to look first.
    pub(crate) fn step(self: &Arc<Self>, manner: Manner, missed: Option<Missed>) -> Step<V, H> {
        let mut missed = missed;
        loop {
            let hit = || self.hit(self.now(), self.terms.eras.newest(), |entry| entry.value.clone());
            let why = match missed.take().map_or_else(hit, Err) {
                Ok(value) => return Step::Take(value),
                Err(why) => why,
            };
            match self.elect(manner, why) {
                Election::Look => {}
                Election::Follow(following) => return Step::Follow(following),
                Election::Lead(lead, stale) => return Step::Lead(lead, stale),
                Election::Removed => return Step::Removed,
            }
        }
    }

    /// The whole of a call, on this thread, for a caller that did not hit.
    #[cold]
    pub(crate) fn attempt(self: &Arc<Self>, attempt: &mut Attempt<'_, V>) -> Answer<V, H> {
        let mut missed = Some(attempt.missed);
        loop {
            match self.step(attempt.manner, missed.take()) {
                Step::Take(value) => return Answer::Value(value),
                Step::Removed => return Answer::Removed,
                Step::Lead(lead, Some(stale)) if attempt.manner == Manner::Queue => {
                    return Answer::Elected(lead, stale);
                }
                Step::Lead(lead, stale) => {
                    // A value that is invalidated meanwhile is not to live on because of us.
                    drop(stale);
                    return lead.run(attempt.compute);
                }
                Step::Follow(_) if self.terms.now() >= attempt.until => return Answer::TimedOut,
                Step::Follow(following) => {
                    if let Err(cycle) = self.follow(&following, attempt.until) {
                        return Answer::Circular(cycle);
                    }
                    if let Some(answer) = following.outcome(attempt.takes) {
                        return answer;
                    }
                }
            }
        }
    }

    /// Looks again under the lock, and settles what this caller is.
    pub(super) fn elect(self: &Arc<Self>, manner: Manner, missed: Missed) -> Election<V, H> {
        let mut locked = self.slot.lock();
        if locked.is_removed {
            return Election::Removed;
        }
        self.settle(&mut locked);
        let now = self.terms.now();
        let verdict = locked.entry().map_or(Verdict::Gone, |entry| self.terms.judge(entry, now));
        let is_quiet = locked.entry().is_some_and(|entry| now <= entry.quiet_until());
        let is_drawn = locked.entry().is_some_and(|entry| missed == Missed::Drawn(entry.fresh_until()));
        let kept = match verdict {
            // What is fresh is left alone, unless this very caller was drawn for it. Somebody may have landed since.
            Verdict::Fresh if is_quiet || !is_drawn => return Election::Look,
            // Relaxed: written under the lock that we hold.
            Verdict::Fresh | Verdict::Stale if now < self.gate.load(Ordering::Relaxed) => {
                return Election::Look;
            }
            Verdict::Fresh | Verdict::Stale => locked.share(),
            Verdict::Gone => None,
        };
        let joinable = locked.live.as_ref().filter(|live| self.is_joinable(&live.flight, now));
        if let (None, Some(live)) = (&kept, joinable) {
            // Relaxed: written under the lock that we hold.
            let landings = self.landings.load(Ordering::Relaxed);
            let (flights, flight) = (Arc::clone(self), Arc::clone(&live.flight));
            return Election::Follow(Arc::new(Following { flights, flight, landings }));
        }
        // No flight, or one that is not worth waiting for while we cannot wait for the value: it becomes ours.
        let leader = match manner {
            Manner::Queue | Manner::Spawn if kept.is_some() => OnceCell::new(),
            Manner::Inline | Manner::Queue => OnceCell::with_value(Leader::this_thread()),
            Manner::Task | Manner::Spawn => OnceCell::with_value(Leader::task()),
        };
        let flight = Arc::new(Flight {
            name: self.terms.policy.shown_name(),
            era: self.terms.eras.newest(),
            since: now,
            leader,
            outcome: OnceCell::new(),
        });
        let superseded = locked.live.replace(Live { flight: Arc::clone(&flight), lands_expired: false });
        let woken = superseded.as_ref().and_then(|live| self.give_up(&mut locked, &live.flight, now));
        locked.aloft += 1;
        self.set_gate(&locked, self.terms.policy.lease_ends(now));
        drop(locked);
        let lead = Lead::new(Arc::clone(self), flight);
        drop((woken, superseded));
        if kept.is_some() {
            self.terms.counters.expect_stale();
        }
        Election::Lead(lead, kept)
    }

    /// Has nobody wait any longer for a flight whose lease has run out: what it comes to is its own caller's.
    fn give_up(&self, locked: &mut Locked<'_, V, State<V>>, flight: &Flight<V>, now: Tick) -> Option<Woken> {
        let has_lease = now < self.terms.policy.lease_ends(flight.since);
        let is_given_up = !has_lease && flight.outcome.set(Outcome::Abandoned).is_ok();
        is_given_up.then(|| self.call_crowd(locked))
    }

    /// Whether a caller without a value is to wait for `flight`: somebody has begun it, its lease has not run out, and
    /// what it computes is not gone already.
    fn is_joinable(&self, flight: &Flight<V>, now: Tick) -> bool {
        let has_lease = now < self.terms.policy.lease_ends(flight.since);
        flight.leader.get().is_some() && has_lease && !self.is_outdated(flight)
    }
}
