use dogpile::dogpile;

#[dogpile(expire = "1h", retry = *)]
fn config() -> u32 {
    1
}

fn main() {}
