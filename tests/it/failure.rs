//! Errors, panics, refused values.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};

use crate::support::{Event, HOUR, NANOSECOND, hourly, panic_of, until_waiting};

const SECOND: Duration = Duration::from_secs(1);

/// Not `Clone`.
#[derive(Debug, PartialEq)]
struct Unclonable(u32);

#[derive(Debug, Clone, PartialEq)]
struct Down(u32);

#[test]
fn error_is_never_cached() {
    let _time = freeze();
    let dogpile = Dogpile::<u32>::new(hourly());
    assert_eq!(dogpile.try_get_or_compute(|| Err(Unclonable(1))), Err(Unclonable(1)));
    assert_eq!(
        dogpile.try_get_or_compute(|| Err(Unclonable(2))),
        Err(Unclonable(2)),
        "the next call tries at once"
    );
    assert_eq!(dogpile.try_get_or_compute(|| Ok::<_, Unclonable>(3)), Ok(3));
    assert_eq!(dogpile.try_get_or_compute(|| Err(Unclonable(4))), Ok(3));
    assert_eq!(dogpile.stats().failures, 2);
}

#[test]
fn leader_too_gets_the_stale_value_instead_of_its_error() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.try_get_or_compute(|| Err(Unclonable(1))), Ok(1));
    let stats = dogpile.stats();
    assert_eq!((stats.computations, stats.failures, stats.stale_served), (1, 1, 1));
}

#[test]
fn retry_holds_the_next_attempt_back_and_doubles() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().retry(SECOND));
    dogpile.set(0);
    time.advance(HOUR + NANOSECOND);
    let attempts = AtomicU32::new(0);
    let call = || {
        dogpile.try_get_or_compute(|| {
            attempts.fetch_add(1, Ordering::SeqCst);
            Err(Unclonable(0))
        })
    };
    for (attempt, seconds) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
        assert_eq!(call(), Ok(0));
        assert_eq!(attempts.load(Ordering::SeqCst) as usize, attempt + 1);
        time.advance((SECOND * seconds).saturating_sub(NANOSECOND));
        assert_eq!(call(), Ok(0));
        assert_eq!(attempts.load(Ordering::SeqCst) as usize, attempt + 1, "still backing off");
        time.advance(NANOSECOND);
    }
    assert_eq!(dogpile.try_get_or_compute(|| Ok::<_, Unclonable>(1)), Ok(1));
    time.advance(HOUR + NANOSECOND);
    assert_eq!(call(), Ok(1));
    time.advance(SECOND);
    let before = attempts.load(Ordering::SeqCst);
    assert_eq!(call(), Ok(1));
    assert_eq!(attempts.load(Ordering::SeqCst), before + 1, "a success resets the back-off");
}

#[test]
fn failures_do_not_lengthen_the_life_of_the_stale_value() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().stale(SECOND * 10).retry(SECOND * 4));
    dogpile.set(0);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.try_get_or_compute(|| Err(Unclonable(1))), Ok(0));
    time.advance(SECOND * 10);
    assert_eq!(dogpile.get(), None, "gone at the time it would have been gone anyway");
    assert_eq!(
        dogpile.try_get_or_compute(|| Err(Unclonable(2))),
        Err(Unclonable(2)),
        "with nothing to serve, the back-off holds nobody back"
    );
}

#[test]
fn expire_and_set_end_the_back_off() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().retry(HOUR));
    dogpile.set(0);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.try_get_or_compute(|| Err(Down(1))), Ok(0));
    assert_eq!(dogpile.try_get_or_compute(|| Ok::<_, Down>(1)), Ok(0), "backing off");
    dogpile.expire();
    assert_eq!(dogpile.try_get_or_compute(|| Ok::<_, Down>(1)), Ok(1));
}

#[test]
fn value_set_while_a_computation_fails_is_returned_instead_of_the_error() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    let result = dogpile.try_get_or_compute(|| {
        dogpile.set(7);
        Err(Unclonable(1))
    });
    assert_eq!(result, Ok(7));
    assert_eq!(dogpile.stats().stale_served, 0, "it is fresh");
}

#[test]
fn failing_origin_is_asked_once_per_herd_when_the_error_is_shared() {
    const HERD: u64 = 20;
    let _time = freeze();
    let dogpile = Dogpile::<u32>::new(hourly());
    let release = Event::default();
    thread::scope(|scope| {
        let herd: Vec<_> = (0..HERD)
            .map(|_| {
                scope.spawn(|| {
                    dogpile.try_get_or_compute_shared(|| {
                        release.wait("the herd has gathered");
                        Err(Down(7))
                    })
                })
            })
            .collect();
        until_waiting(&dogpile, HERD - 1);
        release.happen();
        for caller in herd {
            assert_eq!(caller.join().unwrap(), Err(Down(7)));
        }
    });
    assert_eq!(dogpile.stats().computations, 1);
    assert!(!dogpile.is_computing());
}

