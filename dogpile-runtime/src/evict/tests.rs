use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::{Evict, MOST_LOOKS, Marks, Place, Queue, Resident};
use crate::clock::Tick;

#[derive(Debug)]
struct Node {
    key: u64,
    marks: Marks,
    is_gone: Cell<bool>,
    /// How often the policy looked whether one of these is gone.
    looks: Rc<Cell<usize>>,
}

type Handle = Rc<Node>;

impl Resident for Handle {
    fn marks(&self) -> &Marks {
        &self.marks
    }

    fn hash(&self) -> u64 {
        mixed(self.key)
    }

    fn is_gone(&self, _: Tick) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.is_gone.get()
    }
}

/// The finaliser of `SplitMix64`.
fn mixed(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0) % bound
    }
}

/// A map in one thread: the policy, and a table that a hit is found in.
struct Map {
    evict: Evict<Handle>,
    table: HashMap<u64, Handle>,
    looks: Rc<Cell<usize>>,
    victims: Vec<Handle>,
}

impl Map {
    fn new(capacity: usize) -> Self {
        Self { evict: Evict::new(capacity), table: HashMap::new(), looks: Rc::default(), victims: Vec::new() }
    }

    fn node(&self, key: u64) -> Handle {
        let looks = Rc::clone(&self.looks);
        Rc::new(Node { key, marks: Marks::new(), is_gone: Cell::new(false), looks })
    }

    /// Admits an entry for that key, and returns the keys of the victims.
    fn admit(&mut self, key: u64) -> Vec<u64> {
        let node = self.node(key);
        self.table.insert(key, Rc::clone(&node));
        self.evict.admit(node, 0, &mut self.victims);
        self.let_victims_go()
    }

    fn let_victims_go(&mut self) -> Vec<u64> {
        let keys: Vec<_> = self.victims.drain(..).map(|victim| victim.key).collect();
        for key in &keys {
            assert!(self.table.remove(key).is_some(), "{key} was a victim twice");
        }
        keys
    }

    /// Whether the key was there; if not, it is now.
    fn ask_for(&mut self, key: u64) -> bool {
        if let Some(node) = self.table.get(&key) {
            node.marks.visit();
            return true;
        }
        self.admit(key);
        false
    }

    fn hit_ratio(&mut self, keys: impl IntoIterator<Item = u64>) -> f64 {
        let hits: Vec<_> = keys.into_iter().map(|key| f64::from(u8::from(self.ask_for(key)))).collect();
        hits.iter().sum::<f64>() / hits.iter().map(|_| 1.0).sum::<f64>()
    }

    /// Everything that is in the table is in one ring, where its marks say, and nothing else is.
    fn check(&self) {
        let mut seen = HashSet::new();
        for (queue, ring) in [(Queue::Main, &self.evict.main), (Queue::Probation, &self.evict.probation)] {
            for index in 0..ring.len() {
                let node = ring.get(index);
                assert_eq!(node.marks.place(), Some(Place { queue, index }));
                assert!(self.table.get(&node.key).is_some_and(|other| Rc::ptr_eq(node, other)));
                assert!(seen.insert(node.key), "{} is in the books twice", node.key);
            }
        }
        assert_eq!(seen.len(), self.table.len());
        assert_eq!(self.evict.len(), self.table.len());
    }
}

const CAPACITIES: [usize; 9] = [1, 2, 3, 10, 63, 64, 65, 130, 1000];

#[test]
fn capacity_is_never_exceeded_and_the_new_entry_stays() {
    for capacity in CAPACITIES {
        let mut map = Map::new(capacity);
        let mut random = Random(1);
        for _ in 0..20 * capacity {
            // Small keys are asked for more often.
            let key = random.below(3 * capacity as u64);
            let key = random.below(key + 1);
            map.ask_for(key);
            assert!(map.table.contains_key(&key), "{key} was the victim of its own admission");
            assert!(map.evict.len() <= capacity);
        }
        assert_eq!(map.evict.len(), capacity);
        map.check();
    }
}

#[test]
fn nothing_is_evicted_while_there_is_room() {
    let mut map = Map::new(100);
    for key in 0..100 {
        assert!(map.admit(key).is_empty());
    }
    assert_eq!(map.admit(100).len(), 1);
}

#[test]
fn a_bound_allocates_nothing_before_there_are_entries() {
    for capacity in [0, 1, 1_000_000_000, usize::MAX] {
        let mut map = Map::new(capacity);
        assert_eq!(map.evict.len(), 0);
        map.admit(1);
        assert_eq!(map.evict.len(), 1);
        assert!(!map.evict.ghosts.is_allocated());
    }
}

#[test]
fn visited_entries_outlive_others() {
    let mut map = Map::new(100);
    map.hit_ratio(0..100);
    map.hit_ratio(0..50);
    // Each of these is asked for twice, and so has a claim to a place in main.
    for key in 1000..1040 {
        map.ask_for(key);
        map.ask_for(key);
    }
    let kept = (0..50).filter(|key| map.table.contains_key(key)).count();
    assert_eq!(kept, 50);
}

#[test]
fn gone_entries_go_before_others() {
    let mut map = Map::new(100);
    map.hit_ratio(0..100);
    map.hit_ratio(0..100);
    for key in 0..50 {
        map.table[&key].is_gone.set(true);
    }
    // By then the patrol has been everywhere.
    let victims: HashSet<_> = (100..200).flat_map(|key| map.admit(key)).collect();
    assert!((0..50).all(|key| victims.contains(&key)), "{victims:?}");
    let kept = (50..100).filter(|key| map.table.contains_key(key)).count();
    // Two were in probation.
    assert!(kept >= 48, "{kept} of 50");
    map.check();
}

