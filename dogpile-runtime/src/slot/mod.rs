//! Where one key's value lives: a pointer that is read without waiting and replaced whole, under a lock.
//!
//! This module and its parts are the only ones with `unsafe` code. Invariants: the pointer is null or was made
//! by [`Arc::into_raw`] and carries one count of that `Arc`; it is swapped only through [`Locked`], which holds the
//! slot's lock, and by the slot's own `Drop`; whoever swaps it out owns that count and gives it back
//! through [`hazard::retire`]; a reader dereferences a pointer only while a hazard announces it and after having
//! seen it in the slot *behind* the announcement, or while it holds the lock. What holds for an entry in its slot holds
//! for a node in its chain: see `index`.

mod entry;
mod fence;
mod hazard;
mod index;
mod quiet;
mod rows;

use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use crate::sync::{AtomicPtr, Condvar, Mutex, MutexGuard, Ordering, step};
pub(crate) use entry::Entry;
use hazard::{Announced, Retired, Use};
pub(crate) use index::{Index, Link, Linked, Unlinked};
pub(crate) use quiet::Quiet;

/// The place of one value, and under its lock whatever else there is to know about it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Slot<V, S> {
    entry: AtomicPtr<Entry<V>>,
    state: Mutex<S>,
    _owns: PhantomData<Arc<Entry<V>>>,
}

impl<V, S> Slot<V, S> {
    pub(crate) fn empty(state: S) -> Self {
        Self { entry: AtomicPtr::new(ptr::null_mut()), state: Mutex::new(state), _owns: PhantomData }
    }

    /// The value now in the slot, kept alive by the guard. Waits for nobody; a concurrent replacement makes it look
    /// again.
    #[inline]
    pub(crate) fn read(&self) -> Option<Guard<V>> {
        step();
        // Relaxed: only announced, not dereferenced, before the load below has seen it again.
        let seen = NonNull::new(self.entry.load(Ordering::Relaxed))?;
        let announced = hazard::announce(seen.cast(), Use::Entry);
        if self.look_again() == seen.as_ptr() {
            Some(Guard { entry: seen, _announced: announced })
        } else {
            self.read_replaced(announced)
        }
    }

    /// The same, if there is a value and nothing comes in the way.
    #[inline]
    pub(crate) fn read_at_once(&self) -> Option<Guard<V>> {
        step();
        // Relaxed: as in `read`.
        let seen = NonNull::new(self.entry.load(Ordering::Relaxed))?;
        let announced = hazard::announce_at_once(seen.cast(), Use::Entry)?;
        if self.look_again() != seen.as_ptr() {
            announced.in_vain();
            return None;
        }
        Some(Guard { entry: seen, _announced: announced })
    }

    /// What is in the slot behind an announcement.
    #[inline]
    fn look_again(&self) -> *mut Entry<V> {
        // Acquire: pairs with the Release in `replace`; the entry's contents are visible.
        self.entry.load(Ordering::Acquire)
    }

    /// Goes on after the entry was replaced between being seen and being announced.
    #[cold]
    fn read_replaced(&self, mut announced: Announced) -> Option<Guard<V>> {
        loop {
            // Relaxed: as in `read`.
            let Some(seen) = NonNull::new(self.entry.load(Ordering::Relaxed)) else {
                announced.in_vain();
                return None;
            };
            announced = announced.instead(seen.cast());
            if self.look_again() == seen.as_ptr() {
                return Some(Guard { entry: seen, _announced: announced });
            }
        }
    }

    /// The lock, under which the value stays where it is.
    pub(crate) fn lock(&self) -> Locked<'_, V, S> {
        Locked { state: self.state.lock(), slot: self }
    }
}

/// A slot whose value nobody else replaces.
pub(crate) struct Locked<'a, V, S> {
    slot: &'a Slot<V, S>,
    state: MutexGuard<'a, S>,
}

impl<V, S> Locked<'_, V, S> {
    /// The value in the slot. No hazard is needed, and none is left to reclaim by.
    pub(crate) fn entry(&self) -> Option<&Entry<V>> {
        // Relaxed: written under the lock that we hold.
        let entry = self.slot.entry.load(Ordering::Relaxed);
        // SAFETY: the pointer is null or carries a count of its `Arc`. Only `Locked::replace` takes that count away: it
        // needs the lock, which we hold, and `&mut self`, which the result's borrow of `self` excludes. The slot's
        // `Drop` needs the slot itself, which we borrow. Entries are only ever shared.
        unsafe { entry.as_ref() }
    }

    /// The same, counted.
    pub(crate) fn share(&self) -> Option<Arc<Entry<V>>> {
        // Relaxed: as in `entry`.
        let entry = NonNull::new(self.slot.entry.load(Ordering::Relaxed))?;
        // SAFETY: as in `entry`, the count that the pointer carries is there, so the `Arc` is alive.
        Some(unsafe { counted(entry) })
    }

    /// Waits for a notification, with the lock released meanwhile.
    pub(crate) fn wait(&mut self, crowd: &Condvar) {
        crowd.wait(&mut self.state);
    }

    /// The same for at most `time`.
    pub(crate) fn wait_for(&mut self, crowd: &Condvar, time: Duration) {
        crowd.wait_for(&mut self.state, time);
    }
}

