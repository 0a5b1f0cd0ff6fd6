//! The body sees no import and no static of ours, and its errors are shared where that can be.
use dogpile::dogpile;
use std::sync::atomic::{AtomicU32, Ordering};

trait Local {
    fn new() -> u32;
}
impl Local for () {
    fn new() -> u32 {
        1
    }
}

static RUNS: AtomicU32 = AtomicU32::new(0);

#[dogpile(expire = "1h")]
fn failing() -> Result<u32, String> {
    RUNS.fetch_add(1, Ordering::Relaxed);
    Err(format!("failed {}", <() as Local>::new()))
}

#[dogpile(expire = "1h", stale = "0s", refresh = "caller")]
fn never_stale() -> u32 {
    // Shadows of every name that a careless expansion would rely on.
    let (__dogpile, policy, value, key, cache, inner) = (1, 2, 3, 4, 5, 6);
    __dogpile + policy + value + key + cache + inner
}

fn main() {
    assert_eq!(failing(), Err("failed 1".to_owned()));
    assert_eq!(failing(), Err("failed 1".to_owned()));
    assert_eq!(RUNS.load(Ordering::Relaxed), 2, "an error is never cached");
    assert_eq!(never_stale(), 21);
}
