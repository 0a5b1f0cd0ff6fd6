use dogpile::dogpile;
use std::cell::Cell;

#[dogpile(expire = "1h")]
fn config() -> Cell<u32> {
    Cell::new(1)
}

fn main() {}
