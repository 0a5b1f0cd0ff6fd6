use dogpile::dogpile;

#[dogpile(expire = "1h", crate = "::dogpile")]
fn config() -> u32 {
    1
}

fn main() {}
