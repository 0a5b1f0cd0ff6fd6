use dogpile::dogpile;

#[dogpile(expire = "1h", cache_if = |old, new| old < new)]
fn config() -> u32 {
    1
}

fn main() {}
