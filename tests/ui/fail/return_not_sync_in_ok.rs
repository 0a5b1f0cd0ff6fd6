use dogpile::dogpile;
use std::cell::Cell;

#[dogpile(expire = "1h")]
fn config() -> Result<Cell<u32>, String> {
    Ok(Cell::new(1))
}

fn main() {}
