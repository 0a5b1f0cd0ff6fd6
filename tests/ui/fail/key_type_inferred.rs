use dogpile::dogpile;

#[dogpile(expire = "1h", key(id: _))]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
