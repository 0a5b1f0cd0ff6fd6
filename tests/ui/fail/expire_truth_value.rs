use dogpile::dogpile;

#[dogpile(expire = true)]
fn config() -> u32 {
    1
}

fn main() {}
