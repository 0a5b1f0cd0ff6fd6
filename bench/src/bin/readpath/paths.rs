//! The alternatives: each a pointer to a value and its deadline, read under whatever keeps it alive.
//!
//! Invariant: every hit checks the deadline against the same coarse clock, so that only the protection differs.

use std::cell::RefCell;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_epoch as epoch;
use dogpile::{Dogpile, Policy};
use haphazard::HazardPointer;
use seize::Guard as _;

const HOUR: Duration = Duration::from_secs(3600);

#[expect(clippy::cast_sign_loss, reason = "the clock starts at zero")]
fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What is stored. `A` counts the living when that is what is measured, and is `()` when time is.
#[derive(Clone)]
pub(crate) struct Payload<A> {
    value: u64,
    _alive: A,
}

impl<A> Payload<A> {
    pub(crate) fn new(value: u64, alive: A) -> Self {
        Self { value, _alive: alive }
    }
}

/// A payload and until when it is fresh.
pub(crate) struct Entry<A> {
    payload: Payload<A>,
    fresh_until: u64,
}

impl<A> Entry<A> {
    fn new(payload: Payload<A>) -> Self {
        Self { payload, fresh_until: now() + 1_000_000_000 * HOUR.as_secs() }
    }

    #[inline]
    fn judged(&self) -> u64 {
        assert!(now() <= self.fresh_until, "expired");
        self.payload.value
    }
}

/// A way to read a value that others replace.
pub(crate) trait ReadPath<A>: Send + Sync + Sized + 'static {
    fn new(first: Payload<A>) -> Self;

    /// What a call of a cached function does.
    fn hit(&self) -> u64;

    fn replace(&self, next: Payload<A>);

    /// Runs `meanwhile` while this thread protects the value that is there now.
    fn hold(&self, meanwhile: &mut dyn FnMut());
}

/// Ours.
pub(crate) struct Ours<A>(Dogpile<Payload<A>>);

impl<A: Clone + Send + Sync + 'static> ReadPath<A> for Ours<A> {
    fn new(first: Payload<A>) -> Self {
        let dogpile = Dogpile::new(Policy::expire(HOUR));
        dogpile.set(first);
        Self(dogpile)
    }

    #[inline]
    fn hit(&self) -> u64 {
        self.0.get_or_compute(|| unreachable!("it is fresh")).value
    }

    fn replace(&self, next: Payload<A>) {
        self.0.set(next);
    }

    fn hold(&self, meanwhile: &mut dyn FnMut()) {
        let held = self.0.read();
        meanwhile();
        drop(held);
    }
}

impl<A: Clone + Send + Sync + 'static> Ours<A> {
    /// Reads without cloning.
    pub(crate) fn look(&self) {
        std::hint::black_box(self.0.read().map(|payload| payload.value));
    }
}

/// `ArcSwap::load`; `FULL` is `load_full`.
pub(crate) struct Swap<A, const FULL: bool>(ArcSwap<Entry<A>>);

impl<A: Send + Sync + 'static, const FULL: bool> ReadPath<A> for Swap<A, FULL> {
    fn new(first: Payload<A>) -> Self {
        Self(ArcSwap::from_pointee(Entry::new(first)))
    }

    #[inline]
    fn hit(&self) -> u64 {
        if FULL { self.0.load_full().judged() } else { self.0.load().judged() }
    }

    fn replace(&self, next: Payload<A>) {
        self.0.store(Arc::new(Entry::new(next)));
    }

    fn hold(&self, meanwhile: &mut dyn FnMut()) {
        if FULL {
            let held = self.0.load_full();
            meanwhile();
            drop(held);
        } else {
            let held = self.0.load();
            meanwhile();
            drop(held);
        }
    }
}

/// `seize` with retirement in batches of `BATCH`; 0 is its default.
pub(crate) struct Seize<A, const BATCH: usize> {
    collector: seize::Collector,
    entry: AtomicPtr<Entry<A>>,
}

impl<A: Send + Sync + 'static, const BATCH: usize> ReadPath<A> for Seize<A, BATCH> {
    fn new(first: Payload<A>) -> Self {
        let collector = seize::Collector::new();
        let collector = if BATCH == 0 { collector } else { collector.batch_size(BATCH) };
        Self { collector, entry: AtomicPtr::new(Box::into_raw(Box::new(Entry::new(first)))) }
    }

    #[inline]
    fn hit(&self) -> u64 {
        let guard = self.collector.enter();
        // SAFETY: never null, and retired through this collector only.
        unsafe { &*guard.protect(&self.entry, Ordering::Acquire) }.judged()
    }

    fn replace(&self, next: Payload<A>) {
        let guard = self.collector.enter();
        let old = guard.swap(&self.entry, Box::into_raw(Box::new(Entry::new(next))), Ordering::AcqRel);
        // SAFETY: the swap made it unreachable, and it came from a `Box`.
        unsafe { guard.defer_retire(old, seize::reclaim::boxed) };
    }

    fn hold(&self, meanwhile: &mut dyn FnMut()) {
        let guard = self.collector.enter();
        guard.protect(&self.entry, Ordering::Acquire);
        meanwhile();
    }
}

