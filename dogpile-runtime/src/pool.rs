//! The workers that regenerate in the background: few, named, shared by all dogpiles, and gone when idle.
//!
//! Our own hundred lines because no well-kept pool is at once bounded, named, idle-ending and small (see DESIGN.md).
//! A queued flight needs no worker to make progress possible: whoever finds its value gone takes it over. So a pool
//! full of hung computations stops refreshes and deadlocks nobody; and a worker whose computation takes longer than its
//! lease is written off when the next job comes, so that another one can be started.

/// Work for a worker.
pub(crate) struct Job {
    pub(crate) run: Box<dyn FnOnce() + Send>,
    /// Whether a lease has run out since this was asked first. Runs no code of the user's, and neither does dropping it.
    #[cfg_attr(dogpile_loom, expect(dead_code, reason = "the model has a thread for each job"))]
    pub(crate) is_overdue: Box<dyn Fn() -> bool + Send>,
}

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
        WORKERS.lock().push(loom::thread::spawn(job.run));
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

    pub(super) struct Pool {
        state: Mutex<State>,
        work: Condvar,
    }

    struct State {
        queue: VecDeque<Job>,
        /// Those that count; who has been written off does not.
        workers: usize,
        idle: usize,
        started: u64,
        /// Those who work, by their number, and whether the job of each is overdue.
        busy: Vec<(u64, Box<dyn Fn() -> bool + Send>)>,
    }

    impl State {
        /// Counts nobody any longer whose job is overdue: it may never come back.
        fn write_off(&mut self) {
            let before = self.busy.len();
            self.busy.retain(|(_, is_overdue)| !is_overdue());
            self.workers -= before - self.busy.len();
        }
    }

    static POOL: Pool = Pool::new();

    /// Queues `job`. If there is no worker and none can be started, the job is dropped.
    pub(crate) fn spawn(job: Job) {
        POOL.spawn(job);
    }

    /// How many workers there may be.
    pub(super) fn most() -> usize {
        thread::available_parallelism().map_or(FEWEST_ALLOWED, |n| n.get().max(FEWEST_ALLOWED))
    }

    impl Pool {
        pub(super) const fn new() -> Self {
            let state = State { queue: VecDeque::new(), workers: 0, idle: 0, started: 0, busy: Vec::new() };
            Self { state: Mutex::new(state), work: Condvar::new() }
        }

        pub(super) fn spawn(&'static self, job: Job) {
            let most = most();
            let mut state = self.state.lock();
            state.queue.push_back(job);
            if state.queue.len() <= state.idle {
                self.work.notify_one();
                return;
            }
            if state.workers >= most {
                state.write_off();
            }
            if state.workers < most {
                state.workers += 1;
                state.started += 1;
                let number = state.started;
                drop(state);
                let builder = thread::Builder::new().name(format!("dogpile-refresh-{number}"));
                if builder.spawn(move || self.work(number)).is_err() {
                    self.give_up_worker();
                }
            }
        }

        /// The system refused a thread. Others will get to the queue, or else nobody ever would.
        fn give_up_worker(&self) {
            let mut state = self.state.lock();
            state.workers -= 1;
            if state.workers == 0 {
                let orphans = std::mem::take(&mut state.queue);
                drop(state);
                // After the lock: each abandons its flight, and may drop what its closure captured.
                drop(orphans);
            }
        }

        fn work(&self, number: u64) {
            while let Some(run) = self.next(number) {
                // The panic was printed by the hook and counted by the flight; the old value stays.
                if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
                    // Its destructor may panic as well.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
                }
                let mut state = self.state.lock();
                let Some(place) = state.busy.iter().position(|(busy, _)| *busy == number) else {
                    // It has been written off, and maybe replaced.
                    return;
                };
                let ended = state.busy.swap_remove(place);
                drop(state);
                drop(ended);
            }
        }

        /// The next job; `None` when there was none for [`IDLE`], and the worker has been struck off.
        fn next(&self, number: u64) -> Option<Box<dyn FnOnce() + Send>> {
            let mut state = self.state.lock();
            loop {
                if let Some(job) = state.queue.pop_front() {
                    // Its time begins.
                    (job.is_overdue)();
                    state.busy.push((number, job.is_overdue));
                    return Some(job.run);
                }
                state.idle += 1;
                let timed_out = self.work.wait_for(&mut state, IDLE).timed_out();
                state.idle -= 1;
                if timed_out && state.queue.is_empty() {
                    state.workers -= 1;
                    return None;
                }
            }
        }
    }
}

#[cfg(all(test, not(dogpile_loom)))]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::Job;
    use super::threads::{Pool, most};

    /// Long enough for anything here; a test that waits so long has failed.
    const ENOUGH: Duration = Duration::from_secs(30);

    /// Tells of the end of the thread that it is left on.
    struct Epitaph(Sender<&'static str>);

    impl Drop for Epitaph {
        fn drop(&mut self) {
            let _ = self.0.send("gone");
        }
    }

    thread_local! {
        static LEFT_HERE: RefCell<Option<Epitaph>> = const { RefCell::new(None) };
    }

    /// Runs until the result is dropped; `tell` hears of its start, and of the end of its worker. It is overdue once the
    /// `lease` is dropped.
    fn hang(pool: &'static Pool, tell: &Sender<&'static str>, lease: &Arc<()>) -> Sender<()> {
        let (release, released): (_, Receiver<()>) = channel();
        let (tell, lease) = (tell.clone(), Arc::downgrade(lease));
        let run = move || {
            LEFT_HERE.with_borrow_mut(|left| {
                left.get_or_insert_with(|| Epitaph(tell.clone()));
            });
            let _ = tell.send("started");
            let _ = released.recv();
        };
        pool.spawn(Job { run: Box::new(run), is_overdue: Box::new(move || lease.upgrade().is_none()) });
        release
    }

    #[test]
    fn worker_that_was_written_off_takes_no_other_job_when_it_comes_back() {
        static POOL: Pool = Pool::new();
        let (tell, told) = channel();
        let (lease, long_lease) = (Arc::new(()), Arc::new(()));
        let late = hang(&POOL, &tell, &lease);
        let mut punctual: Vec<_> = (1..most()).map(|_| hang(&POOL, &tell, &long_lease)).collect();
        for _ in 0..most() {
            assert_eq!(told.recv_timeout(ENOUGH), Ok("started"));
        }
        drop(lease);
        // One in its place; the next one finds all that count at work, and waits.
        punctual.push(hang(&POOL, &tell, &long_lease));
        assert_eq!(told.recv_timeout(ENOUGH), Ok("started"));
        let queued = hang(&POOL, &tell, &long_lease);
        drop(late);
        assert_eq!(told.recv_timeout(ENOUGH), Ok("gone"));
        drop(punctual.pop());
        assert_eq!(told.recv_timeout(ENOUGH), Ok("started"), "by one of those that count");
        drop((punctual, queued));
    }
}