#[test]
fn followers_of_an_unshared_error_take_over_one_after_the_other() {
    let _time = freeze();
    let dogpile = Dogpile::<u32>::new(hourly());
    let release = Event::default();
    let attempt = AtomicU32::new(0);
    thread::scope(|scope| {
        let herd: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    dogpile.try_get_or_compute(|| {
                        release.wait("the herd has gathered");
                        match attempt.fetch_add(1, Ordering::SeqCst) + 1 {
                            n @ 1..=2 => Err(Unclonable(n)),
                            n => Ok(n),
                        }
                    })
                })
            })
            .collect();
        until_waiting(&dogpile, 3);
        release.happen();
        let results: Vec<_> = herd.into_iter().map(|caller| caller.join().unwrap()).collect();
        // One that failed gets the value after all if it has landed before it looks for something to fall back on.
        assert!(results.iter().all(|result| matches!(result, Ok(3) | Err(Unclonable(1 | 2)))), "{results:?}");
        assert!(results.iter().filter(|result| result.is_ok()).count() >= 2, "{results:?}");
    });
    assert_eq!(attempt.into_inner(), 3);
}

#[test]
fn follower_with_another_error_type_takes_over() {
    let _time = freeze();
    let dogpile = Dogpile::<u32>::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.try_get_or_compute_shared(|| {
                leads.happen();
                release.wait("a follower waits");
                Err(Down(1))
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| dogpile.try_get_or_compute_shared(|| Err("another")));
        until_waiting(&dogpile, 1);
        release.happen();
        assert_eq!(leader.join().unwrap(), Err(Down(1)));
        assert_eq!(follower.join().unwrap(), Err("another"));
    });
}

#[test]
fn panic_goes_to_the_leader_alone_and_a_follower_takes_over() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            panic_of(|| {
                dogpile.get_or_compute(|| {
                    leads.happen();
                    release.wait("a follower waits");
                    panic!("boom")
                })
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| dogpile.get_or_compute(|| 2));
        until_waiting(&dogpile, 1);
        release.happen();
        assert_eq!(leader.join().unwrap(), "boom");
        assert_eq!(follower.join().unwrap(), 2);
    });
    assert_eq!((dogpile.stats().panics, dogpile.stats().computations), (1, 2));
    assert!(!dogpile.is_computing());
}

#[test]
fn panic_keeps_the_stale_value_and_backs_off() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(panic_of(|| dogpile.get_or_compute(|| panic!("boom"))), "boom");
    assert_eq!(dogpile.get_or_compute(|| unreachable!("backing off")), 1);
    time.advance(SECOND);
    assert_eq!(dogpile.get_or_compute(|| 2), 2);
}

#[test]
fn refused_value_is_returned_and_not_stored() {
    let _time = freeze();
    let dogpile = Dogpile::<Vec<u8>>::new(hourly().cache_if(|value| !value.is_empty()));
    assert_eq!(dogpile.get_or_compute(Vec::new), []);
    assert!(!dogpile.has_value());
    assert_eq!(dogpile.get_or_compute(|| vec![1]), [1]);
    assert_eq!(dogpile.get_or_compute(|| vec![2]), [1]);
}

#[test]
fn refused_value_goes_to_followers_and_an_old_value_stays() {
    let time = freeze();
    let dogpile = Dogpile::<u32>::new(hourly().stale(HOUR).cache_if(|value| *value != 0));
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                leads.happen();
                release.wait("a follower waits");
                0
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
        until_waiting(&dogpile, 1);
        release.happen();
        assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (0, 0));
    });
    assert_eq!(dogpile.stats().computations, 1);
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| 0), 0, "refused, to its leader");
    assert_eq!(dogpile.get(), Some(1), "the old value stays");
}

#[test]
fn panicking_cache_if_wedges_nothing() {
    let _time = freeze();
    let dogpile =
        Dogpile::<u32>::new(hourly().cache_if(|value| if *value == 0 { panic!("refused") } else { true }));
    assert_eq!(panic_of(|| dogpile.get_or_compute(|| 0)), "refused");
    assert!(!dogpile.is_computing());
    assert_eq!(dogpile.get_or_compute(|| 1), 1);
}

#[test]
fn policy_refuses_a_zero_expire_with_help() {
    let message = panic_of(|| Policy::<u8>::expire(Duration::ZERO));
    assert!(message.contains("`expire` is zero") && message.contains("help: "), "{message}");
}

#[test]
fn policy_refuses_an_early_time_as_long_as_the_life_with_help() {
    const EARLY: Duration = Duration::from_secs(3000);
    let hourly = || Policy::<u8>::expire(Duration::from_secs(3600));
    let _enough_is_left = hourly().early(EARLY).jitter(16.0);
    let message = panic_of(|| hourly().early(Duration::from_secs(3600)));
    assert!(message.contains("not shorter than `expire`") && message.contains("help: "), "{message}");
    for message in
        [panic_of(|| hourly().early(EARLY).jitter(17.0)), panic_of(|| hourly().jitter(17.0).early(EARLY))]
    {
        assert!(message.contains("`jitter` may leave") && message.contains("help: "), "{message}");
    }
}
