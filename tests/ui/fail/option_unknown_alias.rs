use dogpile::dogpile;

#[dogpile(ttl = "1h")]
fn config() -> u32 {
    1
}

fn main() {}
