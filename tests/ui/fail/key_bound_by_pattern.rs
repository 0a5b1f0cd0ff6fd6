use dogpile::dogpile;

#[dogpile(expire = "1h", key(id))]
fn config((id, _): (u64, f64)) -> u64 {
    id
}

fn main() {}
