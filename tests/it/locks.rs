//! P6: code of the user's never runs while a lock of ours is held. Each piece of it calls back into its own dogpile
//! in every way that takes the lock; if the lock were held, it would hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy, Ref};

use crate::support::{DEADLINE, hourly};

/// How often the callback ran, and one at a time: it would call itself otherwise.
#[derive(Default)]
struct Callback {
    dogpile: std::sync::OnceLock<std::sync::Weak<Dogpile<Meddler>>>,
    depth: AtomicUsize,
    calls: AtomicUsize,
}

impl Callback {
    fn call(&self) {
        let Some(dogpile) = self.dogpile.get().and_then(std::sync::Weak::upgrade) else { return };
        if self.depth.fetch_add(1, Ordering::SeqCst) == 0 {
            assert!(format!("{dogpile:?}").contains("is_computing"));
            dogpile.expire();
            drop(dogpile.get());
            self.calls.fetch_add(1, Ordering::SeqCst);
        }
        self.depth.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A value that calls back whenever it is cloned or dropped.
struct Meddler(Arc<Callback>);

impl Clone for Meddler {
    fn clone(&self) -> Self {
        self.0.call();
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.0.call();
    }
}

fn meddled(policy: Policy<Meddler>) -> (Arc<Dogpile<Meddler>>, Arc<Callback>) {
    let (dogpile, callback) = (Arc::new(Dogpile::new(policy)), Arc::<Callback>::default());
    callback.dogpile.set(Arc::downgrade(&dogpile)).unwrap();
    (dogpile, callback)
}

/// Fails instead of hanging.
pub(crate) fn within_deadline(what: &str, run: impl FnOnce() + Send + 'static) {
    let (tell, done) = mpsc::channel();
    let thread = thread::spawn(move || {
        run();
        tell.send(()).unwrap();
    });
    match done.recv_timeout(DEADLINE) {
        Ok(()) => thread.join().unwrap(),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(thread.join().unwrap_err()),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hung: {what}"),
    }
}

#[test]
fn clone_and_drop_of_a_value_may_call_back() {
    let _time = freeze();
    within_deadline("a value that calls back", || {
        let (dogpile, callback) = meddled(hourly());
        drop(dogpile.get_or_compute(|| Meddler(Arc::clone(&callback))));
        drop(dogpile.get_or_compute(|| Meddler(Arc::clone(&callback))));
        let before = callback.calls.load(Ordering::SeqCst);
        assert!(before > 0);
        dogpile.set(Meddler(Arc::clone(&callback)));
        dogpile.invalidate();
        assert!(
            callback.calls.load(Ordering::SeqCst) >= before + 2,
            "both values were dropped, and called back"
        );
    });
}

#[test]
fn value_dropped_by_its_last_reader_may_call_back() {
    let _time = freeze();
    within_deadline("the last reader of a value that calls back", || {
        let (dogpile, callback) = meddled(hourly());
        dogpile.set(Meddler(Arc::clone(&callback)));
        let reader: Ref<'_, Meddler> = dogpile.read().unwrap();
        dogpile.invalidate();
        let before = callback.calls.load(Ordering::SeqCst);
        drop(reader);
        assert_eq!(callback.calls.load(Ordering::SeqCst), before + 1);
    });
}

#[test]
fn cache_if_may_call_back() {
    static DOGPILE: Dogpile<u32> = Dogpile::new(hourly().cache_if(|value| {
        DOGPILE.expire();
        assert!(DOGPILE.is_computing());
        *value > 0
    }));
    let _time = freeze();
    within_deadline("a `cache_if` that calls back", || {
        assert_eq!(DOGPILE.get_or_compute(|| 0), 0);
        assert_eq!(DOGPILE.get_or_compute(|| 1), 1);
        assert!(DOGPILE.is_expired(), "expired while it was under way");
    });
}

#[test]
fn clone_of_an_error_may_call_back() {
    static DOGPILE: Dogpile<u32> = Dogpile::new(hourly());
    struct Error;
    impl Clone for Error {
        fn clone(&self) -> Self {
            assert!(DOGPILE.is_computing());
            Self
        }
    }
    let _time = freeze();
    within_deadline("an error that calls back", || {
        assert!(DOGPILE.try_get_or_compute_shared(|| Err(Error)).is_err());
    });
}

#[test]
fn panic_hook_may_call_back() {
    // The circle is found while the lock is near; the hook that prints it is the user's as well.
    static DOGPILE: Dogpile<u32> = Dogpile::new(hourly());
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let _time = freeze();
    let previous = Arc::new(std::panic::take_hook());
    let inner = Arc::clone(&previous);
    std::panic::set_hook(Box::new(move |info| {
        if DOGPILE.is_computing() {
            CALLS.fetch_add(1, Ordering::SeqCst);
        }
        inner(info);
    }));
    within_deadline("a panic hook that calls back", || {
        let outcome = std::panic::catch_unwind(|| DOGPILE.get_or_compute(|| DOGPILE.get_or_compute(|| 1)));
        assert!(outcome.is_err());
    });
    drop(std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| previous(info)));
    assert!(CALLS.load(Ordering::SeqCst) > 0);
}
