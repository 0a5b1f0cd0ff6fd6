//! The error of a caller that did not want to wait any longer.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// A call waited for somebody else's computation as long as it was willing to, and gave up. The computation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeout {
    name: &'static str,
}

impl WaitTimeout {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name }
    }

    /// Which dogpile it was: the function's path, or the policy's `name`.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for WaitTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waited too long for somebody else to compute the first value of `{}`", self.name)
    }
}

impl Error for WaitTimeout {}

/// Of the kind [`TimedOut`](io::ErrorKind::TimedOut).
impl From<WaitTimeout> for io::Error {
    fn from(timeout: WaitTimeout) -> Self {
        Self::new(io::ErrorKind::TimedOut, timeout)
    }
}

/// For how long a caller waits for somebody else, and what it makes of it then. Not for people.
#[derive(Debug)]
pub struct Patience<E> {
    pub(crate) wait: Duration,
    pub(crate) error: fn(WaitTimeout) -> E,
}
