use dogpile::dogpile;

#[dogpile(expire = "1h", lease = "never")]
fn config() -> u32 {
    1
}

fn main() {}
