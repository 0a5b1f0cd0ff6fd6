//! Much expires, or nothing can be renewed.

use std::hint::spin_loop;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Scenario, Size, at_most};
use crate::figures::{Figures, Rules};
use crate::herd::{Herd, timed};
use crate::libraries::{Cache, Library, Settings};
use crate::origin::{Failure, Load, Origin};

const PATIENCE: Duration = Duration::from_secs(60);

/// How long the values of many keys are good.
const TTL: Duration = Duration::from_secs(5);

/// How many keys there are.
fn keys(size: Size) -> u64 {
    size.of(100_000, 5_000)
}

pub(super) const MANY_KEYS: Scenario = Scenario {
    number: 11,
    title: "100 000 keys expire within a second",
    text: "Values of 100 000 keys, stored within a second, have all expired when 8 callers go through them, all in the same \
           order. The origin computes for 20 µs per value, which is good for 5 s.",
    passes: "the origin is asked once per key and lifetime at the most",
    run: |library, size| Some(many_keys(library, size)),
    complaint: |figures, size| {
        let lifetimes = figures.span / 5_000_000 + 1;
        at_most("origin calls", figures.origin, keys(size) * lifetimes).or(at_most(
            "errors",
            figures.errors,
            0,
        ))
    },
};

fn many_keys(library: Library, size: Size) -> Figures {
    let stale = Duration::from_secs(60);
    let capacity = usize::try_from(keys(size) * 2).unwrap_or(usize::MAX);
    let cache = library.open(Settings { ttl: TTL, stale, capacity, ..Settings::LASTING });
    let before = Arc::new(Origin::default());
    for key in 0..keys(size) {
        cache.put(key, before.ask(|_| Ok(())).expect("it is up"));
    }
    sleep(TTL + Duration::from_millis(20));
    let origin = Arc::new(Origin::default());
    let load = origin.load(|_| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(20) {
            spin_loop();
        }
        Ok(())
    });
    let mut herd = Herd::new();
    for _ in 0..8 {
        let load = Arc::clone(&load);
        herd.add(move |tell| (0..keys(size)).for_each(|key| tell(timed(|| cache.get(key, &load)))));
    }
    let figures = herd.judge(PATIENCE, Rules { ttl: TTL, stale, since: None });
    figures.of_origin(origin.calls())
}

pub(super) const ORIGIN_DOWN: Scenario = Scenario {
    number: 12,
    title: "Origin down for three minutes",
    text: "Time is scaled by 1:60 (by 1:600 with --quick). A value is good for a minute (stale values: an hour more); a \
           minute after it was made the origin goes down for three minutes, and each call to it fails after 0.6 s. 32 \
           callers ask at least 8 times a second. dogpile holds attempts back, from 1 s on.",
    passes: "everybody gets a value, and the origin is called 12 times at the most in the three minutes",
    run: |library, size| Some(origin_down(library, size)),
    complaint: |figures, _| {
        at_most("errors", figures.errors, 0).or(at_most("origin calls", figures.origin, 12))
    },
};

/// How much faster time runs.
pub(crate) fn scale(size: Size) -> u32 {
    size.of(60, 600)
}

fn origin_down(library: Library, size: Size) -> Figures {
    let minute = Duration::from_secs(60) / scale(size);
    let (ttl, stale) = (minute, 60 * minute);
    let cache = library.open(Settings { ttl, stale, retry: minute / 60, ..Settings::LASTING });
    let before = Arc::new(Origin::default());
    cache.get(0, &before.load(|_| Ok(()))).expect("it is up");
    sleep(minute);
    let origin = Arc::new(Origin::default());
    let load = origin.load(move |_| {
        sleep(minute / 100);
        Err(Failure::Down)
    });
    let herd = customers(cache, 3 * minute, &load);
    let figures = herd.judge(PATIENCE, Rules { ttl, stale, since: None });
    figures.of_origin(origin.calls())
}

fn customers(cache: &'static dyn Cache, lasts: Duration, load: &Load) -> Herd {
    let mut herd = Herd::new();
    let until = Instant::now() + lasts;
    for _ in 0..32 {
        let load = Arc::clone(load);
        herd.add(move |tell| {
            while Instant::now() < until {
                tell(timed(|| cache.get(0, &load)));
                sleep(Duration::from_millis(2));
            }
        });
    }
    herd
}
