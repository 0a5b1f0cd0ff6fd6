//! A hit allocates nothing, fresh or stale. In a binary of its own: the allocator is replaced by one that counts.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use dogpile::{Dogpile, DogpileMap, Policy, dogpile};

const WARM_UP: u64 = 2;
const HITS: u64 = 1000;
const HOUR: Duration = Duration::from_secs(3600);

/// How much this thread allocates while it makes many hits.
fn allocated_by(hit: impl Fn() -> u64) -> AllocationInfo {
    // The first call may compute, and a thread's first hit sets up what it announces its reads in.
    for _ in 0..WARM_UP {
        assert_eq!(hit(), 7);
    }
    measure(|| assert_eq!((0..HITS).map(|_| hit()).sum::<u64>(), 7 * HITS))
}

fn assert_nothing(what: &str, info: &AllocationInfo) {
    assert_eq!(info.count_total, 0, "{what}: {HITS} hits made {} allocations", info.count_total);
}

#[test]
fn allocations_are_counted_at_all() {
    let info = measure(|| drop(std::hint::black_box(Box::new(7))));
    assert_eq!(info.count_total, 1);
}

#[test]
fn fresh_hit_allocates_nothing() {
    #[dogpile(expire = "1h", handle = FRESH)]
    fn fresh() -> u64 {
        7
    }
    #[dogpile(expire = "1h")]
    fn fallible() -> Result<u64, String> {
        Ok(7)
    }
    assert_nothing("a call", &allocated_by(fresh));
    assert_nothing("a fallible call", &allocated_by(|| fallible().unwrap()));
    assert_nothing("`get`", &allocated_by(|| FRESH.get().unwrap()));
    assert_nothing("`read`", &allocated_by(|| *FRESH.read().unwrap()));
}

#[test]
fn hit_of_an_async_function_allocates_nothing() {
    #[dogpile(expire = "1h")]
    async fn task() -> u64 {
        7
    }
    #[dogpile(expire = "1h")]
    async fn keyed(name: &str, list: &[u8]) -> Result<u64, String> {
        if list.is_empty() { Err(name.to_owned()) } else { Ok(7) }
    }
    assert_nothing("a task's call", &allocated_by(|| at_once(task())));
    assert_nothing("a task's keyed call", &allocated_by(|| at_once(keyed("name", &[1])).unwrap()));
}

#[test]
fn stale_hit_while_another_leads_allocates_nothing() {
    static STALE: Dogpile<u64> = Dogpile::new(Policy::expire(HOUR));
    STALE.set(7);
    STALE.expire();
    let (leading, released) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            STALE.get_or_compute(|| {
                leading.wait();
                released.wait();
                8
            })
        });
        leading.wait();
        let before = STALE.stats().stale_served;
        let info = allocated_by(|| STALE.get_or_compute(|| unreachable!("another thread leads")));
        assert_eq!(STALE.stats().stale_served - before, WARM_UP + HITS, "these were stale hits");
        released.wait();
        assert_nothing("a stale hit", &info);
    });
    assert_eq!(STALE.get(), Some(8));
}

#[test]
fn hit_of_a_map_allocates_nothing() {
    static NUMBERS: DogpileMap<u64, u64> = DogpileMap::new(Policy::expire(HOUR).capacity(100));
    static TEXTS: DogpileMap<String, u64> = DogpileMap::new(Policy::expire(HOUR));
    static PAIRS: DogpileMap<(String, u64), u64> = DogpileMap::new(Policy::never().capacity(usize::MAX));
    // Among many others, so that chains and books are there.
    for other in 0..500 {
        NUMBERS.set(other, 0);
        TEXTS.set(other.to_string(), 0);
        PAIRS.set((other.to_string(), other), 0);
    }
    NUMBERS.set(1, 7);
    TEXTS.set("text".to_owned(), 7);
    PAIRS.set(("text".to_owned(), 1), 7);
    let compute = || unreachable!("it is fresh");
    assert_nothing("a call", &allocated_by(|| NUMBERS.get_or_compute(1, compute)));
    assert_nothing("`get`", &allocated_by(|| NUMBERS.get(&1).unwrap()));
    assert_nothing("`read`", &allocated_by(|| *NUMBERS.read(&1).unwrap()));
    assert_nothing("a probe", &allocated_by(|| NUMBERS.__dogpile_probe(&1).get_or_compute(compute)));
    assert_nothing("`get` of a text", &allocated_by(|| TEXTS.get("text").unwrap()));
    assert_nothing("`read` of a text", &allocated_by(|| *TEXTS.read("text").unwrap()));
    assert_nothing(
        "a probe of a text",
        &allocated_by(|| TEXTS.__dogpile_probe("text").get_or_compute(compute)),
    );
    assert_nothing("`get` of a pair", &allocated_by(|| PAIRS.get(("text", &1)).unwrap()));
    let probe = || PAIRS.__dogpile_probe(("text", &1)).get_or_compute(compute);
    assert_nothing("a probe of a pair", &allocated_by(probe));
}

