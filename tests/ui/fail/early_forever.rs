use dogpile::dogpile;

#[dogpile(expire = "1h", early = "forever")]
fn config() -> u32 {
    1
}

fn main() {}
