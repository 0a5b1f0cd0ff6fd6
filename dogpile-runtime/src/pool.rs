//! The workers that regenerate in the background: few, named, shared by all dogpiles, and gone when idle.
//!
//! Our own hundred lines because no well-kept pool is at once bounded, named, idle-ending and small (see DESIGN.md).
//! A queued flight needs no worker to make progress possible: whoever finds its value gone takes it over. So a pool
//! full of hung computations delays refreshes and deadlocks nobody.

pub(crate) type Job = Box<dyn FnOnce() + Send>;

#[cfg(not(dogpile_loom))]
pub(crate) use threads::spawn;

#[cfg(dogpile_loom)]
pub(crate) use model::{join, spawn};

/// The model's threads are few and cheap: one for each job.
#[cfg(dogpile_loom)]
mod model {
    use loom::thread::JoinHandle;

    use super::Job;
    use crate::sync::{Mutex, global};

    global! {
        static WORKERS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());
    }

    pub(crate) fn spawn(job: Job) {
        WORKERS.lock().push(loom::thread::spawn(job));
    }

    /// Waits for all workers: the model's statics end with its main thread.
    pub(crate) fn join() {
        let workers = std::mem::take(&mut *WORKERS.lock());
        for worker in workers {
            worker.join().expect("a worker of the model does not panic");
        }
    }
}

#[cfg(not(dogpile_loom))]
mod threads {
    use std::collections::VecDeque;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;
    use std::time::Duration;

    use super::Job;
    use crate::sync::{Condvar, Mutex};

    /// How long a worker without work stays.
    const IDLE: Duration = Duration::from_secs(10);

    /// The fewest workers allowed at once; the machine's parallelism is the limit where it is higher.
    const FEWEST_ALLOWED: usize = 4;

    struct Pool {
        state: Mutex<State>,
        work: Condvar,
    }

    struct State {
        queue: VecDeque<Job>,
        workers: usize,
        idle: usize,
        started: u64,
    }

    static POOL: Pool = Pool {
        state: Mutex::new(State { queue: VecDeque::new(), workers: 0, idle: 0, started: 0 }),
        work: Condvar::new(),
    };

    /// Queues `job`. If there is no worker and none can be started, the job is dropped.
    pub(crate) fn spawn(job: Job) {
        let most = thread::available_parallelism().map_or(FEWEST_ALLOWED, |n| n.get().max(FEWEST_ALLOWED));
        let mut state = POOL.state.lock();
        state.queue.push_back(job);
        if state.queue.len() <= state.idle {
            POOL.work.notify_one();
        } else if state.workers < most {
            state.workers += 1;
            state.started += 1;
            let name = format!("dogpile-refresh-{}", state.started);
            drop(state);
            if thread::Builder::new().name(name).spawn(work).is_err() {
                give_up_worker();
            }
        }
    }

    /// The system refused a thread. Others will get to the queue, or else nobody ever would.
    fn give_up_worker() {
        let mut state = POOL.state.lock();
        state.workers -= 1;
        if state.workers == 0 {
            let orphans = std::mem::take(&mut state.queue);
            drop(state);
            // After the lock: each abandons its flight, and may drop what its closure captured.
            drop(orphans);
        }
    }

    fn work() {
        while let Some(job) = next() {
            // The panic was printed by the hook and counted by the flight; the old value stays.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(job)) {
                // Its destructor may panic as well.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            }
        }
    }

    /// The next job; `None` when there was none for [`IDLE`], and the worker has been struck off.
    fn next() -> Option<Job> {
        let mut state = POOL.state.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            let timed_out = POOL.work.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.queue.is_empty() {
                state.workers -= 1;
                return None;
            }
        }
    }
}
