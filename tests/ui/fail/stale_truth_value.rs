use dogpile::dogpile;

#[dogpile(expire = "1h", stale = true)]
fn config() -> u32 {
    1
}

fn main() {}
