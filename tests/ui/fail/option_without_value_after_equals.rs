use dogpile::dogpile;

#[dogpile(expire = , stale = "1h")]
fn config() -> u32 {
    1
}

fn main() {}
