use dogpile::dogpile;

#[dogpile(expire = "1h", stale = "1h", expire = "2h")]
fn config() -> u32 {
    1
}

fn main() {}
