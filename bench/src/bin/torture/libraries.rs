//! Who is compared, each at its best for a herd, behind one interface.

mod async_ones;
mod attribute;
mod blocking;

use std::time::Duration;

use crate::origin::{Answer, Load, Task, Value};

/// What a cache is asked to be. What a library has no notion of, it does without.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How long values are fresh.
    pub(crate) ttl: Duration,
    /// How much longer they may be served.
    pub(crate) stale: Duration,
    /// How long a failure is heeded.
    pub(crate) retry: Duration,
    /// After what time a computation counts as hung.
    pub(crate) lease: Duration,
    /// How many keys there may be.
    pub(crate) capacity: usize,
}

impl Settings {
    /// Values that outlive the scenario.
    pub(crate) const LASTING: Self = Self {
        ttl: Duration::from_secs(3600),
        stale: Duration::from_secs(3600),
        retry: Duration::from_secs(1),
        lease: Duration::MAX,
        capacity: 10_000,
    };
}

/// A cache.
pub(crate) trait Cache: Sync {
    /// The value of a key; computed by `load` if that is this caller's part.
    fn get(&self, key: u64, load: &Load) -> Answer;

    /// The same by a caller that waits for others no longer than `wait`, if the library has a way to say so.
    fn get_within(&self, key: u64, _wait: Duration, load: &Load) -> Answer {
        self.get(key, load)
    }

    /// The same as a task; `None` if the library has none.
    fn task(&'static self, _key: u64, _load: Task) -> Option<Task> {
        None
    }

    /// Stores a value made elsewhere.
    fn put(&self, key: u64, value: Value);

    /// Forgets a value.
    fn invalidate(&self, key: u64);
}

/// A library and the way it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    Dogpile,
    DogpileAsync,
    Cached,
    MokaSync,
    MokaFuture,
    QuickCache,
    Mutex,
}

impl Library {
    pub(crate) const ALL: [Self; 7] = [
        Self::Dogpile,
        Self::DogpileAsync,
        Self::Cached,
        Self::MokaSync,
        Self::MokaFuture,
        Self::QuickCache,
        Self::Mutex,
    ];

    /// How it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dogpile => "dogpile",
            Self::DogpileAsync => "dogpile, async",
            Self::Cached => "cached",
            Self::MokaSync => "moka sync",
            Self::MokaFuture => "moka future",
            Self::QuickCache => "quick_cache",
            Self::Mutex => "Mutex<HashMap>",
        }
    }

    /// Whether it must pass.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Dogpile | Self::DogpileAsync)
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|library| library.name() == name)
    }

    /// A cache for the rest of the process: callers that hang keep using it.
    pub(crate) fn open(self, settings: Settings) -> &'static dyn Cache {
        match self {
            Self::Dogpile => Box::leak(Box::new(blocking::Ours::new(settings))),
            Self::DogpileAsync => Box::leak(Box::new(async_ones::Ours::new(settings))),
            Self::Cached => attribute::open(settings),
            Self::MokaSync => Box::leak(Box::new(blocking::Moka::new(settings))),
            Self::MokaFuture => Box::leak(Box::new(async_ones::Moka::new(settings))),
            Self::QuickCache => Box::leak(Box::new(blocking::Quick::new(settings))),
            Self::Mutex => Box::leak(Box::new(blocking::Naive::new(settings))),
        }
    }
}
