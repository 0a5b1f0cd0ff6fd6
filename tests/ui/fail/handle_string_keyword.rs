use dogpile::dogpile;

#[dogpile(expire = "1h", handle = "static")]
fn config() -> u32 {
    1
}

fn main() {}
