//! The leader does not make it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::sleep;
use std::time::Duration;

use super::{PATIENCE, Scenario, Size, at_most};
use crate::block_on::block_on;
use crate::figures::{Figures, Rules};
use crate::herd::{Arrivals, Herd};
use crate::libraries::{Cache, Library, Settings};
use crate::origin::{Failure, Load, Origin};

/// How long the origin takes after the first call.
const TAKES: Duration = Duration::from_millis(10);

/// So many callers at once, of whom the first to compute waits for the others before it ends as `load` says.
fn herd(cache: &'static dyn Cache, callers: usize, arrivals: &Arrivals, load: &Load) -> Herd {
    let mut herd = Herd::new();
    for _ in 0..callers {
        let (load, arrivals) = (Arc::clone(load), arrivals.clone());
        herd.add_one(move || {
            arrivals.arrive();
            cache.get(0, &load)
        });
    }
    herd
}

pub(super) const LEADER_PANICS: Scenario = Scenario {
    number: 3,
    title: "Leader panics",
    text: "64 callers want a missing value; the first computation panics when all of them are there, later ones take 10 ms. \
           Then one more call.",
    passes: "one caller gets the panic, the others a value, from one more computation",
    run: |library, size| Some(leader_panics(library, size)),
    complaint: |figures, _| {
        at_most("origin calls", figures.origin, 2).or(at_most("errors", figures.errors, 1))
    },
};

fn leader_panics(library: Library, _size: Size) -> Figures {
    let callers = 64;
    let (cache, origin) = (library.open(Settings::LASTING), Arc::new(Origin::default()));
    let arrivals = Arrivals::default();
    let arrived = arrivals.clone();
    let load = origin.load(move |number| {
        if number == 1 {
            arrived.wait_for(callers);
            panic!("of the first computation, and meant");
        }
        sleep(TAKES);
        Ok(())
    });
    let patience = Duration::from_secs(5);
    let first = herd(cache, callers, &arrivals, &load).judge(patience, Rules::NONE);
    let afterwards = herd(cache, 1, &arrivals, &load).judge(patience, Rules::NONE);
    first.with(afterwards).of_origin(origin.calls())
}

pub(super) const LEADER_FAILS: Scenario = Scenario {
    number: 4,
    title: "Leader fails, herd of 1000",
    text: "1000 callers want a missing value; the first computation fails when all of them are there. Later ones would fail \
           as well, after 10 ms.",
    passes: "the origin is asked once, and everybody gets the error",
    run: |library, size| Some(leader_fails(library, size)),
    complaint: |figures, _| at_most("origin calls", figures.origin, 1),
};

fn leader_fails(library: Library, size: Size) -> Figures {
    let callers = size.of(1_000, 100);
    let (cache, origin) = (library.open(Settings::LASTING), Arc::new(Origin::default()));
    let arrivals = Arrivals::default();
    let arrived = arrivals.clone();
    let load = origin.load(move |number| {
        if number == 1 {
            arrived.wait_for(callers);
        } else {
            sleep(TAKES);
        }
        Err(Failure::Down)
    });
    let herd = herd(cache, callers, &arrivals, &load);
    herd.judge(PATIENCE, Rules::NONE).of_origin(origin.calls())
}

pub(super) const LEADER_CANCELLED: Scenario = Scenario {
    number: 5,
    title: "Leader cancelled",
    text: "A task computes a missing value, 64 others wait for it; then it is dropped. Later computations take 10 ms. (A \
           thread cannot be dropped: for libraries without tasks the question does not arise.)",
    passes: "the others get a value, from one more computation",
    run: leader_cancelled,
    complaint: |figures, _| {
        at_most("origin calls", figures.origin, 2).or(at_most("errors", figures.errors, 0))
    },
};

fn leader_cancelled(library: Library, _size: Size) -> Option<Figures> {
    let callers = 64;
    let (cache, origin) = (library.open(Settings::LASTING), Arc::new(Origin::default()));
    let asked = Arc::clone(&origin);
    let endless = Box::pin(async move {
        let _ = asked.ask(|_| Ok(()));
        poll_fn(|_| Poll::Pending).await
    });
    let mut leader = cache.task(0, endless)?;
    let polled = leader.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "its computation does not end");
    let load = origin.load(|_| {
        sleep(TAKES);
        Ok(())
    });
    let (mut herd, arrivals) = (Herd::new(), Arrivals::default());
    for _ in 0..callers {
        let (load, arrivals) = (Arc::clone(&load), arrivals.clone());
        let task = cache.task(0, Box::pin(async move { load() }))?;
        herd.add_one(move || {
            arrivals.arrive();
            block_on(task)
        });
    }
    arrivals.wait_for(callers);
    drop(leader);
    Some(herd.judge(Duration::from_secs(3), Rules::NONE).of_origin(origin.calls()))
}
