//! stub
use crate::clock::Tick;
use crate::sync::{AtomicU8, Ordering};
use std::collections::VecDeque;
pub(crate) struct Marks {
    visited: AtomicU8,
}
impl Marks {
    pub(crate) fn new() -> Self {
        Self { visited: AtomicU8::new(0) }
    }
    #[inline]
    pub(crate) fn visit(&self) {
        // Relaxed: a hint.
        if self.visited.load(Ordering::Relaxed) == 0 {
            self.visited.store(1, Ordering::Relaxed)
        }
    }
}
pub(crate) trait Resident: Clone {
    fn marks(&self) -> &Marks;
    fn hash(&self) -> u64;
    fn is_gone(&self, now: Tick) -> bool;
    fn same(&self, o: &Self) -> bool;
}
pub(crate) struct Evict<T> {
    q: VecDeque<T>,
    cap: usize,
}
impl<T: Resident> Evict<T> {
    pub(crate) fn new(cap: usize) -> Self {
        Self { q: VecDeque::new(), cap }
    }
    pub(crate) fn admit(&mut self, e: T, _now: Tick, v: &mut Vec<T>) {
        if self.q.iter().any(|x| x.same(&e)) {
            return;
        }
        self.q.push_back(e);
        if self.q.len() > self.cap {
            v.extend(self.q.pop_front());
        }
    }
    pub(crate) fn readmit(&mut self, e: T) {
        self.q.push_back(e)
    }
    pub(crate) fn remove(&mut self, e: &T) -> Option<T> {
        let i = self.q.iter().position(|x| x.same(e))?;
        self.q.remove(i)
    }
}
