use dogpile::dogpile;

#[dogpile(expire = "1h", fallible = "yes")]
fn config() -> u32 {
    1
}

fn main() {}
