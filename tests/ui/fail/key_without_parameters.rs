use dogpile::dogpile;

#[dogpile(expire = "1h", key(1: u64))]
fn config() -> u64 {
    1
}

fn main() {}
