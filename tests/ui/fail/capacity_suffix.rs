use dogpile::dogpile;

#[dogpile(expire = "1h", capacity = 10k)]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
