use dogpile::dogpile;

#[dogpile(stale = "1h")]
fn config() -> u32 {
    1
}

fn main() {}
