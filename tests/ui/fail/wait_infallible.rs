use dogpile::dogpile;

#[dogpile(expire = "1h", wait = "2s")]
fn config() -> u32 {
    1
}

fn main() {}
