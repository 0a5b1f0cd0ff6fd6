//! The attribute by any path, with any commas and spaces, on one line or many.
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

fn main() {
    assert_eq!((trailing_comma(), braces(), brackets(), lines()), (1, 2, 3, 4));
}
