//! Hazard pointers: which values are being read right now, by whom no matter.
//!
//! A reader writes the address of the value it is about to use into a *hazard* of its own thread; a writer that has
//! taken a value out of its slot frees it only when no hazard names it, and otherwise leaves it to the reader that
//! comes last. (Maged M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", IEEE TPDS 15(6),
//! 2004; here with asymmetric fences and with the reader, too, able to reclaim.)
//!
//! Invariant: what is retired is freed once, by whoever finds, behind the writer's fence, that no hazard names it; never
//! under the lock of the list.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::thread;

use super::fence;
use super::rows::{Hazard, announce_in_common, announced, my_row, quick_row};
use crate::sync::{AtomicU64, Mutex, Ordering, global};

global! {
    /// Values that were still being read when they were taken out of their slots.
    static RETIRED: Mutex<Vec<Retired>> = Mutex::new(Vec::new());
    /// How many there have been, ever. A reader that sees it change while it reads may have been left one.
    static RETIREMENTS: Retirements = Retirements(AtomicU64::new(0));
}

/// Alone on its cache lines: every read looks at it.
#[repr(align(128))]
struct Retirements(AtomicU64);

#[inline]
fn retirements() -> u64 {
    // Acquire: pairs with the Release in `leave`; who sees the number finds the slot without the value.
    RETIREMENTS.0.load(Ordering::Acquire)
}

/// One count of an `Arc`, of whatever type.
#[derive(Debug)]
pub(super) struct Retired {
    address: NonNull<()>,
    release: unsafe fn(NonNull<()>),
}

// SAFETY: `Retired::new` is promised a `T` that may be shared and dropped by any thread at any time.
unsafe impl Send for Retired {}

impl Retired {
    /// Takes the count over.
    ///
    /// # Safety
    ///
    /// `value` must have come from `Arc::<T>::into_raw` with a count that is the caller's to give, and `T` must be
    /// `Send + Sync + 'static`.
    pub(super) unsafe fn new<T>(value: NonNull<T>) -> Self {
        /// Gives the count back.
        ///
        /// # Safety
        ///
        /// As for `Retired::new`, and once.
        unsafe fn release<T>(address: NonNull<()>) {
            // SAFETY: the caller's promise; the type is the one that the address was cast from.
            drop(unsafe { Arc::from_raw(address.cast::<T>().as_ptr()) });
        }
        Self { address: value.cast(), release: release::<T> }
    }
}

impl Drop for Retired {
    fn drop(&mut self) {
        #[cfg(dogpile_loom)]
        released::note(self.address);
        // SAFETY: `new` was promised a count, and nothing else gives it back.
        unsafe { (self.release)(self.address) }
    }
}

/// What has been let go of, so that the models notice who looks at it nevertheless.
#[cfg(dogpile_loom)]
pub(super) mod released {
    use std::num::NonZeroUsize;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::ptr::NonNull;
    // Of std: it adds no interleavings of its own.
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use crate::sync::{Ordering, global};

    global! {
        static RELEASED: Mutex<Vec<NonZeroUsize>> = Mutex::new(Vec::new());
    }

    fn addresses() -> MutexGuard<'static, Vec<NonZeroUsize>> {
        RELEASED.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::slot) fn note<T>(pointer: NonNull<T>) {
        // When a model is torn down, there is no such list any more; nothing is to be left by then.
        let noted = catch_unwind(AssertUnwindSafe(|| addresses().push(pointer.addr())));
        // Relaxed: set before the model starts.
        let is_broken = !crate::sync::CUTS_NEXT.load(Ordering::Relaxed);
        assert!(noted.is_ok() || is_broken, "it was left to a reader, who left it as well");
    }

    /// The address is used again.
    pub(in crate::slot) fn forget<T>(pointer: NonNull<T>) {
        addresses().retain(|address| *address != pointer.addr());
    }

    pub(in crate::slot) fn contains<T>(pointer: NonNull<T>) -> bool {
        addresses().contains(&pointer.addr())
    }
}

/// A hazard with an address in it. The address protects once it has been seen in its slot *behind* the announcement.
#[derive(Debug)]
pub(super) struct Announced {
    hazard: &'static Hazard,
    /// The number of retirements behind the announcement, and before the look at the slot: whoever is found there has
    /// not been retired yet, so that its retirement, if it comes while it is read, changes the number. With [`FENCED`].
    retirements: u64,
}

/// Set in the number of an announcement where more than [`fence::light_alone`] has to follow the clearing, so that it equals
/// no number of retirements.
const FENCED: u64 = 1 << 63;

fn noted_retirements() -> u64 {
    if fence::is_asymmetric() { retirements() } else { retirements() | FENCED }
}

impl Announced {
    fn new(hazard: &'static Hazard) -> Self {
        fence::light();
        Self { hazard, retirements: noted_retirements() }
    }

    /// Announces `address` in the same hazard, which is nobody else's at any time between.
    pub(super) fn instead(self, address: NonNull<()>) -> Self {
        let hazard = self.hazard;
        mem::forget(self);
        hazard.announce(address);
        let mut announced = Self::new(hazard);
        // Whoever was announced before may have been left to us.
        reclaim();
        announced.retirements = noted_retirements();
        announced
    }

