use dogpile::dogpile;

#[dogpile(expire = "1h"min)]
fn config() -> u32 {
    1
}

fn main() {}
