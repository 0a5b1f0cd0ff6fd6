//! Callers: threads that are left behind where they hang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::figures::{Figures, Rules};
use crate::origin::{Answer, Failure};

/// A caller needs little, and there are a thousand of them.
const STACK: usize = 256 * 1024;

/// How long those who have said that they call have to be inside the call, on a busy machine as well.
const GRACE: Duration = Duration::from_millis(250);

/// One call that came back.
pub(crate) struct Call {
    pub(crate) begun: Instant,
    pub(crate) latency: Duration,
    pub(crate) answer: Answer,
}

/// Makes a call and times it.
pub(crate) fn timed(call: impl FnOnce() -> Answer) -> Call {
    let begun = Instant::now();
    let answer = catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Failure::Panicked));
    Call { begun, latency: begun.elapsed(), answer }
}

/// Counts callers that are about to call.
#[derive(Clone, Default)]
pub(crate) struct Arrivals(Arc<AtomicUsize>);

impl Arrivals {
    pub(crate) fn arrive(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until so many have arrived and have had the time to get to where they wait.
    pub(crate) fn wait_for(&self, callers: usize) {
        while self.0.load(Ordering::SeqCst) < callers {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(GRACE);
    }
}

/// Callers on their threads.
pub(crate) struct Herd {
    tell: Sender<Option<Call>>,
    told: Receiver<Option<Call>>,
    callers: usize,
    begun: Instant,
}

impl Herd {
    pub(crate) fn new() -> Self {
        let (tell, told) = channel();
        Self { tell, told, callers: 0, begun: Instant::now() }
    }

    /// Adds a caller, who does as `behave` says: it is given what to do with each call that came back.
    pub(crate) fn add(&mut self, behave: impl FnOnce(&dyn Fn(Call)) + Send + 'static) {
        let tell = self.tell.clone();
        let run = move || {
            let send = |call| drop(tell.send(call));
            behave(&|call| send(Some(call)));
            send(None);
        };
        self.callers += 1;
        thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread for a caller");
    }

    /// Adds a caller who makes one call.
    pub(crate) fn add_one(&mut self, call: impl FnOnce() -> Answer + Send + 'static) {
        self.add(move |tell| tell(timed(call)));
    }

    /// The calls that came back, and how many callers did not within `patience`.
    pub(crate) fn calls(&self, patience: Duration) -> (Vec<Call>, usize) {
        let deadline = Instant::now() + patience;
        let (mut calls, mut missing) = (Vec::new(), self.callers);
        while missing > 0 {
            match self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Some(call)) => calls.push(call),
                Ok(None) => missing -= 1,
                Err(_) => break,
            }
        }
        (calls, missing)
    }

    /// Waits for the callers, at most for `patience`, and judges what they got.
    pub(crate) fn judge(self, patience: Duration, rules: Rules) -> Figures {
        let (calls, hung) = self.calls(patience);
        Figures::judge(&calls, hung, self.begun.elapsed(), rules)
    }
}
