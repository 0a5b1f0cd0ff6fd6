//! Attributes stay on the function, and those of the body stay in the body.
#![deny(unused_must_use, deprecated, unused_variables, unfulfilled_lint_expectations)]

use dogpile::dogpile;
use std::panic::Location;

/// Documented.
#[doc(alias = "settings")]
#[must_use = "it was expensive"]
#[inline(never)]
#[cold]
#[track_caller]
#[dogpile(expire = "1h", original = config_uncached)]
pub fn config() -> u32 {
    Location::caller().line()
}

#[allow(unused_variables)]
#[dogpile(expire = "1h", original = excused_uncached)]
fn excused() -> u32 {
    let unused = 1;
    2
}

#[dogpile(expire = "1h", original = excused_inside_uncached)]
fn excused_inside(seen: u32) -> u32 {
    #![expect(unused_variables)]
    #![allow(clippy::all)]
    let unused = 1;
    2
}

#[expect(unused_variables, reason = "for a test")]
#[cfg_attr(all(), expect(clippy::unnecessary_wraps))]
#[dogpile(expire = "1h", original = expected_uncached)]
fn expected(seen: u32) -> Option<u32> {
    let unused = 1;
    Some(2)
}

#[deprecated = "for a test"]
#[dogpile(expire = "1h", original = old_uncached)]
fn old(depth: u32) -> u32 {
    if depth == 0 { 3 } else { old(depth - 1) }
}

#[dogpile(expire = "1h", original = with_feature_uncached)]
#[target_feature(enable = "avx2")]
#[cfg(target_arch = "x86_64")]
fn with_feature() -> u32 {
    only_with_feature()
}

#[target_feature(enable = "avx2")]
#[cfg(target_arch = "x86_64")]
fn only_with_feature() -> u32 {
    4
}

#[allow(deprecated)]
fn main() {
    let _ = config();
    let line = config_uncached();
    assert_eq!(line, line!() - 1, "`original` is `#[track_caller]`, too");
    assert_eq!((excused(), excused_uncached()), (2, 2));
    assert_eq!((excused_inside(1), excused_inside_uncached(1)), (2, 2));
    assert_eq!((expected(1), expected_uncached(1), old(1), old_uncached(1)), (Some(2), Some(2), 3, 3));
}