#[test]
fn hit_of_a_function_with_parameters_allocates_nothing() {
    #[dogpile(expire = "1h")]
    fn keyed(text: &str, id: u64) -> u64 {
        text.len() as u64 + id
    }
    assert_nothing("a call", &allocated_by(|| keyed("text", 3)));
}

#[test]
fn stale_hit_of_a_map_while_another_leads_allocates_nothing() {
    static STALE: DogpileMap<String, u64> = DogpileMap::new(Policy::expire(HOUR));
    STALE.set("text".to_owned(), 7);
    // The call of the leader takes the announcement in.
    STALE.expire_all();
    let (leading, released) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            STALE.get_or_compute("text".to_owned(), || {
                leading.wait();
                released.wait();
                8
            })
        });
        leading.wait();
        let before = STALE.stats().stale_served;
        let hit = || STALE.__dogpile_probe("text").get_or_compute(|| unreachable!("another thread leads"));
        let info = allocated_by(hit);
        assert_eq!(STALE.stats().stale_served - before, WARM_UP + HITS, "these were stale hits");
        released.wait();
        assert_nothing("a stale hit", &info);
    });
    assert_eq!(STALE.get("text"), Some(8));
}

/// What a future comes to at its first poll. Pinned on the stack.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit is ready at the first poll"),
    }
}

#[test]
fn hit_of_a_task_allocates_nothing() {
    static ONE: Dogpile<u64> = Dogpile::new(Policy::expire(HOUR));
    static NUMBERS: DogpileMap<u64, u64> = DogpileMap::new(Policy::expire(HOUR));
    ONE.set(7);
    NUMBERS.set(1, 7);
    assert_nothing("one value", &allocated_by(|| at_once(ONE.get_or_compute_async(pending))));
    let fallible = || at_once(ONE.try_get_or_compute_async(pending::<Result<u64, String>>)).unwrap();
    assert_nothing("one value, fallible", &allocated_by(fallible));
    let shared = || at_once(ONE.try_get_or_compute_shared_async(pending::<Result<u64, String>>)).unwrap();
    assert_nothing("one value, shared errors", &allocated_by(shared));
    let patient = || at_once(ONE.get_or_compute_timeout_async(HOUR, pending)).unwrap();
    assert_nothing("one value, with patience", &allocated_by(patient));
    assert_nothing("a key", &allocated_by(|| at_once(NUMBERS.get_or_compute_async(1, pending))));
    let patient = || at_once(NUMBERS.get_or_compute_timeout_async(1, HOUR, pending)).unwrap();
    assert_nothing("a key, with patience", &allocated_by(patient));
}

#[test]
fn stale_hit_of_a_task_while_another_leads_allocates_nothing() {
    static ONE: Dogpile<u64> = Dogpile::new(Policy::expire(HOUR));
    static NUMBERS: DogpileMap<u64, u64> = DogpileMap::new(Policy::expire(HOUR));
    ONE.set(7);
    ONE.expire();
    NUMBERS.set(1, 7);
    NUMBERS.expire(&1);
    let mut leaders =
        (pin!(ONE.get_or_compute_async(pending)), pin!(NUMBERS.get_or_compute_async(1, pending)));
    let context = &mut Context::from_waker(Waker::noop());
    assert!(leaders.0.as_mut().poll(context).is_pending() && leaders.1.as_mut().poll(context).is_pending());
    let one = allocated_by(|| at_once(ONE.get_or_compute_async(pending)));
    let key = allocated_by(|| at_once(NUMBERS.get_or_compute_async(1, pending)));
    assert_eq!(ONE.stats().stale_served, WARM_UP + HITS, "these were stale hits");
    assert_eq!(NUMBERS.stats().stale_served, WARM_UP + HITS, "these, too");
    assert_nothing("one value", &one);
    assert_nothing("a key", &key);
}
