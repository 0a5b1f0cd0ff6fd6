use dogpile::dogpile;

#[dogpile(expire = "1h", cache_if = 1)]
fn config() -> u32 {
    1
}

fn main() {}