#[test]
fn a_gone_entry_is_the_victim_where_one_is_sought() {
    for queue in [Queue::Main, Queue::Probation] {
        let mut map = Map::new(130);
        map.hit_ratio(0..130);
        map.hit_ratio(0..130);
        let oldest = Rc::clone(map.evict.ring(queue).get(0));
        oldest.is_gone.set(true);
        // The patrol does not come by.
        map.evict.patrol = 60;
        assert_eq!(map.admit(1000), [oldest.key]);
        map.check();
    }
}

#[test]
fn gone_entries_nobody_asks_for_leave_without_need() {
    let mut map = Map::new(10_000);
    for key in 0..100 {
        map.admit(key);
        map.table[&key].is_gone.set(key % 3 == 0);
    }
    for key in 100..200 {
        map.admit(key);
    }
    assert!(map.table.values().all(|node| !node.is_gone.get()));
    map.check();
}

#[test]
fn a_regenerated_entry_keeps_its_place() {
    let mut map = Map::new(3);
    for key in 0..3 {
        map.admit(key);
    }
    let node = Rc::clone(&map.table[&1]);
    for _ in 0..10 {
        map.evict.admit(Rc::clone(&node), 0, &mut map.victims);
    }
    assert!(map.victims.is_empty());
    map.check();
}

#[test]
fn an_entry_given_back_stays_and_the_excess_is_shed() {
    for capacity in CAPACITIES {
        let mut map = Map::new(capacity);
        map.hit_ratio(0..capacity as u64);
        // All victims are pinned for a while.
        for key in 10_000..10_010 {
            let node = map.node(key);
            map.table.insert(key, Rc::clone(&node));
            map.evict.admit(node, 0, &mut map.victims);
            for victim in std::mem::take(&mut map.victims) {
                map.evict.readmit(Rc::clone(&victim));
                map.evict.readmit(victim);
            }
            map.check();
        }
        assert_eq!(map.evict.len(), capacity + 10);
        for key in 20_000..20_010 {
            map.admit(key);
            assert!(map.table.contains_key(&key));
        }
        assert_eq!(map.evict.len(), capacity);
        map.check();
    }
}

#[test]
fn an_entry_is_removed_wherever_it_is() {
    for capacity in CAPACITIES {
        let mut map = Map::new(capacity);
        map.hit_ratio(0..2 * capacity as u64);
        let nodes: Vec<_> = map.table.values().cloned().collect();
        for node in nodes {
            let removed = map.evict.remove(&node).expect("it is in the books");
            assert!(Rc::ptr_eq(&removed, &node));
            assert!(map.evict.remove(&node).is_none());
            map.table.remove(&node.key);
            if capacity < 100 {
                map.check();
            }
        }
        assert_eq!(map.evict.len(), 0);
    }
}

#[test]
fn random_operations_keep_the_books_and_look_at_few_entries() {
    for capacity in CAPACITIES {
        let mut map = Map::new(capacity);
        let mut random = Random(capacity as u64);
        for _ in 0..2000 {
            let key = random.below(2 * capacity as u64 + 3);
            let known = map.table.get(&key).cloned();
            match (random.below(20), known) {
                (0, Some(node)) => {
                    map.evict.remove(&node).expect("it is in the books");
                    map.table.remove(&key);
                }
                (1, Some(node)) => node.is_gone.set(true),
                (2, Some(node)) => map.evict.admit(node, 0, &mut map.victims),
                (_, Some(node)) => node.marks.visit(),
                (_, None) => {
                    let node = map.node(key);
                    map.table.insert(key, Rc::clone(&node));
                    map.looks.set(0);
                    map.evict.admit(node, 0, &mut map.victims);
                    assert!(map.looks.get() <= MOST_LOOKS, "{} looks", map.looks.get());
                    assert!(map.victims.iter().all(|victim| victim.key != key));
                }
            }
            if random.below(10) == 0 {
                map.victims.drain(..).for_each(|pinned| map.evict.readmit(pinned));
            }
            map.let_victims_go();
            if random.below(capacity as u64 / 10 + 1) == 0 {
                map.check();
            }
        }
        map.check();
    }
}

#[test]
fn most_of_a_loop_is_kept() {
    let turns = |length: u64| (0..30).flat_map(move |_| 0..length);
    let mut map = Map::new(1000);
    map.hit_ratio(turns(1100));
    let ratio = map.hit_ratio(turns(1100));
    // The best there is would be 1000 / 1100.
    assert!(ratio > 0.89, "{ratio}");
    let mut map = Map::new(1000);
    map.hit_ratio(turns(2000));
    let ratio = map.hit_ratio(turns(2000));
    assert!(ratio > 0.45, "{ratio}");
}

#[test]
fn a_scan_does_not_wash_out_the_working_set() {
    let mut map = Map::new(1000);
    let mut random = Random(3);
    map.hit_ratio((0..20_000).map(|_| random.below(900)));
    map.hit_ratio(1_000_000..1_010_000);
    let kept = (0..900).filter(|key| map.table.contains_key(key)).count();
    assert!(kept > 890, "{kept} of 900");
}

#[test]
fn a_working_set_that_moves_is_followed() {
    let mut map = Map::new(1000);
    let mut random = Random(4);
    for window in 0..5 {
        map.hit_ratio((0..5_000).map(|_| window * 1000 + random.below(900)));
        let ratio = map.hit_ratio((0..5_000).map(|_| window * 1000 + random.below(900)));
        assert!(ratio > 0.95, "{ratio} in window {window}");
    }
}
