//! `refresh = "background"` on async functions: computations in tasks of their own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use dogpile::dogpile;
use dogpile::testing::freeze;
use tokio::runtime::{Builder, Runtime};

use crate::by_hand::{Signal, Task, block_on, pauses};
use crate::support::{HOUR, NANOSECOND, eventually, message, panic_of};

/// Counts, and tells how many there were.
fn next(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

#[test]
fn background_refresh_of_a_function() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", refresh = "background", handle = REFRESHED)]
    async fn refreshed(name: &str, (a, _): (u32, u8), mut list: Vec<u32>) -> Result<u32, String> {
        list.push(a);
        tokio::task::yield_now().await;
        if name.is_empty() { Err(name.to_owned()) } else { Ok(list.iter().sum::<u32>() + 100 * next(&CALLS)) }
    }
    let time = freeze();
    let runtime = runtime();
    let call = || runtime.block_on(refreshed("n", (1, 2), vec![3]));
    assert_eq!((call(), call()), (Ok(104), Ok(104)));
    time.advance(HOUR + NANOSECOND);
    assert_eq!(call(), Ok(104), "at once, and stale");
    eventually("the task has landed", || REFRESHED.get(("n", &(1, 2), &vec![3])) == Some(204));
    assert_eq!(call(), Ok(204));
    assert_eq!(runtime.block_on(refreshed("", (1, 2), Vec::new())), Err(String::new()));
}

#[test]
fn background_computation_outlives_its_callers() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static GATHERED: LazyLock<Signal> = LazyLock::new(Signal::default);
    #[dogpile(expire = "1h", refresh = "background", handle = UNATTENDED)]
    async fn unattended(name: &str) -> usize {
        GATHERED.wait().await;
        name.len() + 100 * next(&CALLS) as usize
    }
    let _time = freeze();
    let runtime = runtime();
    let entered = runtime.enter();
    drop((0..4).map(|_| Task::pending(unattended("four"))).collect::<Vec<_>>());
    drop(entered);
    GATHERED.happen();
    eventually("the first value has landed", || UNATTENDED.get("four") == Some(104));
    assert_eq!(runtime.block_on(unattended("four")), 104);
}

#[test]
fn background_panic_goes_to_the_caller_that_waits_for_it() {
    #[dogpile(expire = "1h", refresh = "background")]
    async fn panicking(id: u8) -> u8 {
        pauses(1).await;
        panic!("no {id}")
    }
    let _time = freeze();
    let runtime = runtime();
    let outcome = runtime.block_on(async { tokio::spawn(panicking(3)).await });
    assert_eq!(message(&*outcome.expect_err("a panic").into_panic()), "no 3");
}

#[test]
fn background_outside_a_runtime_says_so() {
    #[dogpile(expire = "1h", refresh = "background")]
    async fn homeless() -> u32 {
        1
    }
    let _time = freeze();
    let panic = panic_of(|| block_on(homeless()));
    assert!(
        panic.contains("homeless` is computed in the background, and this caller is not in a tokio runtime")
    );
}

#[test]
fn herd_on_an_annotated_function_computes_once() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", refresh = "background")]
    async fn expensive(id: u8) -> u32 {
        tokio::task::yield_now().await;
        next(&CALLS) + u32::from(id)
    }
    let _time = freeze();
    runtime().block_on(async {
        let herd: Vec<_> = (0..1_000).map(|_| tokio::spawn(expensive(1))).collect();
        for caller in herd {
            assert_eq!(caller.await.expect("no panic"), 2);
        }
    });
}
