use dogpile::dogpile;

#[dogpile(expire = "1h", original = "config_uncached")]
fn config() -> u32 {
    1
}

fn main() {}
