//! P1 to P6, and the decision table, for tasks.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap, Policy};

use crate::by_hand::{Signal, Task, at_once, block_on, hang, pauses, with_both};
use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly};

#[test]
fn fresh_value_is_returned_at_the_first_poll() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 1)), 1);
        time.advance(HOUR);
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1, "age == expire is still fresh");
        assert_eq!(at_once(dogpile.try_get_or_compute_async(hang::<Result<u32, ()>>)), Ok(1));
        assert_eq!(at_once(dogpile.try_get_or_compute_shared_async(hang::<Result<u32, ()>>)), Ok(1));
        assert_eq!(at_once(dogpile.get_or_compute_timeout_async(HOUR, hang)), Ok(1));
        assert_eq!(dogpile.stats().computations, 1);
    });
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let _time = freeze();
    with_both!(hourly::<u32>(), |dogpile| {
        drop(dogpile.get_or_compute_async(async || unreachable!("nobody polls it")));
        assert_eq!(dogpile.stats().computations, 0);
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn cold_herd_computes_once_and_everybody_gets_the_value() {
    const HERD: u64 = 16;
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let release = Signal::default();
        let mut herd: Vec<_> = (0..HERD)
            .map(|caller| {
                let release = &release;
                Task::pending(dogpile.get_or_compute_async(async move || {
                    release.wait().await;
                    caller
                }))
            })
            .collect();
        assert_eq!(dogpile.stats().waits, HERD - 1);
        assert!(dogpile.is_computing());
        assert_eq!(dogpile.get(), None, "`get` never waits");
        release.happen();
        assert!(herd[1..].iter().all(|follower| !follower.is_woken()), "not before it has landed");
        for caller in &mut herd {
            assert_eq!(caller.finish(), 0);
        }
        assert_eq!(dogpile.stats().computations, 1);
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn stale_value_is_served_at_the_first_poll_while_one_task_refreshes() {
    let time = freeze();
    with_both!(hourly(), |dogpile| {
        dogpile.set(1);
        time.advance(HOUR + NANOSECOND);
        let release = Signal::default();
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            release.wait().await;
            2
        }));
        for _ in 0..10 {
            assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 1);
            assert_eq!(dogpile.get_or_compute(|| unreachable!("one is at it")), 1);
        }
        release.happen();
        assert_eq!(leader.finish(), 2, "the leader gets what it computed");
        assert_eq!(at_once(dogpile.get_or_compute_async(hang)), 2);
        let stats = dogpile.stats();
        assert_eq!((stats.computations, stats.stale_served, stats.waits), (1, 20, 0));
    });
}

#[test]
fn beyond_stale_tasks_wait_again() {
    let time = freeze();
    for stale in [HOUR, Duration::ZERO] {
        with_both!(hourly().stale(stale), |dogpile| {
            dogpile.set(1);
            time.advance(HOUR + stale + NANOSECOND);
            let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
                pauses(1).await;
                2
            }));
            let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
            assert_eq!((leader.finish(), follower.finish()), (2, 2));
        });
    }
}

#[test]
fn invalidate_during_a_flight_keeps_its_result_out() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            "from before"
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        dogpile.invalidate();
        assert!(!dogpile.is_computing(), "nothing under way would be stored");
        assert_eq!(leader.finish(), "from before");
        assert_eq!(follower.finish(), "from before", "it waited already");
        assert_eq!(dogpile.get(), None);
        assert_eq!(at_once(dogpile.get_or_compute_async(async || "from after")), "from after");
    });
}

#[test]
fn invalidating_all_keys_during_a_flight_keeps_its_result_out() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let compute = async || {
        pauses(1).await;
        "from before"
    };
    let mut leader = Task::pending(map.get_or_compute_async(1, compute));
    let mut follower = Task::pending(map.get_or_compute_async(1, hang));
    map.invalidate_all();
    let mut later = Task::pending(map.get_or_compute_async(1, async || {
        pauses(1).await;
        "from after"
    }));
    assert_eq!(leader.finish(), "from before");
    assert_eq!(follower.finish(), "from before", "it waited already");
    assert_eq!(map.get(&1), None);
    assert_eq!(later.finish(), "from after");
    assert_eq!(map.get(&1), Some("from after"));
}

#[test]
fn new_flight_may_start_beside_an_invalidated_one() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        dogpile.invalidate();
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2, "not held up by the old one");
        assert_eq!(follower.finish(), 2, "nobody waits for an orphan once there is a value");
        assert_eq!(leader.finish(), 1);
        assert_eq!(dogpile.get(), Some(2));
    });
}

#[test]
fn set_during_a_flight_wins_and_wakes_its_followers() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        dogpile.set(2);
        assert_eq!(follower.finish(), 2, "served although its flight is still under way");
        assert_eq!(leader.finish(), 1);
        assert_eq!(dogpile.get(), Some(2));
    });
}

