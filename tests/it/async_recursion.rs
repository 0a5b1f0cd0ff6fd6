//! Tasks that ask for what they are computing.
//!
//! What is found: whatever a computation calls while it is polled, as a thread or as a task, at any depth, in any branch.
//! What is not: a computation that waits for another task, which asks for the same.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap};

use crate::by_hand::{Task, at_once, block_on, hang, pauses, with_both};
use crate::locks::within_deadline;
use crate::support::{HOUR, NANOSECOND, hourly, panic_of};

/// Both of two futures, polled in turn by one task.
async fn join<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none() {
            if let Poll::Ready(output) = one.as_mut().poll(context) {
                first = Some(output);
            }
        }
        if second.is_none() {
            if let Poll::Ready(output) = other.as_mut().poll(context) {
                second = Some(output);
            }
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (first.unwrap(), second.unwrap())
}

fn assert_recursion(message: &str, name: &str) {
    let is_meant =
        message.starts_with(&format!("`{name}` is called by the computation of its own first value"));
    assert!(is_meant && message.contains("help: "), "{message}");
}

#[test]
fn recursion_on_a_first_value_panics_with_the_name() {
    let _time = freeze();
    for await_points in 0..3 {
        with_both!(hourly().name("ouroboros"), |dogpile| {
            let mut task = Task::new(dogpile.get_or_compute_async(async || {
                pauses(await_points).await;
                dogpile.get_or_compute_async(hang::<u32>).await
            }));
            for _ in 0..await_points {
                assert_eq!(task.poll(), None);
            }
            assert_recursion(&panic_of(|| task.poll()), "ouroboros");
            assert!(!dogpile.is_computing());
            assert_eq!(at_once(dogpile.get_or_compute_async(async || 1)), 1, "nothing is wedged");
        });
    }
}

#[test]
fn recursion_in_a_branch_is_found() {
    let _time = freeze();
    with_both!(hourly().name("ouroboros"), |dogpile| {
        let mut task = Task::pending(dogpile.get_or_compute_async(async || {
            let late = async {
                pauses(1).await;
                dogpile.get_or_compute_async(hang::<u32>).await
            };
            join(hang::<u32>(), late).await.1
        }));
        assert_recursion(&panic_of(|| task.poll()), "ouroboros");
    });
}

#[test]
fn branches_of_one_task_are_callers_like_others() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let compute = async || {
            pauses(1).await;
            1
        };
        let both = join(dogpile.get_or_compute_async(compute), dogpile.get_or_compute_async(compute));
        let mut task = Task::pending(both);
        assert_eq!(task.finish(), (1, 1));
        assert_eq!((dogpile.stats().computations, dogpile.stats().waits), (1, 1));
    });
}

#[test]
fn sync_call_in_the_body_of_a_task_panics_instead_of_hanging() {
    let _time = freeze();
    with_both!(hourly().name("ouroboros"), |dogpile| {
        let mut task = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            dogpile.get_or_compute(|| 1)
        }));
        assert_recursion(&panic_of(|| task.poll()), "ouroboros");
        let before_the_future = || std::future::ready(dogpile.get_or_compute(|| 1));
        assert_recursion(&panic_of(|| at_once(dogpile.get_or_compute_async(before_the_future))), "ouroboros");
        assert_eq!(dogpile.get_or_compute(|| 1), 1, "nothing is wedged");
    });
}

#[test]
fn task_in_the_body_of_a_thread_panics_instead_of_hanging() {
    let _time = freeze();
    with_both!(hourly().name("ouroboros"), |dogpile| {
        let message =
            panic_of(|| dogpile.get_or_compute(|| block_on(dogpile.get_or_compute_async(async || 1))));
        assert_recursion(&message, "ouroboros");
    });
}

