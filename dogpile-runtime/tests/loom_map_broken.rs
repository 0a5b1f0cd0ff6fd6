//! An index that leaves the `next` of an unlinked node uncut, which the model checker must catch: proof that the models
//! of the map can fail.
//!
//! In a process of its own, for no node of it is cut off.
#![cfg(dogpile_loom)]

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dogpile_runtime::{DogpileMap, Policy, leave_next_uncut};

/// All of them are in one chain.
#[derive(Clone, PartialEq, Eq)]
struct Key(u32);

impl Hash for Key {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
#[should_panic(expected = "found after it was let go of")]
fn broken_unlinking_that_cuts_nothing_off_is_caught() {
    leave_next_uncut();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let map = Arc::new(DogpileMap::new(Policy::never()));
        for id in [1, 2] {
            map.set(Key(id), id);
        }
        let reader = {
            let map = Arc::clone(&map);
            // It comes to the second node by way of the first, which goes in the meantime.
            loom::thread::spawn(move || map.get(&Key(1)))
        };
        map.invalidate(&Key(2));
        map.invalidate(&Key(1));
        reader.join().unwrap();
    });
}
