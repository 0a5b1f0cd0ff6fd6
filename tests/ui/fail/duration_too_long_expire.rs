use dogpile::dogpile;

#[dogpile(expire = "600y")]
fn config() -> u32 {
    1
}

fn main() {}
