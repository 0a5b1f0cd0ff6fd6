//! A read path without its fence, which the model checker must catch: proof that the models can fail.
//!
//! In a process of its own, for the fence is taken from all readers of it.
#![cfg(dogpile_loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dogpile_runtime::{Dogpile, Policy, take_readers_fence};

#[derive(Clone)]
struct Tracked(Arc<AtomicUsize>);

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
#[should_panic(expected = "dropped under its reader")]
fn broken_reader_without_its_fence_is_caught() {
    take_readers_fence();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let dogpile = Arc::new(Dogpile::<Tracked>::new(Policy::never()));
        let dropped = Arc::<AtomicUsize>::default();
        dogpile.set(Tracked(Arc::clone(&dropped)));
        let reader = {
            let (dogpile, dropped) = (Arc::clone(&dogpile), Arc::clone(&dropped));
            loom::thread::spawn(move || {
                // Not dereferenced: it may point nowhere.
                let seen = dogpile.read();
                loom::thread::yield_now();
                let is_read = seen.is_some();
                assert!(!is_read || dropped.load(Ordering::SeqCst) == 0, "dropped under its reader");
                std::mem::forget(seen);
            })
        };
        dogpile.invalidate();
        reader.join().unwrap();
    });
}
