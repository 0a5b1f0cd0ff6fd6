use dogpile::dogpile;

#[dogpile("1h")]
fn config() -> u32 {
    1
}

fn main() {}
