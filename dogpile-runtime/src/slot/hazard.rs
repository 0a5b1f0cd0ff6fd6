//! Hazard pointers: which values are being read right now, by whom no matter.
//!
//! A reader writes the address of the value it is about to use into a *hazard* of its own thread; a writer that has
//! taken a value out of its slot frees it only when no hazard names it, and otherwise leaves it to the reader that
//! comes last. (Maged M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", IEEE TPDS 15(6),
//! 2004; here with asymmetric fences and with the reader, too, able to reclaim.)
//!
//! Invariants: a row belongs to one live thread, and only that thread turns a free hazard of it into a taken one;
//! a hazard of the common row is taken by compare-and-swap. Any thread may clear a hazard it holds. Rows are never
//! freed, only handed on, so a reference to one is good for ever.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::thread;

use super::fence;
use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, Mutex, Ordering, global};

/// Hazards in a row; a thread that holds more guards at once goes to the common rows.
const PER_ROW: usize = if cfg!(dogpile_loom) { 1 } else { 6 };

/// One hazard: the address of a value in use, or null.
#[derive(Debug)]
pub(super) struct Hazard(AtomicPtr<()>);

impl Hazard {
    fn free() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Whether no guard uses it. Only its row's owner may conclude anything from that.
    #[inline]
    fn is_free(&self) -> bool {
        // Acquire: the guard that last used this hazard may have been dropped by another thread; pairs with the
        // Release in `clear`, so that its reads are ordered before our next store, which a writer may see instead of
        // the null.
        self.0.load(Ordering::Acquire).is_null()
    }

    /// Announces `address`; it protects only once [`fence::light`] has passed and the slot still holds it.
    #[inline]
    pub(super) fn announce(&self, address: *mut ()) {
        // Release: pairs with the Acquire in `is_protected`; what the previous holder did with its value happened
        // before a writer sees the new address here.
        self.0.store(address, Ordering::Release);
    }

    /// Gives the hazard back.
    #[inline]
    pub(super) fn clear(&self) {
        // Release: pairs with the Acquire in `is_protected`; the reads of the value happen before it is freed.
        self.0.store(ptr::null_mut(), Ordering::Release);
    }
}

/// The hazards of one thread, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Row {
    hazards: [Hazard; PER_ROW],
    is_taken: AtomicBool,
    /// How many rows there were before this one: a small number that no other live thread has.
    number: usize,
    next: Option<&'static Row>,
}

impl Row {
    pub(super) fn number(&self) -> usize {
        self.number
    }
}

global! {
    /// The newest row of all; the others hang off it.
    static ROWS: AtomicPtr<Row> = AtomicPtr::new(ptr::null_mut());
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
    // Acquire: pairs with the Release in `retire`; who sees the number finds the slot without the value.
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

fn rows() -> impl Iterator<Item = &'static Row> {
    // Acquire: pairs with the Release in `new_row`; the row's contents are visible.
    let newest = ROWS.load(Ordering::Acquire);
    // SAFETY: the pointer is null or came from `Box::leak` in `new_row`, and rows are never freed.
    let newest: Option<&'static Row> = unsafe { newest.as_ref() };
    std::iter::successors(newest, |row| row.next)
}

fn new_row(is_taken: bool) -> &'static Row {
    // Acquire: as in `rows`.
    let mut newest = ROWS.load(Ordering::Acquire);
    let row = Box::leak(Box::new(Row {
        hazards: std::array::from_fn(|_| Hazard::free()),
        is_taken: AtomicBool::new(is_taken),
        number: 0,
        next: None,
    }));
    loop {
        // SAFETY: as in `rows`.
        row.next = unsafe { newest.as_ref() };
        row.number = row.next.map_or(0, |next| next.number + 1);
        let shared = ptr::from_mut(row);
        // AcqRel: Release pairs with the Acquire in `rows` and publishes the row; Acquire as in `rows`.
        match ROWS.compare_exchange(newest, shared, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: the row is leaked, and nobody writes to it through `row` once it is published.
            Ok(_) => return unsafe { &*shared },
            Err(newer) => newest = newer,
        }
    }
}

/// Takes over a row whose thread has ended, or makes one.
fn take_row() -> &'static Row {
    rows()
        .find(|row| {
            // Acquire: pairs with the Release in `RowOwner::drop`; the old owner is done with it.
            row.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
        })
        .unwrap_or_else(|| new_row(true))
}

#[cfg(not(dogpile_loom))]
thread_local! {
    // Two variables, so that the one on the hit path has no destructor and needs no check for having been destroyed.
    static ROW: Cell<Option<&'static Row>> = const { Cell::new(None) };
    static OWNER: RowOwner = RowOwner { row: take_row() };
}

#[cfg(dogpile_loom)]
loom::thread_local! {
    static ROW: Cell<Option<&'static Row>> = Cell::new(None);
    static OWNER: RowOwner = RowOwner { row: take_row() };
}

struct RowOwner {
    row: &'static Row,
}

impl Drop for RowOwner {
    fn drop(&mut self) {
        #[cfg(dogpile_loom)]
        if thread::panicking() {
            // A failed model is being torn down, and with it everything below.
            return;
        }
        // The row may be somebody else's from here on: guards taken later in this thread's end use the common rows.
        let _ = ROW.try_with(|row| row.set(None));
        // Release: pairs with the Acquire in `take_row`.
        self.row.is_taken.store(false, Ordering::Release);
    }
}

