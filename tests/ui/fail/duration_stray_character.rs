use dogpile::dogpile;

#[dogpile(expire = "1h, 30m")]
fn config() -> u32 {
    1
}

fn main() {}
