//! What is cached, and where it comes from.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What the origin says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    /// The state of the origin when the computation began.
    pub(crate) version: u64,
    /// When the computation ended.
    pub(crate) made: Instant,
}

/// Why a caller got no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The origin failed.
    Down,
    /// The caller had no more patience.
    TimedOut,
    /// The call panicked.
    Panicked,
}

impl From<dogpile::WaitTimeout> for Failure {
    fn from(_: dogpile::WaitTimeout) -> Self {
        Self::TimedOut
    }
}

/// What a caller gets.
pub(crate) type Answer = Result<Value, Failure>;

/// A computation, as callers hand it to a cache.
pub(crate) type Load = Arc<dyn Fn() -> Answer + Send + Sync>;

/// The same for tasks.
pub(crate) type Task = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The thing that must not be stampeded.
#[derive(Default)]
pub(crate) struct Origin {
    calls: AtomicU64,
    version: AtomicU64,
}

impl Origin {
    /// How often it has been asked.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Changes what it says; what it says from now on.
    pub(crate) fn change(&self) -> u64 {
        self.version.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Asks it. `answer` is what it does meanwhile, given the number of the call, from 1 on.
    pub(crate) fn ask(&self, answer: impl FnOnce(u64) -> Result<(), Failure>) -> Answer {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let version = self.version.load(Ordering::SeqCst);
        answer(number)?;
        Ok(Value { version, made: Instant::now() })
    }

    /// A computation that asks it.
    pub(crate) fn load(
        self: &Arc<Self>,
        answer: impl Fn(u64) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Load {
        let origin = Arc::clone(self);
        Arc::new(move || origin.ask(&answer))
    }
}
