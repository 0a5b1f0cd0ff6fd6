use dogpile::dogpile;

#[dogpile(expire = "1h", capacity = 10)]
fn config() -> u64 {
    1
}

fn main() {}
