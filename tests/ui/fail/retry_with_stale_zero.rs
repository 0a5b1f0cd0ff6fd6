use dogpile::dogpile;

#[dogpile(expire = "1h", stale = "0s", retry = "1s")]
fn config() -> u32 {
    1
}

fn main() {}
