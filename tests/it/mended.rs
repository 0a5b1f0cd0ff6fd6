//! Bugs that were found by looking for them, each as a test of what it broke.

use std::cell::RefCell;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use dogpile::testing::{freeze, seed};
use dogpile::{Dogpile, DogpileMap, Policy, dogpile};

use crate::support::{Event, HOUR, NANOSECOND, eventually, hourly, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that panics.
struct Angry;

impl Wake for Angry {
    fn wake(self: Arc<Self>) {
        panic!("do not wake me");
    }
}

// --- P1 ---------------------------------------------------------------------------------------------------------

#[test]
fn expire_all_twice_orphans_no_flight() {
    // `stale` has passed between the two, so that the first announcement is forgotten, and with it the flight.
    let time = freeze();
    let map = DogpileMap::new(hourly().stale(SECOND));
    let (leads, release) = (Event::default(), Event::default());
    let computed = AtomicUsize::new(0);
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            map.get_or_compute(1, || {
                computed.fetch_add(1, Ordering::SeqCst);
                leads.happen();
                release.wait("the second caller");
                7
            })
        });
        leads.wait("a leader");
        map.expire_all();
        time.advance(SECOND * 2);
        map.expire_all();
        let second = scope.spawn(|| {
            map.get_or_compute(1, || {
                computed.fetch_add(1, Ordering::SeqCst);
                8
            })
        });
        eventually("the second caller waits or computes", || {
            map.stats().waits + map.stats().computations >= 2
        });
        release.happen();
        assert_eq!(leader.join().unwrap(), 7);
        assert_eq!(second.join().unwrap(), 7, "it follows: `expire_all` orphans nothing");
    });
    assert_eq!(computed.into_inner(), 1, "at most one live flight per key");
    assert_eq!(map.get(&1), Some(7), "its result lands");
}

#[test]
fn flight_longer_than_stale_lands_stale_after_expire_all() {
    let time = freeze();
    let lands = |expire: fn(&DogpileMap<u8, u8>)| {
        let map = DogpileMap::new(hourly().stale(SECOND));
        map.get_or_compute(1, || {
            expire(&map);
            time.advance(SECOND * 2);
            7
        });
        map.get(&1)
    };
    assert_eq!(lands(|map| map.expire(&1)), Some(7), "with `expire`");
    assert_eq!(lands(DogpileMap::expire_all), Some(7), "with `expire_all`, which is to do the same");
}

// --- the clock --------------------------------------------------------------------------------------------------

#[test]
fn precise_clock_goes_on_after_a_thaw_where_it_was_frozen() {
    let dogpile = Dogpile::new(Policy::expire(Duration::from_millis(10)));
    let time = freeze();
    dogpile.set(1);
    time.advance(SECOND);
    assert_eq!(dogpile.age(), Some(SECOND));
    drop(time);
    assert!(dogpile.age().unwrap() >= SECOND, "the clock ran backwards: {:?}", dogpile.age());
}

// --- the books --------------------------------------------------------------------------------------------------

#[test]
fn panicking_drop_of_one_victim_keeps_the_others_from_staying() {
    struct Bomb(Arc<AtomicUsize>);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            unreachable!("nobody asks")
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
            assert!(thread::panicking(), "boom");
        }
    }
    static MAP: DogpileMap<u32, Bomb> = DogpileMap::new(hourly().stale(Duration::ZERO).capacity(4));
    let time = freeze();
    let alive = Arc::new(AtomicUsize::new(0));
    for round in 0..100 {
        for key in 0..4 {
            alive.fetch_add(1, Ordering::SeqCst);
            let value = Bomb(Arc::clone(&alive));
            let _ =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| MAP.set(round * 4 + key, value)));
        }
        time.advance(HOUR + NANOSECOND);
    }
    let alive = alive.load(Ordering::SeqCst);
    assert!(alive <= 8, "{alive} values in a map of 4");
}

