//! Which entries of a bounded map are kept: a policy for which a hit sets one bit, and only if it is not set already.
//!
//! # The policy
//!
//! Almost all entries live in **main**, a ring with a hand (CLOCK). Newcomers go there while it has room. Later ones
//! pass through **probation**, a queue of a 64th of the capacity: who leaves it unvisited is evicted, and a **ghost**
//! of it remembered for a while, which is a tag of 16 bits. Two kinds of entries may **challenge** main: a newcomer
//! whose ghost is still there, and one that was visited during its probation. The hand then looks at three residents
//! at most. It takes the visited bit of those that have one, and the challenger replaces the first that has none. If
//! all three were visited, the challenger has lost: the newcomer goes to probation, the other one is evicted.
//!
//! That it may lose is what keeps a part of a loop that is longer than the capacity, instead of chasing all of it: in a
//! loop all residents are visited again before the hand comes back. That the hand moves only when challenged gives the
//! policy its memory: while few evicted keys are asked for again, one round of the hand takes many requests, so that
//! rare visits count as well. When the traffic turns to other keys, each of them soon returns as a ghost, the hand goes
//! fast, and once it has been round, which takes as many challenges as a third of the capacity, the residents that
//! nobody visits any more are replaced.
//!
//! Gone entries, whose value cannot be served any more, are not worth a fight: wherever one is met it is the victim.
//! Every admission looks at two entries for that alone, so that those which nobody asks for do not stay either.
//!
//! The queues and ghosts are those of S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP
//! 2023), after 2Q (Johnson and Shasha, VLDB 1994); one lazily read bit per entry serves as in SIEVE (Zhang et al.,
//! NSDI 2024) and CLOCK (Corbató, "A paging experiment with the Multics system", 1968); that a newcomer has to beat a
//! resident is the idea of `TinyLFU` (Einziger, Friedman and Manes, ACM Transactions on Storage 2017), that a hand
//! moves for returning keys only, that of CLOCK-Pro (Jiang, Chen and Zhang, USENIX ATC 2005). The constants are the
//! outcome of `traces` in `bench/`, which compares hit ratios with those of other crates.
//!
//! # Invariants
//!
//! * An entry is in one ring, at the place noted in its [`Marks`], or in none.
//! * Probation is never larger than its room. Main is larger only by entries that were given back (`readmit`), and
//!   shrinks again with the next admissions.
//! * An admission looks at 17 entries at most.
//! * No handle is cloned, and none dropped that could be the last one: those taken out are returned to the caller, who
//!   drops them when it has left its lock.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::clock::Tick;

use self::ghosts::Ghosts;
use self::ring::Ring;

mod ghosts;
mod ring;
#[cfg(test)]
mod tests;

/// The share of the capacity that probation gets, as a divisor. Larger: a challenger has more time to be visited;
/// smaller: more of a loop is kept.
const PROBATION_SHARE: usize = 64;

/// Residents that a challenger may meet. More: quicker to follow a change of keys; fewer: longer loops are kept.
const CHALLENGED: usize = 3;

/// Entries that every admission looks at to find gone ones.
const PATROLLED: usize = 2;

/// Entries above the capacity that an admission gets rid of: more than one, so that there are fewer of them soon.
const SHED: usize = 2;

/// How many looks at entries an admission takes at most: the patrol, those to be shed with the one it falls back to,
/// two challenges, and the candidate that leaves probation.
#[cfg(test)]
const MOST_LOOKS: usize = PATROLLED + SHED * (CHALLENGED + 1) + 2 * CHALLENGED + 1;

/// The largest bound there is; places have 31 bits. A map of that many keys takes more than 100 GB.
const MOST: usize = 1 << 30;

/// What the policy notes in an entry.
#[derive(Debug)]
pub(crate) struct Marks {
    visited: AtomicBool,
    /// Which ring, and where in it; read and written under the policy's lock only.
    place: AtomicU32,
}

// Relaxed throughout: the visited bit is a hint that orders nothing, and a visit may get lost when the hand comes by
// at the same moment; places are ordered by the lock that the policy is in.
impl Marks {
    pub(crate) const fn new() -> Self {
        Self { visited: AtomicBool::new(false), place: AtomicU32::new(Place::NONE) }
    }

    /// Notes a hit. Writes only if that says anything new.
    #[inline]
    pub(crate) fn visit(&self) {
        if !self.visited.load(Ordering::Relaxed) {
            self.visited.store(true, Ordering::Relaxed);
        }
    }

    /// Whether there were visits since the last time.
    fn take_visits(&self) -> bool {
        let was_visited = self.visited.load(Ordering::Relaxed);
        if was_visited {
            self.visited.store(false, Ordering::Relaxed);
        }
        was_visited
    }

    fn place(&self) -> Option<Place> {
        Place::decode(self.place.load(Ordering::Relaxed))
    }

