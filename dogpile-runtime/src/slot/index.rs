//! Finds nodes by hash: chains that are read without waiting and changed under a lock.
//!
//! The lock-free list of Michael ("High Performance Dynamic Lock-Free Hash Tables and List-Based Sets", SPAA 2002),
//! made simpler by two liberties: writers exclude each other, and a reader may miss a node that is being moved, because
//! whoever misses asks again under the lock.
//!
//! Invariants, all changed under the lock only: a node is linked at most once in its life, and carries one count of its
//! `Arc` while it is; a cell (the head of a chain, or the `next` of a linked node) that points to a node points to a
//! linked one; a node that is unlinked has a `next` of null before it is retired. A reader dereferences a pointer
//! only while a hazard announces it and after having seen it in its cell *behind* the announcement: then it was linked
//! at that moment, and whoever unlinks it later finds the hazard. Heads are never freed before the index; those
//! outgrown are all null.

use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::counted;
use super::hazard::{self, Announced, Retired, Use};
use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering, step};

/// What makes a node one of a chain.
#[derive(Debug)]
pub(crate) struct Link<N> {
    hash: u64,
    next: AtomicPtr<N>,
}

impl<N> Link<N> {
    pub(crate) fn new(hash: u64) -> Self {
        Self { hash, next: AtomicPtr::new(ptr::null_mut()) }
    }

    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

/// A node with a [`Link`] in it, always the same.
pub(crate) trait Linked: Sized {
    fn link(&self) -> &Link<Self>;
}

fn next_of<N: Linked>(node: &N) -> &AtomicPtr<N> {
    &node.link().next
}

/// The heads of all chains; their number is a power of two.
struct Heads<N>(Box<[AtomicPtr<N>]>);

impl<N> Heads<N> {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| AtomicPtr::new(ptr::null_mut())).collect())
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
    fn of(&self, hash: u64) -> &AtomicPtr<N> {
        &self.0[hash as usize & (self.0.len() - 1)]
    }
}

/// Nodes by hash, and under the same lock whatever is to change together with them.
pub(crate) struct Index<N, S> {
    heads: AtomicPtr<Heads<N>>,
    writing: Mutex<Writing<N, S>>,
    /// Where a node's link is, for `drop`, which knows no trait.
    next_of: fn(&N) -> &AtomicPtr<N>,
    _owns: PhantomData<Arc<N>>,
}

struct Writing<N, S> {
    /// The heads in use, and before them those outgrown, which a reader may still be looking at.
    heads: Vec<NonNull<Heads<N>>>,
    linked: usize,
    with: S,
}

// SAFETY: the pointers are to heads that the index owns, and of nodes it owns a count of an `Arc`.
unsafe impl<N: Send + Sync, S: Send> Send for Writing<N, S> {}

/// Few enough to be made with the first node.
const FIRST_HEADS: usize = if cfg!(dogpile_loom) { 1 } else { 32 };

