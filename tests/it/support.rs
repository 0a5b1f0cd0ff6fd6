//! Events to wait for, each with a deadline that says what it waited for.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use dogpile::{Dogpile, Policy};

/// Far beyond what any event here takes; only a bug makes a test wait so long.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub const HOUR: Duration = Duration::from_secs(3600);

pub const NANOSECOND: Duration = Duration::from_nanos(1);

/// A policy of one hour.
pub const fn hourly<V>() -> Policy<V> {
    Policy::expire(HOUR)
}

/// Something that happens once, and that others wait for.
#[derive(Default)]
pub struct Event {
    happened: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    pub const fn new() -> Self {
        Self { happened: Mutex::new(false), changed: Condvar::new() }
    }

    pub fn happen(&self) {
        *self.happened.lock().unwrap() = true;
        self.changed.notify_all();
    }

    pub fn wait(&self, what: &str) {
        let guard = self.happened.lock().unwrap();
        let (guard, _) = self.changed.wait_timeout_while(guard, DEADLINE, |happened| !*happened).unwrap();
        assert!(*guard, "waited {DEADLINE:?} for this in vain: {what}");
    }
}

/// Waits until a condition that other threads bring about holds.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} for this in vain: {what}");
        std::thread::yield_now();
    }
}

/// Waits until that many calls have had to wait for a flight.
pub fn until_waiting<V: Clone + Send + Sync + 'static, R>(dogpile: &Dogpile<V, R>, calls: u64) {
    eventually("followers wait", || dogpile.stats().waits >= calls);
}

/// The message of a panic.
pub fn message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .expect("panics carry text")
}

/// The message with which `run` panics.
pub fn panic_of<T>(run: impl FnOnce() -> T) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(_) => panic!("it was to panic"),
        Err(payload) => message(&*payload),
    }
}
