//! Nothing that is emitted trips a lint of rustc's, on whatever level.
#![deny(
    warnings,
    unused,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    future_incompatible,
    let_underscore,
    keyword_idents,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_results,
    unused_qualifications,
    unused_lifetimes,
    unused_import_braces,
    unused_crate_dependencies,
    single_use_lifetimes,
    redundant_lifetimes,
    redundant_imports,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    trivial_casts,
    trivial_numeric_casts,
    variant_size_differences,
    meta_variable_misuse,
    absolute_paths_not_starting_with_crate,
    macro_use_extern_crate,
    missing_copy_implementations,
    non_ascii_idents,
    unit_bindings,
    unnameable_types,
    unsafe_op_in_unsafe_fn
)]
#![forbid(unsafe_code)]
// trybuild links every crate of the test directory.
#![allow(unused_crate_dependencies)]

use core::time::Duration;
use dogpile::dogpile;

const LIFETIME: Duration = Duration::from_secs(60);

/// Every option.
#[dogpile(
    expire = LIFETIME,
    stale = "1d",
    refresh = "background",
    retry = "2s",
    cache_if = |value| *value > 0,
    handle = EVERYTHING,
    original = everything_uncached,
    name = "everything",
    crate = ::dogpile
)]
pub fn everything() -> Result<u32, String> {
    Ok(1)
}

/// No option but the one.
#[dogpile(expire = "never")]
#[must_use]
pub fn least() -> Vec<u32> {
    vec![1]
}

/// Nothing to return.
#[dogpile(expire = "never", original = unit_uncached)]
pub fn unit() {}

/// Nothing to return, in so many words.
#[dogpile(expire = "never", fallible = false)]
pub fn error_too() -> Result<(), u8> {
    Err(1)
}

mod inner {
    use dogpile::dogpile;

    #[dogpile(expire = "1h", handle = INNER)]
    pub(crate) fn inner() -> u8 {
        2
    }
}

fn main() {
    assert_eq!(everything(), Ok(1));
    assert_eq!(everything_uncached(), Ok(1));
    assert_eq!(EVERYTHING.get(), Some(1));
    assert_eq!(least(), [1]);
    unit();
    unit_uncached();
    assert_eq!(error_too(), Err(1));
    assert_eq!(inner::inner(), 2);
    inner::INNER.invalidate();
}
