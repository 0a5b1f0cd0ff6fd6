use dogpile::dogpile;

#[dogpile(expire = "1h", jitter = "10")]
fn config() -> u32 {
    1
}

fn main() {}