impl<V: Send + Sync + 'static, S> Locked<'_, V, S> {
    /// Puts `entry` in place of what is there. What was there is let go of when the result is dropped, which is to
    /// happen outside of every lock.
    pub(crate) fn replace(&mut self, entry: Option<Arc<Entry<V>>>) -> Replaced<V> {
        let new = entry.map_or(ptr::null_mut(), |entry| Arc::into_raw(entry).cast_mut());
        // AcqRel: Release pairs with the Acquire in `look_again` and publishes the new entry; Acquire pairs with the
        // Release of the swap that put the old one there.
        let old = self.slot.entry.swap(new, Ordering::AcqRel);
        Replaced(NonNull::new(old))
    }
}

impl<V, S> Deref for Locked<'_, V, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<V, S> DerefMut for Locked<'_, V, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}

impl<V, S> Drop for Slot<V, S> {
    fn drop(&mut self) {
        // Relaxed: exclusive access, ordered by whatever gave it to us.
        drop(Replaced(NonNull::new(self.entry.swap(ptr::null_mut(), Ordering::Relaxed))));
    }
}

/// What was taken out of a slot, with the count that the slot had.
#[must_use = "dropping it runs the value's destructor, which must not happen under a lock"]
#[derive(Debug)]
pub(crate) struct Replaced<V>(Option<NonNull<Entry<V>>>);

// SAFETY: it owns a count of an `Arc<Entry<V>>`, and sending it needs of `V` what sending that does.
unsafe impl<V: Send + Sync> Send for Replaced<V> {}

impl<V> Drop for Replaced<V> {
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            // SAFETY: the count is ours, and was made by `Arc::into_raw` in `Locked::replace`, which asks
            // `V: Send + Sync + 'static` of every value that gets into a slot.
            hazard::retire(unsafe { Retired::new(entry) });
        }
    }
}

impl<V> Replaced<V> {
    fn into_retired(mut self) -> Option<Retired> {
        // SAFETY: as in `drop`, which finds nothing any more.
        self.0.take().map(|entry| unsafe { Retired::new(entry) })
    }
}

/// Values and nodes that were taken out, and are let go of together when it is dropped, which is to happen outside of
/// every lock: one heavy fence for all of them.
#[must_use = "dropping it runs destructors, which must not happen under a lock"]
#[derive(Debug, Default)]
pub(crate) struct Leaving(Vec<Retired>);

impl Leaving {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add_value<V: Send + Sync + 'static>(&mut self, value: Replaced<V>) {
        self.0.extend(value.into_retired());
    }

    pub(crate) fn add_node<N: Send + Sync + 'static>(&mut self, node: Unlinked<N>) {
        self.0.push(node.into_retired());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        hazard::retire_all(mem::take(&mut self.0));
    }
}

/// One more count of what an `Arc` holds.
///
/// # Safety
///
/// `shared` must have come from `Arc::into_raw`, and a count of that `Arc` must exist throughout the call.
unsafe fn counted<T>(shared: NonNull<T>) -> Arc<T> {
    // SAFETY: the caller's promise.
    unsafe {
        Arc::increment_strong_count(shared.as_ptr());
        Arc::from_raw(shared.as_ptr())
    }
}

/// A value being read. It outlives its slot if need be.
#[derive(Debug)]
pub(crate) struct Guard<V> {
    entry: NonNull<Entry<V>>,
    /// Cleared when it is dropped, and with it the last claim to the entry.
    _announced: Announced,
}

// SAFETY: a guard gives shared access to the entry and clears its hazard, which any thread may do; sharing or moving
// it needs of `V` what sharing an `Arc<Entry<V>>` does.
unsafe impl<V: Send + Sync> Send for Guard<V> {}
// SAFETY: as above.
unsafe impl<V: Send + Sync> Sync for Guard<V> {}

impl<V> Deref for Guard<V> {
    type Target = Entry<V>;

    #[inline]
    fn deref(&self) -> &Entry<V> {
        // SAFETY: the hazard announces the pointer and `look_again` saw it in the slot afterwards, so its count is not
        // given back before `_announced` is dropped. Entries are only ever shared.
        unsafe { self.entry.as_ref() }
    }
}

/// A small number that no other living thread has, if this thread is not about to end.
#[inline]
pub(crate) fn thread_number() -> Option<usize> {
    rows::my_row().map(rows::Row::number)
}

/// The same, if the thread has it at hand.
#[inline]
pub(crate) fn thread_number_at_once() -> Option<usize> {
    rows::quick_row().map(rows::Row::number)
}
