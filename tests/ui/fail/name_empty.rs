use dogpile::dogpile;

#[dogpile(expire = "1h", name = "")]
fn config() -> u32 {
    1
}

fn main() {}
