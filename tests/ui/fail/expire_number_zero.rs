use dogpile::dogpile;

#[dogpile(expire = 0)]
fn config() -> u32 {
    1
}

fn main() {}
