use dogpile::dogpile;

#[dogpile(expire = "1h", timeout = "2s")]
fn config() -> u32 {
    1
}

fn main() {}
