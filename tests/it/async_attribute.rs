//! `#[dogpile(…)]` on async functions: what it does there, under the names of the sync tests.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap, dogpile, policy};

use crate::by_hand::{Signal, Task, at_once, block_on, pauses};
use crate::support::{HOUR, NANOSECOND, panic_of};

/// Counts, and tells how many there were.
fn next(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

#[test]
fn annotated_function_computes_once_per_period() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    async fn calls() -> u32 {
        pauses(1).await;
        next(&CALLS)
    }
    let time = freeze();
    assert_eq!((block_on(calls()), block_on(calls())), (1, 1));
    time.advance(HOUR);
    assert_eq!(block_on(calls()), 1);
    time.advance(NANOSECOND);
    assert_eq!((block_on(calls()), block_on(calls())), (2, 2));
}

#[test]
fn nothing_happens_before_the_first_poll() {
    #[dogpile(expire = "1h", handle = LAZY)]
    async fn lazy() -> u32 {
        7
    }
    let _time = freeze();
    let call = lazy();
    assert_eq!(LAZY.stats().computations, 0);
    LAZY.set(8);
    assert_eq!(at_once(call), 8);
}

#[test]
fn hit_is_ready_at_the_first_poll() {
    #[dogpile(expire = "1h", handle = READY)]
    async fn ready(name: &str) -> Result<usize, String> {
        pauses(1).await;
        Ok(name.len())
    }
    let time = freeze();
    drop(Task::pending(ready("four")));
    assert_eq!(block_on(ready("four")), Ok(4));
    assert_eq!(at_once(ready("four")), Ok(4));
    time.advance(HOUR + NANOSECOND);
    let mut leader = Task::pending(ready("four")); // the elected caller
    assert_eq!(at_once(ready("four")), Ok(4), "the others have the stale value");
    assert_eq!((leader.finish(), READY.stats().computations), (Ok(4), 3), "one was dropped");
}

#[test]
fn dropped_leader_hands_over() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    async fn handed_over(id: u8) -> (u8, u32) {
        let call = next(&CALLS);
        pauses(1).await;
        (id, call)
    }
    let _time = freeze();
    let leader = Task::pending(handed_over(1));
    let follower = Task::pending(handed_over(1));
    drop(leader);
    assert!(follower.is_woken());
    assert_eq!(block_on(follower.into_future()), (1, 2));
}

#[test]
fn handle_names_the_static_and_original_is_uncached() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", handle = HANDLED, original = counted_uncached, cache_if = |count| *count != 2)]
    async fn counted(step: u32) -> u32 {
        pauses(1).await;
        next(&CALLS) * step
    }
    let _time = freeze();
    assert_eq!((block_on(counted(1)), block_on(counted_uncached(1)), block_on(counted(1))), (1, 2, 1));
    HANDLED.invalidate(&1);
    CALLS.store(1, Ordering::SeqCst);
    assert_eq!((block_on(counted(1)), HANDLED.get(&1)), (2, None), "refused by `cache_if`");
    assert!(format!("{HANDLED:?}").contains("async_attribute::counted"), "named after its path");
}

#[test]
fn each_key_is_computed_once_per_period() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    async fn profile(tenant: &str, id: u64) -> (String, u32) {
        pauses(1).await;
        (format!("{tenant}{id}"), next(&CALLS))
    }
    let time = freeze();
    let call = |tenant: &str, id| block_on(profile(tenant, id)).1;
    assert_eq!((call("a", 1), call("a", 1), call("a", 2), call("b", 1)), (1, 1, 2, 3));
    time.advance(HOUR + NANOSECOND);
    assert_eq!((call("a", 2), call("a", 1)), (4, 5));
}

#[test]
fn borrowed_parameters_are_looked_up_by_their_contents() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    async fn borrowed(text: &str, bytes: &[u8], path: &Path) -> u32 {
        pauses(1).await;
        assert!(!text.is_empty() && !bytes.is_empty() && path.is_relative());
        next(&CALLS)
    }
    let _time = freeze();
    let (text, bytes) = (String::from("text"), vec![1, 2]);
    assert_eq!(block_on(borrowed(&text, &bytes, Path::new("a/b"))), 1);
    assert_eq!(block_on(borrowed("text", &[1, 2], Path::new("a").join("b").as_path())), 1);
    assert_eq!(block_on(borrowed("text", &[1, 2, 3], Path::new("a/b"))), 2);
}

#[test]
fn body_may_consume_its_parameters() {
    #[dogpile(expire = "1h", skip(log))]
    async fn consumed(mut name: String, (list, _): (Vec<String>, u8), log: &mut Vec<usize>) -> String {
        for word in list {
            pauses(1).await;
            name.push_str(&word);
        }
        log.push(name.len());
        name
    }
    let _time = freeze();
    let mut log = Vec::new();
    for _ in 0..2 {
        assert_eq!(block_on(consumed("a".to_owned(), (vec!["b".to_owned()], 1), &mut log)), "ab");
        assert_eq!(block_on(consumed("a".to_owned(), (Vec::new(), 1), &mut log)), "a");
    }
    assert_eq!(log, [2, 1]);
}

