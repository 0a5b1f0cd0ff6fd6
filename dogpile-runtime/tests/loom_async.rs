//! Every interleaving of tasks and threads that share flights, within the preemption bound of [`check`].
//!
//! Run with `RUSTFLAGS="--cfg dogpile_loom" cargo test -p dogpile-runtime --test loom_async --release`.
//!
//! A task is run by a thread of its own, with a waker of the model's; so that a wake-up that is lost is a deadlock, which
//! the model checker finds.
#![cfg(dogpile_loom)]

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use dogpile_runtime::{Dogpile, Policy};
use loom::thread;

/// As in the other models, unless said otherwise.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// An empty dogpile whose inside exists already: it is made in a cell of std, which the model cannot see through.
fn dogpile() -> Arc<Dogpile<usize>> {
    let dogpile = Dogpile::new(Policy::never());
    dogpile.set(0);
    dogpile.invalidate();
    Arc::new(dogpile)
}

/// A counter of std's: it adds no interleavings of its own.
fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

fn next(counter: &AtomicUsize) -> usize {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

/// Whether somebody has been woken, in the model's own terms.
#[derive(Default)]
struct Bell {
    is_rung: loom::sync::Mutex<bool>,
    rings: loom::sync::Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.is_rung.lock().unwrap() = true;
        self.rings.notify_one();
    }
}

/// Polls a task to its end, and sleeps until it is woken in between.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let bell = Arc::<Bell>::default();
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            assert_eq!(Arc::strong_count(&bell), 2, "a waker was left behind");
            return output;
        }
        let mut is_rung = bell.is_rung.lock().unwrap();
        while !*is_rung {
            is_rung = bell.rings.wait(is_rung).unwrap();
        }
        *is_rung = false;
    }
}

/// Polls a task once, and drops it if it is not done by then.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Gives way once, and is woken at once.
async fn give_way() {
    let mut has_given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A caller: a thread or a task.
type Call = fn(&Dogpile<usize>, &AtomicUsize) -> usize;

fn by_thread(dogpile: &Dogpile<usize>, computed: &AtomicUsize) -> usize {
    dogpile.get_or_compute(|| next(computed))
}

fn by_task(dogpile: &Dogpile<usize>, computed: &AtomicUsize) -> usize {
    block_on(dogpile.get_or_compute_async(async || next(computed)))
}

fn by_slow_task(dogpile: &Dogpile<usize>, computed: &AtomicUsize) -> usize {
    block_on(dogpile.get_or_compute_async(async || {
        give_way().await;
        next(computed)
    }))
}

/// Two callers, of whom each may lead: nobody sleeps for ever, and one computes.
fn both_get_the_value(preemptions: usize, calls: [Call; 2]) {
    check(preemptions, move || {
        let (dogpile, computed) = (dogpile(), counter());
        let other = {
            let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
            thread::spawn(move || calls[1](&dogpile, &computed))
        };
        assert_eq!(calls[0](&dogpile, &computed), 1);
        assert_eq!(other.join().unwrap(), 1);
        assert_eq!(computed.load(Ordering::SeqCst), 1);
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn task_follows_a_thread_or_leads_it() {
    both_get_the_value(3, [by_task, by_thread]);
}

#[test]
fn thread_follows_a_task_that_waits_in_between() {
    both_get_the_value(3, [by_slow_task, by_thread]);
}

#[test]
fn task_follows_a_task_that_waits_in_between() {
    both_get_the_value(3, [by_slow_task, by_slow_task]);
}

#[test]
fn task_and_thread_follow_one_task() {
    check(2, || {
        let (dogpile, computed) = (dogpile(), counter());
        let others: Vec<_> = [by_task as Call, by_thread]
            .into_iter()
            .map(|call| {
                let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
                thread::spawn(move || call(&dogpile, &computed))
            })
            .collect();
        assert_eq!(by_slow_task(&dogpile, &computed), 1);
        for other in others {
            assert_eq!(other.join().unwrap(), 1);
        }
    });
}

/// A leader that is dropped after its first poll, beside somebody who comes to follow it.
fn dropped_leader_hands_over_to(call: Call) {
    check(3, move || {
        let (dogpile, computed) = (dogpile(), counter());
        let other = {
            let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
            thread::spawn(move || call(&dogpile, &computed))
        };
        let hang = || std::future::pending::<usize>();
        let mine = poll_once(dogpile.get_or_compute_async(hang));
        assert!(mine.is_none_or(|value| value == 1));
        assert_eq!(other.join().unwrap(), 1, "it computes, sooner or later");
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn dropped_leader_hands_over_to_a_task() {
    dropped_leader_hands_over_to(by_task);
}

#[test]
fn dropped_leader_hands_over_to_a_thread() {
    dropped_leader_hands_over_to(by_thread);
}

/// A follower that is dropped while its flight lands, and one that stays.
fn dropped_follower_disturbs_nobody(leader: Call) {
    check(2, move || {
        let (dogpile, computed) = (dogpile(), counter());
        let others: Vec<_> = [leader, by_task]
            .into_iter()
            .map(|call| {
                let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
                thread::spawn(move || call(&dogpile, &computed))
            })
            .collect();
        let bell = Arc::<Bell>::default();
        let waker = Waker::from(Arc::clone(&bell));
        let mut follower: Pin<Box<dyn Future<Output = usize>>> =
            Box::pin(dogpile.get_or_compute_async(std::future::pending));
        let _ = follower.as_mut().poll(&mut Context::from_waker(&waker));
        drop(follower);
        for other in others {
            assert_eq!(other.join().unwrap(), 1);
        }
        assert_eq!(Arc::strong_count(&bell), 2, "a waker was left behind");
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn follower_dropped_while_a_thread_lands_disturbs_nobody() {
    dropped_follower_disturbs_nobody(by_thread);
}

#[test]
fn failed_leader_wakes_a_task_that_takes_over() {
    check(3, || {
        let (dogpile, attempts) = (dogpile(), counter());
        let call = |attempts: &AtomicUsize| match next(attempts) {
            1 => Err("the first attempt fails"),
            n => Ok(n),
        };
        let other = {
            let (dogpile, attempts) = (Arc::clone(&dogpile), Arc::clone(&attempts));
            thread::spawn(move || block_on(dogpile.try_get_or_compute_async(async || call(&attempts))))
        };
        let results = [dogpile.try_get_or_compute(|| call(&attempts)), other.join().unwrap()];
        assert!(results.contains(&Ok(2)), "the other one took over: {results:?}");
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn set_wakes_a_task_that_follows_a_leader_that_hangs() {
    check(3, || {
        let (dogpile, computed) = (dogpile(), counter());
        let mut hung = Box::pin(dogpile.get_or_compute_async(std::future::pending));
        assert!(hung.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let follower = {
            let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
            thread::spawn(move || by_task(&dogpile, &computed))
        };
        dogpile.set(7);
        assert_eq!(follower.join().unwrap(), 7);
        assert_eq!(computed.load(Ordering::SeqCst), 0);
    });
}
