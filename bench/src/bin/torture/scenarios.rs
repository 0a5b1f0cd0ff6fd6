//! The twelve scenarios: what is done, and what passes.

mod changing;
mod crowds;
mod expiring;
mod failing;
mod waiting;

use std::time::Duration;

use crate::figures::Figures;
use crate::libraries::Library;

/// Far beyond what any call takes that comes back at all: a thousand callers one after the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) number: usize,
    pub(crate) title: &'static str,
    /// What is done.
    pub(crate) text: &'static str,
    /// What passes, in words; `complaint` says the same in code.
    pub(crate) passes: &'static str,
    run: fn(Library, Size) -> Option<Figures>,
    complaint: fn(&Figures, Size) -> Option<String>,
}

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Full,
    Quick,
}

impl Size {
    pub(crate) fn of<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

impl Scenario {
    /// A row of its table; `None` where the question does not arise.
    pub(crate) fn run(&self, library: Library, size: Size) -> Option<Figures> {
        (self.run)(library, size)
    }

    /// What speaks against it.
    pub(crate) fn complaint(&self, figures: &Figures, size: Size) -> Option<String> {
        let everywhere = [
            at_most("callers hung", figures.hung, 0),
            at_most("outdated or too old values", figures.wrong, 0),
        ];
        everywhere.into_iter().flatten().next().or_else(|| (self.complaint)(figures, size))
    }
}

/// A complaint if there is more of something than there may be.
fn at_most(what: &str, measured: u64, most: u64) -> Option<String> {
    (measured > most).then(|| format!("{what}: {measured}, at most {most} pass"))
}

/// A complaint if a latency in microseconds is longer than it may be.
fn within(what: &str, micros: u64, limit: Duration) -> Option<String> {
    let measured = Duration::from_micros(micros);
    (measured > limit).then(|| format!("{what}: {measured:?}, {limit:?} pass"))
}

/// All of them, in order.
pub(crate) const ALL: [Scenario; 12] = [
    crowds::COLD_HERD,
    crowds::EXPIRY_HERD,
    failing::LEADER_PANICS,
    failing::LEADER_FAILS,
    failing::LEADER_CANCELLED,
    waiting::LEADER_HANGS,
    changing::INVALIDATED_UNDER_WAY,
    changing::LATE_WRITE,
    waiting::IMPATIENT_WAITERS,
    waiting::RECURSION,
    expiring::MANY_KEYS,
    expiring::ORIGIN_DOWN,
];
