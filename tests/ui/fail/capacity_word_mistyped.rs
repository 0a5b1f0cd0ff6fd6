use dogpile::dogpile;

#[dogpile(expire = "1h", capacity = "unbouded")]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
