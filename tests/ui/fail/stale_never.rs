use dogpile::dogpile;

#[dogpile(expire = "1h", stale = "never")]
fn config() -> u32 {
    1
}

fn main() {}
