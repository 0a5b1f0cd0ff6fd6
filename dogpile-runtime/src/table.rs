//! The keys of a map, and which of them are kept.
//!
//! An index of chains (`slot`) leads from a hash to the flights of a key, without waiting. Under the one lock of the
//! index are the chains and the books of the eviction policy (`evict`); it is taken when a key is missed and when a
//! value comes or goes, never on a hit, and nothing of the user's runs under it: keys are compared outside, by those who
//! look for them.
//!
//! Invariants: what is linked and not removed is the only home of its key, so that at most one flight is live per
//! key; what has been removed is unlinked by whoever removed it or meets it; only keys with a value are in the policy's
//! books, and a key whose flight is live is not evicted.

use std::hash::{BuildHasher, Hash, Hasher};
use std::mem;
use std::sync::{Arc, Weak};

/// The model has to take the same way each time.
#[cfg(dogpile_loom)]
use foldhash::quality::FixedState as RandomState;
#[cfg(not(dogpile_loom))]
use foldhash::quality::RandomState;

use crate::clock::{NEVER, Source, Tick};
use crate::evict::{Evict, Marks, Resident};
use crate::flight::{Flights, Home, Terms};
use crate::key::Lookup;
use crate::slot::{Index, Leaving, Link, Linked, Quiet, Replaced};

/// One key of a map.
pub(crate) type Node<K, V> = Flights<V, Kept<K, V>>;

/// What changes under the lock of the index, besides the chains.
struct Books<K, V> {
    /// Which keys have values, and which of them go first.
    evict: Evict<Arc<Node<K, V>>>,
    /// Evicted values and removed keys that wait for company.
    leaving: Leaving,
    /// The hashes of the evicted ones.
    evicted: Vec<u64>,
}

impl<K, V> Books<K, V> {
    /// All that waits, to be dropped after the lock.
    fn take_leaving(&mut self) -> Leaving {
        self.evicted.clear();
        mem::take(&mut self.leaving)
    }
}

/// As many evicted values and removed keys may wait until they are let go of together; letting go of one by one would
/// have every other thread of the process pass a fence for each. None if the capacity is small.
const COMPANY: usize = 64;

/// The share of the capacity that may wait, as a divisor.
const COMPANY_SHARE: usize = 8;

/// What a map knows of a key besides its value.
#[repr(C)]
pub struct Kept<K, V> {
    table: Weak<Table<K, V>>,
    link: Link<Node<K, V>>,
    pub(crate) key: Quiet<K>,
    marks: Marks,
}

pub(crate) struct Table<K, V> {
    nodes: Index<Node<K, V>, Books<K, V>>,
    hasher: RandomState,
    /// The most that may wait to be let go of.
    company: usize,
    terms: Arc<Terms<V>>,
    /// Copied from `terms`, as in [`Flights`].
    clock: Option<Source>,
}

impl<K, V> Linked for Node<K, V> {
    #[inline]
    fn link(&self) -> &Link<Self> {
        &self.home.link
    }
}

