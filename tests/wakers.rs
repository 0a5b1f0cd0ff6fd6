//! Wakers that are the user's code in all their parts: `clone`, `wake` and `drop` call back into the dogpile, or panic.
//!
//! In a file of its own, for a waker with a `clone` of its own cannot be made without `unsafe`. All tests freeze the clock, for
//! one of them moves it.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap, Policy};

/// What is done with a waker.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Use {
    Clone,
    Wake,
    Drop,
}

/// A waker's other side.
struct Hooks {
    call: Box<dyn Fn(Use) + Send + Sync>,
}

static HOOKED: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: `data` came from `Arc::into_raw` in `hooked`, and the waker that is cloned has a count of it.
        let hooks = unsafe { &*data.cast::<Hooks>() };
        (hooks.call)(Use::Clone);
        // SAFETY: as above.
        unsafe { Arc::increment_strong_count(data.cast::<Hooks>()) };
        RawWaker::new(data, &HOOKED)
    },
    |data| {
        // SAFETY: as above; the count is ours now, for the waker is used up.
        let hooks = unsafe { Arc::from_raw(data.cast::<Hooks>()) };
        (hooks.call)(Use::Wake);
    },
    |data| {
        // SAFETY: as above; the waker keeps its count.
        let hooks = unsafe { &*data.cast::<Hooks>() };
        (hooks.call)(Use::Wake);
    },
    |data| {
        // SAFETY: as above; the count is ours now, for the waker is no more.
        let hooks = unsafe { Arc::from_raw(data.cast::<Hooks>()) };
        (hooks.call)(Use::Drop);
    },
);

fn hooked(call: impl Fn(Use) + Send + Sync + 'static) -> Waker {
    let hooks = Arc::new(Hooks { call: Box::new(call) });
    let raw = RawWaker::new(Arc::into_raw(hooks).cast(), &HOOKED);
    // SAFETY: the functions of the table take the data for what it is, count it, and may be called on any thread.
    unsafe { Waker::from_raw(raw) }
}

type Task = Pin<Box<dyn Future<Output = u32> + Send>>;

fn poll(task: &mut Task, waker: &Waker) -> Poll<u32> {
    task.as_mut().poll(&mut Context::from_waker(waker))
}

/// Not ready at its first poll, and then 1.
async fn slow() -> u32 {
    let mut is_first = true;
    std::future::poll_fn(
        |_| if std::mem::replace(&mut is_first, false) { Poll::Pending } else { Poll::Ready(1) },
    )
    .await
}

/// A dogpile or a map, as far as it matters here.
trait Subject: Send + Sync + 'static {
    fn make(policy: Policy<u32>) -> &'static Self;
    fn task<F: Future<Output = u32> + Send + 'static>(
        &'static self,
        compute: impl FnOnce() -> F + Send + 'static,
    ) -> Task;
    /// Everything that takes the lock.
    fn meddle(&self);
    fn set(&self);
    fn is_computing(&self) -> bool;
    fn clear(&self);
}

impl Subject for Dogpile<u32> {
    fn make(policy: Policy<u32>) -> &'static Self {
        Box::leak(Box::new(Self::new(policy)))
    }
    fn task<F: Future<Output = u32> + Send + 'static>(
        &'static self,
        compute: impl FnOnce() -> F + Send + 'static,
    ) -> Task {
        Box::pin(self.get_or_compute_async(compute))
    }
    fn meddle(&self) {
        assert!(format!("{self:?}").contains("is_computing"));
        self.expire();
    }
    fn set(&self) {
        self.set(3);
    }
    fn is_computing(&self) -> bool {
        self.is_computing()
    }
    fn clear(&self) {
        self.invalidate();
    }
}

impl Subject for DogpileMap<u32, u32> {
    fn make(policy: Policy<u32>) -> &'static Self {
        Box::leak(Box::new(Self::new(policy)))
    }
    fn task<F: Future<Output = u32> + Send + 'static>(
        &'static self,
        compute: impl FnOnce() -> F + Send + 'static,
    ) -> Task {
        Box::pin(self.get_or_compute_async(7, compute))
    }
    fn meddle(&self) {
        self.expire(&7);
        self.set(8, 1);
    }
    fn set(&self) {
        self.set(7, 3);
    }
    fn is_computing(&self) -> bool {
        self.is_computing(&7)
    }
    fn clear(&self) {
        self.invalidate(&7);
    }
}

/// Far beyond what anything here takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// Fails instead of hanging.
fn within_deadline(run: impl FnOnce() + Send + 'static) {
    let (tell, done) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        run();
        drop(tell);
    });
    assert_ne!(done.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Timeout), "hung");
    if let Err(payload) = thread.join() {
        std::panic::resume_unwind(payload);
    }
}

const LEASE: Duration = Duration::from_secs(3600);

fn hourly() -> Policy<u32> {
    // With a lease tasks set alarms, too.
    Policy::expire(Duration::from_secs(3600)).lease(LEASE)
}

