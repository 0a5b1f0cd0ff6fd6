use dogpile::dogpile;

#[dogpile(expire = "1.")]
fn config() -> u32 {
    1
}

fn main() {}