#[test]
fn two_panicking_drops_in_one_batch_abort_nothing() {
    // In a process of its own.
    #[derive(Clone)]
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    static MAP: DogpileMap<u32, Bomb> = DogpileMap::new(hourly().capacity(64));
    if std::env::var_os("DOGPILE_PANICKING_DROPS").is_some() {
        let _time = freeze();
        for key in 0..200 {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| MAP.set(key, Bomb)));
        }
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mended::two_panicking_drops_in_one_batch_abort_nothing", "--nocapture"])
        .env("DOGPILE_PANICKING_DROPS", "1")
        .output()
        .unwrap();
    let (told, last) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {}", output.status, last.lines().last().unwrap_or_default());
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
fn removed_key_stays_not_in_the_books() {
    // Two victims of one admission: the first one's destructor sets the second one anew, which enters the books again
    // before it is evicted.
    type Map = DogpileMap<Key, Value>;
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Key(Arc<()>, u32);
    #[derive(Clone)]
    struct Value(Option<Arc<dyn Fn() + Send + Sync>>);
    impl Drop for Value {
        fn drop(&mut self) {
            if let Some(call) = self.0.take() {
                call();
            }
        }
    }
    static MAP: std::sync::OnceLock<Map> = std::sync::OnceLock::new();
    let time = freeze();
    let map = MAP.get_or_init(|| DogpileMap::new(hourly().stale(Duration::ZERO).capacity(4)));
    let others: Vec<_> = (0..2).map(|_| Arc::new(())).collect();
    for number in 0..2_u32 {
        let other = Key(Arc::clone(&others[1 - number as usize]), 1 - number);
        let is_called = std::sync::Once::new();
        let call = move || is_called.call_once(|| MAP.get().unwrap().set(other.clone(), Value(None)));
        map.set(Key(Arc::clone(&others[number as usize]), number), Value(Some(Arc::new(call))));
    }
    time.advance(HOUR + NANOSECOND);
    map.set(Key(Arc::default(), 9), Value(None));
    map.invalidate(&Key(Arc::default(), 7));
    for (number, other) in others.iter().enumerate() {
        let key = Key(Arc::clone(other), u32::try_from(number).unwrap());
        // One is ours, one is of `key`, one is in what the other's callback captured, if that still lives.
        let count = Arc::strong_count(other);
        assert!(map.has_value(&key) || count <= 2, "key {number} has no value, and {count} references");
    }
}

#[test]
fn set_that_panics_leaves_no_key_behind() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Key(Arc<()>, u32);
    // `Arc<()>` hashes and compares as `()`.
    let _time = freeze();
    let alive = Arc::new(());
    let map = DogpileMap::new(Policy::expire_with(|_: &u32| panic!("no lifetime")).capacity(4));
    for key in 0..100 {
        panic_of(|| map.set(Key(Arc::clone(&alive), key), 0));
    }
    assert!(
        Arc::strong_count(&alive) <= 1 + 4,
        "{} keys in an empty map of 4",
        Arc::strong_count(&alive) - 1
    );
}

#[test]
fn call_that_panics_before_it_begins_leaves_no_key_behind() {
    // With `refresh = "background"` the parameters are dropped before anything is computed.
    #[derive(PartialEq, Eq, Hash)]
    struct Key(u32, Arc<()>, bool);
    impl Clone for Key {
        fn clone(&self) -> Self {
            Self(self.0, Arc::clone(&self.1), false)
        }
    }
    impl Drop for Key {
        fn drop(&mut self) {
            assert!(!self.2 || thread::panicking(), "boom");
        }
    }
    #[dogpile(expire = "1h", refresh = "background", capacity = 4)]
    fn call(key: Key) -> u32 {
        key.0
    }
    let _time = freeze();
    let alive = Arc::new(());
    for number in 0..100 {
        panic_of(|| call(Key(number, Arc::clone(&alive), true)));
    }
    assert!(Arc::strong_count(&alive) <= 1 + 4, "{} keys are left", Arc::strong_count(&alive) - 1);
}

// --- announcements ----------------------------------------------------------------------------------------------

#[test]
fn set_beside_invalidate_all_destroys_no_later_value() {
    // While the lifetime of the value that is set is asked for, all are invalidated, and another one lands.
    static MAP: DogpileMap<u32, u32> = DogpileMap::new(Policy::expire_with(|value| {
        if *value == 1 {
            MAP.invalidate_all();
            assert_eq!(MAP.get_or_compute(7, || 2), 2);
        }
        HOUR
    }));
    let _time = freeze();
    MAP.set(7, 0);
    MAP.set(7, 1);
    assert_eq!(MAP.get(&7), Some(1), "it was set last");
}

