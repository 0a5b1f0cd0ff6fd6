//! Entries in a circle, and a hand that goes round.
//!
//! Invariant: each entry's marks say where it is, as long as it is here. The hand may point behind the last entry; then
//! it means the first.

use std::mem;

use super::{Place, Queue, Resident};
use crate::clock::Tick;

#[derive(Debug)]
pub(super) struct Ring<T> {
    queue: Queue,
    entries: Vec<T>,
    hand: usize,
}

impl<T> Ring<T> {
    pub(super) const fn new(queue: Queue) -> Self {
        Self { queue, entries: Vec::new(), hand: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<T: Resident> Ring<T> {
    pub(super) fn get(&self, index: usize) -> &T {
        &self.entries[index]
    }

    /// Adds an entry directly behind the hand, so that the hand comes to it last.
    pub(super) fn insert(&mut self, entry: T) {
        let last = self.entries.len();
        let index = self.hand.min(last);
        self.entries.push(entry);
        // Who was to be next goes to the end and gets some extra time, for which nobody has to move up.
        self.entries.swap(index, last);
        self.note(last);
        self.note(index);
        self.hand = index + 1;
    }

    /// The index of the entry the hand is at; moves it on. There has to be one.
    pub(super) fn next(&mut self) -> usize {
        let index = if self.hand < self.entries.len() { self.hand } else { 0 };
        self.hand = index + 1;
        index
    }

    /// The first of the next `most` entries that is gone or was not visited since the hand was here; takes the visits
    /// of those it passes.
    pub(super) fn next_unvisited(&mut self, most: usize, now: Tick) -> Option<usize> {
        for _ in 0..most.min(self.entries.len()) {
            let index = self.next();
            let entry = &self.entries[index];
            if entry.is_gone(now) || !entry.marks().take_visits() {
                return Some(index);
            }
        }
        None
    }

    /// Puts another entry in the place of one, and returns that.
    pub(super) fn replace(&mut self, index: usize, entry: T) -> T {
        let replaced = mem::replace(&mut self.entries[index], entry);
        self.note(index);
        replaced.marks().set_place(None);
        replaced
    }

    /// Takes an entry out; the last one moves to its place.
    pub(super) fn remove(&mut self, index: usize) -> T {
        let removed = self.entries.swap_remove(index);
        if index < self.entries.len() {
            self.note(index);
        }
        removed.marks().set_place(None);
        removed
    }

    fn note(&self, index: usize) {
        self.entries[index].marks().set_place(Some(Place { queue: self.queue, index }));
    }
}
