use dogpile::dogpile;

#[dogpile(expire = "1h", colour = "red")]
fn config() -> u32 {
    1
}

fn main() {}
