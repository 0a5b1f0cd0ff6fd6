use dogpile::dogpile;

#[dogpile(expire = 5M)]
fn config() -> u32 {
    1
}

fn main() {}