impl<A, const BATCH: usize> Drop for Seize<A, BATCH> {
    fn drop(&mut self) {
        // SAFETY: exclusive access; what is in the pointer has not been retired.
        drop(unsafe { Box::from_raw(*self.entry.get_mut()) });
    }
}

/// `crossbeam-epoch`.
pub(crate) struct Epoch<A>(epoch::Atomic<Entry<A>>);

impl<A: Send + Sync + 'static> ReadPath<A> for Epoch<A> {
    fn new(first: Payload<A>) -> Self {
        Self(epoch::Atomic::new(Entry::new(first)))
    }

    #[inline]
    fn hit(&self) -> u64 {
        let guard = epoch::pin();
        // SAFETY: never null, and destroyed through a guard only.
        unsafe { self.0.load(Ordering::Acquire, &guard).deref() }.judged()
    }

    fn replace(&self, next: Payload<A>) {
        let guard = epoch::pin();
        let old = self.0.swap(epoch::Owned::new(Entry::new(next)), Ordering::AcqRel, &guard);
        // SAFETY: the swap made it unreachable.
        unsafe { guard.defer_destroy(old) };
    }

    fn hold(&self, meanwhile: &mut dyn FnMut()) {
        let guard = epoch::pin();
        let held = self.0.load(Ordering::Acquire, &guard);
        meanwhile();
        assert!(!held.is_null());
    }
}

impl<A> Drop for Epoch<A> {
    fn drop(&mut self) {
        // SAFETY: exclusive access; what is in the pointer has not been destroyed.
        drop(unsafe { std::mem::take(&mut self.0).into_owned() });
    }
}

/// `haphazard` in its global domain; `KEPT` is with one hazard pointer per thread instead of one per read.
pub(crate) struct Hazards<A: Send + 'static, const KEPT: bool>(haphazard::AtomicPtr<Entry<A>>);

thread_local! {
    static HAZARD: RefCell<HazardPointer<'static>> = RefCell::new(HazardPointer::new());
}

impl<A: Send + Sync + 'static, const KEPT: bool> Hazards<A, KEPT> {
    #[inline]
    fn with<T>(&self, read: impl FnOnce(&Entry<A>) -> T) -> T {
        let through = |hazard: &mut HazardPointer<'static>| {
            let read = self.0.safe_load(hazard).map(read).expect("never null");
            hazard.reset_protection();
            read
        };
        if KEPT { HAZARD.with_borrow_mut(through) } else { through(&mut HazardPointer::new()) }
    }
}

impl<A: Send + Sync + 'static, const KEPT: bool> ReadPath<A> for Hazards<A, KEPT> {
    fn new(first: Payload<A>) -> Self {
        Self(haphazard::AtomicPtr::from(Box::new(Entry::new(first))))
    }

    #[inline]
    fn hit(&self) -> u64 {
        self.with(Entry::judged)
    }

    fn replace(&self, next: Payload<A>) {
        if let Some(old) = self.0.swap(Box::new(Entry::new(next))) {
            // SAFETY: the swap made it unreachable, and there is one global domain.
            unsafe { old.retire() };
        }
    }

    fn hold(&self, meanwhile: &mut dyn FnMut()) {
        self.with(|_| meanwhile());
    }
}

impl<A: Send + 'static, const KEPT: bool> Drop for Hazards<A, KEPT> {
    fn drop(&mut self) {
        // SAFETY: exclusive access; what is in the pointer has not been retired, and came from a `Box`.
        drop(unsafe { Box::from_raw(self.0.load_ptr()) });
    }
}

/// Never replaced: the floor, `TIMED` with the clock and `!TIMED` without.
pub(crate) struct Once<const TIMED: bool>(OnceLock<Box<Entry<()>>>);

impl<const TIMED: bool> Once<TIMED> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    #[inline]
    pub(crate) fn hit(&self) -> u64 {
        let entry = self.0.get_or_init(|| Box::new(Entry::new(Payload::new(42, ()))));
        if TIMED { entry.judged() } else { entry.payload.value }
    }
}

/// A reader-writer lock around the pointer. Holding a value means holding up its replacement.
pub(crate) struct StdLock(RwLock<Box<Entry<()>>>);

impl StdLock {
    pub(crate) fn new() -> Self {
        Self(RwLock::new(Box::new(Entry::new(Payload::new(42, ())))))
    }

    #[inline]
    pub(crate) fn hit(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).judged()
    }

    pub(crate) fn replace(&self) {
        let next = Box::new(Entry::new(Payload::new(7, ())));
        let old = std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), next);
        drop(old);
    }
}

/// The same with `parking_lot`'s.
pub(crate) struct ParkingLock(parking_lot::RwLock<Box<Entry<()>>>);

impl ParkingLock {
    pub(crate) fn new() -> Self {
        Self(parking_lot::RwLock::new(Box::new(Entry::new(Payload::new(42, ())))))
    }

    #[inline]
    pub(crate) fn hit(&self) -> u64 {
        self.0.read().judged()
    }
}
