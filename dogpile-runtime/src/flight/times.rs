//! How long the last computations took.

use std::collections::VecDeque;

use crate::clock::Tick;
use crate::sync::{AtomicU64, Mutex, Ordering};

/// How many of them count.
const SAMPLE: usize = 64;

/// The times of the last computations that landed, and the 90th percentile of them.
#[derive(Debug)]
pub(super) struct Times {
    last: Mutex<VecDeque<Tick>>,
    percentile: AtomicU64,
}

impl Times {
    pub(super) fn new() -> Self {
        Self { last: Mutex::new(VecDeque::new()), percentile: AtomicU64::new(0) }
    }

    /// The 90th percentile; zero if nothing has landed yet.
    pub(super) fn percentile(&self) -> Tick {
        // Relaxed: a number on its own.
        self.percentile.load(Ordering::Relaxed)
    }

    /// What it will be once `time` is added.
    pub(super) fn percentile_with(&self, time: Tick) -> Tick {
        let last = self.last.lock();
        let skipped = usize::from(last.len() == SAMPLE);
        percentile(last.iter().copied().skip(skipped).chain([time]).collect())
    }

    pub(super) fn add(&self, time: Tick) {
        let mut last = self.last.lock();
        if last.len() == SAMPLE {
            last.pop_front();
        }
        last.push_back(time);
        // Relaxed: as above.
        self.percentile.store(percentile(last.iter().copied().collect()), Ordering::Relaxed);
    }
}

/// The nearest rank: the smallest time that at least nine in ten do not exceed.
fn percentile(mut times: Vec<Tick>) -> Tick {
    times.sort_unstable();
    let rank = (times.len() * 9).div_ceil(10);
    rank.checked_sub(1).map_or(0, |index| times[index])
}

#[cfg(all(test, not(dogpile_loom)))]
mod tests {
    use super::*;

    #[test]
    fn nine_in_ten_of_the_last_64_are_not_longer() {
        let times = Times::new();
        assert_eq!(times.percentile(), 0);
        assert_eq!(times.percentile_with(7), 7);
        times.add(7);
        assert_eq!(times.percentile(), 7);
        for time in 1..=100 {
            times.add(time);
        }
        // The last are 37 to 100; the 58th of them is 94.
        assert_eq!(times.percentile(), 94);
        for _ in 0..64 {
            times.add(3);
        }
        assert_eq!(times.percentile(), 3, "what is older is forgotten");
    }
}
