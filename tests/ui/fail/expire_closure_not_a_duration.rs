use dogpile::dogpile;

#[dogpile(expire = |value| *value)]
fn config() -> u32 {
    1
}

fn main() {}
