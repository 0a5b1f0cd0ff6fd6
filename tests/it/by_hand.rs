//! Tasks that are polled by hand, and what their computations wait for. Whatever happens to them happens in the order
//! in which a test says so.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use dogpile::{DogpileMap, Policy, RefreshAsync, Stats, WaitTimeout};
use parking_lot::Mutex;

use crate::support::{DEADLINE, Event};

/// What a waker does when it is woken: it counts.
#[derive(Default)]
pub(crate) struct Bell {
    rings: AtomicUsize,
    is_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        self.is_rung.store(true, Ordering::SeqCst);
    }
}

/// A future and its waker.
pub(crate) struct Task<'a, T> {
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    bell: Arc<Bell>,
}

impl<'a, T> Task<'a, T> {
    /// Not polled yet, and to be polled.
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        let bell = Bell { is_rung: AtomicBool::new(true), ..Bell::default() };
        Self { future: Some(Box::pin(future)), bell: Arc::new(bell) }
    }

    /// Polled once, and not ready.
    pub(crate) fn pending(future: impl Future<Output = T> + 'a) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_none(), "it was not to be ready");
        task
    }

    /// Polls once. What it came to, if it is done; then it is gone.
    pub(crate) fn poll(&mut self) -> Option<T> {
        self.bell.is_rung.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.bell));
        let future = self.future.as_mut().expect("a task that is not done");
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => {
                self.future = None;
                Some(output)
            }
            Poll::Pending => None,
        }
    }

    /// Polls once; it has been woken, and is ready.
    pub(crate) fn finish(&mut self) -> T {
        assert!(self.is_woken(), "nobody has woken it");
        self.poll().expect("a task that is ready")
    }

    /// Another task, which goes on with the future.
    pub(crate) fn moved(&mut self) -> Self {
        Self { future: self.future.take(), bell: Arc::default() }
    }

    /// What is left of it, for an executor.
    pub(crate) fn into_future(self) -> Pin<Box<dyn Future<Output = T> + 'a>> {
        self.future.expect("a task that is not done")
    }

    /// Drops the future where it is.
    pub(crate) fn cancel(&mut self) {
        self.future = None;
    }

    /// Whether it has been woken since it was polled last.
    pub(crate) fn is_woken(&self) -> bool {
        self.bell.is_rung.load(Ordering::SeqCst)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.future.is_none()
    }

    /// How many wakers of it others hold.
    pub(crate) fn wakers(&self) -> usize {
        Arc::strong_count(&self.bell) - 1
    }

    /// How often it has been woken.
    pub(crate) fn rings(&self) -> usize {
        self.bell.rings.load(Ordering::SeqCst)
    }
}

/// What a future comes to at its first poll, whoever would wake it.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it was to be ready at the first poll"),
    }
}

/// Runs a future on this thread, which sleeps meanwhile: an executor.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    /// Wakes the thread.
    #[derive(Default)]
    struct Alarm(Mutex<bool>, parking_lot::Condvar);
    impl Wake for Alarm {
        fn wake(self: Arc<Self>) {
            *self.0.lock() = true;
            self.1.notify_one();
        }
    }
    let alarm = Arc::<Alarm>::default();
    let waker = Waker::from(Arc::clone(&alarm));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut is_rung = alarm.0.lock();
        alarm.1.wait_while_for(&mut is_rung, |is_rung| !*is_rung, DEADLINE);
        assert!(*is_rung, "not woken for {DEADLINE:?}");
        *is_rung = false;
    }
}

/// Gives way that often, and is woken at once.
pub(crate) async fn pauses(mut times: usize) {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Something that happens once, and that tasks wait for.
#[derive(Default)]
pub(crate) struct Signal {
    happened: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Signal {
    pub(crate) fn happen(&self) {
        self.happened.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock());
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|context| {
            let mut waiting = self.waiting.lock();
            if self.happened.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A future that never ends.
pub(crate) async fn hang<T>() -> T {
    std::future::pending().await
}

/// Happens when it is dropped.
pub(crate) struct OnDrop<'a>(pub(crate) &'a Event);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.happen();
    }
}

/// One key of a map, in the words of a dogpile without keys.
pub(crate) struct Keyed<V, R = dogpile::Caller>(pub(crate) DogpileMap<u32, V, R>);

pub(crate) const KEY: u32 = 7;

impl<V: Clone + Send + Sync + 'static, R> Keyed<V, R> {
    pub(crate) const fn new(policy: Policy<V, R>) -> Self {
        Self(DogpileMap::new(policy))
    }

    pub(crate) fn get_or_compute<F: FnOnce() -> V>(&self, compute: F) -> V
    where
        R: dogpile::Refresh<F>,
    {
        self.0.get_or_compute(KEY, compute)
    }

    pub(crate) async fn get_or_compute_async<F, Fut>(&self, compute: F) -> V
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
        R: RefreshAsync<Fut>,
    {
        self.0.get_or_compute_async(KEY, compute).await
    }

    pub(crate) async fn try_get_or_compute_async<F, Fut, E>(&self, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: 'static,
        R: RefreshAsync<Fut>,
    {
        self.0.try_get_or_compute_async(KEY, compute).await
    }

    pub(crate) async fn try_get_or_compute_shared_async<F, Fut, E>(&self, compute: F) -> Result<V, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Clone + Send + Sync + 'static,
        R: RefreshAsync<Fut>,
    {
        self.0.try_get_or_compute_shared_async(KEY, compute).await
    }

    pub(crate) async fn get_or_compute_timeout_async<F, Fut>(
        &self,
        wait: std::time::Duration,
        compute: F,
    ) -> Result<V, WaitTimeout>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
        R: RefreshAsync<Fut>,
    {
        self.0.get_or_compute_timeout_async(KEY, wait, compute).await
    }

    pub(crate) async fn try_get_or_compute_timeout_async<F, Fut, E>(
        &self,
        wait: std::time::Duration,
        compute: F,
    ) -> Result<V, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<WaitTimeout> + 'static,
        R: RefreshAsync<Fut>,
    {
        self.0.try_get_or_compute_timeout_async(KEY, wait, compute).await
    }

    pub(crate) fn get_or_compute_timeout<F: FnOnce() -> V>(
        &self,
        wait: std::time::Duration,
        compute: F,
    ) -> Result<V, WaitTimeout>
    where
        R: dogpile::Refresh<F>,
    {
        self.0.get_or_compute_timeout(KEY, wait, compute)
    }

    pub(crate) fn get(&self) -> Option<V> {
        self.0.get(&KEY)
    }

    pub(crate) fn set(&self, value: V) {
        self.0.set(KEY, value);
    }

    pub(crate) fn invalidate(&self) {
        self.0.invalidate(&KEY);
    }

    pub(crate) fn expire(&self) {
        self.0.expire(&KEY);
    }

    pub(crate) fn has_value(&self) -> bool {
        self.0.has_value(&KEY)
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.0.is_expired(&KEY)
    }

    pub(crate) fn is_computing(&self) -> bool {
        self.0.is_computing(&KEY)
    }

    pub(crate) fn stats(&self) -> Stats {
        self.0.stats()
    }
}

/// Runs a test twice: with one value, and with one key of a map.
macro_rules! with_both {
    ($policy:expr, |$subject:ident| $test:block) => {{
        {
            let $subject = &dogpile::Dogpile::new($policy);
            $test
        }
        {
            let $subject = &crate::by_hand::Keyed::new($policy);
            $test
        }
    }};
}
pub(crate) use with_both;
