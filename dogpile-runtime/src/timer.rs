//! Wakes tasks that may not wait for ever.
//!
//! One thread for the process, named `dogpile-timer`, started with the first alarm and gone ten seconds after the last.
//! An alarm may ring early, and it may ring in vain: who is woken looks at the clock. Invariant: wakers are woken and
//! dropped with no lock held, for they are the executor's code.

use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::sync::wake_all;

/// How long the thread stays without an alarm.
const IDLE: Duration = if cfg!(test) { Duration::from_millis(10) } else { Duration::from_secs(10) };

/// When, and a number, for several may be set to the same time.
type When = (Instant, u64);

struct Alarms {
    set: BTreeMap<When, Waker>,
    next: u64,
    is_running: bool,
}

static ALARMS: Mutex<Alarms> = Mutex::new(Alarms { set: BTreeMap::new(), next: 0, is_running: false });
static CHANGED: Condvar = Condvar::new();

/// An alarm that is set, until it is dropped.
#[derive(Debug)]
pub(crate) struct Alarm(When);

/// Wakes `waker` in `after`.
pub(crate) fn set(after: Duration, waker: Waker) -> Alarm {
    let now = Instant::now();
    let at = now.checked_add(after).unwrap_or(now + Duration::from_secs(u32::MAX.into()));
    let mut alarms = ALARMS.lock();
    alarms.next += 1;
    let when = (at, alarms.next);
    alarms.set.insert(when, waker);
    let is_first = alarms.set.first_key_value().is_some_and(|(first, _)| *first == when);
    let starts = !mem::replace(&mut alarms.is_running, true);
    drop(alarms);
    if starts {
        if thread::Builder::new().name("dogpile-timer".to_owned()).spawn(run).is_err() {
            // The next alarm tries again; until then only other events wake.
            ALARMS.lock().is_running = false;
        }
    } else if is_first {
        CHANGED.notify_one();
    }
    Alarm(when)
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let mut alarms = ALARMS.lock();
        let was_first = alarms.set.first_key_value().is_some_and(|(first, _)| *first == self.0);
        let waker = alarms.set.remove(&self.0);
        drop(alarms);
        if was_first {
            // The thread is not to sleep until a time that nobody waits for.
            CHANGED.notify_one();
        }
        drop(waker);
    }
}

fn run() {
    let mut alarms = ALARMS.lock();
    loop {
        let due = match alarms.set.first_key_value() {
            Some(((at, _), _)) => *at,
            None => Instant::now() + IDLE,
        };
        if CHANGED.wait_until(&mut alarms, due).timed_out() {
            let now = Instant::now();
            let mut ringing = Vec::new();
            while let Some(first) = alarms.set.first_entry().filter(|first| first.key().0 <= now) {
                ringing.push(first.remove());
            }
            if ringing.is_empty() && alarms.set.is_empty() {
                alarms.is_running = false;
                return;
            }
            drop(alarms);
            wake_all(ringing);
            alarms = ALARMS.lock();
        }
    }
}

#[cfg(all(test, not(dogpile_loom)))]
mod tests {
    use super::*;

    #[test]
    fn thread_does_not_stay_for_an_alarm_that_nobody_has_any_more() {
        let start = Instant::now();
        let eventually = |is_so: &dyn Fn() -> bool| {
            while !is_so() {
                assert!(start.elapsed() < Duration::from_secs(30), "it sleeps until the time of the alarm");
                thread::yield_now();
            }
        };
        // Nobody can tell when it sleeps again, so it is tried a few times.
        for _ in 0..20 {
            let alarm = set(Duration::from_secs(3600), Waker::noop().clone());
            eventually(&|| CHANGED.notify_one());
            thread::yield_now();
            drop(alarm);
            eventually(&|| !ALARMS.lock().is_running);
        }
    }
}
