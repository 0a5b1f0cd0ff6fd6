use dogpile::dogpile;

#[dogpile(expire = "1h", handle = config)]
fn config() -> u32 {
    1
}

fn main() {}
