//! Conditions on the function hold for what is emitted beside it, in whatever order they are written.
#![deny(warnings)]
#![allow(unexpected_cfgs)]

use dogpile::dogpile;

#[cfg(any())]
#[dogpile(expire = "1h", handle = NOWHERE, original = nowhere_uncached)]
fn nowhere() -> Missing {
    missing()
}

#[dogpile(expire = "1h", handle = NOWHERE, original = nowhere_uncached)]
#[cfg(any())]
fn nowhere() -> Missing {
    missing()
}

#[dogpile(expire = "1h", handle = NOWHERE, original = nowhere_uncached)]
#[cfg_attr(all(), cfg(any()), inline)]
fn nowhere() -> Missing {
    missing()
}

// Had they been emitted, these would be defined twice.
static NOWHERE: u32 = 1;
fn nowhere_uncached() -> u32 {
    2
}

#[cfg_attr(all(), dogpile(expire = "1h", handle = SOMEWHERE), inline)]
fn somewhere() -> u32 {
    3
}

#[cfg_attr(any(), dogpile(this is never = read))]
fn plain() -> u32 {
    4
}

fn main() {
    assert_eq!((NOWHERE, nowhere_uncached(), somewhere(), plain()), (1, 2, 3, 4));
    assert_eq!(SOMEWHERE.get(), Some(3));
}
