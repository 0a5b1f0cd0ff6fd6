//! Futures that are dropped, wherever they are.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;

use dogpile::DogpileMap;
use dogpile::testing::freeze;

use crate::by_hand::{OnDrop, Task, at_once, hang, pauses, with_both};
use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly};

/// The most await points of a computation here.
const MOST: usize = 4;

#[test]
fn leader_dropped_at_any_await_hands_over_to_a_task() {
    let _time = freeze();
    for await_points in 1..=MOST {
        for polls in 1..=await_points {
            with_both!(hourly(), |dogpile| {
                let dropped = Event::default();
                let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
                    let _held = OnDrop(&dropped);
                    pauses(await_points).await;
                    1
                }));
                let mut followers: Vec<_> = (2..4)
                    .map(|value| Task::pending(dogpile.get_or_compute_async(async move || value)))
                    .collect();
                for _ in 1..polls {
                    assert_eq!(leader.poll(), None);
                }
                leader.cancel();
                dropped.wait("what the computation held is dropped");
                assert!(!dogpile.is_computing());
                assert_eq!(followers[1].finish(), 3, "whoever comes first");
                assert_eq!(followers[0].finish(), 3);
                let stats = dogpile.stats();
                assert_eq!((stats.cancellations, stats.panics, stats.computations), (1, 0, 2));
            });
        }
    }
}

#[test]
fn leader_dropped_at_any_await_hands_over_to_a_thread() {
    let _time = freeze();
    for await_points in 1..=MOST {
        with_both!(hourly(), |dogpile| {
            let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
                pauses(MOST).await;
                1
            }));
            thread::scope(|scope| {
                let follower = scope.spawn(|| dogpile.get_or_compute(|| 2));
                eventually("a thread waits", || dogpile.stats().waits == 1);
                for _ in 1..await_points {
                    assert_eq!(leader.poll(), None);
                }
                leader.cancel();
                assert_eq!(follower.join().unwrap(), 2);
            });
        });
    }
}

/// A computation under way.
struct Running<'a>(&'a Cell<u32>);

impl<'a> Running<'a> {
    fn one(running: &'a Cell<u32>) -> Self {
        running.set(running.get() + 1);
        assert_eq!(running.get(), 1, "one at a time");
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn what_a_computation_held_is_dropped_before_its_successor_begins() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let running = Cell::new(0);
        let compute = async || {
            let _running = Running::one(&running);
            pauses(1).await;
            1
        };
        let mut herd: Vec<_> = (0..3).map(|_| Task::pending(dogpile.get_or_compute_async(compute))).collect();
        herd[0].cancel();
        assert!(herd[1].poll().is_none() && herd[2].poll().is_none());
        herd[1].cancel();
        assert_eq!(herd[2].poll(), None);
        assert_eq!(herd[2].finish(), 1);
    });
}

#[test]
fn dropped_leader_of_a_stale_value_does_not_hold_the_next_attempt_back() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let mut leader = Task::pending(dogpile.get_or_compute_async(hang));
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1);
        leader.cancel();
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2, "at once");
    });
}

#[test]
fn follower_leaves_one_waker_however_often_it_is_polled() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        for _ in 0..5 {
            assert_eq!(follower.poll(), None, "polled in vain");
            assert_eq!(follower.wakers(), 1);
        }
        assert_eq!(leader.finish(), 1);
        assert_eq!((follower.wakers(), follower.rings()), (0, 1), "woken once, and forgotten");
        assert_eq!(follower.finish(), 1);
    });
}

#[test]
fn follower_is_woken_by_the_waker_of_its_last_poll() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut first = Task::pending(dogpile.get_or_compute_async(hang));
        // The future moves to another task, which polls it with a waker of its own.
        let mut second = first.moved();
        assert_eq!(second.poll(), None);
        assert_eq!((first.wakers(), second.wakers()), (0, 1));
        assert_eq!(leader.finish(), 1);
        assert!(!first.is_woken());
        assert_eq!(second.finish(), 1);
    });
}

#[test]
fn dropped_follower_takes_its_waker_along() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut followers: Vec<_> =
            (0..3).map(|_| Task::pending(dogpile.get_or_compute_async(hang))).collect();
        followers[1].cancel();
        assert_eq!(followers.iter().map(Task::wakers).collect::<Vec<_>>(), [1, 0, 1]);
        assert_eq!(leader.finish(), 1);
        followers[2].cancel();
        assert_eq!(followers[0].finish(), 1);
        assert_eq!(followers[1].rings(), 0, "it was gone");
        assert!(followers.iter().all(|follower| follower.wakers() == 0));
    });
}

#[test]
fn follower_dropped_when_woken_takes_nothing_from_the_others() {
    // Whoever was woken first is not the only one who could take over.
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(hang));
        let mut followers: Vec<_> =
            (1..4).map(|value| Task::pending(dogpile.get_or_compute_async(async move || value))).collect();
        leader.cancel();
        followers[0].cancel();
        followers[1].cancel();
        assert_eq!(followers[2].finish(), 3);
    });
}

#[test]
fn key_of_a_dropped_computation_is_not_kept() {
    let _time = freeze();
    // With so small a capacity, what leaves does not wait for company.
    let map = DogpileMap::<Arc<u32>, u32>::new(hourly().capacity(1));
    let key = Arc::new(1);
    let mut leader = Task::pending(map.get_or_compute_async(Arc::clone(&key), hang));
    let mut follower = Task::pending(map.get_or_compute_async(Arc::clone(&key), hang));
    leader.cancel();
    assert_eq!(follower.poll(), None, "it leads now");
    assert!(map.is_computing(&key));
    follower.cancel();
    drop((leader, follower));
    assert_eq!(Arc::strong_count(&key), 1);
}

#[test]
fn dropped_orphan_hands_over_to_whoever_follows_it() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut orphan = Task::pending(dogpile.get_or_compute_async(hang));
        let mut old = Task::pending(dogpile.get_or_compute_async(hang));
        dogpile.invalidate();
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            2
        }));
        orphan.cancel();
        assert!(dogpile.is_computing(), "the new one is not touched");
        assert!(old.is_woken());
        assert_eq!(old.poll(), None, "it follows the new one");
        assert_eq!(leader.finish(), 2);
        assert_eq!(old.finish(), 2);
        assert_eq!(dogpile.stats().computations, 2);
    });
}

#[test]
fn computation_may_drop_other_callers() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let follower = Cell::new(None);
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            drop(follower.take());
            1
        }));
        follower.set(Some(Task::pending(dogpile.get_or_compute_async(hang))));
        assert_eq!(leader.finish(), 1);
    });
}