impl<N: Linked + Send + Sync + 'static, S> Index<N, S> {
    pub(crate) fn new(with: S) -> Self {
        let heads = NonNull::from(Box::leak(Box::new(Heads::new(FIRST_HEADS))));
        let writing = Writing { heads: vec![heads], linked: 0, with };
        Self {
            heads: AtomicPtr::new(heads.as_ptr()),
            writing: Mutex::new(writing),
            next_of: next_of::<N>,
            _owns: PhantomData,
        }
    }

    #[inline]
    fn heads(&self) -> &Heads<N> {
        // Acquire: pairs with the Release in `grow`; the heads' contents are visible.
        let heads = self.heads.load(Ordering::Acquire);
        // SAFETY: it came from `Box::leak`, and is freed in `drop` alone.
        unsafe { &*heads }
    }

    /// The node with this hash that `is_it` agrees to. It may be missed while it is being moved; it is not missed by
    /// [`Writer::with_hash`].
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `Flights::hit`")]
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(&N) -> bool) -> Option<Found<'_, N>> {
        let head = self.heads().of(hash);
        step();
        // Relaxed: only announced, not dereferenced, before it has been seen again.
        let seen = NonNull::new(head.load(Ordering::Relaxed))?;
        // Whatever is unusual is done elsewhere, and to the end, so that nothing has to be kept for coming back.
        let Some(announced) = hazard::announce_at_once(seen.cast(), Use::Node) else {
            return self.walk(head, None, hash, is_it);
        };
        match self.seen_again(head, seen, announced) {
            Some(found) if found.link().hash == hash && is_it(&found) => Some(found),
            Some(other) => self.walk(&other.link().next, Some(&other), hash, is_it),
            None => self.walk(head, None, hash, is_it),
        }
    }

    /// What was announced, if it is in its cell still.
    #[inline]
    #[expect(clippy::unused_self, reason = "the borrow of the index")]
    fn seen_again(
        &self,
        cell: &AtomicPtr<N>,
        seen: NonNull<N>,
        announced: Announced,
    ) -> Option<Found<'_, N>> {
        // Acquire: pairs with the Release in `link` or `unlink`; the node's contents are visible.
        if cell.load(Ordering::Acquire) != seen.as_ptr() {
            announced.in_vain();
            return None;
        }
        #[cfg(dogpile_loom)]
        assert!(!hazard::released::contains(seen), "found after it was let go of");
        // It was in its cell behind the announcement, so it was linked then, and is not freed before `announced` is
        // dropped.
        Some(Found { node: seen, _announced: announced, _index: PhantomData })
    }

    /// Goes on from `cell`, one of the heads or of the node that `holder` protects.
    #[inline(never)]
    fn walk<'a>(
        &'a self,
        cell: &AtomicPtr<N>,
        holder: Option<&Found<'a, N>>,
        hash: u64,
        mut is_it: impl FnMut(&N) -> bool,
    ) -> Option<Found<'a, N>> {
        let mut cell: *const AtomicPtr<N> = cell;
        // Protects the node that the cell is part of; the heads need no protection.
        let mut _holder: Option<Found<'a, N>> = None;
        let (mut this, mut other) =
            if holder.is_none() { (Use::Node, Use::NextNode) } else { (Use::NextNode, Use::LastNode) };
        loop {
            step();
            // SAFETY: the cell is one of the heads, which live as long as `self`, or part of the node that `holder` or
            // `_holder` protects.
            let next = unsafe { &*cell };
            // Relaxed: as in `find`.
            let seen = NonNull::new(next.load(Ordering::Relaxed))?;
            let announced = hazard::announce(seen.cast(), this);
            let Some(found) = self.seen_again(next, seen, announced) else { continue };
            if found.link().hash == hash && is_it(&found) {
                return Some(found);
            }
            cell = &raw const found.link().next;
            _holder = Some(found);
            mem::swap(&mut this, &mut other);
        }
    }

    pub(crate) fn lock(&self) -> Writer<'_, N, S> {
        Writer { writing: self.writing.lock(), index: self }
    }

    /// Every node that is linked now.
    pub(crate) fn all(&self) -> Vec<Arc<N>> {
        self.lock().all()
    }
}

impl<N, S> Drop for Index<N, S> {
    fn drop(&mut self) {
        let mut nodes = Vec::new();
        let mut all_heads = mem::take(&mut self.writing.lock().heads);
        for heads in all_heads.drain(..) {
            // SAFETY: it came from `Box::leak`, nobody else frees it, and no reader is left, for readers borrow the
            // index.
            let heads = unsafe { Box::from_raw(heads.as_ptr()) };
            for head in &heads.0 {
                // Relaxed: exclusive access, ordered by whatever gave it to us.
                let mut next = head.load(Ordering::Relaxed);
                while let Some(node) = NonNull::new(next) {
                    // SAFETY: a linked node carries a count, which is taken here, once.
                    let node = unsafe { Arc::from_raw(node.as_ptr()) };
                    next = (self.next_of)(&node).load(Ordering::Relaxed);
                    nodes.push(node);
                }
            }
        }
        // All of them at once: if the destructor of one key panics, the others go all the same.
        drop(nodes);
    }
}

/// A node that was found. It may have been unlinked since.
pub(crate) struct Found<'a, N> {
    node: NonNull<N>,
    /// Cleared when it is dropped, and with it the claim to the node.
    _announced: Announced,
    _index: PhantomData<&'a N>,
}

impl<N> Found<'_, N> {
    pub(crate) fn share(&self) -> Arc<N> {
        // SAFETY: the pointer came from `Arc::into_raw`, and the count it carried when it was announced is given back
        // only after the hazard is cleared.
        unsafe { counted(self.node) }
    }
}

impl<N> Deref for Found<'_, N> {
    type Target = N;

    #[inline]
    fn deref(&self) -> &N {
        // SAFETY: the hazard announces the node and `seen_again` saw it linked afterwards. Nodes are only ever shared.
        unsafe { self.node.as_ref() }
    }
}

/// The right to change chains. Nothing is unlinked as long as it is only borrowed.
pub(crate) struct Writer<'a, N, S> {
    writing: MutexGuard<'a, Writing<N, S>>,
    index: &'a Index<N, S>,
}