#[test]
fn follower_of_a_value_that_came_and_went_computes_itself() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut hung = Task::pending(dogpile.get_or_compute_async(hang));
        let mut follower = Task::pending(dogpile.get_or_compute_async(async || 3));
        dogpile.set(2);
        dogpile.invalidate();
        assert_eq!(follower.finish(), 3, "and does not go back to the orphan");
        hung.cancel();
        assert_eq!(dogpile.get(), Some(3));
    });
}

#[test]
fn expire_during_a_flight_lands_its_result_stale() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        dogpile.expire();
        assert_eq!((leader.finish(), follower.finish()), (1, 1));
        assert_eq!(dogpile.get(), Some(1));
        assert!(dogpile.is_expired());
        assert_eq!(at_once(dogpile.get_or_compute_async(async || 2)), 2);
    });
}

#[test]
fn thread_follows_a_task_and_is_woken_by_its_landing() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let mut leader = Task::pending(dogpile.get_or_compute_async(async || {
            pauses(1).await;
            1
        }));
        thread::scope(|scope| {
            let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
            eventually("a thread waits", || dogpile.stats().waits == 1);
            assert_eq!(leader.finish(), 1);
            assert_eq!(follower.join().unwrap(), 1);
        });
    });
}

#[test]
fn task_follows_a_thread_and_is_woken_by_its_landing() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let (leads, release) = (Event::default(), Event::default());
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                dogpile.get_or_compute(|| {
                    leads.happen();
                    release.wait("a task waits");
                    1
                })
            });
            leads.wait("a leader");
            let mut by_hand = Task::pending(dogpile.get_or_compute_async(hang));
            let follower = scope.spawn(|| block_on(dogpile.get_or_compute_async(hang)));
            eventually("two tasks wait", || dogpile.stats().waits == 2);
            release.happen();
            assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (1, 1));
            assert_eq!(by_hand.finish(), 1);
        });
        assert_eq!(dogpile.stats().computations, 1);
    });
}

#[test]
fn keys_do_not_wait_for_each_other() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let mut hung = Task::pending(map.get_or_compute_async(1, hang));
    assert_eq!(at_once(map.get_or_compute_async(2, async || 2)), 2);
    assert_eq!(map.len(), 1);
    hung.cancel();
}

#[test]
fn future_is_send_when_that_of_the_body_is() {
    fn assert_send<T: Send>(_: &T) {}
    static DOGPILE: Dogpile<u32> = Dogpile::new(hourly());
    static MAP: DogpileMap<String, u32> = DogpileMap::new(hourly());
    let wait = Duration::ZERO;
    assert_send(&DOGPILE.get_or_compute_async(async || 1));
    assert_send(&DOGPILE.try_get_or_compute_async(async || Ok::<_, String>(1)));
    assert_send(&DOGPILE.try_get_or_compute_shared_async(async || Ok::<_, String>(1)));
    assert_send(&DOGPILE.get_or_compute_timeout_async(wait, async || 1));
    assert_send(&MAP.get_or_compute_async(String::new(), async || 1));
    assert_send(&MAP.try_get_or_compute_async(String::new(), async || Ok::<_, String>(1)));
    assert_send(&MAP.try_get_or_compute_shared_async(String::new(), async || Ok::<_, String>(1)));
    assert_send(&MAP.get_or_compute_timeout_async(String::new(), wait, async || 1));
    // The error need not be, as long as it stays on its thread; `Alone` keeps it there.
    drop(DOGPILE.try_get_or_compute_async(async || Ok::<_, Rc<str>>(1)));
}

#[test]
fn body_may_hold_what_does_not_leave_its_thread() {
    let _time = freeze();
    with_both!(hourly(), |dogpile| {
        let seen = Rc::new(Cell::new(0));
        let body = Rc::clone(&seen);
        let mut task = Task::pending(dogpile.get_or_compute_async(move || async move {
            body.set(1);
            pauses(1).await;
            body.set(2);
            body.get()
        }));
        assert_eq!(seen.get(), 1);
        assert_eq!(task.finish(), 2);
        assert_eq!(Rc::strong_count(&seen), 1);
    });
}

#[test]
fn superseded_values_are_dropped_promptly() {
    let _time = freeze();
    with_both!(Policy::never(), |dogpile| {
        let value = Arc::new(());
        let mut leader = Task::pending(dogpile.get_or_compute_async(|| async {
            pauses(1).await;
            Arc::clone(&value)
        }));
        let mut follower = Task::pending(dogpile.get_or_compute_async(hang));
        dogpile.invalidate();
        drop((leader.finish(), follower.finish()));
        assert_eq!(Arc::strong_count(&value), 1, "the orphan's value is gone with its followers");
    });
}