/// This thread's row. `None` while the thread ends.
#[inline]
pub(super) fn my_row() -> Option<&'static Row> {
    match ROW.with(Cell::get) {
        Some(row) => Some(row),
        None => first_row(),
    }
}

#[cold]
fn first_row() -> Option<&'static Row> {
    fence::decide();
    let row = OWNER.try_with(|owner| owner.row).ok()?;
    ROW.with(|mine| mine.set(Some(row)));
    Some(row)
}

/// A hazard with an address in it. The address protects once it has been seen in its slot *behind* the announcement.
#[derive(Debug)]
pub(super) struct Announced {
    hazard: &'static Hazard,
    /// The number of retirements behind the announcement, and before the look at the slot: whoever is found there has
    /// not been retired yet, so that its retirement, if it comes while it is read, changes the number.
    retirements: u64,
}

impl Announced {
    #[inline]
    fn new(hazard: &'static Hazard) -> Self {
        fence::light();
        Self { hazard, retirements: retirements() }
    }

    /// Announces `address` in the same hazard.
    pub(super) fn instead(self, address: *mut ()) -> Self {
        let hazard = self.hazard;
        mem::forget(self);
        hazard.announce(address);
        let mut announced = Self::new(hazard);
        // Whoever was announced before may have been left to us.
        reclaim();
        announced.retirements = retirements();
        announced
    }
}

impl Drop for Announced {
    #[inline]
    fn drop(&mut self) {
        self.hazard.clear();
        fence::light();
        // If the value was replaced while we read it, its writer may have left it to us; the fence makes sure that one
        // of the two notices.
        if retirements() != self.retirements {
            reclaim();
        }
    }
}

/// Which hazard of its row a reader tries first, so that what is read at once does not collide.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Entry = 0,
    Node = 1,
    /// The one behind a node that is still held.
    NextNode = 2,
}

/// A free hazard with `address` announced in it.
#[inline]
pub(super) fn announce(address: *mut (), first: Use) -> Announced {
    // Nearly always free: a thread that reads one value at a time.
    let tried = ROW.with(Cell::get).and_then(|row| row.hazards.get(first as usize));
    Announced::new(match tried {
        Some(hazard) if hazard.is_free() => {
            hazard.announce(address);
            hazard
        }
        _ => announce_elsewhere(address),
    })
}

#[cold]
fn announce_elsewhere(address: *mut ()) -> &'static Hazard {
    match my_row().and_then(|row| row.hazards.iter().find(|hazard| hazard.is_free())) {
        Some(hazard) => {
            hazard.announce(address);
            hazard
        }
        None => announce_in_common(address),
    }
}

/// Rows whose hazards anybody takes by compare-and-swap: rows that belong to no thread.
fn announce_in_common(address: *mut ()) -> &'static Hazard {
    global! {
        static COMMON: Mutex<Vec<&'static Row>> = Mutex::new(Vec::new());
    }
    fence::decide();
    let mut common = COMMON.lock();
    let in_use = |hazard: &&Hazard| {
        // AcqRel: Acquire as in `Hazard::is_free`, Release as in `Hazard::announce`.
        hazard.0.compare_exchange(ptr::null_mut(), address, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    };
    if let Some(hazard) = common.iter().flat_map(|row| &row.hazards).find(in_use) {
        return hazard;
    }
    // Taken for ever: no thread may own it.
    let row = new_row(true);
    row.hazards[0].announce(address);
    common.push(row);
    &row.hazards[0]
}

/// Every address that a reader may be using. Meaningful after [`fence::heavy`] only.
fn announced() -> impl Iterator<Item = *mut ()> {
    // Acquire: pairs with the Releases in `announce` and `clear`; whatever a reader did with the value before it let go
    // happens before the value is freed.
    rows().flat_map(|row| &row.hazards).map(|hazard| hazard.0.load(Ordering::Acquire))
}

/// Lets go of a value that has been taken out of its slot: at once, or when its last reader leaves.
pub(super) fn retire(value: Retired) {
    if fence::heavy() && !announced().any(|address| ptr::eq(address, value.address.as_ptr())) {
        return free([value]);
    }
    leave(vec![value]);
}

/// The same for many values at the price of one.
pub(super) fn retire_all(values: Vec<Retired>) {
    if !values.is_empty() {
        let (read, unread) = if fence::heavy() { parted(values) } else { (values, Vec::new()) };
        if !read.is_empty() {
            leave(read);
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

/// Leaves values to their readers.
fn leave(values: Vec<Retired>) {
    let mut retired = RETIRED.lock();
    retired.extend(values);
    // Release: pairs with the Acquire in `retirements`; the swaps that took the values out of their slots come before.
    RETIREMENTS.0.fetch_add(1, Ordering::Release);
    drop(retired);
    // A reader may have left between the look and the push, and found nothing to reclaim.
    reclaim();
}

/// Frees what was retired while it was being read and is not any more.
#[cold]
pub(super) fn reclaim() {
    let unread = {
        let mut retired = RETIRED.lock();
        if retired.is_empty() || !fence::heavy() {
            return;
        }
        let (read, unread) = parted(mem::take(&mut *retired));
        *retired = read;
        unread
    };
    // After the lock: the destructor is the user's.
    free(unread);
}
