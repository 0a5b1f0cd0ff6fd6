//! Rows of hazards: where each thread says which addresses it is using.
//!
//! Invariants: a row belongs to one live thread, and only that thread turns a free hazard of it into a taken one;
//! a hazard of a common row is taken by compare-and-swap. Any thread may clear a hazard it holds. Rows are never
//! freed, only handed on, so a reference to one is good for ever.

use std::cell::Cell;
use std::ptr::{self, NonNull};
#[cfg(dogpile_loom)]
use std::thread;

use super::fence;
use crate::sync::{AtomicBool, AtomicPtr, Mutex, Ordering, global};

/// Hazards in a row; a thread that holds more guards at once goes to the common rows.
const PER_ROW: usize = if cfg!(dogpile_loom) { 2 } else { 6 };

/// One hazard: the address of a value in use, or null.
#[derive(Debug)]
pub(super) struct Hazard(AtomicPtr<()>);

impl Hazard {
    fn free() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Whether no guard uses it. Only its row's owner may conclude anything from that.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        // Acquire: the guard that last used this hazard may have been dropped by another thread; pairs with the
        // Release in `clear`, so that its reads are ordered before our next store, which a writer may see instead of
        // the null.
        self.0.load(Ordering::Acquire).is_null()
    }

    /// Announces `address`; it protects only once [`fence::light`] has passed and the slot still holds it. Never null: that
    /// would give the hazard to whoever comes next.
    #[inline]
    pub(super) fn announce(&self, address: NonNull<()>) {
        // Release: pairs with the Acquire in `announced`; what the previous holder did with its value happened
        // before a writer sees the new address here.
        self.0.store(address.as_ptr(), Ordering::Release);
    }

    /// Gives the hazard back.
    #[inline]
    pub(super) fn clear(&self) {
        // Release: pairs with the Acquire in `announced`; the reads of the value happen before it is freed.
        self.0.store(ptr::null_mut(), Ordering::Release);
    }
}

/// The hazards of one thread, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Row {
    pub(super) hazards: [Hazard; PER_ROW],
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

/// This thread's row, if it has taken one already and [`fence::light_alone`] is enough for its hazards.
#[inline]
pub(super) fn quick_row() -> Option<&'static Row> {
    ROW.with(Cell::get)
}

/// This thread's row. `None` while the thread ends.
#[inline]
pub(super) fn my_row() -> Option<&'static Row> {
    match quick_row() {
        Some(row) => Some(row),
        None => first_row(),
    }
}

#[cold]
fn first_row() -> Option<&'static Row> {
    fence::decide();
    let row = OWNER.try_with(|owner| owner.row).ok()?;
    if fence::is_asymmetric() {
        ROW.with(|mine| mine.set(Some(row)));
    }
    Some(row)
}

/// A hazard with `address` announced in it, of the common rows: those that belong to no thread, whose hazards anybody takes
/// by compare-and-swap.
pub(super) fn announce_in_common(address: NonNull<()>) -> &'static Hazard {
    global! {
        static COMMON: Mutex<Vec<&'static Row>> = Mutex::new(Vec::new());
    }
    fence::decide();
    let mut common = COMMON.lock();
    let in_use = |hazard: &&Hazard| {
        // AcqRel: Acquire as in `Hazard::is_free`, Release as in `Hazard::announce`.
        hazard
            .0
            .compare_exchange(ptr::null_mut(), address.as_ptr(), Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
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
pub(super) fn announced() -> impl Iterator<Item = *mut ()> {
    // Acquire: pairs with the Releases in `announce` and `clear`; whatever a reader did with the value before it let go
    // happens before the value is freed.
    rows().flat_map(|row| &row.hazards).map(|hazard| hazard.0.load(Ordering::Acquire))
}
