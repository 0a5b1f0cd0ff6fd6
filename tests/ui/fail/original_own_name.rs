use dogpile::dogpile;

#[dogpile(expire = "1h", original = config)]
fn config() -> u32 {
    1
}

fn main() {}
