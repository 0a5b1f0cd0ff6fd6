//! What sync functions may do, async ones may.
#![deny(warnings)]

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dogpile::{Dogpile, DogpileMap, dogpile, policy};

/// Gives way once.
async fn pause() {
    let mut is_back = false;
    std::future::poll_fn(move |context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut is_back, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

fn sent<F: Future + Send>(future: F) -> F {
    future
}

#[dogpile(expire = "1h")]
async fn early_return() -> u32 {
    for i in 0.. {
        pause().await;
        if i * i > 50 {
            return i;
        }
    }
    unreachable!()
}

#[dogpile(expire = "1h")]
async fn question_mark(list: &[u32]) -> Option<u32> {
    let first = list.first()?;
    pause().await;
    Some(*first)
}

#[dogpile(expire = "1h")]
async fn static_text(text: &str) -> &'static str {
    pause().await;
    if text.is_empty() { "empty" } else { "full" }
}

#[dogpile(expire = "1h")]
async fn static_parts(text: &str) -> Result<&'static str, &'static str> {
    pause().await;
    if text.is_empty() { Err("empty") } else { Ok("full") }
}

#[dogpile(expire = "1h")]
async fn coerced() -> Arc<dyn Fn(u32) -> u32 + Send + Sync> {
    pause().await;
    Arc::new(|x| x + 1)
}

#[dogpile(expire = "1h")]
async fn coerced_branches(n: u32) -> &'static [u8] {
    if n > 5 { &[1, 2] } else { &[] }
}

#[dogpile(expire = "1h")]
async fn not_send(n: u32) -> u32 {
    let shared = Rc::new(RefCell::new(n));
    pause().await;
    let sum = *shared.borrow() + 1;
    sum
}

#[dogpile(expire = "1h")]
async fn error_without_any_trait() -> Result<u32, Rc<RefCell<u8>>> {
    pause().await;
    Ok(6)
}

#[dogpile(expire = "1h")]
async fn patterns((mut a, b): (u32, u32), &[c, ..]: &[u32; 2], mut list: Vec<u32>) -> Vec<u32> {
    a += b;
    list.push(a + c);
    pause().await;
    list
}

#[dogpile(expire = "1h")]
async fn fib(n: u32) -> u64 {
    if n < 2 { n.into() } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}

#[dogpile(expire = "1h")]
async fn fallible_recursion(n: u32) -> Result<u64, String> {
    let next: Pin<Box<dyn Future<Output = Result<u64, String>>>> = match n {
        0 => return Ok(0),
        n => Box::pin(fallible_recursion(n - 1)),
    };
    Ok(next.await? + 1)
}

#[dogpile(expire = "1h", skip(log), original = logged_uncached, handle = LOGGED, name = "logged")]
async fn logged<'a>(log: &mut Vec<&'a str>, word: &'a str) -> usize {
    pause().await;
    log.push(word);
    log.len()
}

#[dogpile(expire = "1h", cache_if = |value| *value > 0)]
async unsafe fn unsafe_too(pointer: usize) -> usize {
    pause().await;
    pointer
}

#[dogpile(expire = "1h")]
async fn unit() {
    pause().await;
}

#[dogpile(expire = "1h", refresh = "background")]
async fn spawned(name: &str, list: Vec<u32>, (a, b): (u8, u8)) -> Result<usize, String> {
    pause().await;
    if name.is_empty() { Err(name.to_owned()) } else { Ok(list.len() + usize::from(a + b)) }
}

static DIRECT: Dogpile<Arc<dyn Fn(&'static str) -> &'static str + Send + Sync>> = Dogpile::new(policy!(expire = "1h"));

struct Store<V> {
    one: Dogpile<V>,
    many: DogpileMap<(String, u8), V>,
    value: V,
}

impl<V: Clone + Send + Sync + 'static> Store<V> {
    #[dogpile(slot = self.one)]
    async fn one(&self) -> V {
        pause().await;
        self.value.clone()
    }

    #[dogpile(slot = self.many)]
    async fn many<E: From<u8> + 'static>(&mut self, name: &str, id: u8) -> Result<V, E> {
        pause().await;
        if name.is_empty() { Err(E::from(id)) } else { Ok(self.value.clone()) }
    }

    #[dogpile(expire = "1h", key(id))]
    async fn by_id(self: Arc<Self>, id: u8) -> u8 {
        pause().await;
        id
    }
}

trait Load {
    type Value;
    async fn load(&self, pair: (u8, u8)) -> Self::Value;
    async fn again(&self) -> Result<u8, Self>
    where
        Self: Sized;
}

impl Load for Store<u8> {
    type Value = u8;

    #[dogpile(slot = self.many, key(String::new(): &str, pair.0: u8))]
    async fn load(&self, pair: (u8, u8)) -> Self::Value {
        pause().await;
        pair.0 + pair.1
    }

    #[dogpile(slot = self.one)]
    async fn again(&self) -> Result<u8, Self> {
        Ok(Self::value(self))
    }
}

impl Store<u8> {
    fn value(&self) -> u8 {
        self.value
    }
}

fn main() {
    assert_eq!(block_on(sent(early_return())), 8);
    assert_eq!((block_on(sent(question_mark(&[7]))), block_on(sent(question_mark(&[])))), (Some(7), None));
    assert_eq!((block_on(sent(static_text(""))), block_on(static_text("a"))), ("empty", "full"));
    assert_eq!(block_on(sent(static_parts(""))), Err("empty"));
    assert_eq!(block_on(sent(coerced()))(1), 2);
    assert_eq!(block_on(sent(coerced_branches(6))), [1, 2]);
    assert_eq!(block_on(not_send(1)), 2);
    assert_eq!(block_on(error_without_any_trait()), Ok(6));
    assert_eq!(block_on(sent(patterns((1, 2), &[3, 4], vec![5]))), [5, 6]);
    assert_eq!(block_on(sent(fib(50))), 12_586_269_025);
    assert_eq!(block_on(fallible_recursion(5)), Ok(5));
    let mut log = Vec::new();
    assert_eq!(block_on(sent(logged(&mut log, "a"))), 1);
    assert_eq!(block_on(sent(logged(&mut log, "a"))), 1);
    assert_eq!((block_on(logged_uncached(&mut log, "a")), LOGGED.get("a")), (2, Some(1)));
    // SAFETY: it is only called so.
    assert_eq!(block_on(sent(unsafe { unsafe_too(1) })), 1);
    block_on(sent(unit()));
    let identity = DIRECT.get_or_compute_async(async || Arc::new(|text| text) as Arc<_>);
    assert_eq!(block_on(sent(identity))("same"), "same");
    drop(sent(spawned("a", vec![1], (2, 3))));

    let many = DogpileMap::new(policy!(expire = "1h", capacity = 10));
    let mut store = Store { one: Dogpile::new(policy!(expire = "1h")), many, value: 7 };
    assert_eq!((block_on(sent(store.one())), block_on(store.again()).ok()), (7, Some(7)));
    assert_eq!(block_on(sent(store.many::<u16>("", 1))), Err(1));
    assert_eq!(block_on(sent(store.many::<u16>("a", 1))), Ok(7));
    assert_eq!(block_on(sent(store.load((1, 2)))), 3);
    assert_eq!(block_on(sent(Arc::new(store).by_id(3))), 3);
}
