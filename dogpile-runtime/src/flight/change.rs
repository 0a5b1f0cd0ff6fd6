//! Changing a value from outside: set, invalidate, expire, evict.
//!
//! Invariant: each of them is one stay under the lock, and what it owes to others comes after.

use std::mem;
use std::ptr;
use std::sync::Arc;

use super::{Aftermath, Flights, Home, Live, OPEN, State};
use crate::slot::{Entry, Locked, Replaced};
use crate::sync::Ordering;

impl<V: Send + Sync + 'static, H: Home<V>> Flights<V, H> {
    /// Puts a value into the slot; what was there is let go of when the result is dropped, after the lock.
    pub(super) fn put(&self, locked: &mut Locked<'_, V, State<V>>, entry: Arc<Entry<V>>) -> Replaced<V> {
        let replaced = locked.replace(Some(entry));
        // Release: pairs with the Acquire in `is_over`; who sees the number finds the value.
        self.landings.fetch_add(1, Ordering::Release);
        replaced
    }

    /// Stores a value from outside; a flight under way is orphaned, those who wait for it get this value. Gives the
    /// value back if the key is not kept here any more.
    pub(crate) fn set(self: &Arc<Self>, value: V) -> Result<(), V> {
        let now = self.terms.now();
        // The user's code, and may panic; a key that was made for this value must not stay without one.
        let vacating = Vacating(self);
        let stamp = self.terms.stamp(&value, now, None);
        mem::forget(vacating);
        let Some(stamp) = stamp else {
            // It has no lifetime: there is a new value, and it is gone.
            self.invalidate();
            return Ok(());
        };
        let entry = Arc::new(Entry::new(value, now, stamp, 0));
        let mut locked = self.slot.lock();
        if locked.is_removed {
            drop(locked);
            let entry = Arc::into_inner(entry).expect("nobody else has seen it");
            return Err(entry.value);
        }
        // Its era is that in which it gets here, for it is computed from nothing: what was announced while its lifetime was
        // asked for is not about it.
        entry.settle(self.terms.eras.newest());
        let leaving = (Some(self.put(&mut locked, entry)), self.orphan(&mut locked));
        let woken = self.call_crowd(&mut locked);
        drop(locked);
        self.settle_up(Aftermath { woken, leaving, is_filled: true, ..Aftermath::nothing() });
        Ok(())
    }

    /// Forgets the value; a flight under way is orphaned, those who wait for it get its result.
    pub(crate) fn invalidate(self: &Arc<Self>) {
        self.invalidate_if(|_| true);
    }

    /// Forgets the value if it is still the one at that address.
    pub(crate) fn invalidate_entry(self: &Arc<Self>, judged: &Entry<V>) {
        self.invalidate_if(|entry| entry.is_some_and(|entry| ptr::eq(entry, judged)));
    }

    fn invalidate_if(self: &Arc<Self>, is_meant: impl FnOnce(Option<&Entry<V>>) -> bool) {
        let mut locked = self.slot.lock();
        if !is_meant(locked.entry()) {
            return;
        }
        let leaving = (Some(locked.replace(None)), self.orphan(&mut locked));
        let is_removed = Self::remove_if_vacant(&mut locked);
        drop(locked);
        self.settle_up(Aftermath { leaving, is_removed, ..Aftermath::nothing() });
    }

    /// Makes room: takes the value out, unless a flight is under way that regenerates it. Also whether that removed the
    /// key, of which its home is not told again.
    pub(crate) fn evict(&self) -> Option<(Replaced<V>, bool)> {
        let mut locked = self.slot.lock();
        if locked.live.is_some() {
            return None;
        }
        let replaced = locked.replace(None);
        let nobody = self.orphan(&mut locked);
        debug_assert!(nobody.is_none(), "no flight is live");
        Some((replaced, Self::remove_if_vacant(&mut locked)))
    }

    /// Has the key removed if there is nothing to it.
    pub(crate) fn remove_vacant(self: &Arc<Self>) {
        let is_removed = Self::remove_if_vacant(&mut self.slot.lock());
        self.settle_up(Aftermath { is_removed, ..Aftermath::nothing() });
    }

    pub(super) fn orphan(&self, locked: &mut Locked<'_, V, State<V>>) -> Option<Live<V>> {
        locked.failures_in_a_row = 0;
        self.set_gate(locked, OPEN);
        locked.live.take()
    }

    /// Makes the value stale; that of a flight under way lands stale.
    pub(crate) fn expire(&self) {
        let now = self.terms.now();
        let mut locked = self.slot.lock();
        if let Some(entry) = locked.entry() {
            entry.expire(now);
        }
        locked.failures_in_a_row = 0;
        match &mut locked.live {
            Some(live) => live.lands_expired = true,
            None => self.set_gate(&locked, OPEN),
        }
    }
}

/// Has a key removed, if there is nothing to it, when it is dropped.
struct Vacating<'a, V: Send + Sync + 'static, H: Home<V>>(&'a Arc<Flights<V, H>>);

impl<V: Send + Sync + 'static, H: Home<V>> Drop for Vacating<'_, V, H> {
    fn drop(&mut self) {
        self.0.remove_vacant();
    }
}
