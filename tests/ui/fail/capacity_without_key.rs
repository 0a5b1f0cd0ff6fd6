use dogpile::dogpile;

#[dogpile(expire = "1h", skip(id), capacity = 10)]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
