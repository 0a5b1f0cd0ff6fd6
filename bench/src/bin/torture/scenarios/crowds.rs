//! Everybody comes at once.

use std::sync::{Arc, Barrier};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{PATIENCE, Scenario, Size, at_most, within};
use crate::figures::{Figures, Rules};
use crate::herd::{Herd, timed};
use crate::libraries::{Library, Settings};
use crate::origin::Origin;

pub(super) const COLD_HERD: Scenario = Scenario {
    number: 1,
    title: "Cold herd",
    text: "256 callers want the same missing value at once; the origin takes 50 ms.",
    passes: "the origin is asked once, and everybody gets the value",
    run: |library, size| Some(cold_herd(library, size)),
    complaint: |figures, _| {
        at_most("origin calls", figures.origin, 1).or(at_most("errors", figures.errors, 0))
    },
};

fn cold_herd(library: Library, size: Size) -> Figures {
    let callers = size.of(256, 64);
    let (cache, origin) = (library.open(Settings::LASTING), Arc::new(Origin::default()));
    let load = origin.load(|_| {
        sleep(Duration::from_millis(50));
        Ok(())
    });
    let (mut herd, start) = (Herd::new(), Arc::new(Barrier::new(callers)));
    for _ in 0..callers {
        let (load, start) = (Arc::clone(&load), Arc::clone(&start));
        herd.add(move |tell| {
            start.wait();
            tell(timed(|| cache.get(0, &load)));
        });
    }
    herd.judge(PATIENCE, Rules::NONE).of_origin(origin.calls())
}

/// How long the value of the expiry herd is good, and how long the origin takes to make it.
const TTL: Duration = Duration::from_millis(100);
const TAKES: Duration = Duration::from_millis(30);

pub(super) const EXPIRY_HERD: Scenario = Scenario {
    number: 2,
    title: "Expiry herd",
    text: "64 callers ask for one value every 2 ms for 2 s; it is good for 100 ms (stale values: 1 s more), and the origin \
           takes 30 ms.",
    passes: "the origin is asked once per lifetime at the most, and half of the calls take less than a millisecond",
    run: |library, size| Some(expiry_herd(library, size)),
    complaint: |figures, _| {
        let periods = figures.span / 100_000 + 1;
        at_most("origin calls", figures.origin, periods).or(at_most("errors", figures.errors, 0)).or(within(
            "p50",
            figures.p50,
            Duration::from_millis(1),
        ))
    },
};

fn expiry_herd(library: Library, size: Size) -> Figures {
    let (callers, lasts) = (size.of(64, 32), Duration::from_millis(size.of(2_000, 500)));
    let stale = Duration::from_secs(1);
    let cache = library.open(Settings { ttl: TTL, stale, ..Settings::LASTING });
    let origin = Arc::new(Origin::default());
    let load = origin.load(|_| {
        sleep(TAKES);
        Ok(())
    });
    let mut herd = Herd::new();
    for _ in 0..callers {
        let load = Arc::clone(&load);
        herd.add(move |tell| {
            let begun = Instant::now();
            while begun.elapsed() < lasts {
                tell(timed(|| cache.get(0, &load)));
                sleep(Duration::from_millis(2));
            }
        });
    }
    let figures = herd.judge(PATIENCE, Rules { ttl: TTL, stale, since: None });
    figures.of_origin(origin.calls())
}
