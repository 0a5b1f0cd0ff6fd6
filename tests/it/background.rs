//! `refresh = "background"`.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Background, Dogpile, Policy};

use crate::support::{DEADLINE, Event, HOUR, NANOSECOND, eventually, hourly};

const LEASE: Duration = Duration::from_secs(30);

fn in_background<V>() -> Policy<V, Background> {
    hourly().refresh(Background)
}

#[test]
fn every_caller_gets_the_stale_value_at_once() {
    let time = freeze();
    let dogpile = Dogpile::new(in_background());
    assert_eq!(dogpile.get_or_compute(|| 1), 1, "the first is computed by its caller");
    time.advance(HOUR + NANOSECOND);
    let (release, released) = mpsc::channel();
    let (tell, worker) = mpsc::channel();
    let compute = move || {
        tell.send(thread::current().name().map(str::to_owned)).unwrap();
        released.recv_timeout(DEADLINE).unwrap()
    };
    assert_eq!(dogpile.get_or_compute(compute), 1);
    let name = worker.recv_timeout(DEADLINE).unwrap().unwrap();
    assert!(name.starts_with("dogpile-refresh-"), "{name}");
    assert_eq!(dogpile.get_or_compute(|| unreachable!("a worker is at it")), 1);
    release.send(2).unwrap();
    eventually("the worker has landed", || !dogpile.is_computing());
    assert_eq!(dogpile.get_or_compute(|| unreachable!("it is fresh")), 2);
    assert_eq!(dogpile.stats().stale_served, 2);
}

#[test]
fn panic_of_a_worker_is_counted_and_the_old_value_kept() {
    let time = freeze();
    let dogpile = Dogpile::new(in_background());
    dogpile.set(1);
    for panics in 1..=8 {
        dogpile.expire();
        assert_eq!(dogpile.get_or_compute(|| panic!("of a worker, and meant")), 1);
        eventually("the worker has given up", || !dogpile.is_computing());
        assert_eq!(dogpile.stats().panics, panics, "workers survive panics");
        assert_eq!(dogpile.get_or_compute(|| unreachable!("backing off")), 1);
    }
    time.advance(HOUR);
    assert_eq!(dogpile.get_or_compute(|| 2), 1);
    eventually("the worker has landed", || dogpile.get() == Some(2));
}

#[test]
fn error_of_a_worker_is_counted_and_the_old_value_kept() {
    let time = freeze();
    let dogpile = Dogpile::new(in_background());
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.try_get_or_compute(|| Err::<u32, _>("down")), Ok(1));
    eventually("the worker has failed", || dogpile.stats().failures == 1 && !dogpile.is_computing());
    assert_eq!(dogpile.get(), Some(1));
}

#[test]
fn flight_still_queued_is_taken_over_by_whoever_cannot_wait() {
    let time = freeze();
    let dogpiles: Vec<_> = (0..64).map(|_| Dogpile::new(in_background().stale(HOUR))).collect();
    let release = Arc::new(Event::default());
    for dogpile in &dogpiles {
        dogpile.set(1);
    }
    time.advance(HOUR + NANOSECOND);
    for dogpile in &dogpiles {
        let release = Arc::clone(&release);
        assert_eq!(
            dogpile.get_or_compute(move || {
                release.wait("the queued ones were taken over");
                2
            }),
            1
        );
    }
    time.advance(HOUR + HOUR);
    let queued: Vec<_> = dogpiles.iter().filter(|dogpile| dogpile.stats().computations == 0).collect();
    assert!(queued.len() > 8, "the pool is bounded, so most of them wait: {}", queued.len());
    let last = queued[queued.len() - 1];
    assert_eq!(last.get_or_compute(|| 3), 3, "its value gone, the caller computes it itself");
    release.happen();
    eventually("the workers are done", || dogpiles.iter().all(|dogpile| !dogpile.is_computing()));
    assert_eq!(last.get(), Some(3), "the worker did not compute what was taken over");
    assert_eq!(last.stats().computations, 1);
}

#[test]
fn dogpile_may_be_dropped_while_a_worker_computes() {
    let time = freeze();
    let dogpile = Dogpile::new(in_background());
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    let (release, released) = mpsc::channel::<()>();
    let (tell, done) = mpsc::channel();
    assert_eq!(
        dogpile.get_or_compute(move || {
            released.recv_timeout(DEADLINE).unwrap();
            tell.send(()).unwrap();
            2
        }),
        1
    );
    drop(dogpile);
    release.send(()).unwrap();
    done.recv_timeout(DEADLINE).unwrap();
}

#[test]
fn workers_that_outlive_their_leases_keep_nobody_else_from_regenerating() {
    let time = freeze();
    let release = Arc::new(Event::default());
    let leased = || in_background().lease(LEASE);
    // More than there may be workers.
    let workers = thread::available_parallelism().map_or(4, |n| n.get().max(4));
    let hung: Vec<_> = (0..workers).map(|_| Dogpile::new(leased())).collect();
    let healthy = Dogpile::new(leased());
    for dogpile in hung.iter().chain([&healthy]) {
        dogpile.set(1);
    }
    time.advance(HOUR + NANOSECOND);
    for dogpile in &hung {
        let release = Arc::clone(&release);
        let slow = move || {
            release.wait("another one was regenerated meanwhile");
            2
        };
        assert_eq!(dogpile.get_or_compute(slow), 1);
    }
    eventually("all workers hang", || hung.iter().all(|dogpile| dogpile.stats().computations == 1));
    assert_eq!(healthy.get_or_compute(|| 2), 1, "queued");
    time.advance(LEASE + NANOSECOND);
    assert_eq!(healthy.get_or_compute(|| 3), 1, "they are written off");
    eventually("a new worker has regenerated it", || healthy.get() == Some(3));
    assert_eq!(
        healthy.stats().computations,
        1,
        "what waited for longer than the lease was not wanted any more"
    );
    release.happen();
    eventually("those that hung have landed", || hung.iter().all(|dogpile| dogpile.get() == Some(2)));
    assert_eq!(healthy.get_or_compute(|| unreachable!("it is fresh")), 3);
}
