//! Tasks and keys: they share the flights of threads, and what runs when they are woken is the user's code as well.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use dogpile::DogpileMap;
use dogpile::testing::freeze;

use crate::drops::alive;
use crate::keyed_drops::CountedKey;
use crate::locks::within_deadline;
use crate::support::{Event, hourly, until_waiting_in};

/// Runs something when it is woken.
struct WhenWoken<F>(F);

impl<F: Fn() + Send + Sync> Wake for WhenWoken<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn task_follows_the_thread_that_leads_for_its_key() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let (leads, release) = (Event::default(), Event::default());
    let rings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&rings);
    let waker = Waker::from(Arc::new(WhenWoken(move || _ = counted.fetch_add(1, Ordering::SeqCst))));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute("a", || {
                leads.happen();
                release.wait("a task waits");
                1
            })
        });
        leads.wait("a leader");
        let mut follower = pin!(map.get_or_compute_async("a", async || unreachable!("it follows")));
        assert_eq!(poll(follower.as_mut(), &waker), Poll::Pending);
        let other = pin!(map.get_or_compute_async("b", async || 2));
        assert_eq!(poll(other, &waker), Poll::Ready(2), "another key, and ready at once");
        release.happen();
        assert_eq!(leader.join().unwrap(), 1);
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        assert_eq!(poll(follower, &waker), Poll::Ready(1));
    });
}

#[test]
fn leader_that_is_dropped_hands_over_and_leaves_nothing_behind() {
    let _time = freeze();
    let (map, keys) = (DogpileMap::<_, u32>::new(hourly()), Arc::default());
    let key = || CountedKey::new(0, &keys);
    {
        let mut leader = Box::pin(map.get_or_compute_async(key(), async || std::future::pending().await));
        assert_eq!(poll(leader.as_mut(), Waker::noop()), Poll::Pending);
        let mut follower = Box::pin(map.get_or_compute_async(key(), async || 2));
        assert_eq!(poll(follower.as_mut(), Waker::noop()), Poll::Pending);
        drop(leader);
        assert_eq!(poll(follower.as_mut(), Waker::noop()), Poll::Ready(2), "it takes over");
        map.invalidate(&key());
        let mut leader = Box::pin(map.get_or_compute_async(key(), async || std::future::pending().await));
        assert_eq!(poll(leader.as_mut(), Waker::noop()), Poll::Pending);
    }
    map.invalidate(&key());
    assert_eq!((map.len(), alive(&keys), map.stats().cancellations), (0, 0, 2));
}

#[test]
fn whoever_is_woken_by_a_failure_may_use_the_key_at_once() {
    // The key is being removed at that moment; its successor takes what is set, and keeps it.
    let _time = freeze();
    within_deadline("a waker that uses the key", || {
        let map = Arc::new(DogpileMap::<u32, u32>::new(hourly()));
        for (round, way) in (0..).zip([
            |map: &DogpileMap<u32, u32>, key| map.set(key, 7),
            |map: &DogpileMap<u32, u32>, key| assert_eq!(map.get_or_compute(key, || 7), 7),
        ]) {
            let theirs = Arc::clone(&map);
            let waker = Waker::from(Arc::new(WhenWoken(move || way(&theirs, round))));
            let (leads, release) = (Event::default(), Event::default());
            thread::scope(|scope| {
                let leader = scope.spawn(|| {
                    map.try_get_or_compute(round, || {
                        leads.happen();
                        release.wait("a task waits");
                        Err("down")
                    })
                });
                leads.wait("a leader");
                let mut follower =
                    Box::pin(map.get_or_compute_async(round, async || unreachable!("it was set")));
                assert_eq!(poll(follower.as_mut(), &waker), Poll::Pending);
                release.happen();
                assert!(matches!(leader.join().unwrap(), Err("down") | Ok(7)));
                assert_eq!(map.get(&round), Some(7), "not lost");
                assert_eq!(poll(follower.as_mut(), Waker::noop()), Poll::Ready(7));
            });
            assert_eq!(map.get_or_compute(round, || unreachable!("it is fresh")), 7);
        }
    });
}

#[test]
fn flight_that_ends_beside_a_newer_one_takes_nothing_from_it() {
    // Each of the older ones ends without a value while the newer one is still under way.
    let _time = freeze();
    let map = DogpileMap::<u32, u32>::new(hourly());
    let older = Mutex::new(Vec::new());
    let forget: [fn(&DogpileMap<u32, u32>); 2] = [|map| map.invalidate(&0), DogpileMap::invalidate_all];
    for forget in forget {
        let mut leader = Box::pin(map.get_or_compute_async(0, async || std::future::pending::<u32>().await));
        assert_eq!(poll(leader.as_mut(), Waker::noop()), Poll::Pending);
        older.lock().unwrap().push(leader);
        forget(&map);
    }
    let value = map.get_or_compute(0, || {
        older.lock().unwrap().clear();
        assert!(map.is_computing(&0), "the newer one");
        let mut follower = Box::pin(map.get_or_compute_async(0, async || unreachable!("two flights (P1)")));
        let beside =
            thread::scope(|scope| scope.spawn(|| poll(follower.as_mut(), Waker::noop())).join().unwrap());
        assert_eq!(beside, Poll::Pending);
        drop(follower);
        1
    });
    until_waiting_in(&map, 1);
    assert_eq!((value, map.get(&0)), (1, Some(1)), "it has landed where it is found");
}