    /// Takes the announcement back. Who was announced may have been left to us before the number was taken by which we
    /// would notice.
    #[cold]
    pub(super) fn in_vain(self) {
        drop(self);
        reclaim();
    }
}

impl Drop for Announced {
    #[inline]
    fn drop(&mut self) {
        self.hazard.clear();
        fence::light_alone();
        // If the value was replaced while we read it, its writer may have left it to us; the fence makes sure that one
        // of the two notices.
        if retirements() != self.retirements {
            look_around(self.retirements);
        }
    }
}

/// What is left to do for one who has cleared a hazard.
#[cold]
fn look_around(noted: u64) {
    if noted & FENCED != 0 {
        fence::light();
        if retirements() == noted & !FENCED {
            return;
        }
    }
    reclaim();
}

/// Which hazard of its row a reader tries first, so that what is read at once does not collide.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Entry = 0,
    Node = 1,
    /// The one behind a node that is still held.
    NextNode = 2,
    /// The one behind that.
    LastNode = 3,
}

/// A free hazard with `address` announced in it.
#[inline]
pub(super) fn announce(address: NonNull<()>, first: Use) -> Announced {
    announce_at_once(address, first).unwrap_or_else(|| announce_elsewhere(address))
}

/// The hazard that comes first, if it is free: nearly always, for a thread that reads one value at a time.
#[inline]
pub(super) fn announce_at_once(address: NonNull<()>, first: Use) -> Option<Announced> {
    let hazard =
        quick_row().and_then(|row| row.hazards.get(first as usize)).filter(|hazard| hazard.is_free())?;
    hazard.announce(address);
    fence::light_alone();
    Some(Announced { hazard, retirements: retirements() })
}

#[cold]
fn announce_elsewhere(address: NonNull<()>) -> Announced {
    Announced::new(match my_row().and_then(|row| row.hazards.iter().find(|hazard| hazard.is_free())) {
        Some(hazard) => {
            hazard.announce(address);
            hazard
        }
        None => announce_in_common(address),
    })
}

/// Lets go of a value that has been taken out of its slot: at once, or when its last reader leaves.
pub(super) fn retire(value: Retired) {
    if fence::heavy() && !announced().any(|address| ptr::eq(address, value.address.as_ptr())) {
        return free([value]);
    }
    free(leave(vec![value]));
}

/// The same for many values at the price of one.
pub(super) fn retire_all(values: Vec<Retired>) {
    if !values.is_empty() {
        let (read, mut unread) = if fence::heavy() { parted(values) } else { (values, Vec::new()) };
        // Before anything is dropped: a panic must not take along what is being read.
        if !read.is_empty() {
            unread.extend(leave(read));
        }
        free(unread);
    }
}

/// Lets go of all of them, whichever destructors panic: the last panic is the caller's in the end, if that one is not
/// panicking already.
fn free(values: impl IntoIterator<Item = Retired>) {
    let mut panicked = None;
    for value in values {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            if let Some(earlier) = panicked.replace(payload) {
                // Its destructor may panic as well.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(earlier)));
            }
        }
    }
    if let Some(payload) = panicked {
        if !thread::panicking() {
            resume_unwind(payload);
        }
    }
}

/// Those that a reader may be using, and those that nobody uses.
fn parted(values: Vec<Retired>) -> (Vec<Retired>, Vec<Retired>) {
    let announced: Vec<_> = announced().filter(|address| !address.is_null()).collect();
    values.into_iter().partition(|value| announced.contains(&value.address.as_ptr()))
}

/// Leaves values to their readers. Returns what nobody reads any more, for all that is let go of at once is to go by one
/// [`free`].
#[must_use]
fn leave(values: Vec<Retired>) -> Vec<Retired> {
    let mut retired = RETIRED.lock();
    retired.extend(values);
    // Release: pairs with the Acquire in `retirements`; the swaps that took the values out of their slots come before.
    RETIREMENTS.0.fetch_add(1, Ordering::Release);
    drop(retired);
    // A reader may have left between the look and the push, and found nothing to reclaim.
    unread()
}

/// Frees what was retired while it was being read and is not any more.
#[cold]
fn reclaim() {
    // After the lock: the destructor is the user's.
    free(unread());
}

/// Takes what nobody reads any more out of what was left to readers.
fn unread() -> Vec<Retired> {
    let mut retired = RETIRED.lock();
    if retired.is_empty() || !fence::heavy() {
        return Vec::new();
    }
    let (read, unread) = parted(mem::take(&mut *retired));
    *retired = read;
    unread
}

#[cfg(all(test, not(dogpile_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_from_being_left_is_not_dropped_on_the_way() {
        // It may not be the only one of its batch, and two destructors that panic must not meet.
        let value = Arc::new(());
        let boxed = Arc::new(Arc::clone(&value));
        let address = NonNull::new(Arc::into_raw(boxed).cast_mut()).unwrap();
        // SAFETY: it came from `Arc::into_raw` just now, with the one count there is.
        let retired = unsafe { Retired::new(address) };
        let left = leave(vec![retired]);
        assert_eq!(Arc::strong_count(&value), 2, "it was nobody's to drop");
        free(left);
        // Others may have found it first.
        while Arc::strong_count(&value) > 1 {
            reclaim();
        }
    }
}
