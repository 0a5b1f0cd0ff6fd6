//! The run time of the [`dogpile`](https://docs.rs/dogpile) crate. Use that one; this is where its promises are kept.
//!
//! # The algorithm
//!
//! A call reads the **slot**: one pointer to a value and its **stamp**, protected by a hazard pointer, so that the
//! read waits for nobody and writes only to memory of its own thread (`slot`). The **policy** judges the stamp
//! against the clock (`policy`, `clock`):
//!
//! * *fresh*: clone the value and return it. That is all a hit does.
//! * *stale*, and the **gate** closed, because somebody regenerates or a failure backs off: the same.
//! * otherwise the call turns to the lock of its **flights** (`flight`), judges once more under it, for somebody may
//!   just have landed, and is elected **leader**, told to follow, or sent back to read again.
//!
//! The leader computes with no lock held and then *lands*: under the lock, if its flight is still the live one, the
//! slot gets the new value, the gate opens, and the crowd is woken. If it fails, panics or is dropped, its guard
//! *ends* the flight in the same way, without a value: the gate stays closed for the back-off, and the next follower
//! takes over. `invalidate` and `set` unhook the live flight, so that it lands beside the slot: those who waited for
//! it get its result, and nobody else.
//!
//! A **follower** waits (`wait`) only while there is no servable value. Woken does not mean done: it looks again.
//! Before it waits it follows the trail of who waits for whom, and panics with the names if the trail comes back.
//!
//! With `refresh = "background"` the elected caller queues the flight for a worker (`pool`) and returns the stale
//! value. A flight still in the queue is no reason to wait: whoever finds its value gone takes it over.
//!
//! A value taken out of the slot is dropped at once, or by the last reader that still uses it.

#![deny(unsafe_code)]

mod call;
mod call_async;
mod chance;
mod clock;
mod dogpile;
mod era;
mod evict;
mod failing;
mod flight;
mod key;
mod map;
mod policy;
mod pool;
#[doc(hidden)]
pub mod private;
mod probed;
#[expect(
    unsafe_code,
    reason = "hazard pointers: the bar of the hit path needs them; proven and model-checked"
)]
mod slot;
mod stats;
mod sync;
mod table;
#[cfg(feature = "test-util")]
pub mod testing;
mod timeout;
mod timer;
mod wait;

pub use call::Refresh;
pub use call_async::RefreshAsync;
pub use dogpile::{Dogpile, Ref};
pub use key::Lookup;
pub use map::DogpileMap;
pub use policy::{Background, Caller, Policy};
pub use stats::Stats;
pub use timeout::WaitTimeout;

/// Takes the readers' fence away, in the model that is to be caught.
#[cfg(dogpile_loom)]
#[doc(hidden)]
pub fn take_readers_fence() {
    // SeqCst: before any thread of the model, and of no interest to it.
    sync::READERS_FENCE.store(false, std::sync::atomic::Ordering::SeqCst);
}

/// Has nodes leave their chain with their `next` uncut, in the model that is to be caught.
#[cfg(dogpile_loom)]
#[doc(hidden)]
pub fn leave_next_uncut() {
    // SeqCst: as above.
    sync::CUTS_NEXT.store(false, std::sync::atomic::Ordering::SeqCst);
}

/// Waits for the workers, which must not outlive the model that started them.
#[cfg(dogpile_loom)]
#[doc(hidden)]
pub fn join_workers() {
    pool::join();
}