#[test]
fn errors_of_a_fallible_function_are_shared_when_they_can_be() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static GATHERED: LazyLock<Signal> = LazyLock::new(Signal::default);
    #[dogpile(expire = "1h", handle = DOWN)]
    async fn down(host: &str) -> Result<u32, String> {
        GATHERED.wait().await;
        Err(format!("{host}: attempt {}", next(&CALLS)))
    }
    let _time = freeze();
    let herd: Vec<_> = (0..8).map(|_| Task::pending(down("db"))).collect();
    assert_eq!(DOWN.stats().waits, 7);
    GATHERED.happen();
    for caller in herd {
        assert_eq!(block_on(caller.into_future()), Err(String::from("db: attempt 1")));
    }
    assert_eq!(block_on(down("db")), Err(String::from("db: attempt 2")), "no error is kept");
}

#[test]
fn errors_that_cannot_be_cloned_are_each_callers_own() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static GATHERED: LazyLock<Signal> = LazyLock::new(Signal::default);
    #[dogpile(expire = "1h")]
    async fn file() -> io::Result<u32> {
        GATHERED.wait().await;
        next(&CALLS);
        Err(io::Error::other("no such luck"))
    }
    let _time = freeze();
    let herd: Vec<_> = (0..4).map(|_| Task::pending(file())).collect();
    GATHERED.happen();
    assert!(herd.into_iter().all(|caller| block_on(caller.into_future()).is_err()));
    assert_eq!(CALLS.load(Ordering::SeqCst), 4);
}

#[test]
fn name_is_shown_in_panics() {
    #[dogpile(expire = "1h", name = "the tail-eater")]
    async fn eats_its_tail(id: u8) -> u32 {
        pauses(1).await;
        Box::pin(eats_its_tail(id)).await
    }
    let _time = freeze();
    let panic = panic_of(|| block_on(eats_its_tail(1)));
    assert!(
        panic.contains("`the tail-eater` is called by the computation of its own first value"),
        "{panic}"
    );
}

#[test]
fn recursion_over_keys_memoizes() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    async fn fib(n: u32) -> u64 {
        next(&CALLS);
        if n < 2 { n.into() } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
    }
    let _time = freeze();
    assert_eq!(block_on(fib(60)), 1_548_008_755_920);
    assert_eq!(CALLS.load(Ordering::SeqCst), 61);
}

/// Values of its own.
struct Store<V> {
    one: Dogpile<V>,
    many: DogpileMap<(String, u8), V>,
    computed: AtomicU32,
}

trait Load<V> {
    async fn load(&self, pair: (&str, u8)) -> Result<V, String>;
}

impl<V: Clone + From<u8> + Send + Sync + 'static> Store<V> {
    fn new() -> Self {
        let (one, many) =
            (Dogpile::new(policy!(expire = "1h")), DogpileMap::new(policy!(expire = "1h", capacity = 10)));
        Self { one, many, computed: AtomicU32::new(0) }
    }

    #[dogpile(slot = self.one)]
    async fn one(&self) -> V {
        pauses(1).await;
        next(&self.computed);
        V::from(1)
    }
}

impl<V: Clone + From<u8> + Send + Sync + 'static> Load<V> for Store<V> {
    #[dogpile(slot = self.many, key(pair.0: &str, pair.1: u8))]
    async fn load(&self, pair: (&str, u8)) -> Result<V, String> {
        pauses(1).await;
        next(&self.computed);
        if pair.0.is_empty() { Err(pair.1.to_string()) } else { Ok(V::from(pair.1)) }
    }
}

#[test]
fn slots_are_the_instances_own() {
    let time = freeze();
    let (first, second) = (Store::<u64>::new(), Store::<u64>::new());
    assert_eq!((block_on(first.one()), block_on(first.one()), block_on(second.one())), (1, 1, 1));
    first.one.set(7);
    assert_eq!((block_on(first.one()), block_on(second.one())), (7, 1));
    time.advance(HOUR + NANOSECOND);
    assert_eq!((block_on(first.one()), first.computed.into_inner()), (1, 2));
}

#[test]
fn trait_methods_of_generic_types_have_slots() {
    let _time = freeze();
    let store = Store::<u32>::new();
    let call = |name, id| block_on(store.load((name, id)));
    assert_eq!((call("a", 1), call("a", 1), call("a", 2)), (Ok(1), Ok(1), Ok(2)));
    assert_eq!((call("", 1), call("", 1)), (Err("1".to_owned()), Err("1".to_owned())));
    assert_eq!((store.many.get(("a", &2)), store.computed.into_inner()), (Some(2), 4));
}

struct Account {
    id: u64,
    calls: AtomicU32,
}

impl Account {
    #[dogpile(expire = "1h", key(self.id: u64))]
    async fn by_id(&self) -> u32 {
        pauses(1).await;
        next(&self.calls)
    }

    #[dogpile(expire = "1h", skip(self))]
    async fn shared(self: Arc<Self>, day: u8) -> (u64, u8) {
        pauses(1).await;
        (self.id, day)
    }
}

#[test]
fn key_out_of_self_tells_instances_apart() {
    let _time = freeze();
    let account = |id| Account { id, calls: AtomicU32::new(0) };
    let (one, same, other) = (account(1), account(1), account(2));
    assert_eq!((block_on(one.by_id()), block_on(same.by_id()), block_on(other.by_id())), (1, 1, 1));
    assert_eq!((same.calls.into_inner(), other.calls.into_inner()), (0, 1));
    let shared = |id, day| block_on(Arc::new(account(id)).shared(day));
    assert_eq!((shared(1, 1), shared(2, 1), shared(2, 2)), ((1, 1), (1, 1), (2, 2)));
}
