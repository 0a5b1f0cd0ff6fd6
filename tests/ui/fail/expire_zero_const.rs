use dogpile::dogpile;
use std::time::Duration;

#[dogpile(expire = Duration::ZERO)]
fn config() -> u32 {
    1
}

fn main() {}
