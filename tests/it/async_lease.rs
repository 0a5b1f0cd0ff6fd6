//! Leases: nobody depends for ever on a leader who does not come back.

use std::future::Future as _;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use dogpile::Dogpile;
use dogpile::testing::freeze;

use crate::by_hand::{Signal, Task, at_once, hang, pauses, with_both};
use crate::locks::within_deadline;
use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly, panic_of};

const LEASE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq)]
struct Down(u32);

#[test]
fn task_takes_over_from_one_that_is_never_polled_again() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        let mut forgotten = Task::pending(dogpile.get_or_compute_async(hang));
        let mut followers: Vec<_> =
            (0..3).map(|_| Task::pending(dogpile.get_or_compute_async(async || 2))).collect();
        time.advance(LEASE);
        assert!(followers.iter_mut().all(|follower| follower.poll().is_none()), "the lease has not run out");
        time.advance(NANOSECOND);
        for follower in &mut followers {
            assert_eq!(follower.finish(), 2);
        }
        assert_eq!(dogpile.stats().computations, 2);
        forgotten.cancel();
        assert_eq!(dogpile.get(), Some(2));
        assert!(followers.iter().all(|follower| follower.wakers() == 0));
    });
}

#[test]
fn thread_takes_over_from_a_task_that_is_never_polled_again() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        let forgotten = Task::pending(dogpile.get_or_compute_async(hang));
        thread::scope(|scope| {
            let follower = scope.spawn(|| dogpile.get_or_compute(|| 2));
            eventually("a thread waits", || dogpile.stats().waits == 1);
            assert!(!follower.is_finished());
            time.advance(LEASE + NANOSECOND);
            assert_eq!(follower.join().unwrap(), 2);
        });
        drop(forgotten);
        assert_eq!(dogpile.get(), Some(2));
    });
}

#[test]
fn thread_that_hangs_is_replaced_by_a_thread_and_by_a_task() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        let (leads, release) = (Event::default(), Event::default());
        thread::scope(|scope| {
            let hung = scope.spawn(|| {
                dogpile.get_or_compute(|| {
                    leads.happen();
                    release.wait("it was replaced");
                    1
                })
            });
            leads.wait("a leader");
            let mut task = Task::pending(dogpile.get_or_compute_async(async || 2));
            let follower = scope.spawn(|| dogpile.get_or_compute(|| 2));
            eventually("both wait", || dogpile.stats().waits == 2);
            time.advance(LEASE + NANOSECOND);
            assert_eq!((follower.join().unwrap(), task.finish()), (2, 2));
            assert_eq!(dogpile.stats().computations, 2);
            release.happen();
            assert_eq!(hung.join().unwrap(), 1, "its own caller gets what it computed");
        });
        assert_eq!(dogpile.get(), Some(2), "and nobody else");
    });
}

#[test]
fn without_a_lease_those_who_have_nothing_else_wait() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut kept = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        time.advance(HOUR * 1_000);
        assert!(!follower.is_woken(), "for as long as it takes");
        assert_eq!(kept.finish(), 1);
        assert_eq!(follower.finish(), 1);
    });
}

#[test]
fn new_caller_replaces_a_leader_without_having_waited() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        let mut hung = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        time.advance(LEASE);
        drop(Task::pending(dogpile.get_or_compute_async(async || 2)));
        time.advance(NANOSECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2);
        assert_eq!(hung.finish(), 1);
        assert_eq!(dogpile.get(), Some(2));
    });
}

#[test]
fn lease_of_a_refresh_reopens_the_election() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let mut hung = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            2
        }));
        time.advance(LEASE);
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1);
        time.advance(NANOSECOND);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 3)), 3);
        assert_eq!(hung.finish(), 2);
        assert_eq!(dogpile.get(), Some(3));
    });
}

/// A leader whose lease has run out, the one that replaced it, and one that follows and has not looked since.
macro_rules! superseded {
    ($dogpile:ident, $time:ident, $end:expr) => {{
        type Outcome = Result<u32, Down>;
        let release = Signal::default();
        let mut hung: Task<'_, Outcome> =
            Task::pending($dogpile.try_get_or_compute_shared_async(async || {
                pauses(1).await;
                $end
            }));
        let follower = Task::pending($dogpile.try_get_or_compute_shared_async(async || Outcome::Ok(3)));
        $time.advance(LEASE + NANOSECOND);
        let mut leader = Task::pending($dogpile.try_get_or_compute_shared_async(async || {
            release.wait().await;
            Outcome::Ok(2)
        }));
        let own = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hung.poll()));
        let mut follower = follower;
        assert_eq!(follower.poll(), None, "what came too late is nobody's but its own caller's");
        assert!($dogpile.is_computing(), "the new flight is not touched");
        release.happen();
        assert_eq!(leader.finish(), Ok(2));
        assert_eq!(follower.finish(), Ok(2));
        assert_eq!($dogpile.get(), Some(2));
        assert_eq!(at_once($dogpile.get_or_compute_async(hang)), 2);
        own
    }};
}

#[test]
fn late_result_of_a_superseded_leader_is_dropped() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        assert_eq!(superseded!(dogpile, time, Ok(1)).unwrap(), Some(Ok(1)));
    });
}

#[test]
fn late_error_of_a_superseded_leader_is_dropped() {
    let time = freeze();
    with_both!(hourly::<u32>().lease(LEASE), |dogpile| {
        let own = superseded!(dogpile, time, Err(Down(1))).unwrap();
        assert_eq!(own, Some(Err(Down(1))));
    });
}

#[test]
fn late_error_is_dropped_with_no_lock_held() {
    /// Calls back.
    #[derive(Clone)]
    struct Asks(Arc<Dogpile<u32>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            assert!(self.0.is_computing());
        }
    }
    let time = freeze();
    let dogpile = Arc::new(Dogpile::new(hourly().lease(LEASE)));
    let asks = Arc::clone(&dogpile);
    let mut hung = Box::pin(async move {
        let fail = async || {
            pauses(1).await;
            Err(Asks(Arc::clone(&asks)))
        };
        asks.try_get_or_compute_shared_async(fail).await.is_err()
    });
    assert!(hung.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    time.advance(LEASE + NANOSECOND);
    let _leader = Task::pending(dogpile.get_or_compute_async(hang));
    within_deadline("an error that calls back", move || assert!(at_once(hung)));
}

#[test]
fn late_panic_of_a_superseded_leader_is_dropped() {
    let time = freeze();
    with_both!(hourly::<u32>().lease(LEASE), |dogpile| {
        let own = superseded!(dogpile, time, panic!("late, and meant"));
        assert_eq!(crate::support::message(&*own.unwrap_err()), "late, and meant");
    });
}

#[test]
fn late_error_does_not_back_off_what_replaced_it() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let mut hung = Task::pending(dogpile.try_get_or_compute_async(async || {
            pauses(1).await;
            Err(Down(1))
        }));
        time.advance(LEASE + NANOSECOND);
        let mut leader = Task::pending(dogpile.get_or_compute_async(hang));
        assert_eq!(hung.finish(), Ok(1), "there is something to fall back on");
        leader.cancel();
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2, "at once");
    });
}

#[test]
fn policies_of_zero_are_refused() {
    let message = panic_of(|| Dogpile::<u32>::new(hourly().lease(Duration::ZERO)));
    assert!(message.contains("`lease` is zero") && message.contains("help: "), "{message}");
}
