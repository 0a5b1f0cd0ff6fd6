use dogpile::dogpile;

#[dogpile(expire = "1h", fallible = true)]
fn config() -> u32 {
    1
}

fn main() {}
