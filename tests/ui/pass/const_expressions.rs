//! Durations as constant expressions, wherever a duration stands.
#![allow(unused_braces)]

use dogpile::{Dogpile, Policy, dogpile, policy};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

mod limits {
    pub const HOURS: u64 = 2;
    pub const fn hours(hours: u64) -> std::time::Duration {
        std::time::Duration::from_secs(hours * 3600)
    }
}

#[dogpile(
    expire = limits::hours(if limits::HOURS > 1 { limits::HOURS } else { 1 }),
    stale = { MINUTE },
    retry = match MINUTE.as_secs() { 60 => Duration::from_millis(5), _ => MINUTE },
    handle = CONFIG,
)]
fn config() -> u32 {
    1
}

const POLICY: Policy<u32> = policy!(expire = MINUTE.saturating_mul(3), stale = "forever", name = "by hand");
static BY_HAND: Dogpile<u32> = Dogpile::new(POLICY);

fn main() {
    assert_eq!(config(), 1);
    assert_eq!(CONFIG.policy().lifetime(), Some(Duration::from_secs(7200)));
    assert_eq!(CONFIG.policy().servable_after_expiry(), Some(MINUTE));
    assert_eq!(CONFIG.policy().back_off(), Some(Duration::from_millis(5)));
    assert_eq!(BY_HAND.policy().lifetime(), Some(MINUTE * 3));
    assert_eq!(BY_HAND.policy().servable_after_expiry(), None);
    assert!(format!("{BY_HAND:?}").contains("by hand"));
}
