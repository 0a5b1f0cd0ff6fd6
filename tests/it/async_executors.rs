//! The same herds on every executor: tokio with many threads and with one, smol, and one of our own.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use parking_lot::Mutex;

use crate::support::DEADLINE;

/// Something that an executor can run.
pub(crate) type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs all of them to their end.
pub(crate) type Run<T> = fn(Vec<Job<T>>) -> Vec<T>;

pub(crate) fn executors<T: Send + 'static>() -> [(&'static str, Run<T>); 4] {
    [
        ("tokio, two threads", on_tokio_threads),
        ("tokio, one thread", on_one_tokio_thread),
        ("smol, two threads", on_smol),
        ("our own", on_our_own),
    ]
}

fn on_tokio_threads<T: Send + 'static>(jobs: Vec<Job<T>>) -> Vec<T> {
    on_tokio(&tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap(), jobs)
}

fn on_one_tokio_thread<T: Send + 'static>(jobs: Vec<Job<T>>) -> Vec<T> {
    on_tokio(&tokio::runtime::Builder::new_current_thread().build().unwrap(), jobs)
}

fn on_tokio<T: Send + 'static>(runtime: &tokio::runtime::Runtime, jobs: Vec<Job<T>>) -> Vec<T> {
    runtime.block_on(async {
        let tasks: Vec<_> = jobs.into_iter().map(tokio::spawn).collect();
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await.expect("a job"));
        }
        outputs
    })
}

fn on_smol<T: Send + 'static>(jobs: Vec<Job<T>>) -> Vec<T> {
    let executor = smol::Executor::new();
    let tasks: Vec<_> = jobs.into_iter().map(|job| executor.spawn(job)).collect();
    let all = async {
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await);
        }
        outputs
    };
    let (stop, stopped) = smol::channel::unbounded::<()>();
    thread::scope(|scope| {
        scope.spawn(|| smol::block_on(executor.run(stopped.recv())));
        let outputs = smol::block_on(executor.run(all));
        drop(stop);
        outputs
    })
}

/// A queue of those who were woken, and one thread.
fn on_our_own<T: Send + 'static>(mut jobs: Vec<Job<T>>) -> Vec<T> {
    struct Queued {
        number: usize,
        queue: Mutex<mpsc::Sender<usize>>,
    }
    impl Wake for Queued {
        fn wake(self: Arc<Self>) {
            // Late wake-ups are nobody's business.
            let _ = self.queue.lock().send(self.number);
        }
    }
    let (queue, woken) = mpsc::channel();
    let wakers: Vec<Waker> = (0..jobs.len())
        .map(|number| Arc::new(Queued { number, queue: Mutex::new(queue.clone()) }).into())
        .collect();
    wakers.iter().for_each(Waker::wake_by_ref);
    let mut outputs: Vec<Option<T>> = jobs.iter().map(|_| None).collect();
    let mut left = jobs.len();
    while left > 0 {
        let number = woken.recv_timeout(DEADLINE).expect("nobody was woken");
        if outputs[number].is_none() {
            if let Poll::Ready(output) = jobs[number].as_mut().poll(&mut Context::from_waker(&wakers[number]))
            {
                outputs[number] = Some(output);
                left -= 1;
            }
        }
    }
    outputs.into_iter().flatten().collect()
}

/// Gives way to others, on any executor.
pub(crate) async fn give_way() {
    let mut has_given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Fails instead of hanging.
pub(crate) fn within_deadline<T: Send + 'static>(what: &str, run: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, done) = mpsc::channel();
    let thread = thread::spawn(move || {
        let output = run();
        let _ = tell.send(());
        output
    });
    assert_ne!(done.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Timeout), "hung: {what}");
    thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

#[test]
fn every_executor_runs_what_it_is_given() {
    for (name, run) in executors() {
        let jobs = (0..100_u32)
            .map(|number| {
                Box::pin(async move {
                    give_way().await;
                    number
                }) as Job<u32>
            })
            .collect();
        assert_eq!(run(jobs), (0..100).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn tasks_that_stay_on_their_thread_share_a_flight() {
    use std::rc::Rc;
    let _time = dogpile::testing::freeze();
    let dogpile = Rc::new(dogpile::Dogpile::new(crate::support::hourly()));
    let call = |dogpile: Rc<dogpile::Dogpile<u32>>| async move {
        let here = Rc::new(1);
        let compute = async || {
            give_way().await;
            *here
        };
        dogpile.get_or_compute_async(compute).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let values = local.block_on(&runtime, async {
        let one = tokio::task::spawn_local(call(Rc::clone(&dogpile)));
        let two = tokio::task::spawn_local(call(Rc::clone(&dogpile)));
        (one.await.unwrap(), two.await.unwrap())
    });
    assert_eq!(values, (1, 1));
    dogpile.invalidate();
    let local = smol::LocalExecutor::new();
    let (one, two) = (local.spawn(call(Rc::clone(&dogpile))), local.spawn(call(Rc::clone(&dogpile))));
    assert_eq!(smol::block_on(local.run(async { (one.await, two.await) })), (1, 1));
    assert_eq!(dogpile.stats().computations, 2);
}
