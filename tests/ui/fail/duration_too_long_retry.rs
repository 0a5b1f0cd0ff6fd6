use dogpile::dogpile;

#[dogpile(expire = "1h", retry = "600y")]
fn config() -> u32 {
    1
}

fn main() {}
