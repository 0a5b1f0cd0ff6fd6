//! Predicates as closures with and without types, with commas in them, and as paths.
use dogpile::{Dogpile, dogpile, policy};
use std::collections::HashMap;

fn is_large(value: &u32) -> bool {
    *value > 100
}

mod rules {
    pub fn any<T>(_: &T) -> bool {
        true
    }
}

#[dogpile(expire = "1h", cache_if = |map: &HashMap<String, Vec<u32>>| map.len() > 0, stale = "1d", handle = TYPED)]
fn typed() -> HashMap<String, Vec<u32>> {
    HashMap::new()
}

#[dogpile(expire = "1h", cache_if = |(left, right)| left < right && !matches!((left, right), (1, 2)), handle = PATTERN)]
fn pattern() -> (u32, u32) {
    (2, 3)
}

#[dogpile(expire = "1h", cache_if = is_large, handle = PATH)]
fn path() -> Result<u32, String> {
    Ok(5)
}

#[dogpile(expire = "1h", cache_if = rules::any::<u32>)]
fn generic_path() -> u32 {
    6
}

#[dogpile(expire = "1h", cache_if = |value| { let value: &u32 = value; *value > 1 }, refresh = "background")]
fn block() -> Result<u32, String> {
    Ok(7)
}

static BY_HAND: Dogpile<u32> = Dogpile::new(policy!(cache_if = |value: &u32| *value > 1, expire = "1h"));

fn main() {
    assert!(typed().is_empty() && !TYPED.has_value());
    assert_eq!(pattern(), (2, 3));
    assert!(PATTERN.has_value());
    assert_eq!(path(), Ok(5));
    assert!(!PATH.has_value());
    assert_eq!((generic_path(), block()), (6, Ok(7)));
    assert_eq!(BY_HAND.get_or_compute(|| 1), 1);
    assert!(!BY_HAND.has_value());
}
