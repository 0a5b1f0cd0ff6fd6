use dogpile::dogpile;

#[dogpile(expire = 1e3)]
fn config() -> u32 {
    1
}

fn main() {}