fn wakers_may_call_back<S: Subject>() {
    let _time = freeze();
    let dogpile = S::make(hourly());
    let calls = Arc::new([const { AtomicUsize::new(0) }; 3]);
    let meddler = || {
        let calls = Arc::clone(&calls);
        hooked(move |what| {
            calls[what as usize].fetch_add(1, Ordering::SeqCst);
            dogpile.meddle();
        })
    };
    let waker = meddler();
    for is_dropped in [false, true] {
        let mut leader = dogpile.task(slow);
        assert!(poll(&mut leader, &waker).is_pending());
        let mut followers: Vec<_> = (0..3).map(|_| dogpile.task(|| async { 2 })).collect();
        for follower in &mut followers {
            assert!(poll(follower, &waker).is_pending());
            assert!(poll(follower, &meddler()).is_pending(), "which replaces the waker that was there");
        }
        drop(followers.pop());
        if is_dropped {
            drop(leader);
        } else {
            assert_eq!(poll(&mut leader, &waker), Poll::Ready(1));
        }
        for follower in &mut followers {
            // `expire` has had its result land stale, so whoever comes next may regenerate it.
            assert!(poll(follower, &waker).is_ready());
        }
        dogpile.clear();
    }
    drop(waker);
    assert!(calls.iter().all(|calls| calls.load(Ordering::SeqCst) > 0), "{calls:?}");
}

#[test]
fn clone_wake_and_drop_of_a_waker_may_call_back() {
    within_deadline(wakers_may_call_back::<Dogpile<u32>>);
    within_deadline(wakers_may_call_back::<DogpileMap<u32, u32>>);
}

fn takeover_wakes_those_who_call_back<S: Subject>() {
    let time = freeze();
    let dogpile = S::make(hourly());
    let (quiet, _) = counting();
    let mut hung = dogpile.task(pending);
    assert!(poll(&mut hung, &quiet).is_pending());
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    let meddler = hooked(move |what| {
        if what == Use::Wake {
            counted.fetch_add(1, Ordering::SeqCst);
            dogpile.meddle();
        }
    });
    let mut follower = dogpile.task(|| async { 2 });
    assert!(poll(&mut follower, &meddler).is_pending());
    time.advance(LEASE + Duration::from_nanos(1));
    let by_the_clock = calls.load(Ordering::SeqCst);
    let mut leader = dogpile.task(slow);
    assert!(poll(&mut leader, &quiet).is_pending());
    assert_eq!(calls.load(Ordering::SeqCst), by_the_clock + 1, "the one that hangs is given up");
    assert!(poll(&mut follower, &quiet).is_pending());
    assert_eq!(poll(&mut leader, &quiet), Poll::Ready(1));
    assert_eq!(poll(&mut follower, &quiet), Poll::Ready(1));
}

#[test]
fn waker_of_one_whose_leader_is_replaced_may_call_back() {
    within_deadline(takeover_wakes_those_who_call_back::<Dogpile<u32>>);
    within_deadline(takeover_wakes_those_who_call_back::<DogpileMap<u32, u32>>);
}

/// Counts wake-ups.
fn counting() -> (Waker, Arc<AtomicUsize>) {
    let rings = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&rings);
    let waker = hooked(move |what| {
        counted.fetch_add(usize::from(what == Use::Wake), Ordering::SeqCst);
    });
    (waker, rings)
}

/// How a flight ends with a follower whose waker panics, between two others.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Lands,
    Panics,
    IsDropped,
    IsSet,
}

fn panicking_waker<S: Subject>(panics_at: Use, end: End) {
    let _time = freeze();
    let dogpile = S::make(hourly());
    let (quiet, _) = counting();
    let mut leader = dogpile.task(move || async move {
        let value = slow().await;
        assert_ne!(end, End::Panics, "boom");
        value
    });
    assert!(poll(&mut leader, &quiet).is_pending());
    let mut followers: Vec<_> = (0..3).map(|_| dogpile.task(|| async { 2 })).collect();
    let is_armed = Arc::<AtomicUsize>::default();
    let armed = Arc::clone(&is_armed);
    let nasty = hooked(move |what| {
        let panics = armed.load(Ordering::SeqCst) == 1 && what == panics_at;
        assert!(!panics, "of a waker, and meant");
    });
    let (first, last) = (counting(), counting());
    assert!(poll(&mut followers[0], &first.0).is_pending());
    assert!(poll(&mut followers[1], &nasty).is_pending());
    assert!(poll(&mut followers[2], &last.0).is_pending());
    is_armed.store(1, Ordering::SeqCst);
    let outcome = catch_unwind(AssertUnwindSafe(|| match end {
        End::Lands | End::Panics => drop(poll(&mut leader, &quiet)),
        End::IsDropped => leader = Box::pin(pending()),
        End::IsSet => dogpile.set(),
    }));
    is_armed.store(0, Ordering::SeqCst);
    let message = outcome.err().map(|payload| format!("{:?}", payload.downcast_ref::<String>()));
    match end {
        End::Panics => assert!(message.is_some_and(|message| message.contains("boom")), "its own panic"),
        _ => assert_eq!(message, None, "a waker's panic is not its waker's"),
    }
    assert_eq!(
        (first.1.load(Ordering::SeqCst), last.1.load(Ordering::SeqCst)),
        (1, 1),
        "{panics_at:?}, {end:?}"
    );
    for (follower, waker) in followers.iter_mut().zip([&first.0, &quiet, &last.0]) {
        assert!(poll(follower, waker).is_ready(), "nobody is wedged: {panics_at:?}, {end:?}");
    }
    drop(followers);
    drop(leader);
    assert!(!dogpile.is_computing());
}

