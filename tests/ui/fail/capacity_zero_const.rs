use dogpile::dogpile;

const NONE: usize = 0;

#[dogpile(expire = "1h", capacity = NONE)]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
