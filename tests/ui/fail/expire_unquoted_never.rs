use dogpile::dogpile;

#[dogpile(expire = never)]
fn config() -> u32 {
    1
}

fn main() {}
