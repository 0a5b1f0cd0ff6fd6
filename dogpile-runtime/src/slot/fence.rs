//! An asymmetric pair of fences: free for readers, paid by writers.
//!
//! A reader publishes a hazard and then re-reads the slot; a writer replaces the slot and then reads the hazards.
//! Each side's store must be visible to the other before its load, or both miss: the one reordering every processor
//! is allowed. A sequentially consistent fence on both sides forbids it, and costs the reader more than the rest of
//! its work. On Linux the writer can instead interrupt every other thread of the process and have *it* execute the
//! fence (`membarrier`, private and expedited; P1202 in the C++ papers describes the pair). Readers then only need
//! the compiler not to reorder.
//!
//! Invariant: readers rely on the cheap side only after the kernel has accepted the registration, and the decision
//! never changes afterwards.

use crate::sync::{AtomicU8, Ordering, compiler_fence, fence, global, step};

const UNDECIDED: u8 = 0;
const SYMMETRIC: u8 = 1;
const ASYMMETRIC: u8 = 2;

global! {
    static MODE: AtomicU8 = AtomicU8::new(UNDECIDED);
}

/// Settles which pair is used. Every reader calls it once before its first [`light`].
pub(super) fn decide() {
    // Relaxed: the same thread's later loads see what it stored or found.
    if MODE.load(Ordering::Relaxed) == UNDECIDED {
        let mode = if membarrier::is_registered() { ASYMMETRIC } else { SYMMETRIC };
        // Of several threads that decide at once the first one does so for all. Relaxed: as above.
        let _ = MODE.compare_exchange(UNDECIDED, mode, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Whether [`light_alone`] is enough for readers. `false` for a thread that has not called [`decide`], which is safe.
pub(super) fn is_asymmetric() -> bool {
    // Relaxed: this very thread has decided, or seen what another one did. The model's fence for the compiler is a whole
    // one.
    MODE.load(Ordering::Relaxed) == ASYMMETRIC || cfg!(dogpile_loom)
}

/// The reader's side: between storing a hazard and re-reading the slot, and again after clearing it.
pub(super) fn light() {
    light_alone();
    if !is_asymmetric() {
        // SeqCst: pairs with the fence in `heavy`.
        fence(Ordering::SeqCst);
    }
}

/// The reader's side where it [is asymmetric](is_asymmetric).
#[inline]
pub(super) fn light_alone() {
    step();
    // Relaxed: set before the model starts.
    #[cfg(dogpile_loom)]
    if !crate::sync::READERS_FENCE.load(Ordering::Relaxed) {
        return;
    }
    // SeqCst: the compiler's half of the fence; pairs with the system call in `heavy`.
    compiler_fence(Ordering::SeqCst);
}

/// The writer's side: between replacing the slot's pointer and reading the hazards.
///
/// Returns `false` if the kernel took back what it had promised; nothing may be freed on the strength of such a call.
#[must_use]
pub(super) fn heavy() -> bool {
    step();
    decide();
    // SeqCst: pairs with the fence in `light`; under membarrier it orders this thread's own store and loads.
    fence(Ordering::SeqCst);
    // Relaxed: `decide` ran above.
    MODE.load(Ordering::Relaxed) != ASYMMETRIC || membarrier::fence_everyone()
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(dogpile_loom), not(miri)))]
mod membarrier {
    use rustix::thread::{MembarrierCommand, membarrier};

    /// Asks the kernel for the right to interrupt this process's threads.
    pub(super) fn is_registered() -> bool {
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    /// Has every running thread of this process execute a full fence before it returns.
    pub(super) fn fence_everyone() -> bool {
        let command = || membarrier(MembarrierCommand::PrivateExpedited).is_ok();
        // A child made by `fork` may have lost the registration: ask once more before giving up.
        command() || (is_registered() && command())
    }
}

#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(dogpile_loom), not(miri))))]
mod membarrier {
    pub(super) fn is_registered() -> bool {
        false
    }

    pub(super) fn fence_everyone() -> bool {
        true
    }
}
