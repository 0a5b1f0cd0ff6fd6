//! Ten thousand tasks at once, on every executor.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap};

use crate::async_executors::{Job, executors, give_way, within_deadline};
use crate::support::hourly;

const HERD: u64 = 10_000;

#[derive(Clone, Debug, PartialEq)]
struct Down(u64);

/// Runs a herd of `call`s on every executor, with a fresh `make`, and looks at what came of it.
fn on_every_executor<S: Send + Sync + 'static, T: Send + 'static>(
    herd: u64,
    make: fn() -> S,
    call: fn(Arc<S>, u64) -> Job<T>,
    look: impl Fn(&str, &S, Vec<T>),
) {
    for (name, run) in executors() {
        let subject = Arc::new(make());
        let jobs = (0..herd).map(|number| call(Arc::clone(&subject), number)).collect();
        let outputs = within_deadline(name, move || run(jobs));
        look(name, &subject, outputs);
    }
}

/// Gives way until all others of a herd wait.
async fn gathered(waits: impl Fn() -> u64) {
    while waits() < HERD - 1 {
        give_way().await;
    }
}

#[test]
fn cold_herd_computes_once() {
    fn call(dogpile: Arc<Dogpile<u64>>, number: u64) -> Job<u64> {
        Box::pin(async move {
            let compute = async || {
                gathered(|| dogpile.stats().waits).await;
                number
            };
            dogpile.get_or_compute_async(compute).await
        })
    }
    let _time = freeze();
    on_every_executor(
        HERD,
        || Dogpile::new(hourly()),
        call,
        |name, dogpile, values| {
            assert!(values.iter().all(|value| *value == values[0]), "{name}");
            let stats = dogpile.stats();
            assert_eq!((stats.computations, stats.waits), (1, HERD - 1), "{name}");
        },
    );
}

#[test]
fn cold_herd_on_many_keys_computes_each_once() {
    const KEYS: u64 = 100;
    fn call(map: Arc<DogpileMap<u64, u64>>, number: u64) -> Job<u64> {
        Box::pin(async move {
            let key = number % KEYS;
            let compute = async || {
                give_way().await;
                key
            };
            map.get_or_compute_async(key, compute).await
        })
    }
    let _time = freeze();
    on_every_executor(
        HERD,
        || DogpileMap::new(hourly()),
        call,
        |name, map, values| {
            assert!((0..).zip(values).all(|(number, value)| value == number % KEYS), "{name}");
            assert_eq!((map.stats().computations, map.len()), (KEYS, 100), "{name}");
        },
    );
}

fn expired() -> Dogpile<u64> {
    let dogpile = Dogpile::new(hourly());
    dogpile.set(0);
    dogpile.expire();
    dogpile
}

#[test]
fn herd_on_expiry_regenerates_once_and_nobody_waits() {
    fn call(dogpile: Arc<Dogpile<u64>>, _: u64) -> Job<u64> {
        Box::pin(async move {
            let compute = async || {
                while dogpile.stats().stale_served < HERD - 1 {
                    give_way().await;
                }
                1
            };
            dogpile.get_or_compute_async(compute).await
        })
    }
    let _time = freeze();
    on_every_executor(HERD, expired, call, |name, dogpile, values| {
        assert_eq!(values.iter().sum::<u64>(), 1, "{name}: the leader's alone is new");
        let stats = dogpile.stats();
        assert_eq!((stats.computations, stats.waits, stats.stale_served), (1, 0, HERD - 1), "{name}");
        assert_eq!(dogpile.get(), Some(1));
    });
}

#[test]
fn failing_origin_is_asked_once_per_herd() {
    fn call(dogpile: Arc<Dogpile<u64>>, number: u64) -> Job<Result<u64, Down>> {
        Box::pin(async move {
            let compute = async || {
                gathered(|| dogpile.stats().waits).await;
                Err(Down(number))
            };
            dogpile.try_get_or_compute_shared_async(compute).await
        })
    }
    let _time = freeze();
    on_every_executor(
        HERD,
        || Dogpile::new(hourly()),
        call,
        |name, dogpile, results| {
            assert!(results.iter().all(|result| *result == results[0] && result.is_err()), "{name}");
            assert_eq!((dogpile.stats().computations, dogpile.stats().failures), (1, 1), "{name}");
        },
    );
}

