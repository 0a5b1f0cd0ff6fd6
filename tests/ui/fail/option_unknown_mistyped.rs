use dogpile::dogpile;

#[dogpile(exprie = "1h")]
fn config() -> u32 {
    1
}

fn main() {}
