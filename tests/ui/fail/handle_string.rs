use dogpile::dogpile;

#[dogpile(expire = "1h", handle = "CONFIG")]
fn config() -> u32 {
    1
}

fn main() {}
