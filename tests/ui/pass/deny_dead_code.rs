//! A function that nobody calls is reported once, at its name, and can be excused there.
#![deny(warnings)]

#[allow(dead_code)]
#[dogpile::dogpile(expire = "1h", handle = UNUSED, original = unused_uncached)]
fn unused() -> u32 {
    1
}

#[expect(dead_code)]
#[dogpile::dogpile(expire = "1h")]
fn expected_unused() -> u32 {
    1
}

fn main() {}
