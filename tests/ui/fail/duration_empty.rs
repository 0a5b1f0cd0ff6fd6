use dogpile::dogpile;

#[dogpile(expire = "")]
fn config() -> u32 {
    1
}

fn main() {}