#[test]
fn flight_that_was_invalidated_with_all_others_is_not_said_to_be_under_way() {
    let _time = freeze();
    let map: DogpileMap<u32, u32> = DogpileMap::new(hourly());
    let mut leader = pin!(map.get_or_compute_async(1, std::future::pending::<u32>));
    assert!(leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(map.is_computing(&1));
    map.invalidate_all();
    assert!(!map.is_computing(&1), "its result will not be stored");
}

// --- promptness -------------------------------------------------------------------------------------------------

#[test]
fn leader_keeps_no_value_alive_that_was_invalidated() {
    let time = freeze();
    let alive = Arc::new(());
    let dogpile = Dogpile::new(hourly());
    dogpile.set(Arc::clone(&alive));
    time.advance(HOUR + NANOSECOND);
    dogpile.get_or_compute(|| {
        dogpile.invalidate();
        assert_eq!(Arc::strong_count(&alive), 1, "none is alive after `invalidate`");
        Arc::default()
    });
}

// --- early ------------------------------------------------------------------------------------------------------

#[test]
fn follower_that_was_given_a_value_does_not_regenerate_it_without_a_draw() {
    // A computation takes long, so that draws are made over all of a value's lifetime; an hour before its expiry one in
    // 400 elects.
    seed(1);
    let time = freeze();
    let dogpile = Dogpile::new(hourly().early_auto());
    dogpile.get_or_compute(|| {
        time.advance(Duration::from_secs(600));
        1
    });
    dogpile.invalidate();
    let mut leader = pin!(dogpile.get_or_compute_async(std::future::pending::<i32>));
    let mut follower = pin!(dogpile.get_or_compute_async(|| async { 3 }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(leader.as_mut().poll(&mut context).is_pending());
    assert!(follower.as_mut().poll(&mut context).is_pending());
    dogpile.set(2);
    time.advance(NANOSECOND);
    assert_eq!(follower.as_mut().poll(&mut context), Poll::Ready(2), "the value is a nanosecond old");
}

type Happening = Box<dyn FnOnce()>;

thread_local! {
    /// What happens while two keys are compared, and at which of the next comparisons.
    static WHILE_COMPARING: RefCell<(usize, Option<Happening>)> = const { RefCell::new((0, None)) };
}

#[test]
fn caller_that_was_drawn_for_one_value_does_not_regenerate_the_next_one() {
    #[derive(Clone, Eq)]
    struct Key;
    impl Hash for Key {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }
    impl PartialEq for Key {
        fn eq(&self, _: &Self) -> bool {
            let happening = WHILE_COMPARING.with_borrow_mut(|(after, happening)| {
                *after = after.saturating_sub(1);
                if *after == 0 { happening.take() } else { None }
            });
            if let Some(happening) = happening {
                happening();
            }
            true
        }
    }
    // A thirtieth of its life: draws are made over all of it.
    seed(1);
    let time = Rc::new(freeze());
    let map = Rc::new(DogpileMap::<Key, u32>::new(hourly().early_auto()));
    map.get_or_compute(Key, || {
        time.advance(HOUR / 30);
        1
    });
    // Whoever comes now is drawn.
    time.advance(HOUR);
    let (other, clock) = (Rc::clone(&map), Rc::clone(&time));
    let happening = move || {
        assert_eq!(other.get_or_compute(Key, || 2), 2);
        clock.advance(NANOSECOND);
    };
    // Between the look and the lock.
    WHILE_COMPARING.set((2, Some(Box::new(happening))));
    assert_eq!(map.get_or_compute(Key, || 3), 2, "it is a nanosecond old");
    assert!(WHILE_COMPARING.take().1.is_none(), "it has happened");
}

#[test]
fn refused_value_that_came_early_is_not_computed_by_every_call() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().early(HOUR / 2).retry(HOUR / 3).cache_if(|value| *value == 1));
    assert_eq!(dogpile.get_or_compute(|| 1), 1);
    time.advance(HOUR / 2 + NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| 2), 2, "it was elected");
    assert_eq!(dogpile.get_or_compute(|| 3), 1, "there is a fresh value");
    time.advance(HOUR / 3);
    assert_eq!(dogpile.get_or_compute(|| 4), 4, "the next attempt");
    time.advance(HOUR / 6);
    assert_eq!(dogpile.get_or_compute(|| 5), 5, "what is stale is not worth a rest");
    assert_eq!(dogpile.get_or_compute(|| 6), 6);
}

// --- wakers -----------------------------------------------------------------------------------------------------

#[test]
fn panicking_waker_keeps_nobody_else_asleep() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let woken = Arc::<Woken>::default();
    let mut leader = pin!(map.get_or_compute_async(1, std::future::pending::<i32>));
    let mut first = pin!(map.get_or_compute_async(1, || async { 3 }));
    let mut second = pin!(map.get_or_compute_async(1, || async { 3 }));
    assert!(leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(first.as_mut().poll(&mut Context::from_waker(&Arc::new(Angry).into())).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&Arc::clone(&woken).into())).is_pending());
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.set(1, 2))));
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
}

#[test]
fn panicking_waker_loses_no_key_from_the_books() {
    let _time = freeze();
    let map = DogpileMap::new(hourly().capacity(4));
    for key in 0..100 {
        let mut leader = pin!(map.get_or_compute_async(key, std::future::pending::<i32>));
        let mut follower = pin!(map.get_or_compute_async(key, || async { 3 }));
        assert!(leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(follower.as_mut().poll(&mut Context::from_waker(&Arc::new(Angry).into())).is_pending());
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.set(key, 2))));
    }
    assert!(map.len() <= 5, "{} keys in a map of 4", map.len());
}
