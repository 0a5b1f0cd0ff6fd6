use dogpile::dogpile;

#[dogpile(expire = "1h", lease = "0s")]
fn config() -> u32 {
    1
}

fn main() {}