    fn set_place(&self, place: Option<Place>) {
        self.place.store(place.map_or(Place::NONE, Place::encode), Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Main,
    Probation,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    queue: Queue,
    index: usize,
}

impl Place {
    const NONE: u32 = u32::MAX;

    #[expect(clippy::cast_possible_truncation, reason = "no ring is that large, see `MOST`")]
    fn encode(self) -> u32 {
        (self.index as u32) << 1 | u32::from(self.queue == Queue::Probation)
    }

    fn decode(code: u32) -> Option<Self> {
        let queue = if code & 1 == 0 { Queue::Main } else { Queue::Probation };
        (code != Self::NONE).then_some(Self { queue, index: (code >> 1) as usize })
    }
}

/// A handle to an entry. Nothing here may run code of the user's.
pub(crate) trait Resident {
    /// The marks of this entry and no other.
    fn marks(&self) -> &Marks;

    /// The hash of its key; all 64 bits have to be well mixed.
    fn hash(&self) -> u64;

    /// Whether there is nothing left to serve.
    fn is_gone(&self, now: Tick) -> bool;
}

/// The books of the policy, to be kept under a lock.
///
/// An entry must not be given to two of them.
#[derive(Debug)]
pub(crate) struct Evict<T> {
    main: Ring<T>,
    probation: Ring<T>,
    main_room: usize,
    probation_room: usize,
    ghosts: Ghosts,
    /// The next entry that is looked at whether it is gone; those of probation count on from those of main.
    patrol: usize,
}

impl<T> Evict<T> {
    /// For at most `capacity` entries, and at least one; [`usize::MAX`] stands for no bound. Allocates nothing yet.
    pub(crate) const fn new(capacity: usize) -> Self {
        let capacity = match capacity {
            0 => 1,
            1..=MOST => capacity,
            _ => MOST,
        };
        let probation_room = capacity.div_ceil(PROBATION_SHARE);
        Self {
            main: Ring::new(Queue::Main),
            probation: Ring::new(Queue::Probation),
            main_room: capacity - probation_room,
            probation_room,
            ghosts: Ghosts::new(capacity),
            patrol: 0,
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.main.len() + self.probation.len()
    }
}

impl<T: Resident> Evict<T> {
    /// Takes up an entry whose value has landed, and adds those to `victims` that have to make room or are gone; a new
    /// entry is never among them.
    ///
    /// With an entry that is here already, because its value was regenerated, it only looks around for gone ones. That
    /// a value was computed is no visit; nor should what the computing call itself gets of it be counted as one.
    pub(crate) fn admit(&mut self, entry: T, now: Tick, victims: &mut Vec<T>) {
        let is_new = entry.marks().place().is_none();
        self.look_around(now, victims);
        if !is_new {
            // This handle is not the last one: the other is in its ring, or among the victims.
            return;
        }
        self.shed(now, victims);
        entry.marks().take_visits();
        victims.extend(self.settle(entry, now));
    }

    /// Takes back a victim that the caller cannot let go of at the moment: it stays, as if visited.
    ///
    /// That may exceed the capacity. Later admissions shed what is too much, of whatever is not visited by then.
    pub(crate) fn readmit(&mut self, entry: T) {
        if entry.marks().place().is_none() {
            // Somebody asks for its key right now, so that it has earned more than probation.
            entry.marks().visit();
            self.main.insert(entry);
        }
    }

    /// Forgets an entry. Returns the handle that was kept, if there was one.
    pub(crate) fn remove(&mut self, entry: &T) -> Option<T> {
        let Place { queue, index } = entry.marks().place()?;
        let removed = self.ring(queue).remove(index);
        debug_assert!(std::ptr::eq(removed.marks(), entry.marks()), "an entry of another policy");
        Some(removed)
    }

    fn ring(&mut self, queue: Queue) -> &mut Ring<T> {
        match queue {
            Queue::Main => &mut self.main,
            Queue::Probation => &mut self.probation,
        }
    }

    fn look_around(&mut self, now: Tick, victims: &mut Vec<T>) {
        for _ in 0..PATROLLED.min(self.len()) {
            if self.patrol >= self.len() {
                self.patrol = 0;
            }
            let (queue, index) = match self.patrol.checked_sub(self.main.len()) {
                None => (Queue::Main, self.patrol),
                Some(index) => (Queue::Probation, index),
            };
            if self.ring(queue).get(index).is_gone(now) {
                // Another one has moved to its place, and is looked at next.
                victims.push(self.ring(queue).remove(index));
            } else {
                self.patrol += 1;
            }
        }
    }

    /// Evicts some of the entries that main has no room for.
    fn shed(&mut self, now: Tick, victims: &mut Vec<T>) {
        for _ in 0..SHED {
            if self.main.len() <= self.main_room {
                return;
            }
            let index = self.main.next_unvisited(CHALLENGED, now).unwrap_or_else(|| self.main.next());
            victims.push(self.main.remove(index));
        }
    }

    /// Finds a new entry its place, and returns the one that has to go instead.
    fn settle(&mut self, entry: T, now: Tick) -> Option<T> {
        if self.main.len() < self.main_room {
            self.main.insert(entry);
            return None;
        }
        if self.probation.len() < self.probation_room {
            self.probation.insert(entry);
            return None;
        }
        let is_returning = self.ghosts.take(entry.hash());
        let entry = match self.challenge_if(is_returning, entry, now) {
            Ok(loser) => return Some(loser),
            Err(entry) => entry,
        };
        let oldest = self.probation.next();
        let candidate = self.probation.replace(oldest, entry);
        if candidate.is_gone(now) {
            return Some(candidate);
        }
        let was_visited = candidate.marks().take_visits();
        match self.challenge_if(was_visited, candidate, now) {
            Ok(loser) => Some(loser),
            Err(candidate) => {
                self.ghosts.add(candidate.hash());
                Some(candidate)
            }
        }
    }

    /// Lets the entry replace a resident of main, and returns that; or the entry itself, if it may not or has lost.
    fn challenge_if(&mut self, may: bool, entry: T, now: Tick) -> Result<T, T> {
        match may.then(|| self.main.next_unvisited(CHALLENGED, now)).flatten() {
            Some(index) => Ok(self.main.replace(index, entry)),
            None => Err(entry),
        }
    }
}
