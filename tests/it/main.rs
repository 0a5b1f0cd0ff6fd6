//! The contract, a module per chapter of it. Every test that depends on time freezes the clock, which also makes
//! such tests run one after another.

#![allow(clippy::items_after_statements, reason = "what a test needs stands where it needs it")]

mod async_attribute;
#[cfg(feature = "tokio")]
mod async_background;
#[cfg(feature = "tokio")]
mod async_background_attribute;
mod async_cancellation;
mod async_executors;
mod async_failure;
mod async_herd;
mod async_interleavings;
mod async_lease;
mod async_nested;
mod async_patience;
mod async_promises;
mod async_recursion;
mod attribute;
mod background;
mod by_hand;
mod drops;
mod failure;
mod harness;
mod keyed_announcements;
mod keyed_attribute;
mod keyed_background;
mod keyed_capacity;
mod keyed_drops;
mod keyed_failure;
mod keyed_locks;
mod keyed_methods;
mod keyed_promises;
mod keyed_recursion;
mod keyed_storm;
mod keyed_stress;
mod keyed_tasks;
mod locks;
mod mended;
mod model;
mod promises;
mod recursion;
mod reference;
mod statistics;
mod stress;
mod support;
mod time;
mod time_attribute;
mod time_early;
mod time_early_auto;
mod time_early_delta;
mod time_jitter;
mod time_lifetime;
mod types;
