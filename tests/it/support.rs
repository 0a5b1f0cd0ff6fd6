//! Events to wait for, each with a deadline that says what it waited for.

use std::hash::Hash;
use std::time::{Duration, Instant};

use dogpile::{Dogpile, DogpileMap, Policy};
use parking_lot::{Condvar, Mutex};

/// Far beyond what any event here takes; only a bug makes a test wait so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) const NANOSECOND: Duration = Duration::from_nanos(1);

/// A policy of one hour.
pub(crate) const fn hourly<V>() -> Policy<V> {
    Policy::expire(HOUR)
}

/// Something that happens once, and that others wait for.
#[derive(Default)]
pub(crate) struct Event {
    happened: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    pub(crate) const fn new() -> Self {
        Self { happened: Mutex::new(false), changed: Condvar::new() }
    }

    pub(crate) fn happen(&self) {
        *self.happened.lock() = true;
        self.changed.notify_all();
    }

    pub(crate) fn wait(&self, what: &str) {
        let mut happened = self.happened.lock();
        self.changed.wait_while_for(&mut happened, |happened| !*happened, DEADLINE);
        assert!(*happened, "waited {DEADLINE:?} for this in vain: {what}");
    }
}

/// Waits until a condition that other threads bring about holds.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} for this in vain: {what}");
        std::thread::yield_now();
    }
}

/// Waits until that many calls have had to wait for a flight.
pub(crate) fn until_waiting<V: Clone + Send + Sync + 'static, R>(dogpile: &Dogpile<V, R>, calls: u64) {
    eventually("followers wait", || dogpile.stats().waits >= calls);
}

/// The same for the keys of a map, all together.
pub(crate) fn until_waiting_in<K, V, R>(map: &DogpileMap<K, V, R>, calls: u64)
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    eventually("followers wait", || map.stats().waits >= calls);
}

/// The message of a panic.
pub(crate) fn message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .expect("panics carry text")
}

/// The message with which `run` panics.
pub(crate) fn panic_of<T>(run: impl FnOnce() -> T) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(_) => panic!("it was to panic"),
        Err(payload) => message(&*payload),
    }
}
