use dogpile::dogpile;

#[dogpile(expire = "1h", retry = "0.5ns")]
fn config() -> u32 {
    1
}

fn main() {}
