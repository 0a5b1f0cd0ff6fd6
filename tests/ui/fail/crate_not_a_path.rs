use dogpile::dogpile;

#[dogpile(expire = "1h", crate = 1)]
fn config() -> u32 {
    1
}

fn main() {}
