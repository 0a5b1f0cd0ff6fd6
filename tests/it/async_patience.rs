//! Patience: callers that wait no longer than they said. And the timer, by the real clock.

use std::thread;
use std::time::Duration;

use dogpile::WaitTimeout;
use dogpile::testing::freeze;

use crate::by_hand::{Task, at_once, block_on, hang, pauses, with_both};
use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly};

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq)]
enum Failure {
    TooLate(WaitTimeout),
}

impl From<WaitTimeout> for Failure {
    fn from(timeout: WaitTimeout) -> Self {
        Self::TooLate(timeout)
    }
}

#[test]
fn follower_runs_out_of_patience_and_the_flight_goes_on() {
    let time = freeze();
    with_both!(hourly().name("slow"), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_timeout_async(SECOND, hang));
        let mut fallible =
            Task::pending(dogpile.try_get_or_compute_timeout_async(SECOND, hang::<Result<u32, Failure>>));
        time.advance(SECOND.saturating_sub(NANOSECOND));
        assert!(follower.poll().is_none() && fallible.poll().is_none());
        time.advance(NANOSECOND);
        let timeout = follower.finish().unwrap_err();
        assert_eq!(timeout.name(), "slow");
        assert!(timeout.to_string().contains("`slow`"), "{timeout}");
        assert_eq!(fallible.finish(), Err(Failure::TooLate(timeout)));
        assert_eq!((follower.wakers(), fallible.wakers()), (0, 0));
        assert_eq!(leader.finish(), 1);
        assert_eq!(at_once(dogpile.get_or_compute_timeout_async(Duration::ZERO, hang)), Ok(1));
    });
}

#[test]
fn follower_with_patience_gets_what_lands_in_time() {
    let time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_timeout_async(SECOND, hang));
        let mut late = Task::pending(dogpile.get_or_compute_timeout_async(SECOND, hang));
        assert_eq!(leader.finish(), 1);
        assert_eq!(follower.finish(), Ok(1));
        time.advance(HOUR);
        assert_eq!(late.finish(), Ok(1), "there is a value, whenever it looks");
    });
}

#[test]
fn patience_is_for_others_only() {
    let time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        assert_eq!(at_once(dogpile.get_or_compute_timeout_async(Duration::ZERO, async || 1)), Ok(1));
        dogpile.invalidate();
        let mut leader = Task::pending(dogpile.get_or_compute_timeout_async(SECOND, async || {
            pauses(1).await;
            2
        }));
        let hasty = at_once(dogpile.get_or_compute_timeout_async(Duration::ZERO, hang));
        assert!(hasty.is_err(), "no patience at all");
        time.advance(HOUR);
        assert_eq!(leader.finish(), Ok(2), "what it computes itself takes as long as it takes");
    });
}

#[test]
fn patience_begins_anew_for_nobody() {
    // One leader after the other goes away; the follower is polled each time, and elsewhere somebody is quicker.
    let time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        let mut follower;
        let mut leader = Task::pending(dogpile.get_or_compute_async(hang));
        follower = Task::pending(dogpile.get_or_compute_timeout_async(SECOND, hang));
        for _ in 0..3 {
            time.advance(SECOND / 4);
            leader.cancel();
            leader = Task::pending(dogpile.get_or_compute_async(hang));
            assert!(follower.poll().is_none());
        }
        time.advance(SECOND / 4);
        assert!(follower.finish().is_err());
    });
}

#[test]
fn threads_run_out_of_patience_behind_threads_and_tasks() {
    let time = freeze();
    with_both!(hourly().name("slow"), |dogpile| {
        let leader = Task::pending(dogpile.get_or_compute_async(hang));
        thread::scope(|scope| {
            let follower =
                scope.spawn(|| dogpile.get_or_compute_timeout(SECOND, || unreachable!("it follows")));
            eventually("a thread waits", || dogpile.stats().waits == 1);
            time.advance(SECOND);
            assert_eq!(follower.join().unwrap().unwrap_err().name(), "slow");
        });
        drop(leader);
        let (leads, release) = (Event::default(), Event::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                dogpile.get_or_compute(|| {
                    leads.happen();
                    release.wait("the follower gave up");
                    1
                })
            });
            leads.wait("a leader");
            let follower =
                scope.spawn(|| dogpile.get_or_compute_timeout(SECOND, || unreachable!("it follows")));
            eventually("a thread waits", || dogpile.stats().waits == 2);
            time.advance(SECOND);
            assert!(follower.join().unwrap().is_err());
            assert!(dogpile.is_computing());
            release.happen();
        });
        assert_eq!(dogpile.get(), Some(1));
    });
}

#[test]
fn whichever_ends_first_counts_the_lease_or_the_patience() {
    let time = freeze();
    with_both!(hourly().lease(LEASE), |dogpile| {
        let hung = Task::pending(dogpile.get_or_compute_async(hang));
        let mut hasty = Task::pending(dogpile.get_or_compute_timeout_async(SECOND, async || 2));
        let mut patient = Task::pending(dogpile.get_or_compute_timeout_async(LEASE * 2, async || 2));
        time.advance(SECOND);
        assert!(hasty.finish().is_err());
        time.advance(LEASE);
        assert_eq!(patient.finish(), Ok(2), "it has taken over");
        drop(hung);
    });
}

/// Lets the real clock run, after whoever has stopped it.
fn real_clock() {
    drop(freeze());
}

#[test]
fn real_clock_wakes_tasks_whose_patience_is_over() {
    real_clock();
    with_both!(hourly::<u32>(), |dogpile| {
        let leader = Task::pending(dogpile.get_or_compute_async(hang));
        // Set first and due last: the shorter one must not wait for it. Other tests move the clock by hours.
        let long = HOUR * 400_000;
        let _patient = Task::pending(dogpile.get_or_compute_timeout_async(long, hang));
        let wait = Duration::from_millis(1);
        assert!(block_on(dogpile.get_or_compute_timeout_async(wait, hang)).is_err());
        assert!(dogpile.get_or_compute_timeout(wait, || unreachable!("it follows")).is_err());
        let mut dropped = Task::pending(dogpile.get_or_compute_timeout_async(long, hang));
        dropped.cancel();
        assert_eq!(dropped.wakers(), 0, "the alarm went with it");
        drop(leader);
    });
}

#[test]
fn real_clock_ends_leases_for_tasks_and_threads() {
    real_clock();
    with_both!(hourly().lease(Duration::from_millis(1)), |dogpile| {
        let hung = Task::pending(dogpile.get_or_compute_async(hang));
        assert_eq!(block_on(dogpile.get_or_compute_async(async || 2)), 2);
        dogpile.invalidate();
        drop(hung);
        let hung = Task::pending(dogpile.get_or_compute_async(hang));
        assert_eq!(dogpile.get_or_compute(|| 3), 3);
        drop(hung);
    });
}