#[test]
fn waker_that_panics_keeps_nobody_else_from_being_woken() {
    for end in [End::Lands, End::Panics, End::IsDropped, End::IsSet] {
        within_deadline(move || panicking_waker::<Dogpile<u32>>(Use::Wake, end));
        within_deadline(move || panicking_waker::<DogpileMap<u32, u32>>(Use::Wake, end));
    }
}

#[test]
fn value_of_a_key_is_bounded_though_a_waker_panics() {
    // What is behind the waking must be done as well: the map's books.
    static MAP: DogpileMap<u32, u32> = DogpileMap::new(Policy::expire(Duration::from_secs(3600)).capacity(2));
    let _time = freeze();
    let (quiet, _) = counting();
    for key in 0..20 {
        let mut leader: Task = Box::pin(MAP.get_or_compute_async(key, slow));
        assert!(poll(&mut leader, &quiet).is_pending());
        let mut follower: Task = Box::pin(MAP.get_or_compute_async(key, slow));
        let nasty = hooked(|what| assert_ne!(what, Use::Wake, "of a waker, and meant"));
        assert!(poll(&mut follower, &nasty).is_pending());
        let _ = catch_unwind(AssertUnwindSafe(|| poll(&mut leader, &quiet)));
        assert!(MAP.has_value(&key));
    }
    assert!(MAP.len() <= 2, "{} keys", MAP.len());
}

#[test]
fn waker_that_panics_when_it_is_cloned_leaves_nothing_behind() {
    within_deadline(|| {
        let _time = freeze();
        let dogpile = Dogpile::<u32>::make(hourly());
        let (quiet, _) = counting();
        let mut leader = dogpile.task(slow);
        assert!(poll(&mut leader, &quiet).is_pending());
        let mut follower = dogpile.task(|| async { 2 });
        let nasty = hooked(|what| assert_ne!(what, Use::Clone, "of a waker, and meant"));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut follower, &nasty))).is_err());
        drop(follower);
        assert_eq!(poll(&mut leader, &quiet), Poll::Ready(1));
    });
}

#[test]
fn timer_survives_a_waker_that_panics() {
    within_deadline(|| {
        static DOGPILE: Dogpile<u32> = Dogpile::new(Policy::expire(Duration::from_secs(3600)));
        let _time = freeze();
        let (quiet, _) = counting();
        let mut leader: Task = Box::pin(DOGPILE.get_or_compute_async(pending));
        assert!(poll(&mut leader, &quiet).is_pending());
        // One thread wakes both, one after the other.
        for panics in [true, false] {
            let (tell, rung) = mpsc::channel();
            let waker = hooked(move |what| {
                if what == Use::Wake {
                    tell.send(()).unwrap();
                    assert!(!panics, "of a waker, and meant");
                }
            });
            let wait = Duration::from_millis(1);
            let mut follower = Box::pin(DOGPILE.get_or_compute_timeout_async(wait, pending));
            assert!(follower.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            rung.recv_timeout(DEADLINE).expect("the alarm rings");
        }
    });
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn clone_of_a_waker_may_wait_by_the_clock() {
    // Moving a frozen clock wakes whoever waits by it; none of their wakers may be cloned under the lock they stand in.
    within_deadline(|| {
        let time = freeze();
        let dogpile: &'static Dogpile<u32> = Box::leak(Box::new(Dogpile::new(Policy::expire(HOUR))));
        let mut leader: Task = Box::pin(dogpile.get_or_compute_async(pending));
        assert!(poll(&mut leader, Waker::noop()).is_pending());
        let waker = hooked(move |what| {
            if what == Use::Clone {
                let mut other: Task = Box::pin(async {
                    dogpile.get_or_compute_timeout_async(HOUR, async || 3).await.unwrap_or(0)
                });
                assert!(poll(&mut other, Waker::noop()).is_pending());
            }
        });
        let mut follower: Task =
            Box::pin(async { dogpile.get_or_compute_timeout_async(HOUR, async || 3).await.unwrap_or(0) });
        assert!(poll(&mut follower, &waker).is_pending());
        time.advance(Duration::from_secs(1));
    });
}