#[test]
fn what_is_called_with_a_result_may_not_ask_for_it_either() {
    // It runs between the last poll of the computation and its landing.
    static ASKS: Dogpile<u32> =
        Dogpile::new(hourly().name("asks").cache_if(|_| ASKS.get_or_compute(|| 1) > 0));
    static FAILS: Dogpile<u32> = Dogpile::new(hourly().name("fails"));
    #[derive(Debug)]
    struct Error;
    impl Clone for Error {
        fn clone(&self) -> Self {
            FAILS.get_or_compute(|| 1);
            Self
        }
    }
    let _time = freeze();
    within_deadline("what is called with a result", || {
        assert_recursion(&panic_of(|| block_on(ASKS.get_or_compute_async(async || 1))), "asks");
        assert!(!ASKS.is_computing());
        let call = || block_on(FAILS.try_get_or_compute_shared_async(async || Err(Error)));
        assert_recursion(&panic_of(call), "fails");
        assert!(!FAILS.is_computing());
    });
}

#[test]
fn what_a_dropped_computation_held_may_not_ask_for_it() {
    // The flight ends after it; whether it is still under way, its destructor cannot know.
    static DOGPILE: Dogpile<u32> = Dogpile::new(hourly().name("asks"));
    struct Asks(&'static Dogpile<u32>);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.get_or_compute(|| 1);
        }
    }
    let _time = freeze();
    within_deadline("a destructor that asks", || {
        let mut leader = Task::pending(DOGPILE.get_or_compute_async(async || {
            let _asks = Asks(&DOGPILE);
            hang().await
        }));
        let mut follower = Task::pending(DOGPILE.get_or_compute_async(async || 2));
        assert_recursion(&panic_of(|| leader.cancel()), "asks");
        assert_eq!(follower.finish(), 2, "nothing is wedged");
    });
}

#[test]
fn cycle_over_two_keys_panics_with_both_names() {
    let _time = freeze();
    let (chicken, egg) = (Dogpile::<u32>::new(hourly().name("chicken")), Dogpile::new(hourly().name("egg")));
    let lay = async || chicken.get_or_compute_async(hang).await;
    let message =
        panic_of(|| at_once(chicken.get_or_compute_async(async || egg.get_or_compute_async(lay).await)));
    assert_recursion(&message, "chicken");
    let map = DogpileMap::<u32, u32>::new(hourly().name("map"));
    let inner = async || map.get_or_compute_async(1, hang).await;
    let outer = async || map.get_or_compute_async(2, inner).await;
    assert_recursion(&panic_of(|| at_once(map.get_or_compute_async(1, outer))), "map");
}

#[test]
fn recursion_works_while_a_stale_value_exists_and_on_other_keys() {
    static FIBONACCI: DogpileMap<u64, u64> = DogpileMap::new(hourly());
    async fn fibonacci(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let before = |n| Box::pin(FIBONACCI.get_or_compute_async(n, move || fibonacci(n)));
        before(n - 1).await + before(n - 2).await
    }
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let call = dogpile.get_or_compute_async(async || dogpile.get_or_compute_async(hang).await + 1);
        assert_eq!(at_once(call), 2);
    });
    assert_eq!(at_once(fibonacci(50)), 12_586_269_025);
}

#[test]
fn circle_of_two_tasks_is_not_found_and_a_lease_ends_it() {
    let lease = Duration::from_secs(10);
    let time = freeze();
    let policy = hourly().lease(lease);
    let (left, right) = (Dogpile::new(policy), Dogpile::new(policy));
    let mut one = Task::pending(left.get_or_compute_async(async || {
        pauses(1).await;
        right.get_or_compute_async(async || 1).await + 1
    }));
    let mut two = Task::pending(right.get_or_compute_async(async || {
        pauses(1).await;
        left.get_or_compute_async(async || 10).await + 10
    }));
    assert!(one.poll().is_none() && two.poll().is_none());
    assert!(!one.is_woken() && !two.is_woken(), "each waits for the other");
    time.advance(lease + NANOSECOND);
    assert_eq!(one.finish(), 2, "it has computed the other's value itself");
    assert!(two.finish() >= 11);
}
