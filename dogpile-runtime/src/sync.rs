//! The synchronisation primitives everything above is built on: `parking_lot` and std, or loom's under
//! `--cfg dogpile_loom`.
//!
//! Nothing else in this crate names a lock or an atomic type, so a model-checked build checks the code that ships.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

#[cfg(not(dogpile_loom))]
pub(crate) use self::real::*;

#[cfg(dogpile_loom)]
pub(crate) use self::model::*;

/// Wakes all of them. They are the executor's code: a panic of one, which the hook has seen, keeps no other from being
/// woken, and does not get to whoever wakes.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            // Its destructor may panic as well.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        }
    }
}

#[cfg(not(dogpile_loom))]
mod real {
    pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, compiler_fence, fence,
    };
    pub(crate) use std::thread::ThreadId;

    pub(crate) fn current_thread() -> ThreadId {
        std::thread::current().id()
    }

    /// A point at which the model may switch threads.
    #[inline]
    pub(crate) fn step() {}

    /// Declares a `static`; the model needs one per execution instead.
    macro_rules! global {
        ($($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr;)*) => {
            $($(#[$meta])* static $name: $ty = $init;)*
        };
    }
    pub(crate) use global;
}

#[cfg(dogpile_loom)]
mod model {
    use std::ops::{Deref, DerefMut};

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, fence};
    pub(crate) use loom::thread::ThreadId;

    macro_rules! global {
        ($($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr;)*) => {
            loom::lazy_static! { $(static ref $name: $ty = $init;)* }
        };
    }
    pub(crate) use global;

    pub(crate) fn current_thread() -> ThreadId {
        loom::thread::current().id()
    }

    global! {
        static STEPS: AtomicU64 = AtomicU64::new(0);
    }

    /// Makes the checker try every order of the steps of different threads.
    ///
    /// Left to itself it remembers one access per object, so that a thread's own load hides an earlier one of another
    /// thread's, and the order of that and a later store goes untried. All steps write to one object. Relaxed: they
    /// order nothing else.
    pub(crate) fn step() {
        STEPS.fetch_add(1, Ordering::Relaxed);
    }

    /// Cleared by the one model that is to be caught: readers then announce without the fence.
    pub(crate) static READERS_FENCE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);

    /// Cleared by the one model that is to be caught: nodes then leave their chain with their `next` uncut.
    pub(crate) static CUTS_NEXT: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);

    pub(crate) fn compiler_fence(order: Ordering) {
        // The model has no notion of a fence for the compiler alone; the strong fence is what it stands for.
        fence(order);
    }

    /// loom's mutex behind the interface of `parking_lot`.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    pub(crate) struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            step();
            // parking_lot knows no poisoning, so the model must not know it either.
            MutexGuard(Some(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            self.0.as_ref().expect("a guard is empty only inside `Condvar::wait`")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("a guard is empty only inside `Condvar::wait`")
        }
    }

    #[derive(Debug)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        /// The model knows no time: nothing in it has a deadline.
        pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: std::time::Duration) {
            self.wait(guard);
        }

        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let inner = guard.0.take().expect("a guard is empty only inside `Condvar::wait`");
            guard.0 = Some(self.0.wait(inner).unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }
}
