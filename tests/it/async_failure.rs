//! Errors, panics, refused values, for tasks.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;

use crate::by_hand::{Task, at_once, hang, pauses, with_both};
use crate::support::{HOUR, NANOSECOND, eventually, hourly, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// Not `Clone`.
#[derive(Debug, PartialEq)]
struct Unclonable(u32);

#[derive(Debug, Clone, PartialEq)]
struct Down(u32);

#[test]
fn error_is_never_cached() {
    let _time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        for attempt in 1..=2 {
            let call = dogpile.try_get_or_compute_async(async || Err(Unclonable(attempt)));
            assert_eq!(at_once(call), Err(Unclonable(attempt)), "the next call tries at once");
        }
        assert!(!dogpile.is_computing());
        assert_eq!(at_once(dogpile.try_get_or_compute_async(async || Ok::<_, Unclonable>(3))), Ok(3));
        assert_eq!(dogpile.stats().failures, 2);
    });
}

#[test]
fn leader_too_gets_the_stale_value_instead_of_its_error() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let mut leader = Task::pending(dogpile.try_get_or_compute_async(async || {
            pauses(1).await;
            Err(Unclonable(1))
        }));
        assert_eq!(leader.finish(), Ok(1));
        let stats = dogpile.stats();
        assert_eq!((stats.computations, stats.failures, stats.stale_served), (1, 1, 1));
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1, "backing off");
        time.advance(SECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2);
    });
}

#[test]
fn value_set_while_a_computation_fails_is_returned_instead_of_the_error() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.try_get_or_compute_async(async || {
            pauses(1).await;
            Err(Unclonable(1))
        }));
        dogpile.set(7);
        assert_eq!(leader.finish(), Ok(7));
        assert_eq!(dogpile.stats().stale_served, 0, "it is fresh");
    });
}

#[test]
fn failing_origin_is_asked_once_per_herd_when_the_error_is_shared() {
    let _time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        let mut herd: Vec<_> = (0..20)
            .map(|_| {
                Task::pending(dogpile.try_get_or_compute_shared_async(async || {
                    pauses(1).await;
                    Err(Down(7))
                }))
            })
            .collect();
        for caller in &mut herd {
            assert_eq!(caller.finish(), Err(Down(7)));
        }
        assert_eq!(dogpile.stats().computations, 1);
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn shared_error_of_a_task_answers_threads_and_the_other_way_round() {
    let _time = freeze();
    let dogpile = dogpile::Dogpile::<u32>::new(hourly());
    let mut leader = Task::pending(dogpile.try_get_or_compute_shared_async(async || {
        pauses(1).await;
        Err(Down(7))
    }));
    thread::scope(|scope| {
        let follower = scope.spawn(|| {
            dogpile.try_get_or_compute_shared(|| -> Result<_, Down> { unreachable!("it follows") })
        });
        eventually("a thread waits", || dogpile.stats().waits == 1);
        assert_eq!(leader.finish(), Err(Down(7)));
        assert_eq!(follower.join().unwrap(), Err(Down(7)));
    });
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.try_get_or_compute_shared(|| {
                eventually("a task waits", || dogpile.stats().waits == 2);
                Err(Down(8))
            })
        });
        eventually("a leader", || dogpile.is_computing());
        let mut follower = Task::new(dogpile.try_get_or_compute_shared_async(hang::<Result<u32, Down>>));
        // It counts before it sits down, so that the leader may be back by then.
        let at_once = follower.poll();
        assert_eq!(leader.join().unwrap(), Err(Down(8)));
        assert_eq!(at_once.unwrap_or_else(|| follower.finish()), Err(Down(8)));
    });
}

#[test]
fn followers_of_an_unshared_error_take_over_one_after_the_other() {
    let _time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        let attempt = Cell::new(0);
        let mut herd: Vec<_> = (0..4)
            .map(|_| {
                Task::pending(dogpile.try_get_or_compute_async(async || {
                    pauses(1).await;
                    attempt.set(attempt.get() + 1);
                    if attempt.get() < 3 { Err(Unclonable(attempt.get())) } else { Ok(attempt.get()) }
                }))
            })
            .collect();
        assert_eq!(herd[0].finish(), Err(Unclonable(1)));
        for follower in &mut herd[1..] {
            assert!(follower.is_woken());
            assert_eq!(follower.poll(), None, "one leads, the rest sleeps again");
        }
        assert_eq!(herd[1].finish(), Err(Unclonable(2)));
        assert!(herd[2].poll().is_none() && herd[3].poll().is_none());
        assert_eq!(herd[2].finish(), Ok(3));
        assert_eq!(herd[3].finish(), Ok(3));
        assert_eq!(attempt.get(), 3);
    });
}