impl<N: Linked + Send + Sync + 'static, S> Writer<'_, N, S> {
    /// The nodes behind `head`, each with the cell that points to it.
    #[expect(clippy::unused_self, reason = "the borrow of the lock")]
    fn chain<'a>(&'a self, head: &'a AtomicPtr<N>) -> impl Iterator<Item = (&'a AtomicPtr<N>, NonNull<N>)> {
        let mut cell = head;
        std::iter::from_fn(move || {
            // Relaxed: written under the lock that we hold.
            let node = NonNull::new(cell.load(Ordering::Relaxed))?;
            let this = cell;
            // SAFETY: it is linked, so its count is there, and nothing is unlinked while we are borrowed.
            cell = unsafe { &node.as_ref().link().next };
            Some((this, node))
        })
    }

    /// All nodes with this hash.
    pub(crate) fn with_hash(&self, hash: u64) -> Vec<Arc<N>> {
        let chain = self.chain(self.index.heads().of(hash));
        // SAFETY: they are linked, so their counts are there.
        chain.map(|(_, node)| unsafe { counted(node) }).filter(|node| node.link().hash == hash).collect()
    }

    fn all(&self) -> Vec<Arc<N>> {
        let mut all = Vec::with_capacity(self.writing.linked);
        for head in &self.index.heads().0 {
            // SAFETY: they are linked, so their counts are there.
            all.extend(self.chain(head).map(|(_, node)| unsafe { counted(node) }));
        }
        all
    }

    /// Links a node that has never been linked before.
    pub(crate) fn link(&mut self, node: Arc<N>) {
        // Half as many nodes as chains: a reader rarely meets a node that it does not seek.
        if self.writing.linked >= self.index.heads().0.len() / 2 {
            self.grow();
        }
        self.writing.linked += 1;
        #[cfg(dogpile_loom)]
        hazard::released::forget(NonNull::from(&*node));
        let head = self.index.heads().of(node.link().hash);
        // Relaxed: nobody else knows the node; published below.
        node.link().next.store(head.load(Ordering::Relaxed), Ordering::Relaxed);
        // Release: pairs with the Acquire in `seen_again`; the node's contents are visible.
        head.store(Arc::into_raw(node).cast_mut(), Ordering::Release);
    }

    /// Takes a node out of its chain, if it is in there.
    pub(crate) fn unlink(&mut self, node: &Arc<N>) -> Option<Unlinked<N>> {
        let head = self.index.heads().of(node.link().hash);
        let (cell, found) = self.chain(head).find(|(_, found)| ptr::eq(found.as_ptr(), Arc::as_ptr(node)))?;
        // Relaxed: written under the lock that we hold.
        let next = node.link().next.load(Ordering::Relaxed);
        // Release: pairs with the Acquire in `seen_again`, for the nodes behind.
        cell.store(next, Ordering::Release);
        // Relaxed: set before the model starts.
        #[cfg(dogpile_loom)]
        let is_cut = crate::sync::CUTS_NEXT.load(Ordering::Relaxed);
        #[cfg(not(dogpile_loom))]
        let is_cut = true;
        // A reader on this node must not go on from it to one that is unlinked later. Relaxed: the fence of whoever
        // retires that one comes after it, and a reader that still sees the old value has announced itself before.
        if is_cut {
            node.link().next.store(ptr::null_mut(), Ordering::Relaxed);
        }
        self.writing.linked -= 1;
        Some(Unlinked(found))
    }

    /// Twice as many heads. Readers meanwhile may miss nodes.
    fn grow(&mut self) {
        let old = self.index.heads();
        let new = Heads::new(old.0.len() * 2);
        for head in &old.0 {
            // Relaxed: written under the lock that we hold. The old heads are emptied before any of their nodes can be
            // unlinked, so that no reader takes one from there that is.
            let mut next = head.swap(ptr::null_mut(), Ordering::Relaxed);
            while let Some(node) = NonNull::new(next) {
                // SAFETY: it is linked, so its count is there.
                let link = unsafe { node.as_ref() }.link();
                let head = new.of(link.hash);
                // Release: pairs with the Acquire in `seen_again`, for a reader that comes to the new chain from here.
                next = link.next.swap(head.load(Ordering::Relaxed), Ordering::AcqRel);
                head.store(node.as_ptr(), Ordering::Release);
            }
        }
        let new = NonNull::from(Box::leak(Box::new(new)));
        self.writing.heads.push(new);
        // Release: pairs with the Acquire in `heads`.
        self.index.heads.store(new.as_ptr(), Ordering::Release);
    }
}

impl<N, S> Deref for Writer<'_, N, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.writing.with
    }
}

impl<N, S> DerefMut for Writer<'_, N, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.writing.with
    }
}

/// What was taken out of a chain, with the count that it carried there.
#[must_use = "dropping it may run a key's destructor, which must not happen under a lock"]
pub(crate) struct Unlinked<N>(NonNull<N>);

// SAFETY: it owns a count of an `Arc<N>`, and sending it needs of `N` what sending that does.
unsafe impl<N: Send + Sync> Send for Unlinked<N> {}

impl<N> Unlinked<N> {
    pub(super) fn into_retired(self) -> Retired {
        let node = mem::ManuallyDrop::new(self).0;
        // SAFETY: as in `drop`, which does not run.
        unsafe { Retired::new(node) }
    }
}

impl<N> Drop for Unlinked<N> {
    fn drop(&mut self) {
        // SAFETY: the count is ours, and was made by `Arc::into_raw` in `Writer::link`, which asks
        // `N: Send + Sync + 'static` of every node.
        hazard::retire(unsafe { Retired::new(self.0) });
    }
}