impl<K, V> Table<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(terms: Terms<V>) -> Self {
        let capacity = terms.policy().most_keys().unwrap_or(usize::MAX);
        Self {
            nodes: Index::new(Books {
                evict: Evict::new(capacity),
                leaving: Leaving::new(),
                evicted: Vec::new(),
            }),
            hasher: RandomState::default(),
            company: (capacity / COMPANY_SHARE).min(COMPANY),
            clock: terms.clock(),
            terms: Arc::new(terms),
        }
    }

    pub(crate) fn terms(&self) -> &Terms<V> {
        &self.terms
    }

    #[inline]
    pub(crate) fn hash(&self, query: &impl Lookup<Key = K>) -> u64 {
        let mut state = self.hasher.build_hasher();
        query.hash(&mut state);
        state.finish()
    }

    /// The time by which a hit is judged; [`NEVER`] if values do not expire.
    #[inline]
    pub(crate) fn now(&self) -> Tick {
        self.clock.map_or(NEVER, Source::now)
    }

    /// Finds the key, and looks at its node where it stands. It may be missed while others come and go.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `Flights::hit`")]
    pub(crate) fn look<T>(
        &self,
        query: &impl Lookup<Key = K>,
        hash: u64,
        look: impl FnOnce(&Node<K, V>) -> T,
    ) -> Option<T> {
        let found = self.nodes.find(hash, |node| query.matches(&node.home.key))?;
        Some(look(&found))
    }

    /// The key's node, if there is one.
    pub(crate) fn known(&self, query: &impl Lookup<Key = K>, hash: u64) -> Option<Arc<Node<K, V>>> {
        let found = self.nodes.find(hash, |node| query.matches(&node.home.key));
        if let Some(found) = found {
            return Some(found.share());
        }
        let candidates = self.nodes.lock().with_hash(hash);
        candidates.into_iter().find(|node| query.matches(&node.home.key))
    }

    /// The key's node, made if need be.
    pub(crate) fn node(self: &Arc<Self>, query: &impl Lookup<Key = K>, hash: u64) -> Arc<Node<K, V>> {
        if let Some(node) = self.known(query, hash) {
            return node;
        }
        let kept = Kept {
            key: Quiet::new(query.to_key()),
            link: Link::new(hash),
            marks: Marks::new(),
            table: Arc::downgrade(self),
        };
        let node = Arc::new(Flights::new(Arc::clone(&self.terms), kept));
        // Others with the same hash: those known to have another key, for keys are not compared under the lock.
        let mut strangers: Vec<Arc<Node<K, V>>> = Vec::new();
        loop {
            let mut nodes = self.nodes.lock();
            let mut candidates = nodes.with_hash(hash);
            candidates.retain(|node| !strangers.iter().any(|stranger| Arc::ptr_eq(stranger, node)));
            if candidates.is_empty() {
                nodes.link(Arc::clone(&node));
                return node;
            }
            drop(nodes);
            for candidate in candidates {
                if query.matches(&candidate.home.key) {
                    return candidate;
                }
                strangers.push(candidate);
            }
        }
    }

    /// Every key's node, of which some may have been removed.
    pub(crate) fn all(&self) -> Vec<Arc<Node<K, V>>> {
        self.nodes.all()
    }

    /// Enters a key that has a value into the policy's books, and lets go of whatever has to make room: all of it has
    /// left before the first of their destructors runs, for that may panic.
    fn admit(&self, node: &Arc<Node<K, V>>) {
        let now = self.terms.now();
        let (mut victims, mut leaving) = (Vec::new(), Vec::new());
        self.nodes.lock().evict.admit(Arc::clone(node), now, &mut victims);
        if node.is_removed() {
            // Whoever removed it may have looked into the books before it was in there.
            leaving.extend(self.remove(node));
        }
        for victim in victims {
            match victim.evict() {
                Some((value, is_removed)) => {
                    self.terms.counters.eviction();
                    leaving.extend(self.let_go(&victim, value, is_removed));
                }
                None => leaving.extend(self.keep(&victim)),
            }
        }
    }

    /// Takes a victim back whose value is being regenerated.
    fn keep(&self, victim: &Arc<Node<K, V>>) -> Option<Leaving> {
        self.nodes.lock().evict.readmit(Arc::clone(victim));
        // As above: it may have been removed in between.
        victim.is_removed().then(|| self.remove(victim)).flatten()
    }

    /// Has an evicted value, and the key if that is removed, wait for others that go.
    fn let_go(
        &self,
        victim: &Arc<Node<K, V>>,
        value: Replaced<V>,
        is_removed: bool,
    ) -> impl Iterator<Item = Leaving> + use<K, V> {
        let hash = victim.home.link.hash();
        let mut nodes = self.nodes.lock();
        // At most one old value of a key waits.
        let before = nodes.evicted.contains(&hash).then(|| nodes.take_leaving());
        nodes.evicted.push(hash);
        nodes.leaving.add_value(value);
        if is_removed {
            // It may have landed anew, and been entered again, between leaving the books and being evicted. Not the last
            // handle: the caller has one.
            drop(nodes.evict.remove(victim));
            if let Some(unlinked) = nodes.unlink(victim) {
                nodes.leaving.add_node(unlinked);
            }
        }
        let after = (nodes.leaving.len() > self.company).then(|| nodes.take_leaving());
        before.into_iter().chain(after)
    }

    /// Takes a removed key out of the books and its chain. What that lets go of is to be dropped after the lock.
    fn remove(&self, node: &Arc<Node<K, V>>) -> Option<Leaving> {
        let mut nodes = self.nodes.lock();
        // Not the last handle: the caller has one.
        drop(nodes.evict.remove(node));
        if let Some(unlinked) = nodes.unlink(node) {
            nodes.leaving.add_node(unlinked);
        }
        (nodes.leaving.len() > self.company).then(|| nodes.take_leaving())
    }

    /// Lets go of everything that waits for that.
    pub(crate) fn flush(&self) {
        let leaving = self.nodes.lock().take_leaving();
        drop(leaving);
    }
}

impl<K, V> Home<V> for Kept<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    type Key = K;

    const REMOVES: bool = true;

    fn filled(node: &Arc<Node<K, V>>) {
        if let Some(table) = node.home.table.upgrade() {
            table.admit(node);
        }
    }

    fn removed(node: &Arc<Node<K, V>>) {
        if let Some(table) = node.home.table.upgrade() {
            drop(table.remove(node));
        }
    }

    fn vacated(node: &Arc<Node<K, V>>) {
        node.remove_vacant();
    }

    fn key(&self) -> &K {
        &self.key
    }

    fn successor(removed: &Arc<Node<K, V>>) -> Arc<Node<K, V>> {
        let Kept { key, link, table, .. } = &removed.home;
        if let Some(table) = table.upgrade() {
            // Whoever removed it may not have come to that yet.
            drop(table.remove(removed));
            return table.node(&&**key, link.hash());
        }
        // The map is gone, and with it everybody else who could ask for the key.
        let kept = Kept {
            key: Quiet::new(K::clone(key)),
            link: Link::new(link.hash()),
            marks: Marks::new(),
            table: Weak::new(),
        };
        Arc::new(Flights::new(removed.shared_terms(), kept))
    }
}

impl<K, V> Kept<K, V> {
    /// Notes a hit. Writes only if that says anything new.
    #[inline]
    pub(crate) fn visit(&self) {
        self.marks.visit();
    }
}

impl<K, V> Resident for Arc<Node<K, V>>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn marks(&self) -> &Marks {
        &self.home.marks
    }

    fn hash(&self) -> u64 {
        self.home.link.hash()
    }

    fn is_gone(&self, now: Tick) -> bool {
        Flights::is_gone(self, now)
    }
}