/// A sequence of numbers that look random, and are the same in every run (splitmix64).
fn scrambled(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Polls `future` that often at most, and drops it if it is not done by then.
async fn given_up_after<T>(mut polls: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Some(Box::pin(future));
    poll_fn(|context| {
        let output = future.as_mut().expect("not done yet").as_mut().poll(context);
        polls -= 1;
        match output {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 => {
                future = None;
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The computations under way.
static RUNNING: AtomicU64 = AtomicU64::new(0);

struct Running;

impl Running {
    fn one() -> Self {
        assert_eq!(RUNNING.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn whoever_is_cancelled_when_the_others_get_the_value() {
    fn call(dogpile: Arc<Dogpile<u64>>, number: u64) -> Job<Option<u64>> {
        Box::pin(async move {
            let random = scrambled(number);
            let is_patient = random % 10 >= 7;
            let polls = if is_patient { u64::MAX } else { 1 + random / 10 % 4 };
            // The first to lead is one that does not stay.
            while is_patient && dogpile.stats().cancellations == 0 {
                give_way().await;
            }
            let compute = async || {
                let _running = Running::one();
                for _ in 0..6 {
                    give_way().await;
                }
                number
            };
            given_up_after(polls, dogpile.get_or_compute_async(compute)).await
        })
    }
    let _time = freeze();
    on_every_executor(
        HERD,
        || Dogpile::new(hourly()),
        call,
        |name, dogpile, values| {
            let patient = (0..HERD).filter(|number| scrambled(*number) % 10 >= 7).count();
            let served: Vec<_> = values.into_iter().flatten().collect();
            assert!(served.len() >= patient && served.iter().all(|value| *value == served[0]), "{name}");
            let stats = dogpile.stats();
            assert_eq!(stats.computations, stats.cancellations + 1, "{name}: one of them landed");
            assert!(stats.cancellations > 0 && !dogpile.is_computing(), "{name}");
            assert_eq!(RUNNING.load(Ordering::SeqCst), 0);
        },
    );
}

#[test]
fn followers_of_an_error_of_their_own_take_turns_and_none_is_forgotten() {
    fn call(dogpile: Arc<Dogpile<u64>>, number: u64) -> Job<Result<u64, u64>> {
        Box::pin(async move {
            let compute = async || {
                give_way().await;
                Err::<u64, _>(number)
            };
            dogpile.try_get_or_compute_async(compute).await
        })
    }
    let _time = freeze();
    on_every_executor(
        300,
        || Dogpile::new(hourly()),
        call,
        |name, dogpile, results| {
            assert!((0..).zip(results).all(|(number, result)| result == Err(number)), "{name}");
            assert_eq!(dogpile.stats().failures, 300);
        },
    );
}

#[test]
fn threads_and_tasks_are_one_herd() {
    fn call(dogpile: Arc<Dogpile<u64>>, number: u64) -> Job<u64> {
        Box::pin(async move {
            let compute = async || {
                while dogpile.stats().waits < 107 {
                    give_way().await;
                }
                number
            };
            dogpile.get_or_compute_async(compute).await
        })
    }
    let _time = freeze();
    for (name, run) in executors() {
        let dogpile = Arc::new(Dogpile::new(hourly()));
        let jobs = (0..100).map(|number| call(Arc::clone(&dogpile), number)).collect();
        let threads: Vec<_> = (100..108)
            .map(|number| {
                let call = call(Arc::clone(&dogpile), number);
                let dogpile = Arc::clone(&dogpile);
                thread::spawn(move || {
                    if number % 2 == 0 {
                        return crate::by_hand::block_on(call);
                    }
                    dogpile.get_or_compute(|| {
                        crate::support::eventually("the herd waits", || dogpile.stats().waits >= 107);
                        number
                    })
                })
            })
            .collect();
        let values = within_deadline(name, move || run(jobs));
        let mut values = values.into_iter().chain(threads.into_iter().map(|thread| thread.join().unwrap()));
        let first = values.next();
        assert!(values.all(|value| Some(value) == first), "{name}");
        assert_eq!(dogpile.stats().computations, 1, "{name}");
    }
}
