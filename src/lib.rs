//! dogpile
#![forbid(unsafe_code)]

pub use dogpile_macros::{dogpile, policy};
#[doc(hidden)]
pub use dogpile_runtime::private as __private;
#[cfg(feature = "test-util")]
pub use dogpile_runtime::testing;
pub use dogpile_runtime::{Background, Caller, Dogpile, Policy, Ref, Refresh, Stats};
