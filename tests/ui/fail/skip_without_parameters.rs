use dogpile::dogpile;

#[dogpile(expire = "1h", skip(id))]
fn config() -> u64 {
    1
}

fn main() {}
