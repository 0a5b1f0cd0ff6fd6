//! Where one key's value lives: a pointer that is read without waiting and replaced whole.
//!
//! This module and its two parts are the only ones with `unsafe` code. Invariants: the pointer is null or was made
//! by [`Arc::into_raw`] and carries one count of that `Arc`; whoever swaps it out owns that count and gives it back
//! through [`hazard::retire`]; a reader dereferences a pointer only while a hazard announces it and after having
//! seen it in the slot *behind* the announcement.

mod fence;
mod hazard;

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use crate::clock::Tick;
use crate::sync::{AtomicPtr, AtomicU64, Ordering, step};
use hazard::Hazard;

/// A value and its stamp.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: V,
    /// When its computation ended.
    pub(crate) made: Tick,
    fresh_until: AtomicU64,
}

impl<V> Entry<V> {
    pub(crate) fn new(value: V, made: Tick, fresh_until: Tick) -> Self {
        Self { value, made, fresh_until: AtomicU64::new(fresh_until) }
    }

    /// The last tick at which the value is fresh.
    #[inline]
    pub(crate) fn fresh_until(&self) -> Tick {
        // Relaxed: a number on its own; calls that start after `expire` returned are ordered by whatever told them.
        self.fresh_until.load(Ordering::Relaxed)
    }

    /// Makes the value stale from `now` on, unless it already was.
    pub(crate) fn expire(&self, now: Tick) {
        // Relaxed: as above.
        self.fresh_until.fetch_min(now.saturating_sub(1), Ordering::Relaxed);
    }
}

/// The place of one value.
#[derive(Debug)]
pub(crate) struct Slot<V> {
    entry: AtomicPtr<Entry<V>>,
    _owns: PhantomData<Arc<Entry<V>>>,
}

impl<V> Slot<V> {
    pub(crate) fn empty() -> Self {
        Self { entry: AtomicPtr::new(ptr::null_mut()), _owns: PhantomData }
    }

    /// The value now in the slot, kept alive by the guard. Waits for nobody; a concurrent replacement makes it look
    /// again.
    #[inline]
    pub(crate) fn read(&self) -> Option<Guard<'_, V>> {
        step();
        // Relaxed: only announced, not dereferenced, before the load below has seen it again.
        let seen = NonNull::new(self.entry.load(Ordering::Relaxed))?;
        let hazard = hazard::announce(seen.as_ptr().cast());
        if self.look_again() == seen.as_ptr() {
            Some(Guard { entry: seen, hazard, slot: self })
        } else {
            self.read_replaced(hazard)
        }
    }

    /// What is in the slot behind an announcement.
    #[inline]
    fn look_again(&self) -> *mut Entry<V> {
        fence::light();
        // Acquire: pairs with the Release in `replace`; the entry's contents are visible.
        self.entry.load(Ordering::Acquire)
    }

    /// Goes on after the entry was replaced between being seen and being announced.
    #[cold]
    fn read_replaced(&self, hazard: &'static Hazard) -> Option<Guard<'_, V>> {
        loop {
            // Relaxed: as in `read`.
            let seen = self.entry.load(Ordering::Relaxed);
            hazard.announce(seen.cast());
            // The one announced before may have been retired because of it.
            hazard::reclaim();
            let entry = NonNull::new(seen)?;
            if self.look_again() == seen {
                return Some(Guard { entry, hazard, slot: self });
            }
        }
    }
}

impl<V: Send + Sync + 'static> Slot<V> {
    /// Puts `entry` in place of what is there. What was there is let go of when the result is dropped, which is to
    /// happen outside of every lock.
    pub(crate) fn replace(&self, entry: Option<Arc<Entry<V>>>) -> Replaced<V> {
        let new = entry.map_or(ptr::null_mut(), |entry| Arc::into_raw(entry).cast_mut());
        // AcqRel: Release pairs with the Acquire in `read` and publishes the new entry; Acquire pairs with the
        // Release of the swap that put the old one there.
        let old = self.entry.swap(new, Ordering::AcqRel);
        // SAFETY: a non-null pointer in the slot came from `Arc::into_raw` above, and the swap made us the only
        // owner of the count it carries.
        Replaced(NonNull::new(old).map(|old| unsafe { Arc::from_raw(old.as_ptr()) }))
    }
}

impl<V> Drop for Slot<V> {
    fn drop(&mut self) {
        // Relaxed: exclusive access, ordered by whatever gave it to us.
        if let Some(entry) = NonNull::new(self.entry.swap(ptr::null_mut(), Ordering::Relaxed)) {
            // SAFETY: the count is the slot's own (see `replace`), and no guard of this slot is left to read through
            // the pointer, for guards borrow the slot.
            drop(unsafe { Arc::from_raw(entry.as_ptr()) });
        }
    }
}

/// What was taken out of a slot.
#[must_use = "dropping it runs the value's destructor, which must not happen under a lock"]
#[derive(Debug)]
pub(crate) struct Replaced<V: Send + Sync + 'static>(Option<Arc<Entry<V>>>);

impl<V: Send + Sync + 'static> Drop for Replaced<V> {
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            hazard::retire(entry);
        }
    }
}

/// A value being read.
#[derive(Debug)]
pub(crate) struct Guard<'a, V> {
    entry: NonNull<Entry<V>>,
    hazard: &'static Hazard,
    slot: &'a Slot<V>,
}

// SAFETY: a guard gives shared access to the entry and clears its hazard, which any thread may do; sharing or moving
// it needs of `V` what sharing an `Arc<Entry<V>>` does.
unsafe impl<V: Send + Sync> Send for Guard<'_, V> {}
// SAFETY: as above.
unsafe impl<V: Send + Sync> Sync for Guard<'_, V> {}

impl<V> Guard<'_, V> {
    /// The entry, counted instead of guarded.
    pub(crate) fn share(&self) -> Arc<Entry<V>> {
        // SAFETY: the pointer came from `Arc::into_raw`, and the count it carries is given back only after the
        // hazard is cleared, so the `Arc` is alive here.
        unsafe {
            Arc::increment_strong_count(self.entry.as_ptr());
            Arc::from_raw(self.entry.as_ptr())
        }
    }
}

impl<V> Deref for Guard<'_, V> {
    type Target = Entry<V>;

    #[inline]
    fn deref(&self) -> &Entry<V> {
        // SAFETY: the hazard announces the pointer and `Slot::read` saw it in the slot afterwards, so its count is not
        // given back before the hazard is cleared in `drop`. Entries are only ever shared.
        unsafe { self.entry.as_ref() }
    }
}

impl<V> Drop for Guard<'_, V> {
    #[inline]
    fn drop(&mut self) {
        self.hazard.clear();
        fence::light();
        // Relaxed: only compared. If the entry was replaced while we read it, its writer may have left it to us; the
        // fence makes sure that one of the two notices.
        if self.slot.entry.load(Ordering::Relaxed) != self.entry.as_ptr() {
            hazard::reclaim();
        }
    }
}

/// A small number that no other living thread has, if this thread is not about to end.
#[inline]
pub(crate) fn thread_number() -> Option<usize> {
    hazard::my_row().map(hazard::Row::number)
}
