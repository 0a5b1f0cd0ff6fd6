//! The leader takes long, or for ever.

use std::sync::Arc;
use std::thread::{park, sleep};
use std::time::Duration;

use super::{Scenario, Size, at_most, within};
use crate::figures::{Figures, Rules};
use crate::herd::{Arrivals, Herd, timed};
use crate::libraries::{Cache, Library, Settings};
use crate::origin::{Answer, Load, Origin};

/// Starts a caller of whom nothing is expected, and waits until it computes.
fn lead(cache: &'static dyn Cache, origin: &Origin, load: &Load) -> Herd {
    let (mut herd, load) = (Herd::new(), Arc::clone(load));
    herd.add_one(move || cache.get(0, &load));
    while origin.calls() == 0 {
        sleep(Duration::from_millis(1));
    }
    herd
}

/// Never returns.
fn hang() -> ! {
    loop {
        park();
    }
}

pub(super) const LEADER_HANGS: Scenario = Scenario {
    number: 6,
    title: "Leader hangs for ever",
    text: "The computation of a missing value never ends. 64 callers want it as well, for whom it would take 10 ms. dogpile \
           is told a lease of 300 ms; nobody else has such a thing.",
    passes: "the 64 get a value, from one more computation (the one that hangs is not counted)",
    run: |library, size| Some(leader_hangs(library, size)),
    complaint: |figures, _| {
        at_most("origin calls", figures.origin, 2).or(at_most("errors", figures.errors, 0))
    },
};

fn leader_hangs(library: Library, size: Size) -> Figures {
    let cache = library.open(Settings { lease: Duration::from_millis(300), ..Settings::LASTING });
    let origin = Arc::new(Origin::default());
    let load = origin.load(|number| {
        if number == 1 {
            hang();
        }
        sleep(Duration::from_millis(10));
        Ok(())
    });
    let leader = lead(cache, &origin, &load);
    let mut herd = Herd::new();
    for _ in 0..64 {
        let load = Arc::clone(&load);
        herd.add_one(move || cache.get(0, &load));
    }
    let figures = herd.judge(Duration::from_millis(size.of(5_000, 2_000)), Rules::NONE);
    drop(leader);
    figures.of_origin(origin.calls())
}

/// How long the leader of the impatient takes.
const LONG: Duration = Duration::from_secs(1);

pub(super) const IMPATIENT_WAITERS: Scenario = Scenario {
    number: 9,
    title: "Waiters with a deadline of 10 ms",
    text: "The computation of a missing value takes a second. 64 callers want it as well, and would wait for 10 ms. Those of \
           libraries that have no way to say so wait as long as it takes.",
    passes: "nobody who waits does so for half a second, and nobody asks the origin again",
    run: |library, size| Some(impatient_waiters(library, size)),
    complaint: |figures, _| {
        at_most("origin calls", figures.origin, 1).or(within("longest wait", figures.max, LONG / 2))
    },
};

fn impatient_waiters(library: Library, _size: Size) -> Figures {
    let (cache, origin) = (library.open(Settings::LASTING), Arc::new(Origin::default()));
    let load = origin.load(|_| {
        sleep(LONG);
        Ok(())
    });
    let leader = lead(cache, &origin, &load);
    let mut herd = Herd::new();
    for _ in 0..64 {
        let load = Arc::clone(&load);
        herd.add_one(move || cache.get_within(0, Duration::from_millis(10), &load));
    }
    let figures = herd.judge(Duration::from_secs(5), Rules::NONE);
    let (_, hung) = leader.calls(Duration::from_secs(5));
    Figures { hung: figures.hung + hung as u64, ..figures }.of_origin(origin.calls())
}

pub(super) const RECURSION: Scenario = Scenario {
    number: 10,
    title: "Recursion on the same key",
    text: "A first computation asks for the value it is computing; the inner one, if it is let, ends at once.",
    passes: "the call comes back within a second, be it with a panic or with a value",
    run: |library, size| Some(recursion(library, size)),
    complaint: |figures, _| within("max", figures.max, Duration::from_secs(1)),
};

/// Computes, and on the way asks for the same key once more.
fn recursive(cache: &'static dyn Cache, origin: &Arc<Origin>) -> Answer {
    let inner = origin.load(|_| Ok(()));
    let outer = origin.load(move |_| cache.get(0, &inner).map(drop));
    cache.get(0, &outer)
}

fn recursion(library: Library, size: Size) -> Figures {
    let (cache, origin) = (library.open(Settings::LASTING), Arc::new(Origin::default()));
    let (mut herd, inside) = (Herd::new(), Arc::clone(&origin));
    let arrivals = Arrivals::default();
    herd.add(move |tell| {
        arrivals.arrive();
        tell(timed(|| recursive(cache, &inside)));
    });
    let figures = herd.judge(Duration::from_millis(size.of(3_000, 1_500)), Rules::NONE);
    figures.of_origin(origin.calls())
}
