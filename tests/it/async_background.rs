//! `refresh = "background"` for tasks: computations spawned on tokio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Background, Dogpile, DogpileMap, Policy};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::by_hand::{Keyed, Task, at_once, block_on, hang, with_both};
use crate::support::{HOUR, NANOSECOND, eventually, hourly, panic_of};

const fn in_background<V>() -> Policy<V, Background> {
    hourly().refresh(Background).name("spawned")
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

/// A computation that waits until it is told.
fn told(release: &Arc<Notify>, value: u32) -> impl Future<Output = u32> + Send + use<> {
    let release = Arc::clone(release);
    async move {
        release.notified().await;
        value
    }
}

#[test]
fn every_caller_gets_the_stale_value_at_once() {
    let (time, runtime) = (freeze(), runtime());
    let _inside = runtime.enter();
    with_both!(in_background(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let release = Arc::<Notify>::default();
        assert_eq!(at_once(dogpile.get_or_compute_async(|| told(&release, 2))), 1, "the elected one, too");
        assert!(dogpile.is_computing());
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1);
        assert_eq!(dogpile.get_or_compute(|| unreachable!("a task is at it")), 1);
        release.notify_one();
        eventually("the task has landed", || dogpile.get() == Some(2));
        let stats = dogpile.stats();
        assert_eq!((stats.computations, stats.stale_served, stats.cancellations), (1, 3, 0));
    });
}

#[test]
fn cancelling_all_callers_loses_no_work() {
    let (_time, runtime) = (freeze(), runtime());
    let _inside = runtime.enter();
    with_both!(in_background(), |dogpile| {
        let release = Arc::<Notify>::default();
        let mut caller = Task::pending(dogpile.get_or_compute_async(|| told(&release, 1)));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        caller.cancel();
        follower.cancel();
        assert!(dogpile.is_computing());
        release.notify_one();
        eventually("the task has landed", || dogpile.get() == Some(1));
        assert_eq!(dogpile.stats().cancellations, 0);
    });
}

#[test]
fn caller_that_is_never_polled_again_holds_up_nobody() {
    let (_time, runtime) = (freeze(), runtime());
    with_both!(in_background(), |dogpile| {
        let release = Arc::<Notify>::default();
        let inside = runtime.enter();
        let _forgotten = Task::pending(dogpile.get_or_compute_async(|| told(&release, 1)));
        drop(inside);
        thread::scope(|scope| {
            let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
            eventually("a thread waits", || dogpile.stats().waits == 1);
            release.notify_one();
            assert_eq!(follower.join().unwrap(), 1);
        });
    });
}

#[test]
fn first_error_reaches_its_caller_and_a_later_one_keeps_the_old_value() {
    let (time, runtime) = (freeze(), runtime());
    with_both!(in_background::<u32>(), |dogpile| {
        let call = || runtime.block_on(dogpile.try_get_or_compute_async(async || Err("down")));
        assert_eq!(call(), Err("down"));
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        assert_eq!(call(), Ok(1));
        eventually("the task has failed", || dogpile.stats().failures == 2 && !dogpile.is_computing());
        assert_eq!(dogpile.get(), Some(1));
    });
}

#[test]
fn first_error_of_a_task_is_shared_with_all_who_wait() {
    let (_time, runtime) = (freeze(), runtime());
    let _inside = runtime.enter();
    with_both!(in_background::<u32>(), |dogpile| {
        let release = Arc::<Notify>::default();
        let compute = || {
            let told = told(&release, 1);
            async move { Err::<u32, _>(told.await) }
        };
        let mut herd: Vec<_> =
            (0..3).map(|_| Task::pending(dogpile.try_get_or_compute_shared_async(compute))).collect();
        release.notify_one();
        for caller in &mut herd {
            eventually("the task has failed", || caller.is_woken());
            assert_eq!(caller.finish(), Err(1));
        }
        assert_eq!(dogpile.stats().computations, 1);
    });
}

#[test]
fn panic_of_a_first_computation_reaches_its_caller_and_a_follower_takes_over() {
    let (_time, runtime) = (freeze(), runtime());
    let _inside = runtime.enter();
    with_both!(in_background(), |dogpile| {
        let release = Arc::<Notify>::default();
        let told = told(&release, 1);
        let mut caller = Task::pending(dogpile.get_or_compute_async(|| async move {
            assert_eq!(told.await, 0, "boom");
            1
        }));
        let follower = Task::pending(dogpile.get_or_compute_async(async || 2));
        release.notify_one();
        eventually("the panic", || caller.is_woken() && follower.is_woken());
        let message = panic_of(|| caller.poll());
        assert!(message.contains("boom"), "{message}");
        assert_eq!(block_on(follower.into_future()), 2);
        assert_eq!((dogpile.stats().panics, dogpile.stats().computations), (1, 2));
    });
}

#[test]
fn panic_of_a_refresh_keeps_the_old_value_and_backs_off() {
    let (time, runtime) = (freeze(), runtime());
    let _inside = runtime.enter();
    with_both!(in_background(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || panic!("of a task, and meant"))), 1);
        eventually("the task has panicked", || !dogpile.is_computing());
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1, "backing off");
        assert_eq!(dogpile.stats().panics, 1);
    });
}

