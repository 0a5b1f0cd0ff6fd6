//! The world changes while somebody computes.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use super::{Scenario, at_most};
use crate::figures::{Figures, Rules};
use crate::herd::{Herd, timed};
use crate::libraries::{Cache, Library, Settings};
use crate::origin::{Load, Origin};

const PATIENCE: Duration = Duration::from_secs(5);

/// What happens while the slow computation is under way.
type Change = fn(&'static dyn Cache, u64, &Origin);

/// A slow computation begins, the origin changes, `change` tells the cache; from then on 8 callers look for a value from
/// before, until well after the slow computation has ended.
fn round(cache: &'static dyn Cache, key: u64, slow: Duration, change: Change) -> Figures {
    let origin = Arc::new(Origin::default());
    let load = origin.load(move |number| {
        sleep(if number == 1 { slow } else { slow / 10 });
        Ok(())
    });
    let mut leader = Herd::new();
    let first = Arc::clone(&load);
    leader.add_one(move || cache.get(key, &first));
    while origin.calls() == 0 {
        sleep(Duration::from_millis(1));
    }
    let version = origin.change();
    let (tell, told) = channel();
    let changed = Arc::clone(&origin);
    spawn(move || {
        change(cache, key, &changed);
        let _ = tell.send(Instant::now());
    });
    let Ok(since) = told.recv_timeout(PATIENCE) else {
        return Figures { hung: 1, ..Figures::default() }.of_origin(origin.calls());
    };
    let herd = onlookers(cache, key, slow * 3, &load);
    let figures = herd.judge(PATIENCE, Rules { since: Some((since, version)), ..Rules::NONE });
    let (_, hung) = leader.calls(PATIENCE);
    Figures { hung: figures.hung + hung as u64, ..figures }.of_origin(origin.calls())
}

/// 8 callers that ask again and again.
fn onlookers(cache: &'static dyn Cache, key: u64, lasts: Duration, load: &Load) -> Herd {
    let mut herd = Herd::new();
    for _ in 0..8 {
        let load = Arc::clone(load);
        herd.add(move |tell| {
            let begun = Instant::now();
            while begun.elapsed() < lasts {
                tell(timed(|| cache.get(key, &load)));
                sleep(Duration::from_millis(2));
            }
        });
    }
    herd
}

fn rounds(library: Library, count: u64, slow: Duration, change: Change) -> Figures {
    let cache = library.open(Settings::LASTING);
    (0..count).map(|key| round(cache, key, slow, change)).reduce(Figures::with).unwrap_or_default()
}

pub(super) const INVALIDATED_UNDER_WAY: Scenario = Scenario {
    number: 7,
    title: "Invalidated in mid-flight",
    text: "Ten times: a computation of 60 ms is under way when the origin changes and the key is invalidated. 8 callers keep \
           asking. A value from before the change is wrong for whoever asks after `invalidate` has returned.",
    passes: "nobody gets a value from before, and the origin is asked twice each time",
    run: |library, size| {
        let change: Change = |cache, key, _| cache.invalidate(key);
        Some(rounds(library, size.of(10, 3), Duration::from_millis(60), change))
    },
    complaint: |figures, size| {
        let rounds = size.of(10, 3);
        at_most("origin calls", figures.origin, 2 * rounds).or(at_most("errors", figures.errors, 0))
    },
};

pub(super) const LATE_WRITE: Scenario = Scenario {
    number: 8,
    title: "Slow refresh lands after a fast one",
    text: "Ten times: a computation of 100 ms is under way when the origin changes, and a fast refresh stores the new value. \
           8 callers keep asking. A value from before the change is wrong for whoever asks after that.",
    passes: "nobody gets a value from before, and the origin is asked twice each time",
    run: |library, size| {
        let change: Change = |cache, key, origin| {
            let value = origin.ask(|_| Ok(())).unwrap_or_else(|failure| unreachable!("{failure:?}"));
            cache.put(key, value);
        };
        Some(rounds(library, size.of(10, 3), Duration::from_millis(100), change))
    },
    complaint: |figures, size| {
        let rounds = size.of(10, 3);
        at_most("origin calls", figures.origin, 2 * rounds).or(at_most("errors", figures.errors, 0))
    },
};
