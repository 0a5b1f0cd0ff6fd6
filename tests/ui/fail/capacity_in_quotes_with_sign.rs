use dogpile::dogpile;

#[dogpile(expire = "1h", capacity = "+5")]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