#[test]
fn follower_with_another_error_type_takes_over() {
    let _time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        let mut leader = Task::pending(dogpile.try_get_or_compute_shared_async(async || {
            pauses(1).await;
            Err(Down(1))
        }));
        let mut other = Task::pending(dogpile.try_get_or_compute_shared_async(async || Err("another")));
        let mut none = Task::pending(dogpile.get_or_compute_async(async || 3));
        assert_eq!(leader.finish(), Err(Down(1)));
        assert_eq!(other.finish(), Err("another"));
        assert_eq!(none.finish(), 3);
    });
}

#[test]
fn panic_goes_to_the_leader_alone_and_a_follower_takes_over() {
    let _time = freeze();
    for await_points in 0..3 {
        with_both!(hourly(), |dogpile| {
            let mut leader = Task::new(dogpile.get_or_compute_async(async || {
                pauses(1 + await_points).await;
                panic!("boom")
            }));
            assert_eq!(leader.poll(), None);
            let mut follower = Task::pending(dogpile.get_or_compute_async(async || 2));
            for _ in 0..await_points {
                assert_eq!(leader.poll(), None);
            }
            assert_eq!(panic_of(|| leader.poll()), "boom");
            assert_eq!(follower.finish(), 2, "even before the panicked future is dropped");
            assert_eq!((dogpile.stats().panics, dogpile.stats().computations), (1, 2));
            assert_eq!(dogpile.stats().cancellations, 0);
        });
    }
}

#[test]
fn panic_before_there_is_a_future_wedges_nothing() {
    let _time = freeze();
    fn boom() -> std::future::Ready<u32> {
        panic!("boom")
    }
    with_both!(hourly(), |dogpile| {
        assert_eq!(panic_of(|| at_once(dogpile.get_or_compute_async(boom))), "boom");
        assert!(!dogpile.is_computing());
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2);
        assert_eq!(dogpile.stats().panics, 1);
    });
}

#[test]
fn panic_of_a_task_hands_over_to_a_thread_and_the_other_way_round() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            panic!("boom")
        }));
        thread::scope(|scope| {
            let follower = scope.spawn(|| dogpile.get_or_compute(|| 1));
            eventually("a thread waits", || dogpile.stats().waits == 1);
            assert_eq!(panic_of(|| leader.poll()), "boom");
            assert_eq!(follower.join().unwrap(), 1);
        });
        dogpile.invalidate();
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                panic_of(|| {
                    dogpile.get_or_compute(|| {
                        eventually("a task waits", || dogpile.stats().waits == 2);
                        panic!("boom")
                    })
                })
            });
            eventually("a leader", || dogpile.is_computing());
            let mut follower = Task::new(dogpile.get_or_compute_async(async || 2));
            // As above: it may find the leader gone at once.
            let at_once = follower.poll();
            assert_eq!(leader.join().unwrap(), "boom");
            assert_eq!(at_once.unwrap_or_else(|| follower.finish()), 2);
        });
    });
}

#[test]
fn panic_keeps_the_stale_value_and_backs_off() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let boom = async || panic!("boom");
        assert_eq!(panic_of(|| at_once(dogpile.get_or_compute_async(boom))), "boom");
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1, "backing off");
        time.advance(SECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2);
    });
}

#[test]
fn panic_of_somebody_else_in_the_same_task_is_a_cancellation() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let mut task: Task<'_, ()> = Task::pending(async {
            let _leader = Task::pending(dogpile.get_or_compute_async(hang));
            pauses(1).await;
            panic!("boom")
        });
        assert_eq!(panic_of(|| task.poll()), "boom");
        assert_eq!((dogpile.stats().panics, dogpile.stats().cancellations), (0, 1));
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2, "at once");
    });
}

#[test]
fn refused_value_goes_to_leader_and_followers_and_is_not_stored() {
    let time = freeze();
    with_both!(hourly::<u32>().stale(HOUR).cache_if(|value| *value != 0), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            0
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        assert_eq!((leader.finish(), follower.finish()), (0, 0));
        assert!(!dogpile.has_value());
        assert_eq!(dogpile.stats().computations, 1);
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 0)), 0, "refused, to its leader");
        assert_eq!(dogpile.get(), Some(1), "the old value stays");
    });
}

#[test]
fn panicking_cache_if_wedges_nothing() {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the type of a predicate")]
    fn refuse(value: &u32) -> bool {
        if *value == 0 { panic!("refused") } else { true }
    }
    let _time = freeze();
    with_both!(hourly().cache_if(refuse), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            0
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(async || 1));
        assert_eq!(panic_of(|| leader.poll()), "refused");
        assert_eq!(follower.finish(), 1);
        assert!(!dogpile.is_computing());
    });
}