#[test]
fn runtime_shut_down_under_a_computation_hands_over() {
    let _time = freeze();
    with_both!(in_background(), |dogpile| {
        let (first, second) = (runtime(), runtime());
        let inside = first.enter();
        let mut caller = Task::pending(dogpile.get_or_compute_async(hang));
        let follower = Task::pending(dogpile.get_or_compute_async(async || 2));
        drop(inside);
        first.shutdown_timeout(Duration::from_secs(10));
        assert!(follower.is_woken());
        let message = panic_of(|| caller.poll());
        assert!(
            message.starts_with("the runtime that computed `spawned` was shut down under it"),
            "{message}"
        );
        assert_eq!(second.block_on(follower.into_future()), 2);
        assert_eq!(dogpile.stats().cancellations, 1);
    });
}

#[test]
fn call_in_a_runtime_that_was_shut_down_says_so() {
    let time = freeze();
    with_both!(in_background(), |dogpile| {
        let runtime = runtime();
        let handle = runtime.handle().clone();
        runtime.shutdown_timeout(Duration::from_secs(10));
        let _inside = handle.enter();
        let message = panic_of(|| at_once(dogpile.get_or_compute_async(async || 1)));
        assert!(message.starts_with("the runtime that computed `spawned` was shut down"), "{message}");
        assert!(!dogpile.is_computing());
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 1, "and nobody misses a stale value");
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn outside_of_a_runtime_the_panic_is_clear_and_nothing_is_wedged() {
    let (time, runtime) = (freeze(), runtime());
    with_both!(in_background(), |dogpile| {
        let call = || panic_of(|| at_once(dogpile.get_or_compute_async(async || 1)));
        let message = call();
        assert!(message.starts_with("`spawned` is computed in the background"), "{message}");
        assert!(message.contains("tokio") && message.contains("help: "), "{message}");
        assert_eq!(call(), message);
        assert!(!dogpile.is_computing());
        dogpile.set(1);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 1, "a hit needs none");
        time.advance(HOUR + NANOSECOND);
        assert_eq!(call(), message);
        time.advance(Duration::from_secs(60));
        assert_eq!(runtime.block_on(dogpile.get_or_compute_async(async || 2)), 1);
        eventually("the task has landed", || dogpile.get() == Some(2));
    });
}

#[test]
fn recursion_in_a_spawned_computation_panics_with_the_name() {
    static DOGPILE: Dogpile<u32, Background> = Dogpile::new(in_background());
    let (_time, runtime) = (freeze(), runtime());
    let recurse = async || DOGPILE.get_or_compute_async(async || 1).await;
    let message = panic_of(|| runtime.block_on(DOGPILE.get_or_compute_async(recurse)));
    assert!(
        message.starts_with("`spawned` is called by the computation of its own first value"),
        "{message}"
    );
    assert_eq!(runtime.block_on(DOGPILE.get_or_compute_async(async || 1)), 1);
}

#[test]
fn refresh_that_waits_for_a_worker_is_taken_over_by_a_task_whose_value_is_gone() {
    // Threads regenerate by the pool, tasks by tokio; the flights are the same.
    let (time, runtime) = (freeze(), runtime());
    let maps: Vec<_> = (0..64).map(|_| Keyed::<u32, _>::new(in_background().stale(HOUR))).collect();
    let release = Arc::new(crate::support::Event::default());
    for map in &maps {
        map.set(1);
    }
    time.advance(HOUR + NANOSECOND);
    for map in &maps {
        let release = Arc::clone(&release);
        let slow = move || {
            release.wait("the queued one was taken over");
            2
        };
        assert_eq!(map.get_or_compute(slow), 1);
    }
    time.advance(HOUR * 2);
    let last = maps.iter().rfind(|map| map.stats().computations == 0).expect("the pool is bounded");
    assert_eq!(runtime.block_on(last.get_or_compute_async(async || 3)), 3);
    release.happen();
    eventually("the workers are done", || maps.iter().all(|map| !map.is_computing()));
    assert_eq!((last.get(), last.stats().computations), (Some(3), 1));
}

#[test]
fn dogpile_may_be_dropped_while_a_task_computes() {
    let (_time, runtime) = (freeze(), runtime());
    let _inside = runtime.enter();
    let value = Arc::new(());
    let release = Arc::<Notify>::default();
    let map = DogpileMap::new(in_background());
    let (told, result) = (told(&release, 0), Arc::clone(&value));
    let compute = || async move {
        told.await;
        result
    };
    drop(Task::pending(map.get_or_compute_async(1, compute)));
    drop(map);
    release.notify_one();
    eventually("the task has landed nowhere", || Arc::strong_count(&value) == 1);
}

#[test]
fn refresh_on_a_runtime_that_nobody_drives_is_taken_over() {
    let (time, driven) = (freeze(), runtime());
    with_both!(in_background().stale(HOUR), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        // It ends with the call, and so the task is never polled.
        let undriven = Builder::new_current_thread().build().unwrap();
        let is_computed = Arc::<AtomicBool>::default();
        let computed = Arc::clone(&is_computed);
        let compute = || async move {
            computed.store(true, Ordering::SeqCst);
            2
        };
        assert_eq!(undriven.block_on(dogpile.get_or_compute_async(compute)), 1);
        assert!(dogpile.is_computing());
        time.advance(HOUR);
        assert_eq!(driven.block_on(dogpile.get_or_compute_async(async || 3)), 3);
        undriven.block_on(async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(dogpile.get(), Some(3));
        let stats = dogpile.stats();
        assert_eq!((stats.computations, stats.cancellations, stats.waits), (1, 0, 0));
        assert!(!is_computed.load(Ordering::SeqCst), "nobody wants it any more");
    });
}
