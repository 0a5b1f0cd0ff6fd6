use dogpile::dogpile;

#[dogpile(expire = "1h", handle = SAME, original = SAME)]
fn config() -> u32 {
    1
}

fn main() {}
