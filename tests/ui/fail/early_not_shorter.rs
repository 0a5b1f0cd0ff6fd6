use dogpile::dogpile;

#[dogpile(expire = "1h", early = "60m")]
fn config() -> u32 {
    1
}

fn main() {}
