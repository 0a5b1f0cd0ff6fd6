use dogpile::dogpile;

#[dogpile(expire = "forever")]
fn config() -> u32 {
    1
}

fn main() {}
