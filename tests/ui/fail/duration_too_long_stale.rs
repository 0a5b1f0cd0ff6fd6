use dogpile::dogpile;

#[dogpile(expire = "1h", stale = "600y")]
fn config() -> u32 {
    1
}

fn main() {}
