//! Random histories against the sequential model of the contract, on the frozen clock: of one value, and of many keys.

use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, DogpileMap, Stats};
use proptest::prelude::*;

use crate::model::{Change, Subject, compare, steps, terms};

impl Subject for Dogpile<u32> {
    fn call(&self, _: usize, compute: &dyn Fn() -> Result<u32, ()>) -> Result<u32, ()> {
        self.try_get_or_compute(compute)
    }

    fn change(&self, change: Change) {
        match change {
            Change::Invalidate(_) => self.invalidate(),
            Change::Expire(_) => self.expire(),
            Change::Set(_, value) => self.set(value),
            Change::InvalidateAll | Change::ExpireAll | Change::Retain(_) => unreachable!("one value"),
        }
    }

    fn look(&self, _: usize) -> (Option<u32>, Option<Duration>, bool, bool) {
        (self.get(), self.age(), self.is_expired(), self.is_computing())
    }

    fn len(&self) -> usize {
        usize::from(self.has_value())
    }

    fn stats(&self) -> Stats {
        self.stats()
    }
}

impl Subject for DogpileMap<usize, u32> {
    fn call(&self, key: usize, compute: &dyn Fn() -> Result<u32, ()>) -> Result<u32, ()> {
        self.try_get_or_compute(key, compute)
    }

    fn change(&self, change: Change) {
        match change {
            Change::Invalidate(key) => self.invalidate(&key),
            Change::Expire(key) => self.expire(&key),
            Change::Set(key, value) => self.set(key, value),
            Change::InvalidateAll => self.invalidate_all(),
            Change::ExpireAll => self.expire_all(),
            Change::Retain(divisor) => self.retain(|_, value| value % divisor == 0),
        }
    }

    fn look(&self, key: usize) -> (Option<u32>, Option<Duration>, bool, bool) {
        (self.get(&key), self.age(&key), self.is_expired(&key), self.is_computing(&key))
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn stats(&self) -> Stats {
        self.stats()
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn dogpile_does_what_the_contract_says(terms in terms(), steps in steps(1)) {
        let time = freeze();
        compare(terms, 1, &steps, &Dogpile::new(terms.policy()), &time)?;
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn map_does_what_the_contract_says_of_each_key(terms in terms(), steps in steps(3)) {
        let time = freeze();
        compare(terms, 3, &steps, &DogpileMap::new(terms.policy().capacity(usize::MAX)), &time)?;
    }
}
