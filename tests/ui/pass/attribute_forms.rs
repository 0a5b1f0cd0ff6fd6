//! The attribute by any path, with any commas and spaces, on one line or many.
#![deny(unused_parens)]
use dogpile as pile;
use dogpile::dogpile;
use dogpile::dogpile as renamed;

#[dogpile(expire = "1h",)]
fn trailing_comma() -> u32 {
    1
}

#[::dogpile::dogpile { expire = "1h" }]
fn braces() -> u32 {
    2
}

#[pile::dogpile[stale="1d",expire="1h"]]
fn brackets() -> u32 {
    3
}

#[renamed(
    expire
    =
    "1h"
)]
fn lines() -> u32 {
    4
}

#[dogpile(expire = ("1h"), early = (("10%")), cache_if = (|value| *value > 0), handle = (PARENTHESES), key((id)))]
fn parentheses(id: u32) -> u32 {
    id
}

#[dogpile(expire = (|value| std::time::Duration::from_secs(*value)))]
fn parentheses_around_a_closure() -> u64 {
    5
}

fn main() {
    assert_eq!((trailing_comma(), braces(), brackets(), lines()), (1, 2, 3, 4));
    assert_eq!((parentheses(0), PARENTHESES.len(), parentheses_around_a_closure()), (0, 0, 5));
}
