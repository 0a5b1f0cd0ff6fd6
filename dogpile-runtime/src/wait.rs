//! Who waits for whom: the graph that turns a deadlock into a panic with names.
//!
//! Every thread that is about to wait for a flight first writes down which one, and follows the trail: the flight's
//! leader, the flight *it* waits for, and so on. If the trail comes back to the thread itself, nobody on it can ever
//! go on. The thread that would close the circle is always the last to arrive, and looks under the same lock under
//! which the others wrote, so none is missed.
//!
//! Invariant: an edge is in the graph only while its thread is in [`Waiting`]; a flight that has ended leads nowhere.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::sync::{Mutex, ThreadId, current_thread, global};

/// Something a thread waits for.
pub(crate) trait Awaited: Send + Sync {
    /// The thread it depends on; `None` once it has ended.
    fn leader(&self) -> Option<ThreadId>;
    /// How it is called in messages.
    fn name(&self) -> &'static str;
}

type Edges = HashMap<ThreadId, Arc<dyn Awaited>, BuildHasherDefault<DefaultHasher>>;

global! {
    static EDGES: Mutex<Edges> = Mutex::new(Edges::with_hasher(BuildHasherDefault::new()));
}

/// A circle of flights, by name; the first is the one that could not be waited for.
#[derive(Debug)]
pub(crate) struct Cycle(Vec<&'static str>);

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(names) = self;
        if let [name] = names[..] {
            return write!(
                f,
                "`{name}` is called by the computation of its own first value, which would wait for itself for ever\n\
                 help: break the recursion, or `set` a first value before the call"
            );
        }
        let trail = names.iter().chain(names.first()).map(|name| format!("`{name}`")).collect::<Vec<_>>();
        write!(
            f,
            "the computations of first values wait for each other in a circle: {}\n\
             help: break the circle, or `set` a first value of one of them before the call",
            trail.join(" waits for ")
        )
    }
}

/// While it lives, this thread is known to wait.
#[derive(Debug)]
pub(crate) struct Waiting(ThreadId);

impl Waiting {
    /// Notes that this thread is about to wait for `flight`, unless that would never end.
    pub(crate) fn enter(flight: Arc<dyn Awaited>) -> Result<Self, Cycle> {
        let me = current_thread();
        let mut edges = EDGES.lock();
        trail(&edges, &*flight, me)?;
        edges.insert(me, flight);
        Ok(Self(me))
    }
}

/// Whether a task that this thread polls may wait for `flight`. It may not if it is itself polled by the flight's
/// leader, or by somebody whom that leader waits for. It notes nothing, for a task that waits holds up no thread; that
/// two tasks wait for each other is not seen.
pub(crate) fn check(flight: &dyn Awaited) -> Result<(), Cycle> {
    trail(&EDGES.lock(), flight, current_thread())
}

/// Follows the trail from `flight`; a circle if it comes to `me`.
fn trail(edges: &Edges, flight: &dyn Awaited, me: ThreadId) -> Result<(), Cycle> {
    let mut names = vec![flight.name()];
    let mut leader = flight.leader();
    while let Some(thread) = leader {
        if thread == me {
            return Err(Cycle(names));
        }
        let Some(next) = edges.get(&thread) else { break };
        leader = next.leader();
        if leader.is_some() {
            names.push(next.name());
        }
    }
    Ok(())
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let flight = EDGES.lock().remove(&self.0);
        // After the lock: it may hold the last trace of a value.
        drop(flight);
    }
}
