use dogpile::dogpile;

#[dogpile(expire = "1h", name = CONFIG)]
fn config() -> u32 {
    1
}

fn main() {}
