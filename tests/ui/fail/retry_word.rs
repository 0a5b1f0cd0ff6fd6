use dogpile::dogpile;

#[dogpile(expire = "1h", retry = "never")]
fn config() -> u32 {
    1
}

fn main() {}
