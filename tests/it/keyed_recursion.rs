//! Computations that ask the map they compute for.

use std::sync::Barrier;
use std::thread;

use dogpile::testing::freeze;
use dogpile::{DogpileMap, Policy};

use crate::support::{HOUR, NANOSECOND, hourly, panic_of};

#[test]
fn recursion_on_the_same_key_panics_with_the_name() {
    let _time = freeze();
    let map = DogpileMap::<u32, u32>::new(hourly().name("the tail-eater"));
    for _ in 0..2 {
        let message = panic_of(|| map.get_or_compute(1, || map.get_or_compute(1, || 1)));
        assert!(message.contains("`the tail-eater`") && message.contains("help: "), "{message}");
        assert!(map.is_empty() && !map.is_computing(&1));
    }
    assert_eq!(map.get_or_compute(1, || 1), 1, "nothing is wedged");
}

#[test]
fn recursion_on_another_key_works() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    assert_eq!(map.get_or_compute(1, || map.get_or_compute(2, || 2) + 1), 3);
    assert_eq!((map.get(&1), map.get(&2)), (Some(3), Some(2)));
}

#[test]
fn recursion_works_while_a_stale_value_exists() {
    let time = freeze();
    let map = DogpileMap::new(hourly());
    map.set('a', 1);
    time.advance(HOUR + NANOSECOND);
    let within = || map.get_or_compute('a', || unreachable!("it is stale")) + 1;
    assert_eq!(map.get_or_compute('a', within), 2);
}

#[test]
fn recursion_works_after_the_flight_was_orphaned() {
    let _time = freeze();
    let map = DogpileMap::new(hourly());
    let within = || {
        map.invalidate(&'a');
        map.get_or_compute('a', || 1) + 1
    };
    assert_eq!((map.get_or_compute('a', within), map.get(&'a')), (2, Some(1)));
    let within = || {
        map.invalidate_all();
        map.get_or_compute('a', || 3) + 1
    };
    map.invalidate(&'a');
    assert_eq!((map.get_or_compute('a', within), map.get(&'a')), (4, Some(3)));
}

fn fib(map: &DogpileMap<u64, u64>, n: u64) -> u64 {
    map.get_or_compute(n, || if n < 2 { n } else { fib(map, n - 1).wrapping_add(fib(map, n - 2)) })
}

/// On a thread with room for deep recursion.
fn with_a_big_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    const STACK: usize = 1 << 30;
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK);
        builder.spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

#[test]
fn fib_memoizes_at_any_depth() {
    let _time = freeze();
    for (depth, capacity) in [(90, 4), (3_000, 10), (10_000, usize::MAX)] {
        let map = DogpileMap::new(Policy::never().capacity(capacity));
        let value = with_a_big_stack(|| fib(&map, depth));
        let (_, expected) =
            (1..depth).fold((0_u64, 1_u64), |(before, last), _| (last, before.wrapping_add(last)));
        assert_eq!(value, expected);
        let computations = map.stats().computations;
        if capacity == usize::MAX {
            assert_eq!((computations, map.len() as u64), (depth + 1, depth + 1), "each once");
        }
        assert!(map.len() <= capacity);
    }
}

#[test]
fn cycle_over_two_keys_of_one_thread_is_detected() {
    let _time = freeze();
    let map = DogpileMap::<char, u32>::new(hourly().name("circle"));
    let message =
        panic_of(|| map.get_or_compute('a', || map.get_or_compute('b', || map.get_or_compute('a', || 1))));
    assert!(message.contains("`circle`"), "{message}");
    assert!(map.is_empty() && !map.is_computing(&'a') && !map.is_computing(&'b'));
    assert_eq!((map.get_or_compute('a', || 1), map.get_or_compute('b', || 2)), (1, 2));
}

#[test]
fn cycle_over_two_keys_and_two_threads_is_detected() {
    let _time = freeze();
    let map = DogpileMap::<u32, u32>::new(hourly().name("circle"));
    let both_lead = Barrier::new(2);
    let call = |mine: u32| {
        let (map, both_lead) = (&map, &both_lead);
        move || {
            panic_of(|| {
                map.get_or_compute(mine, || {
                    both_lead.wait();
                    map.get_or_compute(1 - mine, || 7)
                })
            })
        }
    };
    thread::scope(|scope| {
        let threads = [0, 1].map(|mine| {
            let call = call(mine);
            scope.spawn(move || std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)))
        });
        let messages: Vec<String> = threads.into_iter().filter_map(|t| t.join().unwrap().ok()).collect();
        assert!(messages.iter().any(|message| message.matches("`circle`").count() == 3), "{messages:?}");
    });
    for key in [0, 1] {
        assert!(!map.is_computing(&key));
        map.invalidate(&key);
        assert_eq!(map.get_or_compute(key, || 3), 3, "nothing is wedged");
    }
}
